"""Repairs by hand: what stopped is retried, skipped, thrown at or moved; a case is undone and cancelled."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio

from core import Forbidden, InvalidInput, NotFound
from support.bpmn_text import end, flow, process, script, service, start, user
from support.cases import Platform
from support.jobs import Jobs
from workflows import Actor
from workflows.effects import JobContext
from workflows.replay import replay_case

OPERATIONS = Actor("oona", frozenset({"operations"}))
AUDITOR = Actor("axel", frozenset({"auditor"}))


# Four ways stop, each by itself, beside one that waits for a person.
TROUBLE = process(
    start()
    + '<parallelGateway id="f"/><parallelGateway id="j"/><exclusiveGateway id="g" default="g-no"/>'
    + service("work", type="test.fragile")
    + script("one", "=1", "v")
    + script("two", "=2", "v")
    + user("person")
    + end()
    + end("no")
    + flow("start > f > g > j > end", {"g-j": "=approved"})
    + flow("g > no")
    + flow("f > work > j")
    + flow("f > one > j")
    + flow("f > two > j")
    + flow("f > person > j"),
    id="trouble",
)
BOOKED = process(
    start()
    + service("book", type="test.count")
    + '<boundaryEvent id="c" attachedToRef="book"><compensateEventDefinition/></boundaryEvent>'
    + service("unbook", type="test.fragile").replace(
        "<serviceTask ", '<serviceTask isForCompensation="true" '
    )
    + user("first")
    + user("second")
    + end()
    + flow("start > book > first > second > end")
    + '<association id="a" sourceRef="c" targetRef="unbook"/>',
    id="booked",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def models(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("models")
    for key, source in (("trouble", TROUBLE), ("booked", BOOKED)):
        (folder / f"{key}.bpmn").write_bytes(source)
        await platform.deploy(key, folder)


async def incidents(platform: Platform, case_id: UUID) -> dict[str, Mapping[str, Any]]:
    """The open incidents of a case, by their elements."""
    rows = await platform.rows(
        "SELECT * FROM workflows.incident_view WHERE case_id = $1 AND state = 'open'", case_id
    )
    return {row["element"]: row for row in rows}


async def repair(
    platform: Platform, kind: str, incident: Mapping[str, Any], **fields: Any
) -> Mapping[str, Any]:
    return await platform.perform(kind, {"incident_id": str(incident["id"]), **fields}, actor=OPERATIONS)


async def failed(platform: Platform) -> tuple[UUID, Mapping[str, Any]]:
    """A case whose only job crashes, and its incident."""
    case_id = await platform.start("fragile", {"outcome": "crash"})
    return case_id, (await incidents(platform, case_id))["work"]


async def last_entry(platform: Platform, case_id: UUID) -> Mapping[str, Any]:
    (row,) = await platform.rows(
        "SELECT body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq DESC LIMIT 1", str(case_id)
    )
    body: Mapping[str, Any] = orjson.loads(row["body"])
    return body


async def agrees(platform: Platform, case_id: UUID) -> bool:
    return (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_each_failure_stops_its_token_and_not_its_case(platform: Platform) -> None:
    case_id = await platform.start("trouble", {"outcome": "crash", "approved": "perhaps"})
    # The outcome of the command is there, and so is what the read model tells of it.
    stopped = {element: row["code"] for element, row in (await incidents(platform, case_id)).items()}
    assert stopped == {
        "g": "flow.condition-not-boolean",
        "work": "job.failed",
        "two": "variable.conflict",
    }
    case = await platform.case(case_id)
    assert (case["state"], case["incidents"]) == ("incident", 3)
    await platform.task(case_id, "person")

    open_ = await incidents(platform, case_id)
    await repair(platform, "incident.retry", open_["g"], variables={"approved": True})
    await repair(platform, "incident.skip", open_["two"])
    await repair(platform, "incident.retry", open_["work"], variables={"outcome": "fine"})
    case = await platform.case(case_id)
    assert (case["state"], case["incidents"]) == ("waiting", 0)
    assert await agrees(platform, case_id)


async def test_a_retry_without_a_change_says_that_it_failed_again(platform: Platform) -> None:
    case_id, incident = await failed(platform)
    result = await repair(platform, "incident.retry", incident)
    ((again,), left) = (result["raised"], await incidents(platform, case_id))
    assert (again["code"], again["incident_id"]) == ("job.failed", str(left["work"]["id"]))
    assert left["work"]["id"] != incident["id"]


async def test_a_retry_with_changed_variables_goes_on(platform: Platform) -> None:
    case_id, incident = await failed(platform)
    result = await repair(platform, "incident.retry", incident, variables={"outcome": "fine"})
    assert (result["state"], result["raised"]) == ("completed", [])
    assert await agrees(platform, case_id)


async def test_what_failed_is_skipped_and_the_entry_says_so(platform: Platform) -> None:
    case_id, incident = await failed(platform)
    await repair(platform, "incident.skip", incident, variables={"rate": {"$n": "1.50"}})
    assert (await platform.case(case_id))["state"] == "completed"
    entry = await last_entry(platform, case_id)
    assert (entry["kind"], entry["actor"]) == ("incident.skip", "user:oona")
    statement = dict(entry["statement"])
    assert statement.pop("incident").startswith("work:")
    assert statement == {
        "action": "skipped",
        "element": "work",
        "code": "job.failed",
        "variables": ["rate"],
    }
    assert await agrees(platform, case_id)


async def test_an_error_thrown_by_hand_takes_its_way(platform: Platform) -> None:
    case_id, incident = await failed(platform)
    await repair(platform, "incident.throw", incident, error_code="REJECTED")
    assert (await platform.steps(case_id))[-2:] == ["rejected", "turnedDown"]
    assert (await last_entry(platform, case_id))["statement"]["error"] == "REJECTED"
    assert await agrees(platform, case_id)


async def test_an_error_that_nobody_catches_is_refused_and_changes_nothing(platform: Platform) -> None:
    case_id = await platform.start("trouble", {"outcome": "crash", "approved": True})
    incident = (await incidents(platform, case_id))["work"]
    payload = {"incident_id": str(incident["id"]), "error_code": "REJECTED"}
    assert await platform.refusal("incident.throw", payload, actor=OPERATIONS) == "error.uncaught"
    assert "work" in await incidents(platform, case_id)
    assert await platform.entries(case_id) == ["case.start"]


async def test_a_token_moves_and_the_entry_says_from_where_to_where_and_by_whom(platform: Platform) -> None:
    case_id = await platform.start("booked")
    await platform.perform(
        "case.modify",
        {
            "cancel": ["first"],
            "activate": [{"element": "second", "variables": {"note": "x"}}],
            "reason": "why",
        },
        actor=OPERATIONS,
        case_id=case_id,
    )
    assert (await platform.case(case_id))["active_elements"] == '["second"]'
    tasks = await platform.rows("SELECT element, state FROM workflows.task_view WHERE case_id = $1", case_id)
    assert {task["element"]: task["state"] for task in tasks} == {"first": "cancelled", "second": "open"}
    entry = await last_entry(platform, case_id)
    assert (entry["kind"], entry["actor"]) == ("case.modify", "user:oona")
    statement = entry["statement"]
    assert [token.partition(":")[0] for token in statement["cancelled"]] == ["first"]
    (begun,) = statement["activated"]
    assert (begun["element"], begun["scope"].partition(":")[0]) == ("second", "booked")
    # The reason may be about persons: it stands in the payload and the step, not in the public body.
    assert "why" not in orjson.dumps(entry).decode()
    assert await agrees(platform, case_id)


async def test_an_incident_s_token_is_cancelled_alone(platform: Platform) -> None:
    case_id = await platform.start("trouble", {"outcome": "crash", "approved": True})
    payload = {"cancel": ["work"], "reason": "not needed"}
    await platform.perform("case.modify", payload, actor=OPERATIONS, case_id=case_id)
    assert set(await incidents(platform, case_id)) == {"two"}
    await platform.task(case_id, "person")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"cancel": ["nowhere"]}, "modify.token-unknown"),
        ({"cancel": ["first"]}, "modify.nothing-left"),
        ({"activate": [{"element": "c"}]}, "modify.cannot-begin"),
        ({"activate": [{"element": "second", "variables": {"n": {"$n": "many"}}}]}, "value.bad_json"),
        ({}, "modify.nothing"),
    ],
)
async def test_a_move_that_cannot_be_is_refused_and_changes_nothing(
    platform: Platform, payload: dict[str, Any], code: str
) -> None:
    case_id = await platform.start("booked")
    how: dict[str, Any] = {"actor": OPERATIONS, "case_id": case_id}
    assert await platform.refusal("case.modify", {"reason": "why", **payload}, **how) == code
    assert await platform.entries(case_id) == ["case.start"]


async def test_a_case_is_cancelled_when_all_that_it_did_is_undone(platform: Platform, jobs: Jobs) -> None:
    given_back: list[UUID] = []

    async def give_back(job: JobContext) -> None:
        given_back.append(job.case_id)

    platform.effects.when_cancelled(give_back)
    case_id = await platform.start("booked")
    jobs.fails = True
    payload = {"reason": "withdrawn", "compensate": True}
    await platform.perform("case.cancel", payload, actor=OPERATIONS, case_id=case_id)
    jobs.fails = False
    # It waits for what undoes it, and what it holds is not given back before that.
    assert (await platform.case(case_id))["state"] == "incident"
    assert (await last_entry(platform, case_id))["statement"] == {"undone": ["book"]}
    asked = len(given_back)
    incident = (await incidents(platform, case_id))["unbook"]
    await repair(platform, "incident.retry", incident)
    assert (await platform.case(case_id))["state"] == "cancelled"
    assert given_back[asked:] == [case_id]
    assert (await platform.steps(case_id))[-1] == "unbook"
    assert await agrees(platform, case_id)


async def test_who_may_only_look_repairs_nothing(platform: Platform) -> None:
    case_id, incident = await failed(platform)
    one = {"incident_id": str(incident["id"])}
    for kind, payload in (
        ("incident.retry", one),
        ("incident.skip", one),
        ("incident.throw", {**one, "error_code": "REJECTED"}),
        ("incident.retry-many", {"incident_ids": [str(incident["id"])]}),
        ("case.modify", {"cancel": ["work"], "reason": "why"}),
        ("case.cancel", {"reason": "why", "compensate": True}),
    ):
        with pytest.raises(Forbidden, match=r"command\.forbidden"):
            await platform.submit(kind, payload, actor=AUDITOR, case_id=case_id)


async def test_the_same_repair_twice_is_done_once(platform: Platform) -> None:
    case_id = await platform.start("booked")
    payload = {"activate": [{"element": "second"}], "reason": "once"}
    key = f"once-{case_id}"
    first = await platform.submit("case.modify", payload, actor=OPERATIONS, case_id=case_id, key=key)
    again = await platform.submit("case.modify", payload, actor=OPERATIONS, case_id=case_id, key=key)
    assert first == again
    assert (await platform.outcome(first)).state == "done"
    assert await platform.entries(case_id) == ["case.start", "case.modify"]


async def test_two_repairs_of_one_incident_do_one(platform: Platform) -> None:
    case_id = await platform.start("trouble", {"outcome": "crash", "approved": True})
    payload = {"incident_id": str((await incidents(platform, case_id))["work"]["id"])}
    commands = [await platform.submit("incident.skip", payload, actor=OPERATIONS) for _ in range(2)]
    outcomes = await asyncio.gather(*(platform.outcome(command) for command in commands))
    assert [outcome.state for outcome in outcomes] == ["done", "refused"]
    assert (outcomes[1].error or {})["code"] == "incident.closed"


# Many at once


async def retried(
    platform: Platform, payload: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Retry many, wait until each is decided, and return the batch's result and its items."""
    result = await platform.perform("incident.retry-many", payload, actor=OPERATIONS)
    batch_id = UUID(result["batch_id"])
    decided = "SELECT 1 FROM workflows.retry_item_view WHERE batch_id = $1 AND result <> 'waiting'"
    await platform.until(decided, result["chosen"], batch_id)
    items = await platform.rows(
        "SELECT * FROM workflows.retry_item_view WHERE batch_id = $1 ORDER BY position",
        batch_id,
    )
    return result, items


