"""The worker process: it drives cases and carries commands, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import ledger
from core import Clock, Database, Room, SystemClock, Transaction
from scoring.service import ServiceAddress
from scoring.service.client import opened
from workflows import definitions
from workflows.advance import Advancer, FailedCall
from workflows.archive import Archiver
from workflows.case_workflow import ADVANCE, Burst, CaseWorkflow, Waits
from workflows.definitions import Definitions, shipped_products
from workflows.deliveries import Deliveries
from workflows.deployments import record_deployment
from workflows.domain_commands import DomainCommands, NewCaseClock
from workflows.effects import Effects
from workflows.effects.platform import platform_effects
from workflows.erasure import Purge
from workflows.migration_batches import MigrationBatches
from workflows.payload_codec import encrypted
from workflows.register_exchange import RegisterExchange
from workflows.relay import Relay
from workflows.remote_jobs import RemoteJobs
from workflows.upkeep import Upkeep

_log = logging.getLogger(__name__)

TASK_QUEUE = "scf-cases"

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker needs to know.

    Attributes:
        database_url: where the platform's database is.
        temporal_target: `host:port` of the Temporal server.
        key_folder: where the ledger's keys are kept; created when they are not there.
        origin: the name of this installation's log.
        namespace: the Temporal namespace.
        task_queue: the Temporal task queue; all workers of one installation share it.
        pool_size: connections to the database. Bursts run in parallel up to this number.
        case_clock: how the clocks of new cases run; real time in production.
        continue_after: the number of events after which a workflow continues as new; None leaves it to the
            server, which suggests it for long histories.
        message_ttl: for how long a message is kept for which nobody waits, when it does not tell.
        archive_every: how often to look for cases that have ended, to archive Temporal's history of them.
        scoring: where the scoring service listens; None: scores are computed in this process.
        register_every: how often to publish what is claimed, and to fetch what other platforms claim.
    """

    database_url: str
    temporal_target: str
    key_folder: Path
    origin: str = ledger.DEFAULT_ORIGIN
    namespace: str = "default"
    task_queue: str = TASK_QUEUE
    pool_size: int = 8
    case_clock: NewCaseClock = field(default_factory=NewCaseClock)
    continue_after: int | None = None
    message_ttl: timedelta = timedelta(days=7)
    archive_every: timedelta = timedelta(seconds=15)
    register_every: timedelta = timedelta(seconds=15)
    scoring: ServiceAddress | None = None


async def run_worker(
    settings: WorkerSettings, stop: asyncio.Event, *, ready: asyncio.Event | None = None
) -> None:
    """Run a worker until `stop` is set, then let what runs come to its end.

    Args:
        settings: where database, Temporal and keys are.
        stop: set it to end the worker.
        ready: set by the worker once it takes commands.

    Raises:
        Unavailable: `database.unreachable`. Temporal is waited for.
    """
    database = await Database.open(settings.database_url, rooms(), pool_size=settings.pool_size)
    try:
        await register_signing_key(database, settings, SystemClock())
        async with opened(settings.scoring) as scoring:
            effects = platform_effects(scoring)
            await deploy_shipped(database, _recorder(settings), effects, SystemClock())
            await serve(database, settings, effects, stop, ready=ready)
    finally:
        await database.close()


async def serve(
    database: Database,
    settings: WorkerSettings,
    effects: Effects,
    stop: asyncio.Event,
    *,
    clock: Clock | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """Run a worker on an open database with the given job types; see `run_worker`."""
    clock = clock or SystemClock()
    client = await connect(settings, stop)
    if client is None:
        return
    parts = _Parts.of(database, settings, effects, clock)
    calls = RemoteJobs(database, effects, parts.definitions, clock)
    archiver = Archiver(database, client, _recorder(settings), settings.archive_every)
    async with AsyncExitStack() as workers:
        for worker in (
            case_worker(client, parts.advancer, settings),
            *calls.workers(client, settings.task_queue),
        ):
            await workers.enter_async_context(worker)
        beside = [
            asyncio.create_task(archiver.run(stop)),
            asyncio.create_task(
                RegisterExchange(database, _recorder(settings), clock, settings.register_every).run(stop)
            ),
            asyncio.create_task(Purge(database, client, settings.archive_every).run(stop)),
            asyncio.create_task(MigrationBatches(database, parts.definitions, clock).run(stop)),
        ]
        try:
            # The relay stops first: what it has handed over still finds its worker.
            await parts.relay(client).run(stop, ready)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def run_relay(
    settings: WorkerSettings, stop: asyncio.Event, *, ready: asyncio.Event | None = None
) -> None:
    """Carry commands only: beside the workers' own relays, this one takes over what a lost worker left.

    Args:
        settings: where database, Temporal and keys are.
        stop: set it to end the relay.
        ready: set by the relay once it takes commands.

    Raises:
        Unavailable: `database.unreachable`. Temporal is waited for.
    """
    database = await Database.open(settings.database_url, rooms(), pool_size=settings.pool_size)
    try:
        await register_signing_key(database, settings, SystemClock())
        client = await connect(settings, stop)
        if client is None:
            return
        async with opened(settings.scoring) as scoring:
            parts = _Parts.of(database, settings, platform_effects(scoring), SystemClock())
            await parts.relay(client).run(stop, ready)
    finally:
        await database.close()


def case_worker(client: Client, advancer: Advancer, settings: WorkerSettings) -> Worker:
    """Return the Temporal worker that drives cases: one workflow, one local activity."""

    @activity.defn(name=ADVANCE)
    async def advance(burst: Burst) -> Waits:
        command_id = UUID(burst.command_id) if burst.command_id else None
        failed = FailedCall(burst.failed, burst.reason) if burst.failed else None
        return await advancer.advance(UUID(burst.case_id), command_id, burst.at, burst.running, failed)

    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[CaseWorkflow],
        activities=[advance],
        # The sandbox would take a seventh of a worker's processor time. That the loop does nothing but wait
        # and call is held by replaying histories inside of it: `workflows.history_replay`.
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_local_activities=settings.pool_size,
    )


