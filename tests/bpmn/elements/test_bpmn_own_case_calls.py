"""Calls that run as cases of their own: jobs, whose results come back like those of a process inside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpmn
from bpmn.values import from_json, to_json
from support.bpmn_text import (
    NOON,
    Case,
    end,
    extension,
    flow,
    mapping,
    process,
    refused,
    script,
    service,
    start,
)

ERROR = '<error id="bad" errorCode="BAD"/>'
CAUGHT = (
    '<boundaryEvent id="caught" attachedToRef="call"><errorEventDefinition errorRef="bad"/></boundaryEvent>'
)


def call(io: str = "", called: str = 'processId="called"', own: str = "true", inner: str = "") -> str:
    """A call activity; its process runs as a case of its own if `own` says so."""
    mode = f'<zeebe:properties><zeebe:property name="ownCase" value="{own}"/></zeebe:properties>'
    extensions = extension(f"<zeebe:calledElement {called}/>{io}{mode}")
    return f'<callActivity id="call">{extensions}{inner}</callActivity>'


def calling(*given: str, more: str = "", **how: str) -> bytes:
    content = start() + call(*given, **how) + end() + flow("start > call > end")
    return process(content + more, id="main", definitions=ERROR)


def only(case: Case) -> bpmn.OpenCall:
    """The one open call."""
    (found,) = bpmn.open_calls(case.state).values()
    return found


def test_such_a_call_waits_for_its_driver_and_needs_no_file_of_the_called_process():
    case = Case(calling(), {"x": 1})
    found = only(case)
    assert (found.element, found.process, found.tag) == ("call", "called", None)
    assert found.given(case.state) == {"x": 1}
    (job,) = case.state.jobs
    assert (job.id, job.type, job.headers) == (found.job, "case.call", {"process": "called"})
    case.complete_job("call", y=2)
    assert case.state.status == "completed"
    assert dict(case.state.variables) == {"x": 1, "y": 2}


def test_it_can_name_the_version_by_a_tag():
    case = Case(calling(called='processId="called" bindingType="versionTag" versionTag="stable"'))
    assert only(case).tag == "stable"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"called": 'processId="called" bindingType="deployment"'}, "call.case-binding"),
        ({"called": 'processId="called" bindingType="versionTag"'}, "call.case-binding"),
        ({"called": 'processId="=which"'}, "call.dynamic"),
        ({"called": 'propagateAllParentVariables="true"'}, "call.no-process"),
        ({"own": "yes"}, "call.own-case"),
    ],
)
def test_what_cannot_be_meant_is_refused(how: dict[str, str], code: str):
    assert (code, "call") in refused(calling(**how))


def test_without_the_property_the_process_runs_inside_and_must_be_there():
    assert ("call.unknown-process", "call") in refused(calling(own="false"))
    called = process(start("s") + service("w") + end("e") + flow("s > w > e"), id="called")
    inside = Case({"main.bpmn": calling(own="false"), "called.bpmn": called})
    assert inside.jobs == ["called/w"]
    assert bpmn.open_calls(inside.state) == {}


def test_an_error_is_caught_at_the_call():
    case = Case(calling(more=CAUGHT + end("out") + flow("caught > out")))
    case.throw("call", "BAD")
    assert case.completed[-1] == "out"


def test_an_error_that_nobody_catches_is_told_to_the_driver():
    error = '<endEvent id="bad-end"><errorEventDefinition errorRef="bad"/></endEvent>'
    main = process(
        start() + service("w") + error + flow("start > w > bad-end"), id="called", definitions=ERROR
    )
    case = Case(main)
    (job,) = case.state.jobs
    thrown = bpmn.step(case.model, case.state, bpmn.ThrowError(NOON, job.id, "WORSE", "", {"why": "x"}))
    assert thrown.uncaught == (bpmn.Uncaught("w", "WORSE", {"why": "x"}),)
    done = bpmn.step(case.model, case.state, bpmn.CompleteJob(NOON, job.id, {}))
    assert done.uncaught == (bpmn.Uncaught("bad-end", "BAD", {}),)
    assert [each.code for each in done.state.incidents] == ["error.uncaught"]


def test_a_retry_opens_the_call_again():
    case = Case(calling())
    case.send(bpmn.FailJob(case.now, only(case).job, "call.cancelled", "gone"))
    assert bpmn.open_calls(case.state) == {}
    before = case.state.waits
    case.resolve()
    assert list(bpmn.open_calls(case.state)) == [wait.key for wait in before if wait.token]


def test_a_migration_keeps_an_open_call():
    case = Case(calling())
    new = bpmn.compile_model({"main.bpmn": calling(more="<!-- the next version -->")})
    moved = bpmn.migrate(case.state, bpmn.plan_migration(case.model, new), new, NOON)
    assert list(bpmn.open_calls(moved.state)) == list(bpmn.open_calls(case.state))


def test_the_deployment_check_tells_of_a_process_that_is_not_there():
    def found(processes: frozenset[str] | None) -> list[tuple[str, str]]:
        catalogue = bpmn.Catalogue(frozenset(), processes=processes)
        checked = bpmn.lint({"main.bpmn": calling()}, catalogue=catalogue, process="main")
        return [(each.code, each.severity) for each in checked if each.code.startswith("call.")]

    assert found(frozenset({"other"})) == [("call.case-unknown", "warning")]
    assert found(frozenset({"called"})) == found(None) == []


VALUES = st.one_of(st.integers(-9, 9), st.none(), st.text("ab", max_size=2), st.lists(st.integers(0, 3)))
NAMES = st.sampled_from(["a", "b", "c"])


@given(
    variables=st.dictionaries(NAMES, VALUES),
    inputs=st.dictionaries(NAMES, NAMES, max_size=2),
    outputs=st.dictionaries(NAMES, NAMES, max_size=2),
    writes=st.dictionaries(st.sampled_from(["a", "b", "d"]), VALUES, max_size=3),
    all_in=st.booleans(),
    all_out=st.booleans(),
)
def test_a_case_of_its_own_gets_and_gives_the_variables_that_a_process_inside_would(
    variables: dict[str, Any],
    inputs: dict[str, str],
    outputs: dict[str, str],
    writes: dict[str, Any],
    all_in: bool,
    all_out: bool,
):
    """The same call, once inside and once as a case of its own, leaves the same variables behind."""
    io = mapping(
        {name: f"={source}" for name, source in inputs.items()},
        {name: f"={source}" for name, source in outputs.items()},
    )
    how = {
        "called": f'processId="called" propagateAllParentVariables="{str(all_in).lower()}"'
        f' propagateAllChildVariables="{str(all_out).lower()}"'
    }
    called = process(start("s") + service("w") + end("e") + flow("s > w > e"), id="called")

    inside = Case({"main.bpmn": calling(io, own="false", **how), "called.bpmn": called}, variables)
    inside.complete_job("called/w", **writes)

    outside = Case(calling(io, **how), variables)
    found = only(outside)
    given = found.given(outside.state)
    child = Case(called, given)
    child.complete_job("w", **writes)
    back = bpmn.brought_back({name: to_json(value) for name, value in given.items()}, child.state.variables)
    taken = found.takes(outside.state, {name: from_json(value) for name, value in back.items()})
    outside.complete_job("call", **taken)

    assert dict(outside.state.variables) == dict(inside.state.variables)
    assert outside.state.status == inside.state.status == "completed"


def test_each_round_of_a_loop_is_a_call_with_its_own_variables():
    items = (
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"'
        ' outputCollection="results" outputElement="=result"/>'
    )
    loop = f"<multiInstanceLoopCharacteristics>{extension(items)}</multiInstanceLoopCharacteristics>"
    case = Case(calling(inner=loop), {"items": [3, 5]})
    first, second = bpmn.open_calls(case.state).values()
    assert [each.given(case.state)["item"] for each in (first, second)] == [3, 5]
    case.send(bpmn.CompleteJob(case.now, second.job, {"result": 50}))
    case.send(bpmn.CompleteJob(case.now, first.job, {"result": 30}))
    assert case.value("results") == [30, 50]


def test_what_a_script_made_is_seen_by_the_call():
    content = start() + script("s", "=1", "made") + call() + end() + flow("start > s > call > end")
    case = Case(process(content, id="main"))
    assert only(case).given(case.state) == {"made": 1}
