"""The file of cases: recorded ones, generated ones, and what happens to their jobs, tasks and messages.

docs/simulation.md describes the format. Reading it checks everything that does not need a model;
`check_names` tells what no model of a run knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from bpmn.elements.events.message import MessageConfig
from bpmn.elements.events.signal import SignalConfig
from bpmn.elements.job import JobConfig
from bpmn.elements.user_task import UserTaskConfig
from bpmn.errors import BpmnError
from bpmn.feel import Expression
from bpmn.model.definition import Element, Model
from bpmn.simulation.document import Given, Place, parse, value_of
from bpmn.simulation.durations import AT_ONCE, Duration, read_duration
from bpmn.simulation.errors import CasesRefused
from bpmn.simulation.generators import Generators, read_generators
from bpmn.simulation.luck import fraction
from bpmn.simulation.world import EPOCH
from bpmn.values import Json, Value

MAX_CASES = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a job or task: result variables, a business error, a failure, or nothing ever.

    `variables` is one expression for all of them or something given for each. `error` gives the code of a
    business error, `fail` the code of an incident (null: none), `never` whether it stays undone. It waits
    for `waiting`, then is worked on for `duration`.
    """

    variables: Expression | Mapping[str, Given]
    error: Given
    fail: Given
    never: Given
    waiting: Duration
    duration: Duration


NOTHING = Outcome({}, None, None, None, AT_ONCE, AT_ONCE)
"""What is assumed where nothing is stated: done at once, with no result."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message from outside: at a time since the case's start, or some time after something waits for it.

    With `at`, `key` says to whom it goes; with `after` it answers each subscription of its name.
    """

    name: str
    key: Given
    at: timedelta | None
    after: Duration | None
    variables: Expression | Mapping[str, Given]


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal from outside, at a time since the case's start."""

    name: str
    at: timedelta
    variables: Expression | Mapping[str, Given]


@dataclass(frozen=True, slots=True)
class Script:
    """What is stated for jobs (by element or type), tasks (by element or form), messages and signals."""

    jobs: Mapping[str, tuple[Outcome, ...]]
    tasks: Mapping[str, tuple[Outcome, ...]]
    messages: tuple[Message, ...]
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One case: when it starts and with what, and its own script before that of all cases."""

    id: str
    start: datetime
    start_element: str | None
    variables: Mapping[str, Value]
    own: Script
    defaults: Script

    def job(self, element: Element, type: str) -> tuple[str, tuple[Outcome, ...]] | None:
        """The outcomes stated for a job, with the name that they stand under; None if nothing is."""
        return _stated((self.own.jobs, self.defaults.jobs), (element.ref, element.id, type))

    def task(self, element: Element, form: str | None) -> tuple[str, tuple[Outcome, ...]] | None:
        """The outcomes stated for a user task, with the name that they stand under; None if nothing is."""
        return _stated((self.own.tasks, self.defaults.tasks), (element.ref, element.id, form or element.id))

    @property
    def messages(self) -> tuple[Message, ...]:
        """Its own messages, and of those of all cases the ones of other names."""
        own = {message.name for message in self.own.messages}
        return self.own.messages + tuple(each for each in self.defaults.messages if each.name not in own)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Its own signals, and of those of all cases the ones of other names."""
        own = {signal.name for signal in self.own.signals}
        return self.own.signals + tuple(each for each in self.defaults.signals if each.name not in own)


def _stated(
    scripts: Iterable[Mapping[str, tuple[Outcome, ...]]], names: Iterable[str]
) -> tuple[str, tuple[Outcome, ...]] | None:
    wanted = tuple(names)
    return next(((name, script[name]) for script in scripts for name in wanted if name in script), None)


