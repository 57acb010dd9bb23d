"""Replay on another version of the process, and of Temporal's history, archived when a case closes."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio

import ledger
from bpmn import Model, compile_model
from core import Conflict, NotFound
from proof.bundle import Bundle, history_stream
from support.cases import Platform
from support.jobs import Jobs
from workflows import Actor
from workflows.audit import export_case, verify_bundle
from workflows.comparison import Comparison
from workflows.history_replay import archived_runs, replay_histories
from workflows.replay import compare_case

MODELS = Path(__file__).parent / "models"
OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))
SOON = timedelta(milliseconds=100)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(stopped_platform: Platform) -> AsyncIterator[Platform]:
    """A platform whose worker archives soon, and whose workflows continue as new after few events."""
    settings = dataclasses.replace(stopped_platform.settings, continue_after=25, archive_every=SOON)
    platform = dataclasses.replace(stopped_platform, settings=settings)
    async with platform.running():
        yield platform


def changed(key: str, *changes: tuple[str, str]) -> Model:
    """Return a model of the tests with texts replaced."""
    text = (MODELS / f"{key}.bpmn").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return compile_model({f"{key}.bpmn": text.encode()}, process=key)


async def compared(platform: Platform, case_id: UUID, other: Model) -> Comparison:
    return await compare_case(platform.database, case_id, other, platform.vault_key)


async def approved(platform: Platform) -> UUID:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve", reason="4711-geheim")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    return case_id


async def archived(platform: Platform, case_id: UUID, state: str = "archived") -> None:
    await platform.until(
        f"SELECT id FROM workflows.case_ WHERE id = '{case_id}' AND history = '{state}'",  # noqa: S608
        1,
    )


# Another version


async def test_a_version_that_only_looks_different_gives_the_same_steps(platform: Platform) -> None:
    other = changed("approval", ("First approval", "Approve for the first time"))
    comparison = await compared(platform, await approved(platform), other)
    assert comparison == Comparison(
        commands=3, refused=0, difference=None, status="completed", active=(), without_result=()
    )


async def test_a_step_that_is_new_is_the_first_difference(platform: Platform) -> None:
    other = changed(
        "approval",
        (
            '<bpmn:sequenceFlow id="first_second" sourceRef="first" targetRef="second" />',
            '<bpmn:userTask id="extra"><bpmn:extensionElements><zeebe:userTask /></bpmn:extensionElements>'
            '</bpmn:userTask><bpmn:sequenceFlow id="first_extra" sourceRef="first" targetRef="extra" />'
            '<bpmn:sequenceFlow id="extra_second" sourceRef="extra" targetRef="second" />',
        ),
    )
    comparison = await compared(platform, await approved(platform), other)
    difference = comparison.difference
    assert difference is not None
    assert (difference.seq, difference.command, difference.kind) == (2, 1, "complete-task")
    assert (difference.element, difference.refused) == ("first", None)
    assert difference.before[: difference.at] == difference.after[: difference.at]
    assert difference.before[difference.at]["element"] == "first_second"
    assert difference.after[difference.at]["element"] == "first_extra"
    assert (comparison.commands, comparison.refused) == (3, 1)
    assert (comparison.status, comparison.active) == ("running", ("extra",))


async def test_a_step_that_is_gone_is_the_first_difference(platform: Platform) -> None:
    other = changed(
        "approval",
        ('<bpmn:sequenceFlow id="second_end" sourceRef="second" targetRef="end" />', ""),
        (
            '<bpmn:sequenceFlow id="first_second" sourceRef="first" targetRef="second" />',
            '<bpmn:sequenceFlow id="first_end" sourceRef="first" targetRef="end" />'
            '<bpmn:sequenceFlow id="start_second" sourceRef="start" targetRef="second" />'
            '<bpmn:sequenceFlow id="second_end" sourceRef="second" targetRef="end" />',
        ),
        ('<bpmn:sequenceFlow id="start_first" sourceRef="start" targetRef="first" />', ""),
        ('<bpmn:userTask id="first" name="First approval">', '<bpmn:userTask id="gone" name="Gone">'),
        ('sourceRef="first"', 'sourceRef="gone"'),
        (
            '<bpmn:sequenceFlow id="first_end" sourceRef="gone" targetRef="end" />',
            '<bpmn:sequenceFlow id="first_end" sourceRef="gone" targetRef="end" />'
            '<bpmn:sequenceFlow id="start_gone" sourceRef="start" targetRef="gone" />',
        ),
    )
    comparison = await compared(platform, await approved(platform), other)
    assert comparison.difference is not None
    assert (comparison.difference.seq, comparison.difference.kind) == (1, "start")
    assert comparison.refused == 1  # nothing waits at `first`; what was said at `second` still counts
    assert comparison.active == ("gone",)


async def test_results_of_jobs_are_taken_from_the_log_by_their_element(platform: Platform) -> None:
    case_id = await platform.start("straight")
    flow = '<bpmn:sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}" />'
    other = changed(
        "straight",
        (flow.format("job1", "job2"), flow.format("job1", "added") + flow.format("added", "job2")),
        (
            "<bpmn:endEvent",
            '<bpmn:serviceTask id="added"><bpmn:extensionElements><zeebe:taskDefinition type="test.count" />'
            "</bpmn:extensionElements></bpmn:serviceTask><bpmn:endEvent",
        ),
    )
    comparison = await compared(platform, case_id, other)
    assert comparison.difference is not None
    assert (comparison.difference.seq, comparison.difference.element) == (1, "job1")
    # What the log cannot tell is the result of a job that never was.
    assert comparison.without_result == ("added",)
    assert comparison.refused == 4


async def test_an_incident_and_its_retry_are_found_on_the_other_version(
    platform: Platform, jobs: Jobs
) -> None:
    jobs.fails = True
    try:
        case_id = await platform.start("fragile")
    finally:
        jobs.fails = False
    (incident,) = await platform.rows("SELECT id FROM workflows.incident_view WHERE case_id = $1", case_id)
    operations = Actor("oona", frozenset({"operations"}))
    await platform.perform(
        "incident.retry", {"incident_id": str(incident["id"])}, case_id=case_id, actor=operations
    )
    comparison = await compared(platform, case_id, changed("fragile", ('name="Work"', 'name="Toil"')))
    assert comparison.difference is None
    assert comparison.status == "completed"
    added = (
        '<bpmn:scriptTask id="before"><bpmn:extensionElements>'
        '<zeebe:script expression="=1" resultVariable="one" /></bpmn:extensionElements></bpmn:scriptTask>'
        '<bpmn:sequenceFlow id="start_before" sourceRef="start" targetRef="before" />'
        '<bpmn:sequenceFlow id="before_work" sourceRef="before" targetRef="work" />'
    )
    flow = '<bpmn:sequenceFlow id="start_work" sourceRef="start" targetRef="work" />'
    comparison = await compared(platform, case_id, changed("fragile", (flow, added)))
    assert comparison.difference is not None
    assert (comparison.difference.seq, comparison.refused) == (1, 0)
    assert comparison.status == "completed"


async def test_a_case_that_is_not_there_cannot_be_compared(platform: Platform) -> None:
    with pytest.raises(NotFound, match=r"case\.unknown"):
        await compared(platform, UUID(int=0), changed("approval"))


# Temporal's history


async def test_the_history_of_a_closed_case_is_archived_and_replays(platform: Platform) -> None:
    case_id = await approved(platform)
    await archived(platform, case_id)
    report = await replay_histories(platform.database, case_id, platform.vault_key)
    assert report.agrees
    assert report.runs == 1
    (entry,) = await entries(platform, case_id)
    assert (entry["kind"], entry["actor"]) == ("history.archive", "system:archiver")
    statement = orjson.loads(entry["body"])["statement"]
    assert statement == {"case": str(case_id), "runs": 1, "complete": True}
    assert await platform.entries(case_id) == ["case.start", "task.complete", "task.complete"]


async def test_a_history_of_several_runs_is_archived_whole(platform: Platform) -> None:
    case_id = await platform.start("approval")
    task = {"task_id": str(await platform.task(case_id, "first")), "variables": {"decision": "approve"}}
    for _ in range(8):
        assert await platform.refusal("task.complete", task, actor=SECOND) == "task.not_yours"
    await platform.perform("task.complete", task, actor=OFFICER)
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await archived(platform, case_id)
    report = await replay_histories(platform.database, case_id, platform.vault_key)
    assert report.runs >= 2
    assert report.agrees


async def test_a_history_that_the_workflow_does_not_fit_is_told(platform: Platform) -> None:
    """What was archived as another workflow's, Temporal's replayer does not take."""
    case_id = await approved(platform)
    await archived(platform, case_id)
    (run,) = await archived_runs(platform.database, case_id, platform.vault_key)
    text = re.sub(rb'"data":"([^"]*)"', _renamed, orjson.dumps([run.to_json_dict()]))
    other = UUID(int=77)
    keys = ledger.load_or_create_keys(platform.settings.key_folder)
    async with platform.database.transaction() as tx:
        await ledger.Recorder(keys.signing_key, keys.vault_key, platform.settings.origin).record(
            tx,
            ledger.EntryDraft(
                stream=history_stream(str(other)),
                seq=1,
                kind="history.archive",
                occurred_at=(await platform.case(case_id))["ended_at"],
                actor="system:archiver",
                payloads={"runs": text},
            ),
        )
        await tx.sql.execute(
            "CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT * FROM workflows.case_ WHERE false"
        )
        await tx.sql.execute("INSERT INTO copied SELECT * FROM workflows.case_ WHERE id = $1", case_id)
        await tx.sql.execute("UPDATE copied SET id = $1, business_key = 'copied'", other)
        await tx.sql.execute("INSERT INTO workflows.case_ SELECT * FROM copied")
    report = await replay_histories(platform.database, other, platform.vault_key)
    assert not report.agrees
    assert "Nondeterminism" in str(report.failures[0])


def _renamed(payload: re.Match[bytes]) -> bytes:
    """Let the history tell of another local activity than the workflow has."""
    content = base64.b64decode(payload[1]).replace(b"advance", b"retreat")
    return b'"data":"' + base64.b64encode(content) + b'"'


async def test_a_running_case_has_no_archive(platform: Platform) -> None:
    case_id = await platform.start("approval")
    with pytest.raises(Conflict, match=r"history\.not_archived"):
        await replay_histories(platform.database, case_id, platform.vault_key)


async def test_a_history_that_temporal_forgot_is_told_and_not_looked_for_again(
    platform: Platform,
) -> None:
    case_id = await platform.start("approval")
    async with platform.database.reading() as sql:
        await sql.execute("UPDATE workflows.case_ SET business_key = 'unheard-of' WHERE id = $1", case_id)
        await sql.execute("UPDATE workflows.case_ SET ended_at = business_now WHERE id = $1", case_id)
    await archived(platform, case_id, "lost")
    with pytest.raises(Conflict, match=r"history\.lost"):
        await replay_histories(platform.database, case_id, platform.vault_key)
    assert await entries(platform, case_id) == []


async def test_the_bundle_of_a_case_holds_its_history(platform: Platform) -> None:
    case_id = await approved(platform)
    await archived(platform, case_id)
    keys = ledger.load_or_create_keys(platform.settings.key_folder)
    sequencer = ledger.Sequencer(platform.database, keys.log_key, platform.settings.origin)
    while await sequencer.sequence_once():
        pass
    await sequencer.close()
    content = await export_case(platform.database, case_id, platform.vault_key)
    report = verify_bundle(content)
    assert report.ok, report.findings
    assert report.history_runs == 1
    (entry,) = Bundle.decode(content).history
    assert b"geheim" not in entry.openings["runs"].payload


async def entries(platform: Platform, case_id: UUID) -> list[dict[str, Any]]:
    rows = await platform.rows(
        "SELECT kind, actor, body FROM ledger.entry_view WHERE stream = $1", history_stream(str(case_id))
    )
    return [dict(row) for row in rows]
