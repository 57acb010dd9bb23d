"""Loops inside and around each other, with events at their borders, and merges that wait for them."""

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, service, start, user

TWICE = '<standardLoopCharacteristics loopMaximum="2"/>'
ITEMS = extension('<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>')
PARALLEL = f"<multiInstanceLoopCharacteristics>{ITEMS}</multiInstanceLoopCharacteristics>"
SEQUENTIAL = PARALLEL.replace("Characteristics>", 'Characteristics isSequential="true">', 1)
LOOPS = [TWICE, PARALLEL, SEQUENTIAL]
DEFINITIONS = '<error id="x" errorCode="X"/><signal id="s" name="S"/><escalation id="y" escalationCode="Y"/>'
ERROR = '<errorEventDefinition errorRef="x"/>'
SIGNAL = '<signalEventDefinition signalRef="s"/>'


def sub(id: str, loop: str, content: str) -> str:
    return f'<subProcess id="{id}">{loop}{content}</subProcess>'


def boundary(host: str, event: str, *, interrupting: bool = True) -> str:
    stays = "" if interrupting else ' cancelActivity="false"'
    text = f'<boundaryEvent id="b" attachedToRef="{host}"{stays}>{event}</boundaryEvent>'
    return text + end("caught") + flow("b > caught")


def model(content: str) -> bytes:
    return process(start() + content + end(), definitions=DEFINITIONS)


def signal(case: Case) -> Case:
    return case.send(bpmn.BroadcastSignal(case.now, "S"))


def run(case: Case) -> Case:
    while case.jobs:
        case.complete_job(case.jobs[0])
    return case


# Loops in loops


@pytest.mark.parametrize("outer", LOOPS)
@pytest.mark.parametrize("inner", LOOPS)
def test_loops_run_inside_loops(outer, inner):
    content = start("si") + service("a", inner=inner) + end("e") + flow("si > a > e")
    case = run(Case(model(sub("each", outer, content) + flow("start > each > end")), {"items": [1, 2]}))
    assert (case.state.status, case.completed.count("a"), case.completed.count("each")) == ("completed", 4, 2)
    assert (case.completed.count("end"), case.state.to_json()["stored"]) == (1, [])


def test_each_loop_counts_its_own_rounds():
    content = start("si") + service("a", inner=TWICE, more=mapping({"n": "=loopCounter"})) + end("e")
    case = Case(
        model(sub("each", SEQUENTIAL, content + flow("si > a > e")) + flow("start > each > end")),
        {"items": "pq"},
    )
    assert case.codes == ["loop.collection-no-list"]
    case.resolve(items=["p", "q"])
    seen = []
    while case.jobs:
        seen.append(
            (case.state.jobs[0].variables["n"], case.state.variables_at(case.state.jobs[0].token)["item"])
        )
        case.complete_job("a")
    assert seen == [(1, "p"), (2, "p"), (1, "q"), (2, "q")]


# Events at the border of a loop


@pytest.mark.parametrize("loop", LOOPS)
def test_an_interrupting_event_at_a_loop_ends_all_of_its_rounds(loop):
    case = Case(
        model(user("a", inner=loop) + boundary("a", SIGNAL) + flow("start > a > end")), {"items": [1, 2]}
    )
    signal(case)
    assert (case.completed, case.state.status) == (["start", "b", "caught"], "completed")
    assert case.state.to_json()["stored"] == []


@pytest.mark.parametrize("loop", LOOPS)
def test_an_event_beside_a_loop_happens_once_for_all_of_its_rounds(loop):
    content = user("a", inner=loop) + boundary("a", SIGNAL, interrupting=False) + flow("start > a > end")
    case = signal(Case(model(content), {"items": [1, 2]}))
    assert case.completed.count("b") == 1
    case.complete_task("a")
    assert signal(case).completed.count("b") == 2
    assert case.complete_task("a").state.status == "completed"


@pytest.mark.parametrize("loop", LOOPS)
def test_an_error_out_of_a_round_ends_the_loop(loop):
    content = start("si") + service("a") + end("e") + flow("si > a > e")
    content = sub("each", loop, content) + boundary("each", ERROR) + flow("start > each > end")
    case = Case(model(content), {"items": [1, 2]}).complete_job("a").throw("a", "X")
    assert (case.completed[-2:], case.state.status, case.jobs) == (["b", "caught"], "completed", [])


def test_a_timer_at_a_loop_runs_over_all_of_its_rounds():
    timer = "<timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition>"
    case = Case(model(user("a", inner=TWICE) + boundary("a", timer) + flow("start > a > end")))
    case.after(hours=1).complete_task("a")
    assert len(case.state.timers) == 1
    assert case.after(hours=1).completed[-1] == "caught"


@pytest.mark.parametrize("loop", LOOPS)
def test_an_escalation_of_each_round_is_heard_at_the_border(loop):
    raised = '<escalationEventDefinition escalationRef="y"/>'
    content = start("si") + f'<intermediateThrowEvent id="t">{raised}</intermediateThrowEvent>' + end("e")
    content = sub("each", loop, content + flow("si > t > e"))
    content += boundary("each", raised, interrupting=False) + flow("start > each > end")
    case = Case(model(content), {"items": [1, 2]})
    assert (case.completed.count("b"), case.completed.count("each"), case.state.status) == (2, 2, "completed")


