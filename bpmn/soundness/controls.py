"""Mandatory controls: can a process be drawn so that work goes on without one of them?

The question is asked of the token game. If a control is never done, can what it guards begin? If
a person refuses, can it? If what it has to follow is done, can the process complete without it?
Any run that shows it is a way around the control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from bpmn.elements.business_rule_task import DecisionConfig
from bpmn.elements.call_activity import CallConfig
from bpmn.elements.job import JobConfig
from bpmn.elements.script_task import ScriptConfig
from bpmn.elements.user_task import UserTaskConfig
from bpmn.errors import BpmnError
from bpmn.feel import YearMonthDuration
from bpmn.model.catalogue import Control, Family, Verdict
from bpmn.model.definition import Element, Model, MultiInstance
from bpmn.soundness.game import Game, Rules
from bpmn.soundness.troubles import Trouble, shown
from bpmn.values import Value

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_UNKNOWN = YearMonthDuration(0)
"""Stands for a value that is not known: FEEL compares it with no text, number or boolean, so a condition
that asks for it has no certain answer."""


def find_ways_around(model: Model, family: Family) -> Iterator[Trouble]:
    """Everything by which a process escapes the controls of its family, control by control."""
    for control in family.controls:
        doing = [element for element in model.elements.values() if does(element, control)]
        if not doing:
            yield Trouble(
                "family.missing-control",
                "error",
                model.process_id,
                (),
                f"A process of the family {family.name} must contain {control.name}: {_described(control)}.",
                "Add it.",
            )
            continue
        yield from _Question(model, control, doing).troubles()
    for verdict in family.verdicts:
        yield from _weakened(model, family, verdict)


def does(element: Element, control: Control) -> bool:
    """Whether an element is one that does the control."""
    config = element.config
    if isinstance(config, UserTaskConfig) and control.group:
        groups = config.groups
        return (
            groups is not None
            and groups.expression is None
            and control.group in (each.strip() for each in groups.text.split(","))
            and (not control.four_eyes or element.properties.get("fourEyes") == control.four_eyes)
        )
    if isinstance(config, DecisionConfig):
        return config.decision == control.decision
    return job_type(element) in control.jobs


def job_type(element: Element) -> str | None:
    """The type of the job that an element opens, if the model says it."""
    for config in (element.config, *(getattr(event.config, "job", None) for event in element.events)):
        if isinstance(config, JobConfig) and config.type.expression is None:
            return config.type.text
    return None


class _Question:
    def __init__(self, model: Model, control: Control, doing: list[Element]) -> None:
        self.model = model
        self.control = control
        self.doing = frozenset(element.ref for element in doing)
        self.silent = self.doing if control.errors_count else frozenset[str]()
        self.needed = self._needed()

    def troubles(self) -> Iterator[Trouble]:
        found = {trouble.element: trouble for trouble in self._unguarded()}
        if self.control.refusal:
            for trouble in self._refused():
                found.setdefault(trouble.element, trouble)
        for trouble in self._not_followed():
            found.setdefault(trouble.element, trouble)
        yield from found.values()

    # What is known where the control is needed

    def _needed(self) -> dict[str, Value]:
        if self.control.when is None:
            return {}
        decision, result = self.control.when
        return self._known(
            lambda element: (
                {element.config.result: dict(result)}
                if isinstance(element.config, DecisionConfig) and element.config.decision == decision
                else None
            )
        )

    def _answered(self) -> dict[str, Value]:
        return self._known(lambda element: dict(self.control.refusal) if element.ref in self.doing else None)

    def _known(self, bring: Callable[[Element], Mapping[str, Value] | None]) -> dict[str, Value]:
        """The variables that have a certain value once some elements bring certain results.

        A variable that anything else writes, or that they write with different values, is not known.
        """
        known: dict[str, Value] = {}
        unknown: set[str] = set()
        for element in self.model.elements.values():
            brought = bring(element)
            if brought is None:
                unknown |= _writes(element)
                continue
            for name, value in _through_outputs(element, brought).items():
                if known.setdefault(name, value) != value:
                    unknown.add(name)
            unknown |= _inner_names(element)
        return {name: value for name, value in known.items() if name not in unknown}

    # The three questions

    def _unguarded(self) -> Iterator[Trouble]:
        rules = Rules(held=self.doing, silent=self.silent, known=self.needed, busy=True)
        yield from self._begun(Game(self.model, rules).play(), f"without {self.control.name}")

    def _refused(self) -> Iterator[Trouble]:
        known = {**self.needed, **self._answered()}
        game = Game(self.model, Rules(known=known, busy=True)).play()
        yield from self._begun(game, f"though {self.control.name} was refused")

    def _begun(self, game: Game, how: str) -> Iterator[Trouble]:
        guarded = [
            element for element in self.model.elements.values() if job_type(element) in self.control.before
        ]
        for element in guarded:
            if element.ref in game.reached:
                path = game.path_to(element.ref)
                yield self._trouble(element.ref, path, f"{element.id} begins {how}, after {shown(path)}.")
        if not any(element.ref in game.reached for element in guarded):
            yield from self._not_proven(game, bool(guarded))

    def _not_followed(self) -> Iterator[Trouble]:
        first = frozenset(
            element.ref
            for element in self.model.elements.values()
            if job_type(element) in self.control.follows
        )
        if not first:
            return
        rules = Rules(held=self.doing, silent=self.silent, marked=first, busy=True)
        game = Game(self.model, rules).play()
        path = game.path_to_completion(marked=True)
        if path is None:
            yield from self._not_proven(game, asked=True)
            return
        ref = next((each for each in path if each in first), min(first))
        yield self._trouble(
            ref,
            path,
            f"The process can complete without {self.control.name} after {self.model.elements[ref].id}: "
            f"{shown(path)}.",
        )

    def _trouble(self, ref: str, path: tuple[str, ...], message: str) -> Trouble:
        return Trouble(
            "family.control-bypassed",
            "error",
            ref,
            path,
            message,
            f"Lead every way through {_described(self.control)}.",
        )

    def _not_proven(self, game: Game, asked: bool) -> Iterator[Trouble]:
        if asked and not game.whole:
            yield Trouble(
                "family.control-not-proven",
                "error",
                self.model.process_id,
                (),
                f"The process has too many states to show that nothing goes around {self.control.name}.",
                "Put parts of it into subprocesses, and let loops leave by exclusive gateways.",
            )


def _weakened(model: Model, family: Family, verdict: Verdict) -> Iterator[Trouble]:
    """A decision that no longer says what the family demands."""
    decision = model.decisions.get(verdict.decision)
    callers = [
        element
        for element in model.elements.values()
        if isinstance(element.config, DecisionConfig) and element.config.decision == verdict.decision
    ]
    if decision is None or not callers:
        return
    for caller in callers:
        for mapping in caller.inputs:
            expression = mapping.source.expression
            if mapping.target[0] in verdict.given and (expression is None or not expression.names):
                yield Trouble(
                    "family.decision-weakened",
                    "error",
                    caller.ref,
                    (),
                    f"{caller.id} gives the decision {verdict.decision} always the same {mapping.target[0]}: "
                    f"{mapping.source.text}.",
                    "Map the variable of the case.",
                )
    try:
        result = decision.evaluate(verdict.given, now=_SOME_TIME)
    except BpmnError as wrong:
        result = wrong.code
    given = ", ".join(f"{name} = {value}" for name, value in verdict.given.items())
    for name, value in verdict.result.items():
        got = result.get(name) if isinstance(result, Mapping) else None
        if got != value:
            yield Trouble(
                "family.decision-weakened",
                "error",
                callers[0].ref,
                (),
                f"In the family {family.name} the decision {verdict.decision} must give {name} = "
                f"{_feel(value)} for {given}; it gives {_feel(got)}.",
                "Correct the decision table.",
            )


def _writes(element: Element) -> set[str]:
    """The variables of which the model says that an element sets them, where others can see it."""
    names = {mapping.target[0] for mapping in element.outputs}
    if isinstance(element.config, ScriptConfig | DecisionConfig) and element.config.result:
        names.add(element.config.result)
    if isinstance(element.loop, MultiInstance):
        names |= {name for name in (element.loop.item, element.loop.output_collection) if name}
    return names | _inner_names(element)


def _inner_names(element: Element) -> set[str]:
    """The variables that an element sets for what is inside it, or for its own outgoing flows."""
    if not (
        element.children
        or isinstance(element.config, CallConfig)
        or any(flow.condition is not None for flow in element.outgoing)
    ):
        return set()
    return {
        mapping.target[0]
        for mapping in element.inputs
        if mapping.source.text.removeprefix("=").strip() != mapping.target[0]
    }


def _through_outputs(element: Element, brought: Mapping[str, Value]) -> dict[str, Value]:
    """What an element's result becomes outside it; what does not follow from it becomes `_UNKNOWN`."""
    if not element.outputs:
        return dict(brought)
    written: dict[str, Value] = {}
    for mapping in element.outputs:
        expression = mapping.source.expression
        follows = expression is None or expression.names | expression.possible_names <= brought.keys()
        value = mapping.source.value(brought, _SOME_TIME) if follows else _UNKNOWN
        name, *rest = mapping.target
        for part in reversed(rest):
            value = {part: value}
        old = written.get(name)
        written[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return written


def _described(control: Control) -> str:
    if control.jobs:
        return f"a job of type {' or '.join(sorted(control.jobs))}"
    if control.decision:
        return f"a business rule task with the decision {control.decision}"
    four_eyes = f" and the property fourEyes = {control.four_eyes}" if control.four_eyes else ""
    return f"a user task for the candidate group {control.group}{four_eyes}"


def _feel(value: Value) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
