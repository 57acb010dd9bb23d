"""Remote jobs: called at least once whatever dies, counted once per key, and taken by their case once."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from conftest import NewDatabase

from core import Database
from support.bank import Bank, bank_effects
from support.bpmn_text import end, extension, flow, start
from support.cases import Platform
from support.events import by_message, deploy, message, row, task
from support.histories import contents, opened, replay
from support.workers import lose_workflow, worker
from workflows import Actor
from workflows.remote_jobs import idempotency_key
from workflows.replay import replay_case
from workflows.worker import WorkerSettings, rooms

OPERATIONS = Actor("oona", frozenset({"operations"}))


def call(id: str, type: str, more: str = "") -> str:
    """A service task that calls the bank."""
    job = extension(f'<zeebe:taskDefinition type="{type}"/>')
    return f'<serviceTask id="{id}">{job}{more}</serviceTask>'


def calls(id: str, type: str) -> str:
    """As many calls at once as there are amounts."""
    loop = '<zeebe:loopCharacteristics inputCollection="=amounts" inputElement="amount"/>'
    return call(
        id,
        type,
        f"<multiInstanceLoopCharacteristics>{extension(loop)}</multiInstanceLoopCharacteristics>",
    )


def boundary(id: str, on: str, definition: str) -> str:
    """An event that ends the activity on which it hangs."""
    return f'<boundaryEvent id="{id}" attachedToRef="{on}">{definition}</boundaryEvent>'


_WITHDRAWN = (
    start()
    + call("pay", "bank.long")
    + boundary("stop", "pay", by_message("m"))
    + task("undo")
    + end()
    + flow("start > pay > end")
    + flow("stop > undo > end")
)
_CAUGHT = (
    start()
    + call("pay", "bank.pay")
    + boundary("no", "pay", '<errorEventDefinition errorRef="e"/>')
    + '<endEvent id="turnedDown"/>'
    + end()
    + flow("start > pay > end")
    + flow("no > turnedDown")
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bank() -> AsyncIterator[Bank]:
    """The bank outside."""
    async with Bank(seed=20260301).open() as bank:
        yield bank


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stopped(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: pytest.TempPathFactory, bank: Bank
) -> AsyncIterator[Platform]:
    """A platform whose service tasks call the bank; a test starts its worker."""
    url = await new_database(rooms())
    database = await Database.open(url, rooms(), pool_size=8)
    settings = WorkerSettings(url, temporal_target, tmp_path_factory.mktemp("keys"), task_queue="test-remote")
    platform = Platform(database, settings, bank_effects(bank.url))
    for type in ("pay", "once", "hasty", "long"):
        await deploy(
            platform,
            type,
            row(("start", start()), ("call", call("call", f"bank.{type}")), ("end", end())),
            "",
        )
    for key, type in (("crowd-pay", "bank.pay"), ("crowd-limited", "bank.limited")):
        content = row(("start", start()), ("call", calls("call", type)), ("end", end()))
        await deploy(platform, key, content, "")
    await deploy(platform, "withdrawn", _WITHDRAWN, message("m", "Withdraw"))
    await deploy(platform, "caught", _CAUGHT, '<error id="e" errorCode="REFUSED"/>')
    yield platform
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def running(stopped: Platform, bank: Bank) -> AsyncIterator[Platform]:
    """The platform with a worker, and a bank that behaves."""
    bank.failure_rate = bank.hold = 0.0
    async with stopped.running():
        yield stopped


async def remote_job(platform: Platform, case_id: UUID) -> dict[str, object]:
    (job,) = await platform.rows("SELECT * FROM workflows.remote_job_view WHERE case_id = $1", case_id)
    return dict(job)


async def test_the_result_of_a_call_completes_its_task(running: Platform, bank: Bank) -> None:
    case_id = await running.start("pay", {"amount": "12.50"})
    await running.case_in(case_id, "completed")
    assert await running.entries(case_id) == ["case.start", "job.result"]
    job = await remote_job(running, case_id)
    assert (job["state"], job["attempts"]) == ("closed", 1)
    assert bank.counted[str(job["idempotency_key"])] == "12.50"
    assert (await replay_case(running.database, case_id, running.vault_key)).agrees
    (run,) = await replay(running, "remote", case_id)
    plain = contents(await opened(run, running.vault_key))
    assert str(job["job_id"]).encode() in plain
    # Ids only: what is paid and what the bank answers stay in the database.
    assert b"12.50" not in plain
    assert b"receipt" not in plain


async def test_a_bank_that_fails_at_random_counts_each_payment_once(running: Platform, bank: Bank) -> None:
    bank.failure_rate = 0.4
    cases = await asyncio.gather(*(running.start("pay", {"amount": f"{n}.00"}) for n in range(1, 11)))
    for number, case_id in enumerate(cases, 1):
        await running.case_in(case_id, "completed")
        key = str(idempotency_key(case_id, str((await remote_job(running, case_id))["job_id"])))
        assert bank.counted[key] == f"{number}.00"
        assert (await remote_job(running, case_id))["attempts"] == bank.calls[key]
        assert await running.entries(case_id) == ["case.start", "job.result"]
    assert max(bank.calls.values()) > 1


async def test_a_call_that_fails_for_good_is_an_incident_that_can_be_retried(
    running: Platform, bank: Bank
) -> None:
    bank.failure_rate = 1.0
    case_id = await running.start("once", {"amount": "3.00"})
    await running.case_in(case_id, "incident")
    (incident,) = await running.rows("SELECT * FROM workflows.incident_view WHERE case_id = $1", case_id)
    assert incident["code"] == "job.remote_failed"
    assert "503" in incident["message"]
    bank.failure_rate = 0.0
    await running.perform("incident.retry", {"incident_id": str(incident["id"])}, actor=OPERATIONS)
    await running.case_in(case_id, "completed")
    job = await remote_job(running, case_id)
    assert bank.calls[str(job["idempotency_key"])] == job["attempts"] == 2
    await replay(running, "remote-failed", case_id)


async def test_a_call_that_takes_too_long_is_given_up(running: Platform, bank: Bank) -> None:
    bank.hold = 30.0
    case_id = await running.start("hasty", {"amount": "4.00"})
    await running.case_in(case_id, "incident")
    (incident,) = await running.rows("SELECT * FROM workflows.incident_view WHERE case_id = $1", case_id)
    assert "start_to_close" in incident["message"]
    key = str((await remote_job(running, case_id))["idempotency_key"])
    # Called twice, counted once, and its case does not know: this is what has to be reconciled.
    assert (bank.calls[key], key in bank.counted) == (2, True)


async def test_a_business_error_of_the_other_side_is_caught(running: Platform, bank: Bank) -> None:
    case_id = await running.start("caught", {"amount": "0"})
    await running.case_in(case_id, "completed")
    assert "turnedDown" in await running.steps(case_id)


async def test_an_interrupted_job_has_its_call_cancelled(running: Platform, bank: Bank) -> None:
    bank.hold = 60.0
    ref = str(uuid4())
    case_id = await running.start("withdrawn", {"ref": ref, "amount": "5.00"})
    key = str((await remote_job(running, case_id))["idempotency_key"])
    await until(lambda: bank.calls[key] == 1)
    await running.perform("message.correlate", {"name": "Withdraw", "key": ref}, actor=OPERATIONS)
    await running.task(case_id, "undo")
    await until(lambda: key in bank.abandoned)
    assert (await remote_job(running, case_id))["state"] == "closed"
    await running.complete(case_id, "undo", OPERATIONS)
    await running.case_in(case_id, "completed")
    assert bank.calls[key] == 1
    await replay(running, "remote-cancelled", case_id)


async def test_a_cancelled_case_cancels_its_calls(running: Platform, bank: Bank) -> None:
    bank.hold = 60.0
    case_id = await running.start("long", {"amount": "6.00"})
    key = str((await remote_job(running, case_id))["idempotency_key"])
    await until(lambda: bank.calls[key] == 1)
    await running.perform("case.cancel", {"reason": "withdrawn"}, actor=OPERATIONS, case_id=case_id)
    await until(lambda: key in bank.abandoned)
    assert (await remote_job(running, case_id))["state"] == "closed"


async def test_a_queue_is_called_no_faster_than_its_limit(running: Platform, bank: Bank) -> None:
    before = len(bank.times)
    amounts = [f"{n}.10" for n in range(20)]
    limited = await running.start("crowd-limited", {"amounts": amounts})
    await running.case_in(limited, "completed")
    times = bank.times[before:]
    assert len(times) == 20
    # Four a second, after a first burst: twenty calls cannot be over in two seconds.
    assert times[-1] - times[0] > 2.0


async def test_calls_in_flight_survive_that_the_workflow_continues_as_new(
    stopped: Platform, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.remote_jobs.AT_ONCE", 6)
    bank.failure_rate, bank.hold = 0.2, 0.05
    settings = dataclasses.replace(stopped.settings, continue_after=20)
    platform = dataclasses.replace(stopped, settings=settings)
    async with platform.running():
        case_id = await platform.start("crowd-pay", {"amounts": [f"{n}.20" for n in range(20)]})
        await platform.case_in(case_id, "completed")
        runs = await replay(platform, "remote-long", case_id)
    # How many runs there are depends on how many results one burst takes.
    assert len(runs) >= 2
    jobs = await platform.rows("SELECT * FROM workflows.remote_job_view WHERE case_id = $1", case_id)
    keys = [str(job["idempotency_key"]) for job in jobs]
    assert sorted(bank.counted[key] for key in keys) == sorted(f"{n}.20" for n in range(20))
    # Those that ran when the history had grown long came to their end: none was called for nothing.
    assert sum(bank.calls[key] for key in keys) == sum(job["attempts"] for job in jobs)
    assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_a_worker_killed_between_call_and_result(stopped: Platform, bank: Bank) -> None:
    """The timeout is ten minutes: it is the missing heartbeat that tells that the worker is gone."""
    bank.failure_rate, bank.hold = 0.0, 600.0
    async with killed_worker(stopped, bank):
        case_id = await stopped.start("long", {"amount": "7.00"})
        key = str((await remote_job(stopped, case_id))["idempotency_key"])
        await until(lambda: key in bank.counted)
    bank.hold = 0.0
    async with killed_worker(stopped, bank):
        await stopped.case_in(case_id, "completed")
    assert bank.calls[key] == 2
    assert bank.counted[key] == "7.00"
    assert await stopped.entries(case_id) == ["case.start", "job.result"]


async def test_a_result_whose_workflow_is_lost_is_taken_all_the_same(
    stopped: Platform, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.relay._OVERDUE_AFTER", timedelta(seconds=1))
    monkeypatch.setattr("workflows.relay._OVERDUE_EVERY", timedelta(seconds=1))
    bank.failure_rate, bank.hold = 0.0, 2.0
    async with stopped.running():
        case_id = await stopped.start("pay", {"amount": "8.00"})
        key = str((await remote_job(stopped, case_id))["idempotency_key"])
        await until(lambda: bank.calls[key] == 1)
        await lose_workflow(stopped, case_id)
        # Whether the first call still records its result or the next workflow calls again.
        await stopped.case_in(case_id, "completed")
    assert bank.counted[key] == "8.00"


@contextlib.asynccontextmanager
async def killed_worker(platform: Platform, bank: Bank) -> AsyncIterator[None]:
    """Run a worker in a process of its own and kill it at the end."""
    async with worker(platform, f"--bank={bank.url}"):
        yield


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is true of the bank."""
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("waited a minute for the bank")