# Event subprocesses and loops


def by_event(event: str, content: str, *, interrupting: bool = True) -> str:
    stays = "" if interrupting else ' isInterrupting="false"'
    text = f'<startEvent id="on"{stays}>{event}</startEvent>' + content
    return f'<subProcess id="es" triggeredByEvent="true">{text}</subProcess>'


@pytest.mark.parametrize("loop", LOOPS)
def test_an_event_subprocess_interrupts_the_loops_of_its_scope(loop):
    content = user("a", inner=loop) + flow("start > a > end")
    content += by_event(SIGNAL, service("react") + end("re") + flow("on > react > re"))
    case = signal(Case(model(content), {"items": [1, 2]}))
    assert (case.tasks, case.jobs, case.state.to_json()["stored"]) == ([], ["react"], [])
    assert case.complete_job("react").state.status == "completed"


@pytest.mark.parametrize("loop", LOOPS)
def test_an_event_subprocess_in_a_loop_ends_its_round_and_the_loop_goes_on(loop):
    content = start("si") + service("a") + end("e") + flow("si > a > e")
    content += by_event(ERROR, service("repair") + end("re") + flow("on > repair > re"))
    case = Case(model(sub("each", loop, content) + flow("start > each > end")), {"items": [1, 2]})
    case.throw("a", "X")
    case.complete_job("repair").complete_job("a")
    assert (case.state.status, case.completed.count("each"), case.completed.count("a")) == ("completed", 2, 1)


@pytest.mark.parametrize("loop", LOOPS)
def test_an_error_out_of_the_event_subprocess_of_a_round_leaves_the_loop(loop):
    content = start("si") + service("a") + end("e") + flow("si > a > e")
    content += by_event(ERROR, f'<endEvent id="re">{ERROR}</endEvent>' + flow("on > re"))
    content = sub("each", loop, content) + boundary("each", ERROR) + flow("start > each > end")
    case = Case(model(content), {"items": [1, 2]}).throw("a", "X")
    assert (case.completed[-2:], case.state.status, case.jobs) == (["b", "caught"], "completed", [])
    assert [event.element for event in case.events if event.kind == "element.activated"].count("es") == 1


# Merges and loops

SPLIT = '<inclusiveGateway id="split" default="split-z"/><inclusiveGateway id="merge"/><task id="z"/>'


@pytest.mark.parametrize("loop", LOOPS)
def test_an_inclusive_merge_waits_for_a_loop_that_still_runs(loop):
    content = SPLIT + service("a", inner=loop) + service("b") + flow("split > z > merge")
    content += flow("start > split > a > merge > end", {"split-a": "=true"})
    content += flow("split > b > merge", {"split-b": "=true"})
    case = Case(model(content), {"items": [1, 2]}).complete_job("b")
    assert "merge" not in case.completed
    case.complete_job("a").complete_job("a")
    assert (case.state.status, case.completed.count("merge")) == ("completed", 1)


@pytest.mark.parametrize("loop", LOOPS)
def test_each_round_merges_its_own_tokens(loop):
    content = start("si") + SPLIT + service("a") + service("b") + end("e") + flow("split > z > merge")
    content += flow("si > split > a > merge > e", {"split-a": "=true"})
    content += flow("split > b > merge", {"split-b": "=true"})
    case = Case(model(sub("each", loop, content) + flow("start > each > end")), {"items": [1, 2]})
    run(case)
    assert (case.state.status, case.completed.count("merge"), case.completed.count("each")) == (
        "completed",
        2,
        2,
    )


def test_an_inclusive_merge_in_a_cycle_merges_once_per_round():
    content = SPLIT + '<exclusiveGateway id="top"/><exclusiveGateway id="again" default="again-end"/>'
    content += service("a") + service("b") + flow("split > z > merge")
    content += flow("start > top > split > a > merge > again > end", {"split-a": "=true"})
    content += flow("split > b > merge", {"split-b": "=n &lt; 2"})
    content += flow("again > top", {"again-top": "=n &lt; 3"})
    case = Case(model(content), {"n": 1})
    case.complete_job("a").complete_job("b", n=2)
    assert (case.jobs, case.completed.count("merge")) == (["a"], 1)
    case.complete_job("a", n=3)
    assert (case.state.status, case.completed.count("merge"), case.completed.count("end")) == (
        "completed",
        2,
        1,
    )


def test_an_inclusive_merge_takes_one_token_of_each_flow_and_keeps_the_rest():
    content = '<inclusiveGateway id="merge"/><parallelGateway id="f"/><task id="two" completionQuantity="2"/>'
    content += service("b") + flow("start > f > two > merge > end") + flow("f > b > merge")
    case = Case(model(content))
    assert "merge" not in case.completed
    case.complete_job("b")
    # b's token goes with the first of the two; nothing more can come to go with the second.
    assert (case.state.status, case.completed.count("merge"), case.completed.count("end")) == (
        "completed",
        2,
        2,
    )
