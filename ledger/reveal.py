"""Opening the vault: the payloads and element steps of an entry, checked against what its body commits to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from core.errors import Broken, Conflict, NotFound
from ledger import repository, vault_repository
from ledger.recorder import EVENTS_FIELD
from ledger.repository import Connection
from ledger.vault import StreamKey
from ledger.vault_keys import VaultKeys
from proof import canonical, merkle
from proof.canonical import Json
from proof.entry import Body
from proof.hashes import commitment, event_leaf


@dataclass(frozen=True, slots=True)
class Opened:
    """What an entry keeps in the vault: payloads, the salts of their commitments, and element steps."""

    payloads: Mapping[str, bytes]
    salts: Mapping[str, bytes]
    events: Sequence[Json]


async def open_entry(connection: Connection, entry_id: UUID, vault_key: VaultKeys) -> Opened:
    """Return what an entry keeps in the vault, and what opens its commitments. Raises as `reveal` does."""
    body, key, _ = await _open(connection, entry_id, vault_key)
    payloads = await reveal(connection, entry_id, vault_key)
    salts = {field: key.salt(body.seq, field) for field in payloads}
    return Opened(payloads, salts, await reveal_events(connection, entry_id, vault_key))


async def reveal(connection: Connection, entry_id: UUID, vault_key: VaultKeys) -> Mapping[str, bytes]:
    """Return the payloads of an entry, pending or logged, by field.

    Raises:
        NotFound: `ledger.entry_unknown`.
        Conflict: `ledger.stream_erased` when the stream's data key was destroyed.
        Broken: `ledger.vault_changed` or `ledger.vault_key`, when what is sealed is not what the entry
            commits to.
    """
    body, key, sealed = await _open(connection, entry_id, vault_key)
    payloads = {
        field: key.open(entry_id, field, data) for field, data in sealed.items() if field != EVENTS_FIELD
    }
    commitments = {
        field: commitment(key.salt(body.seq, field), payload).hex() for field, payload in payloads.items()
    }
    if commitments != body.commitments:
        raise _changed(entry_id, "The payloads are not those that the entry commits to.")
    return payloads


async def reveal_events(connection: Connection, entry_id: UUID, vault_key: VaultKeys) -> Sequence[Json]:
    """Return the element steps of an entry, in order. Raises what `reveal` raises."""
    body, key, sealed = await _open(connection, entry_id, vault_key)
    events: Sequence[Json] = ()
    if EVENTS_FIELD in sealed:
        opened = key.open(entry_id, EVENTS_FIELD, sealed[EVENTS_FIELD])
        events = cast("Sequence[Json]", canonical.decode(opened))
    root = merkle.root([event_leaf(event) for event in events]).hex()
    if (len(events), root) != (body.events_count, body.events_root):
        raise _changed(entry_id, "The element steps are not those that the entry commits to.")
    return events


async def _open(
    connection: Connection, entry_id: UUID, vault_key: VaultKeys
) -> tuple[Body, StreamKey, dict[str, bytes]]:
    stored = (await repository.bodies(connection, [entry_id])).get(entry_id)
    if stored is None:
        raise NotFound("ledger.entry_unknown", "There is no such entry.", where=str(entry_id))
    body = Body.decode(stored)
    stored_key = await vault_repository.data_key(connection, body.stream)
    if stored_key is None:
        raise Conflict(
            "ledger.stream_erased",
            "The stream's data key was destroyed; its payloads are gone.",
            where=body.stream,
        )
    key = vault_key.stream_key(body.stream, stored_key)
    return body, key, await repository.payloads(connection, entry_id)


def _changed(entry_id: UUID, message: str) -> Broken:
    return Broken(
        "ledger.vault_changed", message, where=str(entry_id), hint="Restore the vault from a backup."
    )
