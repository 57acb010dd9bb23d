"""Compensation of loops: each completed round is undone, the last one first, with what it had."""

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, process, script, service, start

UNDO = "<compensateEventDefinition{0}/>"
STANDARD = '<standardLoopCharacteristics loopMaximum="2"/>'
ERROR = '<error id="bad" errorCode="BAD"/>'
CAUGHT = (
    '<boundaryEvent id="caught" attachedToRef="sub"><errorEventDefinition errorRef="bad"/></boundaryEvent>'
)


def rounds(sequential: bool = False, inner: str = "") -> str:
    items = extension('<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>')
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"{items}{inner}</multiInstanceLoopCharacteristics>"
    )


def border(host: str, handler: str) -> str:
    return (
        f'<boundaryEvent id="c-{host}" attachedToRef="{host}">{UNDO.format("")}</boundaryEvent>'
        f'<association id="to-{handler}" sourceRef="c-{host}" targetRef="{handler}"/>'
    )


def handler(id: str) -> str:
    return service(id).replace("<serviceTask ", '<serviceTask isForCompensation="true" ')


def throw(id: str = "undo", attributes: str = "") -> str:
    return f'<intermediateThrowEvent id="{id}">{UNDO.format(attributes)}</intermediateThrowEvent>'


def looped(loop: str) -> bytes:
    body = start() + service("a", inner=loop) + throw() + end() + border("a", "not-a")
    return process(body + handler("not-a") + flow("start > a > undo > end"))


def job_of(case: Case, element: str, item: str) -> str:
    return next(job.id for job in case.state.jobs if job.element == element and job.variables["item"] == item)


def complete(case: Case, element: str, item: str, **variables) -> Case:
    return case.send(bpmn.CompleteJob(case.now, job_of(case, element, item), variables))


def test_the_rounds_of_a_parallel_loop_are_undone_in_reverse_order_of_their_completion():
    case = Case(looped(rounds()), {"items": ["x", "y", "z"]})
    complete(case, "a", "y", booking=2)
    complete(case, "a", "z", booking=3)
    complete(case, "a", "x", booking=1)
    seen = []
    while case.jobs:
        (job,) = case.state.jobs
        assert job.element == "not-a"
        seen.append([int(job.variables[name]) for name in ("loopCounter", "booking")])
        case.complete_job("not-a")
    assert seen == [[1, 1], [3, 3], [2, 2]]
    assert (case.state.status, case.completed[-1]) == ("completed", "end")


def test_the_rounds_of_a_sequential_loop_are_undone_the_last_first():
    case = Case(looped(rounds(True)), {"items": ["x", "y"]}).complete_job("a").complete_job("a")
    assert case.state.jobs[0].variables["item"] == "y"
    case.complete_job("not-a")
    assert case.state.jobs[0].variables["item"] == "x"
    assert case.complete_job("not-a").state.status == "completed"


def test_each_round_of_a_standard_loop_is_undone():
    case = Case(looped(STANDARD)).complete_job("a", n=1).complete_job("a", n=2)
    assert (case.state.jobs[0].variables["n"], case.state.jobs[0].variables["loopCounter"]) == (2, 2)
    case.complete_job("not-a")
    assert case.state.jobs[0].variables["n"] == 1
    assert case.complete_job("not-a").state.status == "completed"


def test_what_a_handler_makes_stays_with_its_round_but_it_may_write_what_lies_outside():
    case = Case(looped(STANDARD), {"undone": 0}).complete_job("a").complete_job("a")
    case.complete_job("not-a", undone=1, note="x")
    assert "note" not in case.state.jobs[0].variables
    case.complete_job("not-a", undone=2)
    assert dict(case.state.variables) == {"undone": 2}


