"""Modification: tokens of a running instance are ended, begun and moved, and nothing else is touched."""

from __future__ import annotations

import pytest

import bpmn
from bpmn import Activation
from support.bpmn_text import Case, end, extension, flow, mapping, process, script, service, start, user

LINE = process(start() + user("a") + user("b") + user("c") + end() + flow("start > a > b > c > end"))


def modify(case: Case, *cancel: str, activate: list[Activation] | None = None) -> Case:
    return case.send(bpmn.Modify(case.now, cancel, tuple(activate or ()), "by hand"))


def refusal(case: Case, *cancel: str, activate: list[Activation] | None = None) -> str:
    before = case.state.root
    with pytest.raises(bpmn.CommandRefused) as refused:
        modify(case, *cancel, activate=activate)
    assert case.state.root == before
    return refused.value.code


def loop(sequential: str = "false") -> str:
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{sequential}">'
        + extension(
            '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" '
            'outputCollection="all" outputElement="=r"/>'
        )
        + "</multiInstanceLoopCharacteristics>"
    )


def within(id: str, inner: str, more: str = "") -> str:
    return f'<subProcess id="{id}">{more}{inner}</subProcess>'


def test_a_token_moves_forward_and_the_event_says_from_where_to_where():
    case = modify(Case(LINE), "a", activate=[Activation("c")])
    assert case.tasks == ["c"]
    (moved,) = [event for event in case.events if event.kind == "instance.modified"]
    assert moved.data == {
        "reason": "by hand",
        "cancelled": ["a:3"],
        "activated": [{"element": "c", "token": "c:6", "scope": "p:1", "opened": []}],
    }
    kinds = [event.kind for event in case.events if event.element in ("a", "p")]
    assert kinds[-3:] == ["element.terminated", "task.cancelled", "instance.modified"]
    assert case.complete_task("c").state.status == "completed"


def test_a_token_moves_back():
    case = Case(LINE).complete_task("a")
    modify(case, "b", activate=[Activation("a")]).complete_task("a").complete_task("b").complete_task("c")
    assert case.state.status == "completed"
    assert case.completed.count("a") == 2


def test_a_token_is_added_beside_the_others_and_the_instance_ends_with_the_last():
    case = modify(Case(LINE), activate=[Activation("c", None, {"extra": True})])
    assert (case.tasks, case.value("extra")) == (["a", "c"], True)
    assert case.complete_task("c").state.status == "running"


def test_an_added_token_may_overwrite_what_it_sees():
    body = start() + '<parallelGateway id="f"/>' + service("x") + service("y") + script("again", "=1", "v")
    case = Case(
        process(body + end() + flow("start > f > x > end") + flow("f > y > end") + flow("again > end"))
    )
    case.complete_job("x", v=7)
    modify(case, activate=[Activation("again")])
    assert (case.codes, case.value("v")) == ([], 1)


def test_cancelling_a_scope_ends_all_within():
    inner = (
        start("s") + '<parallelGateway id="f"/>' + user("x") + user("y") + flow("s > f > x") + flow("f > y")
    )
    case = Case(process(start() + within("sub", inner) + user("b") + end() + flow("start > sub > b > end")))
    modify(case, "sub", activate=[Activation("b")])
    assert (case.tasks, case.state.active_elements) == (["b"], ("p", "b"))


def test_a_scope_that_is_left_empty_goes_too():
    inner = start("s") + user("x") + end("e") + flow("s > x > e")
    body = start() + within("outer", start("so") + within("sub", inner) + flow("so > sub"))
    case = Case(process(body + user("b") + end() + flow("start > outer > b > end")))
    modify(case, "x", activate=[Activation("b")])
    assert case.state.active_elements == ("p", "b")


def test_an_empty_scope_stays_for_what_begins_in_it():
    inner = start("s") + user("x") + user("y") + end("e") + flow("s > x > y > e")
    case = Case(process(start() + within("sub", inner) + end() + flow("start > sub > end")))
    sub = next(token.key for token in case.state.tokens if token.element == "sub")
    modify(case, "x", activate=[Activation("y")])
    assert [token.key for token in case.state.tokens if token.element == "sub"] == [sub]
    assert case.complete_task("y").state.status == "completed"


