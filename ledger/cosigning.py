"""The quorum: asks the witnesses of the policy each second, and publishes what enough of them cosigned.

Witnesses are asked side by side, each at its own pace: one that is slow or gone delays nobody. A witness that
contradicts the log raises an alert; until an operator cleared it, nobody is asked and nothing published.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import httpx

from core.database import LOST_DATABASE, Database, connect_session
from ledger import repository, witness_repository
from ledger.policy import PolicyInForce, policy_in_force
from ledger.repository import CheckpointRow, Connection
from ledger.witness_client import Ahead, Declined, Failed, Forked, Reply, Signed, ask
from ledger.witness_repository import CosignatureRow, WitnessRow
from proof import merkle
from proof.cosignature import WitnessKey
from proof.errors import ProofError
from proof.tiles import Tiles, tiles_for

_logger = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
# A validating witness runs cases again before it answers.
_ANSWER_SECONDS = 5.0
_VALIDATED_SECONDS = 60.0
# How long one that failed is left alone; doubles with each failure.
_FIRST_REST = 1.0
_LONGEST_REST = 60.0

FORK = "ledger.fork"
BEHIND = "ledger.behind_witnesses"
DISAGREES = "ledger.validation_disagrees"


class Cosigning:
    """Asks witnesses for as long as it runs; of several processes on a database one does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: Connection | None = None
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._http = witness_http()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask each second until `stop` is set."""
        try:
            while not stop.is_set():
                try:
                    await self.round()
                except (*LOST_DATABASE, TimeoutError) as error:
                    _logger.warning("The witnesses are not asked now: %s.", error)
                    self._drop_session()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), ROUND_SECONDS)
        finally:
            await self.close()

    async def round(self) -> None:
        """Ask every witness that is free about the newest checkpoint; return without waiting for answers."""
        session = self._session = self._session or await connect_session(self._database.url)
        if not await witness_repository.try_cosigning_lock(session):
            return
        policy = await policy_in_force(session)
        checkpoint = await repository.newest_checkpoint(session)
        if policy is None or checkpoint is None or await _is_stopped(session):
            return
        await _publish_if_held(session, policy, checkpoint)
        for witness in await witness_repository.witnesses(session):
            if witness.url and witness.size < checkpoint.size and witness.key not in self._asked:
                task = asyncio.create_task(self._ask(policy, witness, checkpoint))
                self._asked[witness.key] = task
                task.add_done_callback(lambda _, key=witness.key: self._asked.pop(key, None))  # type: ignore[misc]

    async def settled(self) -> None:
        """Wait until all that were asked have answered."""
        while self._asked:
            await asyncio.gather(*self._asked.values())

    async def close(self) -> None:
        """Stop asking."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
        await self._http.aclose()
        self._drop_session()

    def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session:
            session.terminate()

    async def _ask(self, policy: PolicyInForce, witness: WitnessRow, checkpoint: CheckpointRow) -> None:
        try:
            reply = await ask_witness(self._http, self._database, witness, checkpoint)
            async with self._database.reading() as connection:
                await _take(connection, policy, witness, checkpoint, reply)
        except (*LOST_DATABASE, TimeoutError) as error:
            _logger.warning("What %s answered could not be kept: %s.", witness.name, error)
            return
        except ProofError as error:
            _logger.error("No consistency proof can be made for %s: %s", witness.name, error)
            return
        if isinstance(reply, Failed | Declined):
            failures = self._failures[witness.key] = self._failures.get(witness.key, 0) + 1
            await asyncio.sleep(min(_FIRST_REST * 2 ** min(failures - 1, 10), _LONGEST_REST))
        else:
            self._failures.pop(witness.key, None)


def witness_http() -> httpx.AsyncClient:
    """Return a client for witnesses: no proxies of the environment, no redirects, connections kept."""
    return httpx.AsyncClient(trust_env=False, follow_redirects=False)


async def ask_witness(
    http: httpx.AsyncClient, database: Database, witness: WitnessRow, checkpoint: CheckpointRow
) -> Reply:
    """Ask one witness about one checkpoint, proving from the stored tiles that the log only grew."""

    async def path_from(old_size: int) -> list[bytes]:
        ranges = merkle.consistency_ranges(old_size, checkpoint.size)
        async with database.reading() as connection:
            tiles = Tiles(await repository.tile_hashes(connection, tiles_for(ranges)))
        return tiles.hashes(ranges)

    seconds = _VALIDATED_SECONDS if witness.validates else _ANSWER_SECONDS
    key = WitnessKey.parse(witness.key)
    return await ask(http, witness.url or "", key, checkpoint, witness.size, path_from, seconds)


async def raise_contradiction(
    connection: Connection, witness: WitnessRow, checkpoint: CheckpointRow, reply: Ahead | Forked
) -> None:
    """Keep what a witness says against the log, with both notes, and tell it in the error log."""
    match reply:
        case Ahead(size):
            code, theirs = BEHIND, None
            message = f"It cosigned {size} entries of this log; here are {checkpoint.size}."
        case Forked(theirs):
            code = FORK
            message = f"It cosigned a log under this name that ours, of {checkpoint.size} entries, is not."
    ours = checkpoint.note
    if await witness_repository.raise_alert(
        connection, code, witness.name, message, ours, _storable(theirs), stops=True
    ):
        _logger.error("%s: %s %s Nothing is published until an operator looked.", code, witness.name, message)


async def _take(
    connection: Connection,
    policy: PolicyInForce,
    witness: WitnessRow,
    checkpoint: CheckpointRow,
    reply: Reply,
) -> None:
    match reply:
        case Signed(cosignature):
            await witness_repository.keep_cosignature(
                connection,
                CosignatureRow(checkpoint.size, witness.key, str(cosignature.line), cosignature.timestamp),
            )
            await _publish_if_held(connection, policy, checkpoint)
        case Ahead(size):
            newest = await repository.newest_checkpoint(connection)
            if newest is None or newest.size < size:
                await raise_contradiction(connection, witness, newest or checkpoint, reply)
        case Forked():
            await raise_contradiction(connection, witness, checkpoint, reply)
        case Declined(problem):
            await witness_repository.note_problem(connection, witness.key, problem)
            if await witness_repository.raise_alert(
                connection, DISAGREES, witness.name, problem, checkpoint.note, None, stops=False
            ):
                _logger.error("%s: %s: %s", DISAGREES, witness.name, problem)
        case Failed(problem):
            await witness_repository.note_problem(connection, witness.key, _storable(problem) or "")


async def _publish_if_held(connection: Connection, policy: PolicyInForce, checkpoint: CheckpointRow) -> None:
    signed = {row.key for row in await witness_repository.cosignatures(connection, checkpoint.size)}
    if policy.policy.holds(signed):
        await witness_repository.publish(connection, checkpoint.size, policy.id)


async def _is_stopped(connection: Connection) -> bool:
    return any(alert.stops for alert in await witness_repository.alerts(connection))


def _storable(text: str | None) -> str | None:
    """Return what others sent as text that the database takes."""
    return text.replace("\0", "\ufffd") if text is not None else None