def test_an_incident_of_a_handler_leaves_it_the_variables_of_its_round():
    body = start() + service("a", inner=STANDARD) + throw() + end() + border("a", "not-a")
    body += handler("not-a").replace('type="work"', 'type="=kind"') + flow("start > a > undo > end")
    case = Case(process(body)).complete_job("a").complete_job("a")
    assert case.codes == ["job.no-type"]
    case.resolve(kind="bank")
    assert (case.state.jobs[0].type, case.state.jobs[0].variables["loopCounter"]) == ("bank", 2)


def test_rounds_that_a_completion_condition_ended_are_not_undone():
    loop = rounds(inner="<completionCondition>=true</completionCondition>")
    case = Case(looped(loop), {"items": ["x", "y"]})
    complete(case, "a", "y")
    assert case.state.jobs[0].variables["item"] == "y"
    assert case.complete_job("not-a").state.status == "completed"


def test_a_loop_without_rounds_leaves_nothing_to_undo():
    assert Case(looped(rounds()), {"items": []}).completed[-2:] == ["undo", "end"]


def test_a_loop_that_still_runs_is_not_undone():
    body = (
        start() + '<parallelGateway id="f"/>' + service("a", inner=rounds()) + throw() + service("go") + end()
    )
    body += (
        border("a", "not-a") + handler("not-a") + flow("start > f > go > undo > end") + flow("f > a > end")
    )
    case = Case(process(body), {"items": ["x", "y"]})
    complete(case, "a", "x")
    case.complete_job("go")
    assert (case.jobs, "undo" in case.completed) == (["a"], True)


def test_a_loop_by_name_is_undone_alone():
    body = (
        start() + service("a", inner=STANDARD) + service("b") + throw(attributes=' activityRef="a"') + end()
    )
    body += border("a", "not-a") + border("b", "not-b") + handler("not-a") + handler("not-b")
    case = Case(process(body + flow("start > a > b > undo > end")))
    case.complete_job("a").complete_job("a").complete_job("b").complete_job("not-a").complete_job("not-a")
    assert (case.state.status, "not-b" in case.completed) == ("completed", False)


def inner(more: str = "") -> str:
    return (
        start("s")
        + service("a")
        + end("e")
        + border("a", "not-a")
        + handler("not-a")
        + flow("s > a > e")
        + more
    )


def test_each_round_of_a_subprocess_is_undone_by_what_it_completed():
    body = start() + f'<subProcess id="sub">{rounds()}{inner()}</subProcess>' + throw() + end()
    case = Case(process(body + flow("start > sub > undo > end")), {"items": ["x", "y"]})
    complete(case, "a", "y", own="from y")
    complete(case, "a", "x", own="from x")
    seen = []
    while case.jobs:
        seen.append((case.state.jobs[0].variables["item"], case.state.jobs[0].variables["own"]))
        case.complete_job("not-a")
    assert seen == [("x", "from x"), ("y", "from y")]
    assert case.state.status == "completed"


def test_each_round_of_a_subprocess_is_undone_by_its_compensation_event_subprocess():
    begin = f'<startEvent id="on">{UNDO.format("")}</startEvent>'
    undo = begin + service("first") + throw("rest") + end("done") + flow("on > first > rest > done")
    more = f'<subProcess id="es" triggeredByEvent="true">{undo}</subProcess>'
    body = start() + f'<subProcess id="sub">{rounds(True)}{inner(more)}</subProcess>' + throw() + end()
    case = Case(process(body + flow("start > sub > undo > end")), {"items": ["x", "y"]})
    case.complete_job("a").complete_job("a")
    for item in ("y", "x"):
        assert [(job.element, job.variables["item"]) for job in case.state.jobs] == [("first", item)]
        case.complete_job("first").complete_job("not-a")
    assert (case.state.status, case.completed[-2:]) == ("completed", ["undo", "end"])


