"""What the commands about people's keys carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.payloads import _Fields as Fields


@dataclass(frozen=True, slots=True)
class RegisterKey:
    """`key.register`: the actor's own key, with the registration that it signed, as its exact text."""

    registration: str
    public_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class EndorseKey:
    """`key.endorse`: the actor vouches that a key is its holder's."""

    key_id: str


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """`key.revoke`: a key signs nothing any more."""

    key_id: str
    reason: str


KeyPayload = RegisterKey | EndorseKey | RevokeKey

READERS: Mapping[str, Callable[[Fields], KeyPayload]] = {
    "key.register": lambda f: RegisterKey(
        f.text("registration", limit=4_000), f.small_content("public_key"), f.small_content("signature")
    ),
    "key.endorse": lambda f: EndorseKey(f.text("key_id", limit=64)),
    "key.revoke": lambda f: RevokeKey(f.text("key_id", limit=64), f.text("reason", limit=40)),
}
