"""How fast the kernel steps, and whether a step's cost stays the same.

An element step is one element activated, completed and left. Figures are CPU time of one core, state
root included, so that what else the machine does counts little; ratios tell how the cost of one step grows
with history, with the length of a burst and
with live tokens (1.0: not at all). `python -m bench.kernel` prints them without starting the platform.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import orjson
from lxml import etree

from bpmn import CompleteJob, CompleteTask, Model, Start, State, compile_model, lint, new_instance, step
from bpmn.feel import compile_expression
from bpmn.values import Value

AT = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="bench">'
    '<process id="bench" isExecutable="true">'
)
FOOT = "</process></definitions>"
JOB = '<extensionElements><zeebe:taskDefinition type="work"/></extensionElements>'


def chain(length: int, tag: str, inner: str = "") -> Model:
    """A process of `length` tasks in a row."""
    return compile_model({"chain.bpmn": chain_xml(length, tag, inner)})


def chain_xml(length: int, tag: str, inner: str = "") -> bytes:
    """The BPMN file of `chain`."""
    nodes = ['<startEvent id="start"/>', '<sequenceFlow id="f0" sourceRef="start" targetRef="t1"/>']
    for at in range(1, length + 1):
        target = f"t{at + 1}" if at < length else "end"
        nodes.append(f'<{tag} id="t{at}">{inner}</{tag}>')
        nodes.append(f'<sequenceFlow id="f{at}" sourceRef="t{at}" targetRef="{target}"/>')
    return (HEAD + "".join(nodes) + '<endEvent id="end"/>' + FOOT).encode()


def job_loop() -> Model:
    """One service task that a gateway repeats for ever."""
    content = (
        f'<startEvent id="start"/><sequenceFlow id="f0" sourceRef="start" targetRef="merge"/>'
        f'<exclusiveGateway id="merge"/><sequenceFlow id="f1" sourceRef="merge" targetRef="work"/>'
        f'<serviceTask id="work">{JOB}</serviceTask>'
        f'<sequenceFlow id="f2" sourceRef="work" targetRef="merge"/>'
    )
    return compile_model({"loop.bpmn": (HEAD + content + FOOT).encode()})


def parallel_bodies() -> Model:
    """A parallel multi-instance of user tasks."""
    content = (
        '<startEvent id="start"/><sequenceFlow id="f0" sourceRef="start" targetRef="work"/>'
        '<userTask id="work"><multiInstanceLoopCharacteristics><loopCardinality>=count</loopCardinality>'
        "</multiInstanceLoopCharacteristics></userTask>"
        '<sequenceFlow id="f1" sourceRef="work" targetRef="end"/><endEvent id="end"/>'
    )
    return compile_model({"bodies.bpmn": (HEAD + content + FOOT).encode()})


def script_loop_xml() -> bytes:
    """The BPMN file of a script that counts to `count` in one burst: script after script."""
    content = (
        '<startEvent id="start"/><exclusiveGateway id="merge"/><exclusiveGateway id="more" default="out"/>'
        '<scriptTask id="work"><extensionElements><zeebe:script expression="=n + 1" resultVariable="n"/>'
        '</extensionElements></scriptTask><endEvent id="end"/>'
        '<sequenceFlow id="f0" sourceRef="start" targetRef="merge"/>'
        '<sequenceFlow id="f1" sourceRef="merge" targetRef="work"/>'
        '<sequenceFlow id="f2" sourceRef="work" targetRef="more"/>'
        '<sequenceFlow id="back" sourceRef="more" targetRef="merge">'
        "<conditionExpression>=n &lt; count</conditionExpression></sequenceFlow>"
        '<sequenceFlow id="out" sourceRef="more" targetRef="end"/>'
    )
    return (HEAD + content + FOOT).encode()


def fork_xml(branches: int) -> bytes:
    """The BPMN file of an AND split into so many tasks, and their join."""
    nodes = ['<startEvent id="start"/><parallelGateway id="split"/><parallelGateway id="join"/>']
    nodes.append('<endEvent id="end"/><sequenceFlow id="f0" sourceRef="start" targetRef="split"/>')
    nodes.append('<sequenceFlow id="f1" sourceRef="join" targetRef="end"/>')
    for at in range(branches):
        nodes.append(f'<task id="t{at}"/><sequenceFlow id="i{at}" sourceRef="split" targetRef="t{at}"/>')
        nodes.append(f'<sequenceFlow id="o{at}" sourceRef="t{at}" targetRef="join"/>')
    return (HEAD + "".join(nodes) + FOOT).encode()


def mixed_xml(edition: int = 0, blocks: int = 10) -> bytes:
    """A BPMN file of ten flow nodes a block, as analysts draw them.

    Each block decides by a condition, works in a job with mappings that may fail and be late, lets a person
    decide, and ends in a subprocess with a script. Another edition has other expressions, so that none of
    them is remembered from the compilation before.
    """
    nodes = ['<startEvent id="start"/>']
    before = "start"
    for at in range(blocks):
        nodes.append(
            f'<exclusiveGateway id="x{at}" default="skip{at}"/>'
            f'<serviceTask id="job{at}"><extensionElements><zeebe:taskDefinition type="work" retries="3"/>'
            f'<zeebe:ioMapping><zeebe:input source="=order.amount * 1.{edition}{at}" target="gross"/>'
            f'<zeebe:output source="=result.rate" target="rate{at}"/></zeebe:ioMapping></extensionElements>'
            f'</serviceTask><boundaryEvent id="late{at}" attachedToRef="job{at}" cancelActivity="false">'
            "<timerEventDefinition><timeDuration>PT4H</timeDuration></timerEventDefinition></boundaryEvent>"
            f'<boundaryEvent id="bad{at}" attachedToRef="job{at}"><errorEventDefinition/></boundaryEvent>'
            f'<userTask id="user{at}"><extensionElements><zeebe:userTask/>'
            '<zeebe:assignmentDefinition candidateGroups="=[&quot;credit&quot;]"/></extensionElements>'
            "</userTask>"
            f'<subProcess id="sub{at}"><startEvent id="s{at}"/><scriptTask id="r{at}"><extensionElements>'
            f'<zeebe:script expression="=round half up(rate{at} * {edition}, 2)" resultVariable="fee{at}"/>'
            f'</extensionElements></scriptTask><endEvent id="e{at}"/>'
            f'<sequenceFlow id="sf{at}" sourceRef="s{at}" targetRef="r{at}"/>'
            f'<sequenceFlow id="sg{at}" sourceRef="r{at}" targetRef="e{at}"/></subProcess>'
            f'<exclusiveGateway id="m{at}"/>'
            f'<sequenceFlow id="to{at}" sourceRef="{before}" targetRef="x{at}"/>'
            f'<sequenceFlow id="yes{at}" sourceRef="x{at}" targetRef="job{at}">'
            f'<conditionExpression>=order.amount &gt; {at}{edition} and order.kind = "goods"'
            "</conditionExpression></sequenceFlow>"
            f'<sequenceFlow id="skip{at}" sourceRef="x{at}" targetRef="m{at}"/>'
            f'<sequenceFlow id="jt{at}" sourceRef="job{at}" targetRef="user{at}"/>'
            f'<sequenceFlow id="lt{at}" sourceRef="late{at}" targetRef="user{at}"/>'
            f'<sequenceFlow id="bt{at}" sourceRef="bad{at}" targetRef="user{at}"/>'
            f'<sequenceFlow id="us{at}" sourceRef="user{at}" targetRef="sub{at}"/>'
            f'<sequenceFlow id="sm{at}" sourceRef="sub{at}" targetRef="m{at}"/>'
        )
        before = f"m{at}"
    nodes.append(f'<endEvent id="end"/><sequenceFlow id="last" sourceRef="{before}" targetRef="end"/>')
    return (HEAD + "".join(nodes) + FOOT).encode()


def run() -> dict[str, float]:
    """Measure everything; the names are those of the platform's benchmark file."""
    editions = count(1)
    return {
        "kernel.steps_per_s": _burst_rate(chain(1_000, "task")),
        "kernel.script_steps_per_s": _burst_rate(
            chain(
                1_000,
                "scriptTask",
                "<extensionElements>"
                '<zeebe:script expression="=total + 1" resultVariable="total"/></extensionElements>',
            )
        ),
        "kernel.job_commands_per_s": 1 / _job_cost(200),
        "kernel.cost_ratio_loop_10000": _ratio(_loop_cost(10_000), _loop_cost(10)),
        "kernel.cost_ratio_sequence_1000": _ratio(_sequence_cost(1_000), _sequence_cost(10)),
        "kernel.cost_ratio_history_10000": _history_ratio(10_000),
        "kernel.cost_ratio_live_10000": _live_ratio(10_000),
        "kernel.split_join_200_ms": 1e3 * _split_join_seconds(200),
        "kernel.state_size_ratio_loop_10000": state_size(10_000) / state_size(10),
        "kernel.compile_100_ms": 1e3 * _best(lambda: compile_model(_edition(next(editions))), 9),
        "kernel.lint_100_ms": 1e3 * _best(lambda: lint(_edition(next(editions))), 9),
        "kernel.feel_compare_us": 1e6 * _comparison_seconds(),
    }


