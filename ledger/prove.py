"""Making proof files. Tree hashes come from tiles: a proof reads a few, however long the log is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.database import Database
from core.errors import Broken, NotFound, Unavailable
from ledger import repository
from ledger.published import CosignedCheckpoint, cosigned_checkpoint, covering_checkpoint
from ledger.repository import CheckpointRow, Connection, KeyRow, LoggedRow
from ledger.reveal import reveal_events
from ledger.vault_keys import VaultKeys
from proof import merkle
from proof.checkpoint import NoteKey, open_checkpoint
from proof.entry import Body, Envelope
from proof.entry_proof import EntryProof, Step, TlogProof, verify
from proof.errors import ProofError
from proof.hashes import event_leaf
from proof.tiles import Tiles, tiles_for


async def prove(database: Database, entry: UUID | int) -> bytes:
    """Return a file that proves an entry, named by id or index, against the published checkpoint.

    One that it does not cover yet is proven against the newest checkpoint, with the cosignatures so far.

    `proof.entry_proof.verify` checks it without the database.

    Raises:
        NotFound: `ledger.entry_unknown`.
        Unavailable: `ledger.entry_pending` when the entry is signed but not yet logged.
        Broken: `ledger.proof_broken` when what is stored proves nothing.
    """
    async with (
        database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await _prove(connection, await _logged(connection, entry), None)


async def prove_step(database: Database, entry: UUID | int, number: int, vault_key: VaultKeys) -> bytes:
    """Return a file that proves an entry together with one of its element steps, numbered from 0.

    Raises:
        NotFound: `ledger.step_unknown`, and what `prove` raises.
        Broken, Conflict: what `reveal_events` raises when the vault does not open.
    """
    async with (
        database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await _logged(connection, entry)
        events = await reveal_events(connection, row.entry_id, vault_key)
        if not 0 <= number < len(events):
            raise NotFound(
                "ledger.step_unknown", f"The entry has {len(events)} element steps.", where=str(number)
            )
        path = merkle.inclusion_path([event_leaf(event) for event in events], number)
        return await _prove(connection, row, Step(number, events[number], tuple(path)))


async def prove_stream(connection: Connection, stream: str) -> list[EntryProof]:
    """Return the proof of each entry of a stream, in their order; see `prove_streams`."""
    (proofs,) = await prove_streams(connection, [stream])
    return proofs


async def prove_streams(
    connection: Connection, streams: Sequence[str], size: int | None = None
) -> list[list[EntryProof]]:
    """Return the proofs of the entries of streams, all against one checkpoint.

    Args:
        connection: A connection in a transaction that sees one state of the database.
        streams: The streams; one that nothing was ever recorded in has no proofs.
        size: The size of the checkpoint, of which later entries are left out; without it the published one,
            or the newest when the published one does not cover all entries.

    Raises:
        NotFound: `ledger.checkpoint_unknown`.
        Unavailable: `ledger.entry_pending` when an entry is signed but not yet logged.
        Broken: `ledger.proof_broken` when what is stored proves nothing.
    """
    if size is not None:
        return await _prove_at(connection, streams, size)
    for stream in streams:
        if await repository.pending_in_stream(connection, stream):
            raise Unavailable(
                "ledger.entry_pending",
                "An entry is signed, but not yet in the log.",
                where=stream,
                hint="Ask again in a moment; the sequencer must be running.",
            )
    found = [await repository.logged_in_stream(connection, stream) for stream in streams]
    last = max((row.place for rows in found for row in rows), default=0)
    checkpoint = await covering_checkpoint(connection, last)
    return [[await _proof(connection, row, checkpoint, None) for row in rows] for rows in found]


async def prove_places(connection: Connection, places: Sequence[int]) -> list[EntryProof]:
    """Return the proofs of the entries at these places of the log, all against one checkpoint.

    The connection is in a transaction that sees one state of the database. Raises what `prove` raises.
    """
    checkpoint = await covering_checkpoint(connection, max(places))
    return [await _proof(connection, await _logged(connection, place), checkpoint, None) for place in places]


async def _prove_at(connection: Connection, streams: Sequence[str], size: int) -> list[list[EntryProof]]:
    rows = await repository.checkpoints_between(connection, size - 1, size)
    if not rows:
        raise NotFound("ledger.checkpoint_unknown", f"No checkpoint is of {size} entries.")
    checkpoint = await cosigned_checkpoint(connection, rows[0])
    found = [await repository.logged_in_stream(connection, stream) for stream in streams]
    return [
        [await _proof(connection, row, checkpoint, None) for row in rows if row.place < size]
        for rows in found
    ]


async def _logged(connection: Connection, entry: UUID | int) -> LoggedRow:
    beyond = isinstance(entry, int) and entry >= 2**63  # PostgreSQL's bigint
    row = None if beyond else await repository.logged_entry(connection, entry)
    if row is None and isinstance(entry, UUID) and await repository.bodies(connection, [entry]):
        raise Unavailable(
            "ledger.entry_pending",
            "The entry is signed, but not yet in the log.",
            where=str(entry),
            hint="Ask again in a moment; the sequencer must be running.",
        )
    if row is None:
        raise NotFound("ledger.entry_unknown", "There is no such entry.", where=str(entry))
    return row


async def _prove(connection: Connection, row: LoggedRow, step: Step | None) -> bytes:
    checkpoint = await covering_checkpoint(connection, row.place)
    return (await _proof(connection, row, checkpoint, step)).encode()


async def _proof(
    connection: Connection, row: LoggedRow, cosigned: CosignedCheckpoint | None, step: Step | None
) -> EntryProof:
    if cosigned is None:
        raise _broken(row, "No checkpoint covers the entry.")
    checkpoint = cosigned.checkpoint
    keys = await repository.keys(connection)
    ranges = merkle.inclusion_ranges(row.place, checkpoint.size)
    tiles = Tiles(await repository.tile_hashes(connection, tiles_for(ranges)))
    try:
        proof = EntryProof(
            envelope=Envelope(row.body, row.signature),
            entry_key=_entry_key(keys, Body.decode(row.body).key_id),
            log_key=_log_key(keys, checkpoint),
            tlog_proof=TlogProof(row.place, tuple(tiles.hashes(ranges)), cosigned.note),
            step=step,
            witness_keys=cosigned.witness_keys,
        )
        verify(proof.encode())
    except (ProofError, LookupError) as error:
        raise _broken(row, str(error)) from error
    return proof


def _entry_key(keys: Sequence[KeyRow], key_id: str) -> bytes:
    for key in keys:
        if key.key_id == key_id:
            return key.public_key
    raise LookupError(f"The signing key {key_id} is not registered.")


def _log_key(keys: Sequence[KeyRow], checkpoint: CheckpointRow) -> str:
    for key in keys:
        if key.purpose == "log":
            try:
                open_checkpoint(checkpoint.note, NoteKey.parse(key.key_id))
            except ProofError:
                continue
            return key.key_id
    raise LookupError("No registered log key signed the newest checkpoint.")


def _broken(row: LoggedRow, message: str) -> Broken:
    return Broken("ledger.proof_broken", message, where=f"entry {row.place}", hint="Run scf ledger verify.")
