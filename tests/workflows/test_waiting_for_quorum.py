"""Steps that wait for the log's witnesses: money moves only on what a quorum has seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest_asyncio
from conftest import NewDatabase

from bpmn.values import Value
from core import SystemClock
from ledger import Cosigning, adopt_policy
from proof.checkpoint import NoteKey
from scf.data_folder import DataFolder
from support.advanced import ORIGIN, ByHand, by_hand
from support.witnesses import witness_in_thread
from workflows import Actor, definitions
from workflows.effects import RemoteContext
from workflows.quorum import HEADER
from workflows.replay import replay_case
from workflows.worker import rooms

OPERATIONS = Actor("oona", frozenset({"operations"}))
OFFICER = Actor("olivia", frozenset({"credit_officer"}))

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="https://scf.example/test">
  <bpmn:process id="paid" name="Paid when witnessed" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:userTask id="approve" name="Approve">
      <bpmn:extensionElements>
        <zeebe:userTask />
        <zeebe:assignmentDefinition candidateGroups="credit_officer" />
      </bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:serviceTask id="pay" name="Pay">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="test.count" />
        <zeebe:taskHeaders><zeebe:header key="HEADER" value="true" /></zeebe:taskHeaders>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:endEvent id="end" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="approve" />
    <bpmn:sequenceFlow id="f2" sourceRef="approve" targetRef="pay" />
    <bpmn:sequenceFlow id="f3" sourceRef="pay" targetRef="end" />
  </bpmn:process>
</bpmn:definitions>
""".replace("HEADER", HEADER)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(new_database: NewDatabase, tmp_path_factory: object) -> AsyncIterator[ByHand]:
    folder = Path(str(tmp_path_factory.mktemp("quorum")))  # type: ignore[attr-defined]
    (folder / "models").mkdir()
    (folder / "models" / "paid.bpmn").write_text(MODEL)
    keys = DataFolder.at(folder / "data").keys
    async with by_hand(await new_database(rooms()), keys, folder / "models") as running:
        yield running


async def approved(platform: ByHand, key: str) -> UUID:
    case_id = await platform.start("paid", key)
    await platform.complete(case_id, "approve", OFFICER)
    return case_id


async def tick(platform: ByHand, case_id: UUID) -> bool:
    """Let the case look; return whether it is over. While it waits it says when it looks again."""
    at = SystemClock().now()
    waits = await platform.advancer.advance(case_id, None, at)
    assert waits.ended or (waits.due and at < waits.due <= at + timedelta(seconds=2))
    return waits.ended


async def test_without_a_policy_a_step_waits_until_the_log_has_its_approval(platform: ByHand) -> None:
    case_id = await approved(platform, "unwitnessed")
    assert not await tick(platform, case_id)
    assert platform.jobs.performed[str(case_id)] == 0
    await platform.log()
    assert await tick(platform, case_id)
    assert platform.jobs.performed[str(case_id)] == 1


async def test_with_a_policy_it_waits_until_a_quorum_has_seen_it(platform: ByHand, tmp_path: Path) -> None:
    log = NoteKey.of(ORIGIN, platform.keys.log_key)
    cosigning = Cosigning(platform.database)
    with witness_in_thread(tmp_path, "bank.example/w", log) as witness:
        await adopt_policy(platform.database, f"{witness.line('bank')}quorum bank\n".encode(), "ines")
        case_id = await approved(platform, "witnessed")
        await platform.log()
        assert not await tick(platform, case_id)
        async with platform.database.reading() as sql:
            due = await sql.fetchval("SELECT due_at FROM workflows.case_ WHERE id = $1", case_id)
        assert due is not None
        assert platform.jobs.performed[str(case_id)] == 0
        await cosigning.round()
        await cosigning.settled()
        assert await tick(platform, case_id)
    await cosigning.close()
    assert platform.jobs.performed[str(case_id)] == 1
    await platform.log()
    assert (await replay_case(platform.database, case_id, platform.keys.vault_key)).agrees


async def test_a_call_outside_that_says_it_waits_is_an_incident(platform: ByHand) -> None:
    @platform.jobs.effects.remote("test.outside", timeout=timedelta(seconds=5))
    async def outside(job: RemoteContext) -> Mapping[str, Value]:
        raise AssertionError("it must not be called")

    source = MODEL.replace("test.count", "test.outside").replace('"paid"', '"outside"')
    async with platform.database.transaction() as tx:
        await definitions.deploy(
            tx,
            "outside",
            {"outside.bpmn": source},
            job_types=platform.jobs.effects.job_types,
            deployed_by="test",
            at=SystemClock().now(),
        )
    case_id = await platform.start("outside", "refused")
    await platform.complete(case_id, "approve", OFFICER)
    async with platform.database.reading() as sql:
        code = await sql.fetchval("SELECT code FROM workflows.incident_view WHERE case_id = $1", case_id)
        calls = await sql.fetchval("SELECT count(*) FROM workflows.remote_job WHERE case_id = $1", case_id)
    assert (code, calls) == ("quorum.remote", 0)


async def test_a_case_that_waits_can_be_cancelled(platform: ByHand) -> None:
    case_id = await approved(platform, "cancelled")
    await platform.command("case.cancel", {"reason": "not needed"}, case_id, OPERATIONS)
    assert await tick(platform, case_id)
    assert platform.jobs.performed[str(case_id)] == 0
