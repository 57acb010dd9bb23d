"""Random block-structured models, and random runs of them: what property tests of the engine draw."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

import bpmn
from support.bpmn_text import NOON, end, extension, process, script, service, start, user

LOOP = (
    "<multiInstanceLoopCharacteristics{0}>"
    + extension('<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>')
    + "</multiInstanceLoopCharacteristics>"
)


class Builder:
    """Turns a nested description into BPMN; each block has one way in and one way out."""

    def __init__(self) -> None:
        self.count = 0
        self.text: list[str] = []

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def flow(self, source: str, target: str, condition: str = "") -> None:
        inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        self.text.append(
            f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">'
            f"{inner}</sequenceFlow>"
        )

    def block(self, block) -> tuple[str, str]:
        kind, *parts = block
        if kind == "script":
            name = self.name("t")
            self.text.append(script(name, "=a + 1", "a"))
        elif kind in ("service", "user"):
            name = self.name("t")
            self.text.append(service(name) if kind == "service" else user(name))
        elif kind == "guarded":
            name = self.name("t")
            event = self.name("b")
            self.text.append(user(name))
            self.text.append(
                f'<boundaryEvent id="{event}" attachedToRef="{name}" cancelActivity="{parts[0]}">'
                "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
            )
            last = self.name("e")
            self.text.append(end(last))
            self.flow(event, last)
        elif kind == "sequence":
            first, last = self.block(parts[0])
            then, name = self.block(parts[1])
            self.flow(last, then)
            return first, name
        elif kind in ("parallel", "exclusive", "inclusive"):
            gateway = f"{kind}Gateway"
            split, merge = self.name("g"), self.name("g")
            entered = []
            for at, part in enumerate(parts):
                first, last = self.block(part)
                entered.append(first)
                condition = f"=a &lt; {at}" if kind != "parallel" and at else ""
                self.flow(split, first, condition)
                self.flow(last, merge)
            default = f' default="{split}-{entered[0]}"' if kind != "parallel" else ""
            self.text.append(f'<{gateway} id="{split}"{default}/><{gateway} id="{merge}"/>')
            return split, merge
        elif kind == "loop":
            again, more = self.name("g"), self.name("g")
            count = self.name("t")
            first, last = self.block(parts[0])
            exit_ = self.name("t")
            self.text.append(f'<exclusiveGateway id="{again}"/>' + script(count, "=n + 1", "n"))
            self.text.append(f'<exclusiveGateway id="{more}" default="{more}-{exit_}"/><task id="{exit_}"/>')
            for pair in ((again, first), (last, count), (count, more), (more, exit_)):
                self.flow(*pair)
            self.flow(more, again, "=n &lt; 3")
            return again, exit_
        else:  # subprocess, each (parallel multi-instance), every (sequential one)
            inner = type(self)()
            inner.count = self.count
            first, last = inner.block(parts[0])
            begin, finish = inner.name("s"), inner.name("e")
            inner.flow(begin, first)
            inner.flow(last, finish)
            self.count = inner.count
            name = self.name("p")
            loop = {"each": LOOP.format(""), "every": LOOP.format(' isSequential="true"')}.get(kind, "")
            content = loop + start(begin) + end(finish) + "".join(inner.text)
            self.text.append(f'<subProcess id="{name}">{content}</subProcess>')
        return name, name

    def source(self, block) -> bytes:
        first, last = self.block(block)
        self.flow("start", first)
        self.flow(last, "end")
        return process(start() + end() + "".join(self.text))


leaves = st.sampled_from([("script",), ("service",), ("user",), ("guarded", "true"), ("guarded", "false")])
blocks = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), inner, inner),
        st.tuples(st.sampled_from(["parallel", "exclusive", "inclusive"]), inner, inner),
        st.tuples(st.sampled_from(["loop", "subprocess", "each", "every"]), inner),
    ),
    max_leaves=6,
)
decisions = st.lists(
    st.tuples(st.sampled_from(["job", "task", "time", "fail", "resolve"]), st.integers(0, 7)), max_size=25
)


def choose(state: bpmn.State, decision: tuple[str, int], moment):
    """The command that a decision means in a state; None if it means nothing there."""
    kind, at = decision
    if kind in ("job", "fail") and state.jobs:
        job = state.jobs[at % len(state.jobs)]
        if kind == "fail":
            return bpmn.FailJob(moment, job.id, "work.failed", "no")
        return bpmn.CompleteJob(moment, job.id, {f"r{at}": at})
    if kind == "task" and state.tasks:
        return bpmn.CompleteTask(moment, state.tasks[at % len(state.tasks)].id, {"a": at})
    if kind == "resolve" and state.incidents:
        return bpmn.ResolveIncident(moment, state.incidents[at % len(state.incidents)].id, {})
    if kind == "time" and state.next_due is not None:
        return bpmn.FireTimers(moment)
    return None


def run(source: bytes, choices) -> tuple[bpmn.Model, list[bpmn.Command], list[bpmn.Step]]:
    model = bpmn.compile_model({"m.bpmn": source})
    commands: list[bpmn.Command] = [bpmn.Start(NOON, {"a": 1, "n": 0, "items": ["x", "y"]})]
    steps = [bpmn.step(model, bpmn.new_instance(model, "case"), commands[0])]
    moment = NOON
    for decision in choices:
        state = steps[-1].state
        if state.status != "running":
            break
        moment += timedelta(minutes=20)
        command = choose(state, decision, moment)
        if command is not None:
            commands.append(command)
            steps.append(bpmn.step(model, state, command))
    return model, commands, steps