def _edition(number: int) -> dict[str, bytes]:
    return {"mixed.bpmn": mixed_xml(number)}


def loop_steps(turns: int) -> int:
    """Element steps of `script_loop_xml` with so many turns."""
    return 3 * turns + 2


def state_size(turns: int) -> int:
    """Bytes of the stored state of a job that a loop has brought back so many times."""
    model = job_loop()
    state = step(model, new_instance(model, "bench"), Start(AT)).state
    for _ in range(turns):
        state = step(model, state, CompleteJob(AT, state.jobs[0].id)).state
    return len(orjson.dumps(state.to_json()))


def peers() -> dict[str, float]:
    """Measure SpiffWorkflow on the same models, where it can run them.

    The chain is shorter, since its cost grows with the length; a chain of 1,000 tasks and a loop of 1,000
    turns it ends by a RecursionError, so that these ratios have no peer.
    """
    mixed = mixed_xml()
    return {
        "kernel.steps_per_s": 202 / _spiff_seconds(chain_xml(200, "task"), rounds=3),
        "kernel.split_join_200_ms": 1e3 * _spiff_seconds(fork_xml(200)),
        "kernel.compile_100_ms": 1e3 * _best(lambda: _spiff_specification(mixed), 3),
    }


def _spiff_specification(content: bytes) -> Any:
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser

    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(content))
    return parser.get_spec("bench")