@dataclass(frozen=True, slots=True)
class Generated:
    """Cases to be made: so many, called `prefix` and a number from 1."""

    count: int
    prefix: str
    generators: Generators


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of cases as read. `distributions` are the stated durations by their path in the file."""

    seed: int
    start: datetime
    recorded: tuple[Case, ...]
    generated: Generated | None
    defaults: Script
    scripts: tuple[tuple[str, Script], ...]
    distributions: Mapping[str, Json]

    def __len__(self) -> int:
        return len(self.recorded) + (self.generated.count if self.generated else 0)

    def cases(self, seed: int) -> Iterator[Case]:
        """The recorded cases, then the generated ones as this seed draws them."""
        yield from self.recorded
        if self.generated is not None:
            for number in range(self.generated.count):
                yield self._generate(self.generated, number, seed)

    def _generate(self, generated: Generated, number: int, seed: int) -> Case:
        case = f"{generated.prefix}{number + 1}"
        drawn = {
            name: draw(fraction(seed, case, "variable", name), number)
            for name, draw in generated.generators.drawn.items()
        }
        variables = _with_computed(case, drawn, generated.generators.computed, self.start)
        return Case(case, self.start, None, variables, _NO_SCRIPT, self.defaults)


_NO_SCRIPT = Script({}, {}, (), ())


def _with_computed(
    case: str, plain: Mapping[str, Value], computed: Mapping[str, Expression], start: datetime
) -> dict[str, Value]:
    """The variables with which a case starts; what is computed sees what is plain, also as `case`."""
    scope: dict[str, Value] = {**plain, "case": {"id": case, **plain}}
    variables = dict(plain)
    for name, expression in computed.items():
        try:
            variables[name] = expression.evaluate(scope, now=start, strict=False)
        except BpmnError as wrong:
            raise CasesRefused(
                wrong.code,
                f"The variable {name} of case {case} cannot be computed: {wrong.message}",
                where=name,
                hint=wrong.hint,
            ) from wrong
    return variables


def read_cases(content: bytes, file: str = "cases.json") -> CaseFile:
    """Read a file of cases.

    Raises:
        CasesRefused: `cases.not-json`, `cases.duplicate-key`, `cases.unknown-key`, `cases.malformed`,
            `cases.expression-inside`, `cases.duplicate-id`, `cases.none`, or FEEL's own code.
    """
    return _Reading().file(parse(content, file))


class _Reading:
    """One pass over the file; gathers the distributions that it states."""

    def __init__(self) -> None:
        self.distributions: dict[str, Json] = {}

    def file(self, place: Place) -> CaseFile:
        fields = place.fields("seed", "start", "cases", "generate", "defaults")
        seed = fields["seed"].whole(0, 2**53) if "seed" in fields else 0
        start = fields["start"].moment() if "start" in fields else EPOCH
        defaults = _NO_SCRIPT
        if "defaults" in fields:
            defaults = self._script(fields["defaults"].fields(*_SCRIPT))
        scripts = [("defaults", defaults)]
        cases = []
        for each in fields["cases"].items() if "cases" in fields else ():
            cases.append(self._case(each, start, defaults))
            scripts.append((each.path, cases[-1].own))
        generated = self._generated(fields["generate"]) if "generate" in fields else None
        if not cases and generated is None:
            raise place.refuse("The file states no case.", "List cases, or generate some.", "cases.none")
        self._refuse_twins(place, cases, generated)
        return CaseFile(
            seed, start, tuple(cases), generated, defaults, tuple(scripts), dict(self.distributions)
        )

    @staticmethod
    def _refuse_twins(place: Place, cases: list[Case], generated: Generated | None) -> None:
        known: set[str] = set()
        for case in cases:
            number = case.id.removeprefix(generated.prefix) if generated else ""
            made = (
                generated is not None
                and case.id.startswith(generated.prefix)
                and number.isdecimal()
                and str(int(number)) == number
                and 1 <= int(number) <= generated.count
            )
            if case.id in known or made:
                raise place.refuse(
                    f"Two cases are called {case.id}.", "Give each an id of its own.", "cases.duplicate-id"
                )
            known.add(case.id)

    def _case(self, place: Place, start: datetime, defaults: Script) -> Case:
        fields = place.fields("id", "start", "startElement", "variables", *_SCRIPT)
        if "id" not in fields:
            raise place.refuse("The case has no id.", "Give it one.")
        case = fields["id"].text()
        begins = fields["start"].moment() if "start" in fields else start
        given = self._each_given(fields["variables"]) if "variables" in fields else {}
        plain = {name: each for name, each in given.items() if not isinstance(each, Expression)}
        computed = {name: each for name, each in given.items() if isinstance(each, Expression)}
        return Case(
            case,
            begins,
            fields["startElement"].text() if "startElement" in fields else None,
            _with_computed(case, plain, computed, begins),
            self._script({name: each for name, each in fields.items() if name in _SCRIPT}),
            defaults,
        )

    @staticmethod
    def _generated(place: Place) -> Generated:
        fields = place.fields("count", "id", "variables")
        if "count" not in fields:
            raise place.refuse("How many cases?", "State the count.")
        return Generated(
            fields["count"].whole(1, MAX_CASES),
            fields["id"].text() if "id" in fields else "case-",
            read_generators(fields.get("variables", Place({}, ""))),
        )

    def _script(self, fields: Mapping[str, Place]) -> Script:
        return Script(
            self._outcomes(fields["jobs"], job=True) if "jobs" in fields else {},
            self._outcomes(fields["tasks"], job=False) if "tasks" in fields else {},
            tuple(map(self._message, fields["messages"].items())) if "messages" in fields else (),
            tuple(map(self._signal, fields["signals"].items())) if "signals" in fields else (),
        )

    def _outcomes(self, place: Place, *, job: bool) -> dict[str, tuple[Outcome, ...]]:
        """Per name one outcome, or a list of them: one for each visit, the last also for all further ones."""
        found = {}
        for name, each in place.members().items():
            listed = list(each.items()) if isinstance(each.data, list) else [each]
            if not listed:
                raise each.refuse("The list of outcomes is empty.", "State at least one.")
            found[name] = tuple(self._outcome(one, job) for one in listed)
        return found

    def _outcome(self, place: Place, job: bool) -> Outcome:
        allowed = ("variables", "error", "fail", "never") if job else ("variables", "never")
        fields = place.fields(*allowed, "waiting", "duration")
        given = {
            name: fields[name].given() if name in fields else None for name in ("error", "fail", "never")
        }
        for name in ("error", "fail"):
            if not isinstance(given[name], str | Expression | None):
                raise fields[name].refuse("This is no code.", "Write a text, or an expression with =.")
        if not isinstance(given["never"], bool | Expression | None):
            raise fields["never"].refuse("This is neither true nor false.", "Write one, or an expression.")
        return Outcome(
            self._variables(fields),
            given["error"],
            given["fail"],
            given["never"],
            self._duration(fields.get("waiting")) or AT_ONCE,
            self._duration(fields.get("duration")) or AT_ONCE,
        )

    def _message(self, place: Place) -> Message:
        fields = place.fields("name", "key", "at", "after", "variables")
        if "name" not in fields or ("at" in fields) == ("after" in fields):
            raise place.refuse("A message has a name, and either at or after.", "State these two.")
        if "key" in fields and "after" in fields:
            raise fields["key"].refuse(
                "A message that answers takes the key of what waits for it.", "Remove the key, or state at."
            )
        return Message(
            fields["name"].text(),
            fields["key"].given() if "key" in fields else "",
            fields["at"].duration() if "at" in fields else None,
            self._duration(fields.get("after")),
            self._variables(fields),
        )

    def _signal(self, place: Place) -> Signal:
        fields = place.fields("name", "at", "variables")
        if "name" not in fields or "at" not in fields:
            raise place.refuse("A signal has a name and a time.", "State name and at.")
        return Signal(fields["name"].text(), fields["at"].duration(), self._variables(fields))

    def _variables(self, fields: Mapping[str, Place]) -> Expression | Mapping[str, Given]:
        if "variables" not in fields:
            return {}
        place = fields["variables"]
        if isinstance(place.data, str):
            whole = place.given()
            if isinstance(whole, Expression):
                return whole
        return self._each_given(place)

    @staticmethod
    def _each_given(place: Place) -> dict[str, Given]:
        return {name: each.given() for name, each in place.members().items()}

    def _duration(self, place: Place | None) -> Duration | None:
        if place is None:
            return None
        found = read_duration(place)
        self.distributions[place.path] = found.stated
        return found


_SCRIPT = ("jobs", "tasks", "messages", "signals")


def variables_of(
    variables: Expression | Mapping[str, Given], scope: Mapping[str, Value], now: datetime
) -> Mapping[str, Value]:
    """The variables that an outcome, message or signal brings.

    Raises:
        CasesRefused: `cases.no-variables`: the one expression gives no context.
        FeelError: an expression cannot be evaluated.
    """
    if not isinstance(variables, Expression):
        return {name: value_of(each, scope, now) for name, each in variables.items()}
    value = variables.evaluate(scope, now=now, strict=False)
    if not isinstance(value, Mapping):
        raise CasesRefused(
            "cases.no-variables",
            f"The expression {variables.text} gives no context of variables.",
            hint='Let it give one: "={decision: …}".',
        )
    return value


@dataclass(frozen=True, slots=True)
class _Names:
    """What the file may name; `open` where an expression decides, so that any name may be right."""

    jobs: frozenset[str]
    tasks: frozenset[str]
    messages: frozenset[str]
    signals: frozenset[str]
    open: frozenset[str]


def check_names(file: CaseFile, models: Iterable[Model]) -> None:
    """Refuse names that none of the models has: what is stated under them would silently not happen.

    Raises:
        CasesRefused: `cases.unknown-job`, `cases.unknown-task`, `cases.unknown-message`,
            `cases.unknown-signal` or `cases.unknown-start`.
    """
    models = list(models)
    names = _names(models)
    starts = dict.fromkeys(ref for model in models for ref in model.process.starts)
    for case in file.recorded:
        if case.start_element is not None and case.start_element not in starts:
            raise CasesRefused(
                "cases.unknown-start",
                f"No start event {case.start_element!r} is in the model.",
                where=f"startElement of case {case.id}",
                hint=f"Use one of {', '.join(starts)}.",
            )
    for path, script in file.scripts:
        for what, given, known in (
            ("job", script.jobs, names.jobs),
            ("task", script.tasks, names.tasks),
            ("message", [each.name for each in script.messages], names.messages),
            ("signal", [each.name for each in script.signals], names.signals),
        ):
            for name in given:
                if name not in known and what not in names.open:
                    close = get_close_matches(name, sorted(known), 1) or sorted(known)[:5]
                    raise CasesRefused(
                        f"cases.unknown-{what}",
                        f"No {_ASKED[what]} {name!r} is in the model.",
                        where=f"{path}.{what}s",
                        hint=f"Did you mean {' or '.join(close)}?" if close else "Remove it.",
                    )


_ASKED = {
    "job": "job of the element or type",
    "task": "user task of the element or form",
    "message": "message",
    "signal": "signal",
}


def _names(models: Iterable[Model]) -> _Names:
    found: dict[str, set[str]] = {"job": set(), "task": set(), "message": set(), "signal": set()}
    dynamic: set[str] = set()
    for model in models:
        for element in model.elements.values():
            configs = [element.config, *(event.config for event in element.events)]
            jobs = [element.config, *(getattr(config, "job", None) for config in configs)]
            for job in jobs:
                if isinstance(job, JobConfig):
                    found["job"] |= {element.ref, element.id, job.type.text}
                    if job.type.expression is not None:
                        dynamic.add("job")
            if isinstance(element.config, UserTaskConfig):
                found["task"] |= {element.ref, element.id, *filter(None, [element.config.form])}
            for event in element.events:
                for kind, what in ((MessageConfig, "message"), (SignalConfig, "signal")):
                    if isinstance(event.config, kind):
                        found[what].add(event.config.name.text)
                        if event.config.name.expression is not None:
                            dynamic.add(what)
    return _Names(
        frozenset(found["job"]),
        frozenset(found["task"]),
        frozenset(found["message"]),
        frozenset(found["signal"]),
        frozenset(dynamic),
    )