def test_each_round_of_a_call_is_undone_by_the_handler_of_the_call():
    called = start("cs") + service("book") + end("ce") + flow("cs > book > ce")
    body = start() + f'<callActivity id="a" calledElement="q">{rounds(True)}</callActivity>' + throw() + end()
    body += border("a", "not-a") + handler("not-a") + flow("start > a > undo > end")
    sources = {"p.bpmn": process(body), "q.bpmn": process(called, id="q")}
    case = Case(sources, {"items": ["x", "y"]})
    case.complete_job("q/book", seat=1).complete_job("q/book", seat=2)
    for item, seat in (("y", 2), ("x", 1)):
        assert [case.state.jobs[0].variables[name] for name in ("item", "seat")] == [item, seat]
        case.complete_job("not-a")
    assert case.state.status == "completed"


def test_loops_in_loops_are_undone_round_by_round():
    content = start("s") + service("a", inner=STANDARD) + end("e") + border("a", "not-a") + handler("not-a")
    body = start() + f'<subProcess id="sub">{rounds(True)}{content}{flow("s > a > e")}</subProcess>' + throw()
    case = Case(process(body + end() + flow("start > sub > undo > end")), {"items": ["x", "y"]})
    for _ in range(4):
        case.complete_job("a")
    seen = []
    while case.jobs:
        variables = case.state.jobs[0].variables
        seen.append((variables["item"], int(variables["loopCounter"])))
        case.complete_job("not-a")
    assert seen == [("y", 2), ("y", 1), ("x", 2), ("x", 1)]
    assert case.state.status == "completed"


def test_an_error_in_the_handler_of_a_round_ends_the_undoing_where_it_is_caught():
    content = start("s") + service("a", inner=STANDARD) + throw() + end("e") + border("a", "not-a")
    content += handler("not-a") + flow("s > a > undo > e")
    body = start() + f'<subProcess id="sub">{content}</subProcess>' + end() + end("failed")
    body += CAUGHT
    case = Case(process(body + flow("start > sub > end") + flow("caught > failed"), definitions=ERROR))
    case.complete_job("a").complete_job("a").throw("not-a", "BAD")
    assert (case.state.status, case.completed[-1]) == ("completed", "failed")


def test_the_result_of_a_loop_that_conflicts_is_tried_again_and_the_rounds_are_still_undone():
    loop = (
        "<multiInstanceLoopCharacteristics>"
        + extension(
            '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" '
            'outputCollection="all" outputElement="=item"/>'
        )
        + "</multiInstanceLoopCharacteristics>"
    )
    body = start() + '<parallelGateway id="f"/>' + service("a", inner=loop) + script("other", "=1", "all")
    body += throw() + end() + border("a", "not-a") + handler("not-a")
    case = Case(
        process(body + flow("start > f > other > end") + flow("f > a > undo > end")), {"items": ["x"]}
    )
    case.complete_job("a")
    assert case.codes == ["variable.conflict"]
    assert case.resolve().jobs == ["not-a"]
    assert case.complete_job("not-a").state.status == "completed"


# Cancelling a transaction that loops


def cancelling(loop: str, bad: str = "=bad") -> bytes:
    content = start("s") + service("a") + '<exclusiveGateway id="x" default="x-e"/>' + end("e")
    content += (
        '<endEvent id="no"><cancelEventDefinition/></endEvent>' + border("a", "not-a") + handler("not-a")
    )
    content += flow("s > a > x > no", {"x-no": bad}) + flow("x > e")
    body = start() + f'<transaction id="t">{loop}{content}</transaction>' + end() + end("given-up")
    body += '<boundaryEvent id="c" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>'
    return process(body + flow("start > t > end") + flow("c > given-up"))


@pytest.mark.parametrize("loop", [rounds(True), '<standardLoopCharacteristics loopMaximum="3"/>'])
def test_cancelling_a_round_undoes_it_and_those_before_it_and_leaves_the_loop(loop):
    case = Case(cancelling(loop), {"items": ["x", "y", "z"]})
    case.complete_job("a", bad=False).complete_job("a", bad=True)
    assert [int(job.variables["loopCounter"]) for job in case.state.jobs] == [2]
    case.complete_job("not-a")
    assert [int(job.variables["loopCounter"]) for job in case.state.jobs] == [1]
    case.complete_job("not-a")
    assert (case.state.status, case.completed[-2:]) == ("completed", ["c", "given-up"])
    assert "t" not in [each.element for each in case.events if each.kind == "loop.completed"]