def test_scopes_between_are_opened_with_their_inputs_and_events_but_not_their_start():
    late = (
        '<boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition>'
        "<timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>"
    )
    inner = start("s") + script("first", "=1", "n") + user("x") + end("e") + flow("s > first > x > e")
    body = start() + user("a") + within("sub", inner, extension(mapping({"local": "=seed"}))) + late + end()
    case = Case(process(body + end("out") + flow("start > a > sub > end") + flow("late > out")), {"seed": 4})
    modify(case, "a", activate=[Activation("x")])
    assert case.tasks == ["x"]
    assert case.state.tasks[0].variables["local"] == 4
    assert "first" not in case.completed
    assert case.after(days=1).completed[-1] == "out"


def test_two_that_begin_in_one_closed_scope_share_it():
    inner = start("s") + user("x") + user("y") + end("e") + flow("s > x > e") + flow("y > e")
    case = Case(process(start() + user("a") + within("sub", inner) + end() + flow("start > a > sub > end")))
    modify(case, "a", activate=[Activation("x"), Activation("y")])
    assert sorted(case.state.active_elements) == ["p", "sub", "x", "y"]


def rounds(sequential: str = "false") -> Case:
    inner = start("s") + user("x") + user("y") + end("e") + flow("s > x > y > e")
    body = (
        start() + within("each", inner, loop(sequential)) + user("b") + end() + flow("start > each > b > end")
    )
    return Case(process(body), {"items": ["p", "q", "r"]})


def bodies(case: Case) -> list[str]:
    return [
        f"each:{each.key}" for each in case.state.tokens if each.element == "each" and "body" in each.data
    ]


def test_in_a_loop_the_round_must_be_named():
    case = rounds()
    assert refusal(case, activate=[Activation("y")]) == "modify.scope-ambiguous"
    second = bodies(case)[1]
    x = next(
        task.id for task in case.state.tasks if case.state.tokens.get(1) and task.variables["item"] == "q"
    )
    token = next(t for t in case.state.tokens if t.element == "x" and f"each:{t.scope}" == second)
    modify(case, f"x:{token.key}", activate=[Activation("y", second, {"r": "done"})])
    assert x not in [task.id for task in case.state.tasks]
    (moved,) = [task for task in case.state.tasks if task.element == "y"]
    assert moved.variables["item"] == "q"


def test_a_cancelled_round_leaves_the_others_running_and_has_no_result():
    case = rounds()
    modify(case, bodies(case)[1])
    for _ in range(2):
        case.complete_task("x", r="ok").complete_task("y")
    assert (case.tasks, case.value("all")) == (["b"], ["ok", None, "ok"])
    assert case.state.to_json()["stored"] == []


def test_the_token_of_a_round_takes_the_round_with_it():
    case = rounds()
    case.complete_task("x", r="ok").complete_task("y")
    for _ in range(2):
        token = next(t for t in case.state.tokens if t.element == "x")
        modify(case, f"x:{token.key}")
    assert (case.tasks, case.value("all")) == (["b"], ["ok", None, None])


def test_in_a_sequence_the_next_round_follows_a_cancelled_one():
    case = rounds("true")
    modify(case, "x")
    assert case.state.tasks[0].variables["item"] == "q"


def test_a_loop_of_which_nothing_is_left_is_cancelled():
    case = rounds()
    assert refusal(case, *bodies(case)) == "modify.nothing-left"
    modify(case, *bodies(case), activate=[Activation("b")])
    assert case.state.active_elements == ("p", "b")
    assert case.state.to_json()["stored"] == []


def test_the_name_of_a_loop_means_all_of_it():
    case = modify(rounds(), "each", activate=[Activation("b")])
    assert case.tasks == ["b"]


def test_a_cancelled_wait_at_a_join_is_forgotten_there():
    body = start() + '<parallelGateway id="f"/><parallelGateway id="j"/>' + user("x") + user("y") + end()
    case = Case(process(body + flow("start > f > x > j > end") + flow("f > y > j"))).complete_task("x")
    modify(case, "j", activate=[Activation("x")]).complete_task("y").complete_task("x")
    assert case.state.status == "completed"


