"""What the entries commit to: which fields of payloads each of them has, logged or pending."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger import repository
from ledger.repository import Connection, EntryRow, LoggedRow
from proof.entry import Body
from proof.errors import ProofError

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Committed:
    """An entry with the fields that it commits to; None when its body cannot be read."""

    entry_id: UUID
    fields: frozenset[str] | None


async def committed(connection: Connection) -> AsyncIterator[Sequence[Committed]]:
    """Yield all entries in batches: the log in its order, then those that wait in the outbox.

    For one answer about all of them the connection must be in a transaction that sees one snapshot.
    """
    index = -1
    while logged := await repository.logged_after(connection, index, _BATCH):
        yield _read(logged)
        index = logged[-1].place
    position = 0
    while pending := await repository.pending_after(connection, position, _BATCH):
        yield _read(row for _, row in pending)
        position = pending[-1][0]


def _read(rows: Iterable[LoggedRow | EntryRow]) -> list[Committed]:
    return [Committed(row.entry_id, _fields(row.body)) for row in rows]


def _fields(body: bytes) -> frozenset[str] | None:
    try:
        return frozenset(Body.decode(body).commitments)
    except ProofError:
        return None