async def connect(settings: WorkerSettings, stop: asyncio.Event) -> Client | None:
    """Connect to Temporal, waiting for it as long as it takes; None when `stop` comes first.

    What the client sends is encrypted; see `workflows.payload_codec`.
    """
    converter = encrypted(ledger.load_or_create_keys(settings.key_folder).vault_key)
    pause = _FIRST_PAUSE
    while not stop.is_set():
        try:
            return await Client.connect(
                settings.temporal_target, namespace=settings.namespace, data_converter=converter
            )
        except (RuntimeError, RPCError) as error:
            _log.warning("Waiting for Temporal at %s: %s", settings.temporal_target, error)
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            pause = min(pause * 2, _LONGEST_PAUSE)
    return None


async def register_signing_key(database: Database, settings: WorkerSettings, clock: Clock) -> None:
    """Let the log say whose key signs its entries, before this process signs any."""
    protection = ledger.load_or_create_keys(settings.key_folder).protection
    async with database.transaction() as tx:
        await ledger.register_platform_key(tx, _recorder(settings), protection=protection, at=clock.now())


def _recorder(settings: WorkerSettings) -> ledger.Recorder:
    keys = ledger.load_or_create_keys(settings.key_folder)
    return ledger.Recorder(keys.signing_key, keys.vault_key, settings.origin)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one process is put together from."""

    database: Database
    settings: WorkerSettings
    clock: Clock
    definitions: Definitions
    advancer: Advancer
    domain: DomainCommands
    upkeep: Upkeep

    @classmethod
    def of(cls, database: Database, settings: WorkerSettings, effects: Effects, clock: Clock) -> _Parts:
        recorder, compiled = _recorder(settings), Definitions()
        deliveries = Deliveries(settings.case_clock.policy(None), settings.message_ttl)
        return cls(
            database=database,
            settings=settings,
            clock=clock,
            definitions=compiled,
            advancer=Advancer(database, recorder, effects, compiled, deliveries),
            domain=DomainCommands(
                database,
                recorder,
                clock,
                job_types=effects.job_types,
                case_clock=settings.case_clock,
                deliveries=deliveries,
            ),
            upkeep=Upkeep(database, recorder, compiled, deliveries),
        )

    def relay(self, client: Client) -> Relay:
        return Relay(
            self.database,
            client,
            self.clock,
            advancer=self.advancer,
            domain=self.domain,
            upkeep=self.upkeep,
            task_queue=self.settings.task_queue,
            continue_after=self.settings.continue_after,
        )


async def deploy_shipped(
    database: Database, recorder: ledger.Recorder, effects: Effects, clock: Clock
) -> None:
    """Deploy the products of this release that are not deployed yet, each with its ledger entry.

    This takes no second person: who installs a release has decided for it.
    """
    for key in shipped_products():
        async with database.transaction() as tx:
            await _deploy(tx, key, recorder, effects, clock)


async def _deploy(
    tx: Transaction, key: str, recorder: ledger.Recorder, effects: Effects, clock: Clock
) -> None:
    at = clock.now()
    deployed = await definitions.deploy(
        tx,
        key,
        definitions.product_sources(key),
        job_types=effects.job_types,
        deployed_by="release",
        at=at,
    )
    if deployed.new:
        await record_deployment(tx, recorder, deployed, at)


def rooms() -> tuple[Room, ...]:
    """Return the rooms whose tables a worker writes."""
    import finance
    import scoring
    import workflows

    return (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM)