def test_a_merge_that_waited_for_a_cancelled_token_goes_on():
    body = start() + '<parallelGateway id="f"/><inclusiveGateway id="j"/>' + user("x") + user("y") + end()
    case = Case(process(body + flow("start > f > x > j > end") + flow("f > y > j"))).complete_task("x")
    assert modify(case, "y").state.status == "completed"


def test_a_call_without_a_token_goes_too():
    files = {
        "main.bpmn": process(
            start()
            + '<callActivity id="call">'
            + extension('<zeebe:calledElement processId="q"/>')
            + "</callActivity>"
            + user("b")
            + end()
            + flow("start > call > b > end"),
        ),
        "called.bpmn": process(start() + user("x") + user("y") + end() + flow("start > x > y > end"), id="q"),
    }
    case = Case(files)
    modify(case, "q/x", activate=[Activation("q/y")])
    assert case.tasks == ["q/y"]
    assert refusal(Case(files).complete_task("q/x").complete_task("q/y"), activate=[Activation("q/x")]) == (
        "modify.scope-not-live"
    )
    modify(case, "q/y", activate=[Activation("b")])
    assert case.state.active_elements == ("p", "b")


@pytest.mark.parametrize(
    ("cancel", "activate", "code"),
    [
        ((), [], "modify.nothing"),
        (("b",), [], "modify.token-unknown"),
        (("a:99",), [], "modify.token-unknown"),
        (("b:3",), [], "modify.token-unknown"),
        (("p",), [], "modify.whole-instance"),
        (("a",), [], "modify.nothing-left"),
        ((), [Activation("nowhere")], "modify.element-unknown"),
        ((), [Activation("p")], "modify.cannot-begin"),
        ((), [Activation("c", "a:3")], "modify.scope-unknown"),
        (("a",), [Activation("nowhere")], "modify.element-unknown"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(cancel, activate, code):
    assert refusal(Case(LINE), *cancel, activate=activate) == code


def test_what_begins_with_an_event_or_a_flow_cannot_begin_by_itself():
    timer = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
    by_event = (
        f'<subProcess id="es" triggeredByEvent="true"><startEvent id="ees">{timer}</startEvent>'
        + user("h")
        + flow("ees > h")
        + "</subProcess>"
    )
    undo = (
        '<boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        '<association id="to" sourceRef="c" targetRef="undo"/>'
        '<userTask id="undo" isForCompensation="true"/>'
    )
    looped = within("each", start("s") + user("x") + flow("s > x"), loop())
    body = start() + '<parallelGateway id="f"/><parallelGateway id="j"/>' + user("a") + user("b") + looped
    body += f'<boundaryEvent id="late" attachedToRef="a">{timer}</boundaryEvent>' + undo + by_event + end()
    case = Case(
        process(body + flow("start > f > a > j > each > end") + flow("f > b > j") + flow("late > end")),
        {"items": [1]},
    )
    for element in ("late", "es", "ees", "undo", "j"):
        assert refusal(case, activate=[Activation(element)]) == "modify.cannot-begin"
    assert refusal(case, activate=[Activation("h")]) == "modify.scope-not-live"
    assert refusal(case, activate=[Activation("x")]) == "modify.inside-loop"
    assert refusal(case.after(days=1), "h") == "modify.nothing-left"


def test_a_scope_that_cannot_be_opened_refuses_the_command():
    inner = start("s") + user("x") + flow("s > x")
    more = extension(mapping({"n": "=function(x) x"}))
    case = Case(process(start() + user("a") + within("sub", inner, more) + flow("start > a > sub")))
    assert refusal(case, activate=[Activation("x")]) == "modify.scope-cannot-begin"


def test_an_ended_instance_is_not_modified():
    case = Case(LINE)
    case.send(bpmn.Cancel(case.now))
    assert refusal(case, activate=[Activation("b")]) == "command.wrong-status"


def test_a_modification_with_an_incident_takes_the_incident():
    body = start() + service("w", type="=missing") + user("b") + end() + flow("start > w > b > end")
    case = Case(process(body))
    assert case.codes == ["job.no-type"]
    modify(case, "w", activate=[Activation("b")])
    assert (case.codes, case.tasks) == ([], ["b"])