def _spiff_seconds(content: bytes, rounds: int = 1) -> float:
    """Seconds that SpiffWorkflow takes for one instance."""
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    specification = _spiff_specification(content)

    def once() -> None:
        workflow = BpmnWorkflow(specification)
        while ready := workflow.get_next_task(state=TaskState.READY):
            ready.run()
        assert workflow.completed

    return _best(once, rounds)


def _burst_rate(model: Model, rounds: int = 5) -> float:
    """Element steps per second of one burst through the whole model (start and end event included)."""
    steps = len(model.process.children)

    def once() -> None:
        state = step(model, new_instance(model, "bench"), Start(AT, {"total": Decimal(0)})).state
        assert state.status == "completed"
        assert state.root

    return steps / _best(once, rounds)


def _cost(model: Model, variables: Mapping[str, Value], steps: int) -> float:
    """Seconds per element step of bursts of so many steps, root included.

    A measurement takes about 30,000 steps, of long bursts and of short ones alike: on a machine that others
    use, the best of many short moments is no match for a long one.
    """
    bursts = max(1, 30_000 // steps)
    begin = time.process_time()
    for _ in range(bursts):
        state = step(model, new_instance(model, "bench"), Start(AT, variables)).state
        assert state.status == "completed"
        assert state.root
    return (time.process_time() - begin) / bursts / steps


def _loop_cost(turns: int) -> Callable[[], float]:
    """The cost of an element step in a loop of so many turns."""
    model = compile_model({"loop.bpmn": script_loop_xml()})
    return lambda: _cost(model, {"n": Decimal(0), "count": Decimal(turns)}, loop_steps(turns))


def _sequence_cost(length: int) -> Callable[[], float]:
    """The cost of an element step in a sequence of so many tasks."""
    model = chain(length, "task")
    return lambda: _cost(model, {}, length + 2)


def _split_join_seconds(branches: int) -> float:
    model = compile_model({"fork.bpmn": fork_xml(branches)})
    return _best(lambda: step(model, new_instance(model, "bench"), Start(AT)).state.root, 10)


def _comparison_seconds(repeats: int = 20_000) -> float:
    """Seconds of one evaluation of a compiled comparison of two variables."""
    expression = compile_expression("amount > limit")
    variables = {"amount": Decimal("1000.50"), "limit": Decimal("999.99")}

    def many() -> None:
        for _ in range(repeats):
            expression.evaluate(variables, now=AT)

    return _best(many, 5) / repeats


def _job_cost(rounds: int, state: State | None = None, model: Model | None = None) -> float:
    """Seconds per CompleteJob command, root included: completes a job, passes a gateway, opens the next."""
    model = model or job_loop()
    state = state or step(model, new_instance(model, "bench"), Start(AT)).state
    times = []
    for _ in range(rounds):
        job = state.jobs[0].id
        begin = time.process_time()
        state = step(model, state, CompleteJob(AT, job)).state
        assert state.root
        times.append(time.process_time() - begin)
    return statistics.median(times)


def _history_ratio(history: int) -> float:
    """The cost of a command after `history` commands over the cost at the beginning."""
    model = job_loop()
    state = step(model, new_instance(model, "bench"), Start(AT)).state
    early = _job_cost(300, state, model)
    for _ in range(history):
        state = step(model, state, CompleteJob(AT, f"work:{state.next_key - 1}")).state
    return _job_cost(300, state, model) / early


def _live_ratio(live: int) -> float:
    """The cost of completing one of `live` open tasks over the cost with ten."""
    return _task_cost(live) / _task_cost(310)


def _task_cost(live: int) -> float:
    model = parallel_bodies()
    state = step(model, new_instance(model, "bench"), Start(AT, {"count": Decimal(live)})).state
    assert state.root
    times = []
    for task in [task.id for task in state.tasks][:300]:
        begin = time.process_time()
        state = step(model, state, CompleteTask(AT, task)).state
        assert state.root
        times.append(time.process_time() - begin)
    return statistics.median(times)


def _ratio(cost: Callable[[], float], base: Callable[[], float], rounds: int = 6) -> float:
    """The lowest cost over the lowest base, measured in turn, so that both see the same machine."""
    pairs = [(cost(), base()) for _ in range(rounds)]
    return min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs)


def _best(action: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        action()
        times.append(time.process_time() - begin)
    return min(times)


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:36} {value:12,.2f}")
