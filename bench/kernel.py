"""How fast the kernel steps, and whether a step's cost stays the same.

An element step is one element activated, completed and left. Figures per second on one core, state
root included; ratios tell how the cost of one step grows with history and with live tokens (1.0:
not at all).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree

from bpmn import CompleteJob, CompleteTask, Model, Start, State, compile_model, new_instance, step

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


def run() -> dict[str, float]:
    """Measure everything; the names are those of the platform's benchmark file."""
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
        "kernel.cost_ratio_history_10000": _history_ratio(10_000),
        "kernel.cost_ratio_live_10000": _live_ratio(10_000),
    }


def peers() -> dict[str, float]:
    """Measure SpiffWorkflow on a chain of tasks; a shorter one, since its cost grows with the length."""
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    length = 200
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(chain_xml(length, "task")))
    specification = parser.get_spec("bench")

    def once() -> None:
        workflow = BpmnWorkflow(specification)
        while ready := workflow.get_next_task(state=TaskState.READY):
            ready.run()
        assert workflow.completed

    return {"kernel.steps_per_s": (length + 2) / _best(once, 3)}


def _burst_rate(model: Model, rounds: int = 5) -> float:
    """Element steps per second of one burst through the whole model (start and end event included)."""
    steps = len(model.process.children)

    def once() -> None:
        state = step(model, new_instance(model, "bench"), Start(AT, {"total": 0})).state
        assert state.status == "completed"
        assert state.root

    return steps / _best(once, rounds)


def _job_cost(rounds: int, state: State | None = None, model: Model | None = None) -> float:
    """Seconds per CompleteJob command, root included: completes a job, passes a gateway, opens the next."""
    model = model or job_loop()
    state = state or step(model, new_instance(model, "bench"), Start(AT)).state
    times = []
    for _ in range(rounds):
        job = state.jobs[0].id
        begin = time.perf_counter()
        state = step(model, state, CompleteJob(AT, job)).state
        assert state.root
        times.append(time.perf_counter() - begin)
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
    state = step(model, new_instance(model, "bench"), Start(AT, {"count": live})).state
    assert state.root
    times = []
    for task in [task.id for task in state.tasks][:300]:
        begin = time.perf_counter()
        state = step(model, state, CompleteTask(AT, task)).state
        assert state.root
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def _best(action: Callable[[], None], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:36} {value:12,.2f}")