async def test_a_batch_tells_of_each_incident_what_really_happened(platform: Platform, jobs: Jobs) -> None:
    jobs.fails = True
    mended = [await platform.start("fragile") for _ in range(2)]
    jobs.fails = False
    crashed, still = await failed(platform)
    over, closed = await failed(platform)
    await repair(platform, "incident.skip", closed)
    lost = uuid4()
    ids = [(await incidents(platform, case_id))["work"]["id"] for case_id in mended]
    ids += [still["id"], closed["id"], lost]
    result, items = await retried(platform, {"incident_ids": [str(one) for one in ids]})
    assert {name: result[name] for name in ("chosen", "submitted", "left")} == {
        "chosen": 5,
        "submitted": 3,
        "left": 0,
    }
    assert [(item["incident_id"], item["result"]) for item in items] == [
        (ids[0], "retried"),
        (ids[1], "retried"),
        (ids[2], "retried"),
        (ids[3], "closed"),
        (ids[4], "unknown"),
    ]
    assert [len(orjson.loads(item["raised"])) for item in items] == [0, 0, 1, 0, 0]
    states = [(await platform.case(case_id))["state"] for case_id in (*mended, crashed, over)]
    assert states == ["completed", "completed", "incident", "completed"]
    assert (await last_entry(platform, mended[0]))["actor"] == "user:oona"
    assert await agrees(platform, mended[0])


