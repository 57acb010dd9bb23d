"""SpiffWorkflow as an oracle: the same model on the other engine, with FEEL and a virtual clock.

Models are ours (`zeebe:` scripts, FEEL). For SpiffWorkflow these are rewritten into what the
standard and its parser know, and its script engine evaluates FEEL by our evaluator, so that the two
engines differ in running only. Models of SpiffWorkflow itself, with Python, run as they are (`python`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions import timer
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

from bpmn.feel import compile_expression
from bpmn.model.source import BPMN, ZEEBE

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
MAX_JUMPS = 500


class FeelEngine(PythonScriptEngine):
    """Evaluates FEEL; a script is `variable=expression` (no variable: the value is dropped)."""

    def evaluate(self, task, expression, external_context=None):
        if not expression.startswith("="):
            return int(expression) if expression.isdigit() else expression
        data = {name: _number(value) for name, value in task.data.items()}
        return _plain(compile_expression(expression[1:]).evaluate(data, now=Clock.moment))

    def execute(self, task, script, external_context=None):
        variable, _, expression = script.partition("=")
        value = self.evaluate(task, f"={expression}")
        if variable:
            task.data[variable] = value
        return True


def _number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _plain(value: Any) -> Any:
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole else value


class Clock(dt.datetime):
    """The clock that SpiffWorkflow's timers read; it jumps from timer to timer."""

    moment = NOON

    @classmethod
    def now(cls, tz=None):
        return cls.moment.astimezone(tz) if tz else cls.moment


class SpiffRun:
    """One instance on SpiffWorkflow: what it has completed, in order, by the ids in the file."""

    def __init__(self, parser: BpmnParser, process: str, variables: Mapping[str, Any], engine: Any) -> None:
        spec = parser.get_spec(process)
        self.workflow = BpmnWorkflow(spec, parser.get_subprocess_specs(process), script_engine=engine)
        self.workflow.task_tree.data.update(variables)
        self.completed: list[str] = []
        self._seen: set[Any] = set()

    @property
    def ended(self) -> bool:
        return bool(self.workflow.completed)

    @property
    def data(self) -> dict[str, Any]:
        """The variables that the last task has left."""
        return dict(self.workflow.last_task.data)

    def ready(self) -> list[Any]:
        return list(self.workflow.get_tasks(state=TaskState.READY))

    def run_task(self, task: Any) -> None:
        task.run()
        self.note()

    def note(self) -> None:
        """Write down what has been completed since."""
        new = [
            task for task in self.workflow.get_tasks(state=TaskState.COMPLETED) if task.id not in self._seen
        ]
        for task in sorted(new, key=lambda task: task.last_state_change):
            self._seen.add(task.id)
            if task.task_spec.bpmn_id and not isinstance(task.task_spec, LoopTask):
                self.completed.append(task.task_spec.bpmn_id)

    def engine_steps(self) -> None:
        """Run everything that waits for nobody."""
        self.workflow.do_engine_steps(did_complete_task=lambda task: self.note())
        self.note()

    def jump(self) -> bool:
        """Go on to the next timer; False if none is running."""
        due = [
            timer.TimerEventDefinition.get_datetime(moment)
            for task in self.workflow.get_tasks(state=TaskState.WAITING)
            for moment in _due(task.internal_data.get("event_value"))
        ]
        if not due:
            return False
        Clock.moment = max(Clock.moment, min(due)) + dt.timedelta(microseconds=1)
        self.workflow.refresh_timers()
        return True


def _due(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and "next" in value:
        yield value["next"]


@contextmanager
def virtual_clock() -> Iterator[None]:
    """Let SpiffWorkflow's timers read our clock."""
    Clock.moment = NOON
    with patch.object(timer, "datetime", Clock):
        yield


def rewritten(source: bytes) -> etree._Element:
    """Our model as SpiffWorkflow's parser knows it: scripts in script elements."""
    root = etree.fromstring(source)
    for script in list(root.iter(f"{{{ZEEBE}}}script")):
        task = script.getparent().getparent()
        added = etree.SubElement(task, f"{{{BPMN}}}script")
        added.text = script.get("resultVariable", "") + script.get("expression", "")
    return root


def spiff_run(source: bytes, process: str, variables: Mapping[str, Any], *, people: bool = False) -> SpiffRun:
    """Run one of our models on SpiffWorkflow, with FEEL, until it ends or waits for someone.

    With `people` the tasks that wait for a person are completed, the first one each time.
    """
    parser = BpmnParser()
    parser.add_bpmn_xml(rewritten(source))
    with virtual_clock():
        run = SpiffRun(parser, process, variables, FeelEngine())
        for _ in range(MAX_JUMPS):
            run.engine_steps()
            ready = run.ready() if people else []
            if ready:
                run.run_task(ready[0])
            elif run.ended or not run.jump():
                break
    return run


class PeopleAndWorkers(TaskDataEnvironment):
    """Python scripts, and services that answer what was agreed for their results."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__()
        self.answers = answers

    def call_service(self, context, **kwargs):
        return json.dumps(self.answers)


def python_run(
    source: bytes, process: str, variables: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]]
) -> SpiffRun:
    """Run a model of SpiffWorkflow as it is; people (and one service) give what `given` says per task."""
    parser = SpiffBpmnParser()
    parser.add_bpmn_xml(etree.fromstring(source))
    answers = [answer for each in given.values() for answer in each.values()]
    engine = PythonScriptEngine(PeopleAndWorkers(answers[0] if answers else {}))
    with virtual_clock():
        run = SpiffRun(parser, process, variables, engine)
        for _ in range(MAX_JUMPS):
            run.engine_steps()
            ready = run.ready()
            if ready:
                ready[0].data.update(given.get(ready[0].task_spec.bpmn_id, {}))
                run.run_task(ready[0])
            elif run.ended or not run.jump():
                break
    return run
