"""The witness policy of this log: put in force by an operator, kept in the database for all processes."""

from __future__ import annotations

from dataclasses import dataclass

from core.database import Database
from core.errors import Broken, InvalidInput
from ledger import repository, witness_repository
from ledger.repository import Connection
from ledger.witness_repository import WitnessRow
from proof.errors import ProofError
from proof.policy import Policy, Witness


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A policy with the number under which it was adopted."""

    id: int
    policy: Policy


async def adopt_policy(database: Database, content: bytes, by: str) -> Policy:
    """Put a policy in force: from now on only checkpoints that satisfy it are published.

    Args:
        database: The ledger's.
        content: The text of a C2SP tlog-policy.
        by: Who does so.

    Raises:
        InvalidInput: a code of `policy.…` when it cannot be read, `ledger.policy_other_log` when it does not
            trust this log, `ledger.policy_unreachable` when too few witnesses have a URL for its quorum.
    """
    policy = parse_policy(content)
    reachable = [witness for witness in policy.witnesses if witness.url is not None]
    for witness in reachable:
        _require_url(witness)
    if not policy.holds([str(witness.key) for witness in reachable]):
        raise InvalidInput(
            "ledger.policy_unreachable",
            "The quorum needs witnesses of which the policy tells no URL.",
            hint="Give each its submission prefix: witness NAME KEY URL",
        )
    async with database.transaction() as tx:
        keys = [key.key_id for key in await repository.keys(tx.sql) if key.purpose == "log"]
        if keys and not any(policy.accepts_log(key) for key in keys):
            raise InvalidInput(
                "ledger.policy_other_log",
                "The policy does not name this log.",
                hint=f"Add a line: log {keys[-1]}",
            )
        await witness_repository.adopt(tx.sql, content, by, [_row(witness) for witness in policy.witnesses])
    return policy


async def policy_text(database: Database) -> bytes | None:
    """Return the policy in force as it was given; None when none was ever adopted."""
    async with database.reading() as connection:
        row = await witness_repository.policy(connection)
    return row.content if row else None


async def policy_in_force(connection: Connection) -> PolicyInForce | None:
    """Return the policy in force; None when none was ever adopted.

    Raises:
        Broken: `ledger.policy_unreadable`.
    """
    row = await witness_repository.policy(connection)
    if row is None:
        return None
    try:
        return PolicyInForce(row.id, Policy.parse(row.content))
    except ProofError as error:
        raise Broken(
            "ledger.policy_unreadable",
            f"The stored policy cannot be read: {error}",
            hint="Adopt it anew with scf ledger policy FILE.",
        ) from error


def parse_policy(content: bytes) -> Policy:
    """Read a policy that somebody gave.

    Raises:
        InvalidInput: a code of `policy.…`.
    """
    try:
        return Policy.parse(content)
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error


def shown_name(witness: Witness) -> str:
    """Return a witness's name as text; names are bytes of any encoding."""
    return witness.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _row(witness: Witness) -> WitnessRow:
    key = witness.key
    return WitnessRow(str(key), shown_name(witness), witness.url, key.validates, 0, None, None)


def _require_url(witness: Witness) -> None:
    url = witness.url or ""
    if not (url.isascii() and url.startswith(("https://", "http://"))):
        raise InvalidInput(
            "ledger.policy_url",
            f"{url!a} is no address of a witness.",
            where=shown_name(witness),
            hint="It begins with https://, and is the address below which add-checkpoint lies.",
        )