def test_cancelling_one_of_several_rounds_at_once_undoes_all_of_them():
    case = Case(cancelling(rounds(), "=item = &quot;y&quot;"), {"items": ["x", "y", "z"]})
    complete(case, "a", "x")
    complete(case, "a", "y")
    for item in ("y", "x"):
        assert [(job.element, job.variables["item"]) for job in case.state.jobs] == [("not-a", item)]
        case.complete_job("not-a")
    assert (case.completed[-2:], case.completed.count("a")) == (["c", "given-up"], 2)
    assert case.state.status == "completed"


# Compensation that the thrower does not wait for

BESIDE = ' waitForCompletion="false"'


def beside(undo: str, more: str = "") -> bytes:
    body = start() + service("a") + service("b") + undo + service("next") + end()
    body += border("a", "not-a") + border("b", "not-b") + handler("not-a") + handler("not-b") + more
    return process(body + flow("start > a > b > undo > next > end"))


def test_a_thrower_that_does_not_wait_goes_on_while_the_handlers_run_one_after_the_other():
    case = Case(beside(throw(attributes=BESIDE))).complete_job("a").complete_job("b")
    assert sorted(case.jobs) == ["next", "not-b"]
    case.complete_job("next")
    assert (case.state.status, case.jobs) == ("running", ["not-b"])
    case.complete_job("not-b").complete_job("not-a")
    assert (case.state.status, case.completed.count("undo")) == ("completed", 1)


def test_a_compensation_end_event_that_does_not_wait_ends_its_token():
    last = f'<endEvent id="undo">{UNDO.format(BESIDE)}</endEvent>'
    body = start() + service("a") + last + border("a", "not-a") + handler("not-a") + flow("start > a > undo")
    case = Case(process(body)).complete_job("a")
    assert (case.completed[-1], case.jobs, case.state.status) == ("undo", ["not-a"], "running")
    assert case.complete_job("not-a").state.status == "completed"


def test_a_thrower_that_does_not_wait_has_nothing_beside_it_when_nothing_is_undone():
    body = start() + throw(attributes=BESIDE) + service("a") + end() + border("a", "not-a") + handler("not-a")
    case = Case(process(body + flow("start > undo > a > end")))
    assert case.state.active_elements == ("p", "a")


def test_an_interrupt_ends_the_handlers_that_run_beside():
    content = start("s") + service("a") + throw(attributes=BESIDE) + service("next") + end("e")
    content += border("a", "not-a") + handler("not-a") + flow("s > a > undo > next > e")
    body = start() + f'<subProcess id="sub">{content}</subProcess>' + end() + end("failed")
    body += CAUGHT
    case = Case(process(body + flow("start > sub > end") + flow("caught > failed"), definitions=ERROR))
    case.complete_job("a").throw("next", "BAD")
    assert (case.state.status, case.completed[-1], case.jobs) == ("completed", "failed", [])


def test_handlers_that_run_beside_write_on_a_branch_of_their_own():
    case = Case(beside(throw(attributes=BESIDE)), {"v": 0}).complete_job("a").complete_job("b")
    case.complete_job("next", v=1).complete_job("not-b", v=2)
    assert case.codes == ["variable.conflict"]


def test_an_inclusive_merge_does_not_wait_for_handlers_that_run_beside():
    body = start() + service("a") + '<inclusiveGateway id="f"/>' + throw(attributes=BESIDE) + service("b")
    body += '<inclusiveGateway id="j"/>' + end() + border("a", "not-a") + handler("not-a")
    body += flow("start > a > f > undo > j > end", {"f-undo": "=true"}) + flow("f > b > j", {"f-b": "=true"})
    case = Case(process(body)).complete_job("a").complete_job("b")
    assert (case.completed[-1], case.jobs) == ("end", ["not-a"])
