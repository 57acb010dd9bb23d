"""The sequencer: gives entries their place in the log.

One is at work at a time. It holds a session-level advisory lock, and begins an epoch that every write names:
one that lost its lock without knowing it can no longer advance the head. Entries, tree hashes, head,
checkpoint and outbox change in one commit, so that a crash leaves either all of it or nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.database import LOST_DATABASE, Database, connect_session
from core.errors import Broken, Unavailable
from ledger import repository
from ledger.repository import EntryRow, HeadRow, KeyRow, LoggedRow
from proof import tiles
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.entry import Envelope
from proof.hashes import CHAIN_START, HASH_SIZE, chain_next
from proof.merkle import CompactRange

_logger = logging.getLogger(__name__)

BATCH = 1024
# While entries come, the sequencer looks for them by itself, and writers need not wake it. It rests for as
# long as a round took, within these bounds: under load rounds are rare and move many entries at little cost
# for each; else an entry waits shortly.
_SHORTEST_REST = 0.003
_LONGEST_REST = 0.02
# After so many rounds without an entry it sleeps until it is woken.
_ROUNDS_AWAKE = 100
# How long to sleep without being woken: the fallback for a lost notification, and between attempts to take
# over. A transaction that still saw it awake, and commits after it fell asleep, waits for this long.
_POLL_SECONDS = 0.5


class _Overtaken(Exception):
    """A sequencer of a later epoch is at work."""


# Called before an epoch begins; what it raises keeps the sequencer from signing anything.
BeforeLead = Callable[[repository.Connection], Awaitable[None]]

_LEAD_LOST = (_Overtaken, *LOST_DATABASE)


@dataclass(frozen=True, slots=True)
class _Lead:
    """The sequencer's session: its own connection, which holds the lock, and the epoch's head.

    `awake` while writers have been told that nobody needs to wake it.
    """

    connection: repository.Connection
    head: HeadRow
    awake: bool = False


class Sequencer:
    """Moves entries from the outbox to the log, and signs a checkpoint after each move."""

    def __init__(
        self,
        database: Database,
        log_key: Ed25519PrivateKey,
        origin: str,
        before_lead: BeforeLead | None = None,
    ) -> None:
        self._before_lead = before_lead
        self._url = database.url
        self._log_key = log_key
        self._origin = origin
        self._note_key = NoteKey.of(origin, log_key)
        self._lead: _Lead | None = None
        self._woken = asyncio.Event()

    async def sequence_once(self) -> int:
        """Log up to 1,024 entries in one commit; return how many left the outbox.

        Returns 0 when the outbox is empty, and also when another sequencer is at work.

        Raises:
            Unavailable: `ledger.sequencer_lost` when connection or epoch was lost; the next call begins anew.
            Broken: `ledger.entry_conflict` when the log has another entry under an id, `ledger.origin` when
                the database holds a log of another name.
        """
        try:
            self._lead = self._lead or await self._take_lead()
            return await self._move(self._lead) if self._lead else 0
        except _LEAD_LOST as error:
            await self.close()
            raise _lost(error) from error

    async def run(self, stop: asyncio.Event) -> None:
        """Log entries as they come until `stop` is set; stand by while another sequencer is at work.

        Raises:
            Broken: what `sequence_once` raises; the log then stands still until an operator looked.
        """
        stopping = asyncio.ensure_future(self._wake_at(stop))
        loop = asyncio.get_running_loop()
        idle = 0
        try:
            while not stop.is_set():
                self._woken.clear()
                began = loop.time()
                try:
                    moved = await self.sequence_once()
                    idle = 0 if moved else idle + 1
                    awake = self._lead is not None and idle < _ROUNDS_AWAKE
                    fell_asleep = await self._tell_writers(awake=awake)
                except Unavailable as error:
                    _logger.warning("%s The sequencer tries again.", error)
                    moved, awake, fell_asleep = 0, False, False
                if moved < BATCH and not fell_asleep and not stop.is_set():
                    rest = min(max(loop.time() - began, _SHORTEST_REST), _LONGEST_REST)
                    await self._sleep(rest if awake else _POLL_SECONDS)
        finally:
            stopping.cancel()
            await self.close()

    async def close(self) -> None:
        """Give up the lead."""
        lead, self._lead = self._lead, None
        if lead:
            lead.connection.terminate()

    async def _take_lead(self) -> _Lead | None:
        connection = await connect_session(self._url)
        try:
            if not await repository.try_sequencer_lock(connection):
                connection.terminate()
                return None
            await repository.search_by_index(connection)
            if self._before_lead:
                await self._before_lead(connection)
            head = await repository.begin_epoch(connection, self._origin, CHAIN_START)
            if head is None:
                raise Broken(
                    "ledger.origin",
                    f"The database holds a log of another name than {self._origin}.",
                    hint="Give the name that the log began with.",
                )
            await repository.register_key(
                connection, KeyRow(str(self._note_key), "log", self._note_key.public)
            )
            await connection.add_listener(repository.OUTBOX_CHANNEL, lambda *_: self._woken.set())
        except BaseException:
            connection.terminate()
            raise
        return _Lead(connection, head)

    async def _move(self, lead: _Lead) -> int:
        batch = await repository.pending_after(lead.connection, 0, BATCH)
        if not batch:
            return 0
        positions = [position for position, _ in batch]
        entries = [entry for _, entry in batch]
        try:
            await self._log(lead, entries, positions)
        except asyncpg.UniqueViolationError as error:
            fresh = await _not_yet_logged(lead.connection, entries)
            if len(fresh) == len(entries):
                raise Broken(
                    "ledger.entry_conflict", f"The log refuses the outbox's entries: {error.detail}."
                ) from error
            await self._log(lead, fresh, positions)
        return len(batch)

    async def _log(self, lead: _Lead, entries: Sequence[EntryRow], positions: Sequence[int]) -> None:
        """Append entries and clear their positions, all in one commit."""
        old = lead.head
        tree = CompactRange(old.size, _split(old.frontier))
        chain, rows = old.chain, []
        for index, entry in enumerate(entries, start=old.size):
            leaf = Envelope(entry.body, entry.signature).leaf
            chain = chain_next(chain, leaf)
            rows.append(LoggedRow(index, *entry, leaf, chain))
        grown = tiles.grow(tree, [row.leaf_hash for row in rows])
        head = HeadRow(old.origin, tree.size, b"".join(tree.frontier), chain, old.epoch)
        note = sign_checkpoint(Checkpoint(old.origin, tree.size, tree.root()), self._log_key)
        async with lead.connection.transaction():
            if rows and not await repository.advance_log(
                lead.connection,
                rows,
                [(*tile, hashes) for tile, hashes in grown.items()],
                old.size,
                head,
                tree.root(),
                note,
            ):
                raise _Overtaken("a later sequencer is at work")
            await repository.clear_outbox(lead.connection, positions)
        self._lead = replace(lead, head=head)

    async def _tell_writers(self, *, awake: bool) -> bool:
        """Tell writers whether they must wake the sequencer; True when from now on they must.

        Then it has to look once more, for what was recorded before they could know.

        Raises:
            Unavailable: `ledger.sequencer_lost`.
        """
        lead = self._lead
        if lead is None or lead.awake == awake:
            return False
        try:
            if awake:
                self._lead = replace(lead, awake=await repository.try_stay_awake(lead.connection))
                return False
            await repository.fall_asleep(lead.connection)
        except _LEAD_LOST as error:
            await self.close()
            raise _lost(error) from error
        self._lead = replace(lead, awake=False)
        return True

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            pass

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._woken.set()


async def _not_yet_logged(connection: repository.Connection, entries: Sequence[EntryRow]) -> list[EntryRow]:
    """Return the entries that the log does not have, after comparing the others with what it has.

    Raises:
        Broken: `ledger.entry_conflict`.
    """
    logged = await repository.logged_bodies(connection, [entry.entry_id for entry in entries])
    for entry in entries:
        if logged.get(entry.entry_id, entry.body) != entry.body:
            raise Broken(
                "ledger.entry_conflict",
                "The log has another entry under this id.",
                where=f"{entry.stream} {entry.seq}",
                hint="Keep both, and find out which transaction wrote the second before the log goes on.",
            )
    return [entry for entry in entries if entry.entry_id not in logged]


def _lost(error: BaseException) -> Unavailable:
    return Unavailable("ledger.sequencer_lost", f"The sequencer lost its lead: {error}.")


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