async def test_a_filter_chooses_open_incidents_and_no_others(platform: Platform) -> None:
    case_id, _ = await failed(platform)
    other = await platform.start("trouble", {"outcome": "crash", "approved": True})
    _, items = await retried(platform, {"product": "trouble", "element": "two", "code": "variable.conflict"})
    assert {item["element"] for item in items} == {"two"}
    assert other in {item["case_id"] for item in items}
    assert "work" in await incidents(platform, other)
    assert "work" in await incidents(platform, case_id)


async def scf(platform: Platform, *words: str) -> tuple[int, str, str]:
    """Call the command line as a user does; gives its exit code, data and messages."""
    command = [
        sys.executable,
        "-m",
        "scf",
        "case",
        "retry",
        *words,
        "--database",
        platform.settings.database_url,
    ]
    called = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await called.communicate()
    return called.returncode or 0, out.decode(), err.decode()


async def test_the_command_line_retries_cases_and_tells_what_became_of_them(
    platform: Platform, jobs: Jobs
) -> None:
    jobs.fails = True
    case_id = await platform.start("fragile")
    jobs.fails = False
    code, out, _ = await scf(platform, str(case_id), "--json")
    (item,) = orjson.loads(out)["items"]
    assert (code, item["case_id"], item["result"], item["raised"]) == (0, str(case_id), "retried", [])
    assert (await platform.case(case_id))["state"] == "completed"
    assert (await last_entry(platform, case_id))["actor"].startswith("system:cli/")

    again, incident = await failed(platform)
    code, out, _ = await scf(platform, str(incident["id"]))
    assert code == 6
    assert "retried, then job.failed" in " ".join(out.split())
    assert "work" in await incidents(platform, again)


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ((), 5, "case.retry_what"),
        ((str(UUID(int=7)),), 3, "case.unknown"),
        (("seven",), 5, "case.id_invalid"),
        ((str(UUID(int=7)), "--code", "job.failed"), 5, "case.retry_what"),
    ],
)
async def test_the_command_line_says_what_it_needs(
    platform: Platform, words: tuple[str, ...], code: int, error: str
) -> None:
    left, _, told = await scf(platform, *words)
    assert (left, error in told) == (code, True)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"incident_ids": []},
        {"incident_ids": [str(uuid4())], "code": "job.failed"},
        {"incident_ids": [str(uuid4()) for _ in range(501)]},
    ],
)
async def test_a_batch_names_its_incidents_or_what_to_look_for(
    platform: Platform, payload: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match=r"command\.field_invalid"):
        await platform.submit("incident.retry-many", payload, actor=OPERATIONS)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("case.modify", {"cancel": "first", "reason": "why"}),
        ("case.modify", {"activate": [{"element": "second", "how": 1}], "reason": "why"}),
        ("case.modify", {"activate": ["second"], "reason": "why"}),
        ("case.cancel", {"reason": "why", "compensate": "yes"}),
        ("incident.throw", {"incident_id": str(uuid4())}),
    ],
)
async def test_a_payload_that_cannot_be_meant_is_refused_at_once(
    platform: Platform, kind: str, payload: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match=r"command\.field_"):
        await platform.submit(kind, payload, actor=OPERATIONS, case_id=uuid4())


async def test_a_case_that_nobody_knows_is_not_modified(platform: Platform) -> None:
    payload = {"cancel": ["first"], "reason": "why"}
    with pytest.raises(NotFound, match=r"case\.unknown"):
        await platform.submit("case.modify", payload, actor=OPERATIONS, case_id=uuid4())


async def test_a_form_that_no_file_holds_is_refused_at_deployment(platform: Platform, tmp_path: Path) -> None:
    """A form's name is fixed in the model and deployed with it: at run time none can be missing."""
    for form, code in (("nowhere", "form.unknown"), ("=name", "form.dynamic")):
        task = user("t", more=f'<zeebe:formDefinition formId="{form}"/>')
        source = process(start() + task + end() + flow("start > t > end"), id="formless")
        (tmp_path / "formless.bpmn").write_bytes(source)
        with pytest.raises(InvalidInput) as refused:
            await platform.deploy("formless", tmp_path)
        assert refused.value.code == code
