"""Who held the key that signed what an entry tells, in words that a reader of a proof can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from proof.canonical import Json
from proof.entry import Body
from proof.signatures import Backend
from proof.statement import signed_decision

_WHERE: Mapping[str, str] = {
    "browser": "kept in a browser, non-exportable as far as this platform can tell, and used by JavaScript"
    " which this platform serves",
    "hsm": "kept in a hardware module, as its holder says",
    "file": "kept in a file, as its holder says",
    "environment": "handed to a program through its environment, as its holder says",
}
_PLATFORM = (
    "Only the platform's key signed: that attributes the command to the account, and is no signature"
    " of a person."
)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who held the key.

    Attributes:
        held_by: `person` when a person's own key signed the decision, else `platform`.
        account: The person's account, `user:<account>`; None where the platform alone signed.
        key_id: The key: the person's, else the platform's.
        valid_by: The entry that made the person's key valid.
        told: The same in a sentence.
    """

    held_by: Literal["person", "platform"]
    account: str | None
    key_id: str
    valid_by: str | None
    told: str

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


def key_holder(body: Body, backend: Backend = "cryptography") -> KeyHolder:
    """Return who held the key that signed what an entry tells; see `holder_of`."""
    return holder_of(body.statement, body.key_id, backend)


def holder_of(
    statement: Mapping[str, Json] | None, key_id: str, backend: Backend = "cryptography"
) -> KeyHolder:
    """Return who held the key, by the statement of an entry and the key of the entry itself.

    A person's signature is checked; whether the key is registered for the person is for the log to say.

    Raises:
        NotCanonical, NotProven: when the entry holds a signed statement that does not hold.
    """
    signed = signed_decision(statement)
    if signed is None:
        return KeyHolder("platform", None, key_id, None, _PLATFORM)
    signed.verify(backend)
    said = signed.decision
    told = f"The own key of {said.account.removeprefix('user:')} signed, {_WHERE[signed.protection]}."
    return KeyHolder("person", said.account, said.key_id, str(signed.registered_by), told)
