"""Writing small BPMN models as text, and running them, for the engine's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import bpmn

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="test" id="definitions">'
)


def flow(path: str, conditions: Mapping[str, str] | None = None) -> str:
    """Sequence flows along `a > b > c`; each is called `a-b`; a condition may be given per flow."""
    steps = [step.strip() for step in path.split(">")]
    text = ""
    for source, target in pairwise(steps):
        name = f"{source}-{target}"
        condition = (conditions or {}).get(name)
        inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        text += f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
    return text


def process(content: str, *, id: str = "p", definitions: str = "") -> bytes:
    """A file with one executable process."""
    main = f'<process id="{id}" isExecutable="true">{content}</process>'
    return f"{HEAD}{definitions}{main}</definitions>".encode()


def start(id: str = "start") -> str:
    return f'<startEvent id="{id}"/>'


def end(id: str = "end") -> str:
    return f'<endEvent id="{id}"/>'


def extension(inner: str) -> str:
    return f"<extensionElements>{inner}</extensionElements>"


def mapping(inputs: Mapping[str, str] | None = None, outputs: Mapping[str, str] | None = None) -> str:
    """`zeebe:ioMapping`; target → source."""
    text = "".join(f"<zeebe:input source='{each}' target='{name}'/>" for name, each in (inputs or {}).items())
    text += "".join(
        f"<zeebe:output source='{each}' target='{name}'/>" for name, each in (outputs or {}).items()
    )
    return f"<zeebe:ioMapping>{text}</zeebe:ioMapping>"


def service(id: str, *, type: str = "work", more: str = "", inner: str = "") -> str:
    job = extension(f'<zeebe:taskDefinition type="{type}"/>{more}')
    return f'<serviceTask id="{id}">{job}{inner}</serviceTask>'


def user(id: str, *, more: str = "", inner: str = "") -> str:
    return f'<userTask id="{id}">{extension("<zeebe:userTask/>" + more)}{inner}</userTask>'


def script(id: str, expression: str, result: str, inner: str = "") -> str:
    return (
        f'<scriptTask id="{id}">'
        + extension(f"<zeebe:script expression='{expression}' resultVariable='{result}'/>")
        + f"{inner}</scriptTask>"
    )


class Case:
    """One instance under test: sends commands, keeps every step, checks each state's round trip."""

    def __init__(
        self,
        source: bytes | Mapping[str, bytes],
        variables: Mapping[str, Any] | None = None,
        *,
        by: str | None = None,
    ) -> None:
        sources = source if isinstance(source, Mapping) else {"test.bpmn": source}
        self.model = bpmn.compile_model(sources)
        self.now = NOON
        self.state = bpmn.new_instance(self.model, "case")
        self.events: list[bpmn.Event] = []
        self.commands: list[bpmn.Command] = []
        self.send(bpmn.Start(self.now, variables or {}, by))

    def send(self, command: bpmn.Command) -> Case:
        done = bpmn.step(self.model, self.state, command)
        restored = bpmn.State.from_json(self.model, done.state.to_json())
        assert restored.root == done.state.root
        assert restored.to_json() == done.state.to_json()
        self.state = done.state
        self.events.extend(done.events)
        self.commands.append(command)
        return self

    def complete_job(self, element: str, **variables: Any) -> Case:
        return self.send(bpmn.CompleteJob(self.now, self._one(self.state.jobs, element), variables))

    def complete_task(self, element: str, **variables: Any) -> Case:
        return self.send(bpmn.CompleteTask(self.now, self._one(self.state.tasks, element), variables))

    def throw(self, element: str, code: str, **variables: Any) -> Case:
        job = self._one(self.state.jobs, element)
        return self.send(bpmn.ThrowError(self.now, job, code, "", variables))

    def message(self, name: str, key: str = "", **variables: Any) -> Case:
        return self.send(bpmn.CorrelateMessage(self.now, name, key, variables))

    def after(self, **duration: float) -> Case:
        self.now += timedelta(**duration)
        return self.send(bpmn.FireTimers(self.now))

    def resolve(self, **variables: Any) -> Case:
        (incident,) = self.state.incidents
        return self.send(bpmn.ResolveIncident(self.now, incident.id, variables))

    @staticmethod
    def _one(waits: Any, element: str) -> str:
        return next(wait.id for wait in waits if wait.element == element)

    @property
    def completed(self) -> list[str]:
        return [event.element for event in self.events if event.kind == "element.completed"]

    @property
    def jobs(self) -> list[str]:
        return [job.element for job in self.state.jobs]

    @property
    def tasks(self) -> list[str]:
        return [task.element for task in self.state.tasks]

    @property
    def codes(self) -> list[str]:
        return [incident.code for incident in self.state.incidents]

    def value(self, name: str) -> Any:
        return self.state.variables[name]


def refused(
    source: bytes | Mapping[str, bytes], check: Callable[..., Any] = bpmn.compile_model
) -> list[tuple[str, str | None]]:
    """The (code, element) of every error with which a model is refused."""
    sources = source if isinstance(source, Mapping) else {"test.bpmn": source}
    try:
        check(sources)
    except bpmn.ModelRefused as wrong:
        return [(finding.code, finding.element) for finding in wrong.findings if finding.severity == "error"]
    return []
