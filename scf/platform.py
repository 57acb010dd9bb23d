"""One whole platform on this machine: database, Temporal, worker, sequencer and API in one tree."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx

import scoring
from core.database import Database, migrate
from core.errors import Conflict, NotFound, Unavailable
from scf import console
from scf.data_folder import DataFolder
from scf.embedded_postgres import prepare_postgres
from scf.heartbeat import beats
from scf.log_name import log_name
from scf.rooms import ROOMS
from scf.supervisor import Child, Supervisor
from scf.temporal_server import answers, find_temporal, free_port, temporal_child
from scoring.card_file import encode


@dataclass(frozen=True, slots=True)
class PlatformOptions:
    """What a person chooses when starting a platform. `port` 0 means any free one.

    `log_origin` names the log when the platform starts for the first time; later it may be left out.
    `simulated_rate` is for demonstrations: how many seconds of business time pass in one second of a case.
    With `scoring_process` scores and limits are computed in a process of their own, by the card that is
    approved at the start.
    """

    data: Path
    port: int = 8080
    database: str | None = None
    temporal: str | None = None
    log_origin: str | None = None
    simulated_rate: Decimal | None = None
    scoring_process: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform."""

    url: str
    database_url: str
    temporal_target: str
    folder: DataFolder
    supervisor: Supervisor
    environment: Mapping[str, str]

    async def add_service(self, name: str) -> None:
        """Start one more service of the tree: `worker`, `relay` or `sequencer`."""
        file = self.folder.run / f"{name}.beat"
        await self.supervisor.add(
            Child(
                name=name,
                command=(sys.executable, "-m", "scf", "serve", name, "--beat", str(file)),
                ready=lambda pid: beats(file, pid),
                environment=self.environment,
            )
        )


@asynccontextmanager
async def running_platform(options: PlatformOptions) -> AsyncIterator[Platform]:
    """Start everything in order, and stop it in reverse order at the end.

    Raises:
        Conflict: `up.already_running` or `up.port_in_use`.
        Unavailable: `up.child_failed`, `database.unreachable` or `temporal.unreachable`.
        InvalidInput, Conflict: what `ledger.log_origin` raises.
    """
    folder = DataFolder.at(options.data)
    with folder.locked():
        port = _claim_port(options.port)
        async with Supervisor(folder.logs, folder.run, _tell) as supervisor:
            database_url = await _start_database(supervisor, folder, options.database)
            with console.step("Bringing the database to this release"):
                await migrate(database_url, ROOMS)
            origin = await log_name(database_url, options.log_origin)
            target = await _start_temporal(supervisor, folder, options.temporal)
            environment = {
                "SCF_DATA": str(folder.root),
                "SCF_DATABASE_URL": database_url,
                "SCF_TEMPORAL": target,
                "SCF_LOG_ORIGIN": origin,
            }
            if options.simulated_rate is not None:
                environment["SCF_SIMULATED_RATE"] = str(options.simulated_rate)
            if options.scoring_process:
                environment |= await _start_scoring(supervisor, folder, database_url)
            url = f"http://127.0.0.1:{port}"
            platform = Platform(url, database_url, target, folder, supervisor, environment)
            with console.step("Starting worker, sequencer and API"):
                await platform.add_service("sequencer")
                await platform.add_service("worker")
                await supervisor.add(_api(port, url, environment))
            yield platform
            console.err.print("Stopping …")


async def _start_database(supervisor: Supervisor, folder: DataFolder, given: str | None) -> str:
    if given is not None:
        return given
    with console.step("Starting PostgreSQL"):
        child, url = await asyncio.to_thread(prepare_postgres, folder)
        await supervisor.add(child)
    return url


async def _start_temporal(supervisor: Supervisor, folder: DataFolder, given: str | None) -> str:
    if given is not None:
        if not await answers(given):
            raise Unavailable(
                "temporal.unreachable",
                "No Temporal server answers there.",
                where=given,
                hint="Start it, or leave out --temporal to let the platform run its own.",
            )
        return given
    program = await find_temporal()
    with console.step("Starting Temporal"):
        child, target = temporal_child(program, folder, free_port())
        await supervisor.add(child)
    return target


async def _start_scoring(supervisor: Supervisor, folder: DataFolder, database_url: str) -> dict[str, str]:
    """Start scoring as a process; return the environment of those who ask it."""
    folder.secret("scoring-token")
    token, card = folder.keys / "scoring-token", folder.run / "card.json"
    card.write_bytes(await _card_to_score_by(database_url))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "scf", "score", "serve", "--card", str(card), "--port", str(port))
    environment = {"SCF_SCORING_URL": url, "SCF_SCORING_TOKEN_FILE": str(token)}
    with console.step("Starting scoring"):
        await supervisor.add(Child("scoring", command, lambda _pid: _is_ready(url), environment))
    return environment


async def _card_to_score_by(database_url: str) -> bytes:
    """Return the approved card's file; before the first start of a worker, the one that it will approve."""
    database = await Database.open(database_url, ROOMS)
    try:
        async with database.reading() as sql:
            return encode((await scoring.approved_card(sql)).card)
    except NotFound:
        return scoring.shipped_card()
    finally:
        await database.close()


def _api(port: int, url: str, environment: dict[str, str]) -> Child:
    return Child(
        name="api",
        command=(sys.executable, "-m", "scf", "serve", "api", "--port", str(port), "--no-secure-cookie"),
        ready=lambda _pid: _is_ready(url),
        environment=environment,
    )


async def _is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


def _claim_port(port: int) -> int:
    """Return the port to serve on, after making sure that nobody else has it."""
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Conflict(
                "up.port_in_use",
                f"Port {port} is in use by another program.",
                where=f"127.0.0.1:{port}",
                hint=f"Stop that program, or choose another port: --port {port + 1}.",
            ) from None
    return port


def _tell(message: str) -> None:
    console.err.print(f"[yellow]![/yellow] {message}", soft_wrap=True)
