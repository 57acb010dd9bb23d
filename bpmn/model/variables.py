"""Variables that expressions read though nothing provides them.

A model says which variables there are: what a case starts with (the process's `zeebe:property`
`inputs`), what mappings, scripts, decisions and loops set, which fields a form has. Where that is all
that can be there, every other name is a mistake. Jobs and messages without output mappings, and
processes that do not say what they start with, may bring anything; there only a name that looks like
a known one is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING

from bpmn.elements.ad_hoc_sub_process import AdHocConfig
from bpmn.elements.business_rule_task import DecisionConfig
from bpmn.elements.call_activity import CallConfig, CaseCall
from bpmn.elements.complex_gateway import ComplexConfig
from bpmn.elements.events.error import ErrorConfig
from bpmn.elements.events.message import MessageConfig
from bpmn.elements.events.signal import SignalConfig
from bpmn.elements.events.timer import TimerConfig
from bpmn.elements.job import JobConfig
from bpmn.elements.script_task import ScriptConfig
from bpmn.elements.user_task import UserTaskConfig
from bpmn.model.catalogue import Catalogue
from bpmn.model.definition import Element, Formula, IoMapping, Model, MultiInstance, StandardLoop

if TYPE_CHECKING:
    from bpmn.dmn import Decision

COUNTS = frozenset(
    {
        "numberOfInstances",
        "numberOfActiveInstances",
        "numberOfCompletedInstances",
        "numberOfTerminatedInstances",
    }
)
"""What the completion condition of a multi-instance knows besides the variables."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that an element reads and nothing provides.

    `what` says where it is read, `like` is a known name that may be meant, `certain` tells that the token
    will stop there, because nothing can be made of null.
    """

    element: str
    name: str
    what: str
    like: str | None
    certain: bool


@dataclass(slots=True)
class Names:
    """The variables of a scope; `open` tells that there may be any others."""

    known: set[str] = field(default_factory=set)
    open: bool = False

    def add(self, other: Names) -> bool:
        """Take over what another scope provides; whether that was anything new."""
        new = bool(other.known - self.known) or (other.open and not self.open)
        self.known |= other.known
        self.open |= other.open
        return new


@dataclass(frozen=True, slots=True)
class Reading:
    """One place where an element reads variables: an expression, and what it sees there."""

    what: str
    names: frozenset[str]
    text: str
    seen: Names
    stops: bool = False


def unknown_variables(
    model: Model, forms: Mapping[str, frozenset[str]], catalogue: Catalogue, start_form: str = ""
) -> Iterator[Unknown]:
    """Every unknown variable, element by element.

    Args:
        model: the model.
        forms: form id → keys of its fields.
        catalogue: what jobs and the platform bring.
        start_form: the id of the form by which a person starts the process, if there is one.
    """
    scopes = _Scopes(model, forms, catalogue)
    scopes.made[model.process_id].known |= forms.get(start_form, frozenset())
    scopes.settle()
    for element in model.elements.values():
        told: set[str] = set()
        for reading in _readings(scopes, element):
            for name in sorted(reading.names - reading.seen.known - told):
                like = _nearest(name, reading.seen.known)
                if reading.seen.open and like is None:
                    continue
                told.add(name)
                certain = reading.stops and not reading.seen.open and _is_path(reading.text, name)
                yield Unknown(element.ref, name, reading.what, like, certain)


class _Scopes:
    """What each scope provides and sees, worked out until nothing more comes."""

    def __init__(self, model: Model, forms: Mapping[str, frozenset[str]], catalogue: Catalogue) -> None:
        self.model = model
        self.forms = forms
        self.catalogue = catalogue
        self.made: dict[str, Names] = {ref: Names() for ref in model.elements}
        """What is set in each scope, or comes into it."""
        declared = model.process.properties.get("inputs")
        main = self.made[model.process_id]
        main.open = declared is None
        main.known |= {name.strip() for name in (declared or "").split(",") if name.strip()}

    def settle(self) -> None:
        """Let variables spread until nothing more comes."""
        while any([self._spread(element) for element in self.model.elements.values()]):
            continue

    def _spread(self, element: Element) -> bool:
        """Let what an element provides come into its scope, and what it gives into what it calls."""
        new = False
        if element.parent is not None:
            new |= self.made[element.parent].add(self.provided(element))
        if isinstance(element.config, CallConfig):
            given = self.own(element) if element.config.all_in else Names(_targets(element.inputs))
            new |= self.made[element.config.process].add(given)
        return new

    def seen(self, scope: str | None) -> Names:
        """What can be read in a scope: its own variables and those around it."""
        found = Names()
        while scope is not None:
            element = self.model.elements[scope]
            found.add(self.made[scope])
            found.known |= _targets(element.inputs) | _round_names(element)
            scope = element.parent
        return found

    def own(self, element: Element) -> Names:
        """What an element itself sees, with its input mappings and the names of its round."""
        if element.attached_to is not None:
            return self.own(self.model.elements[element.attached_to])
        found = self.seen(element.parent)
        found.known |= _targets(element.inputs) | _round_names(element)
        if element.children or element.parent is None:
            found.add(self.made[element.ref])
        return found

    def provided(self, element: Element) -> Names:
        """What an element provides to the scope around it when it is done."""
        found = Names()
        if isinstance(element.loop, MultiInstance):
            if element.loop.output_collection:
                found.known.add(element.loop.output_collection)
            return found
        if element.outputs:
            found.known |= _targets(element.outputs)
            return found
        return self.result(element)

    def result(self, element: Element) -> Names:
        """What an element's own work brings, before any output mapping."""
        config = element.config
        if isinstance(config, ScriptConfig | DecisionConfig):
            return Names({config.result} if config.result else set())
        if isinstance(config, JobConfig):
            results = self.catalogue.results.get(config.type.text)
            return Names(set(results or ()), open=results is None)
        if isinstance(config, UserTaskConfig):
            keys = self.forms.get(config.form or "")
            asks_nothing = config.form is None and bool(self.catalogue.answered)
            said = self.catalogue.answered if element.outputs else frozenset[str]()
            return Names(set(keys or ()) | said, open=keys is None and not asks_nothing)
        if isinstance(config, CallConfig):
            return self._inside(config.process) if config.all_out or element.outputs else Names()
        if isinstance(config, CaseCall):
            return Names(open=config.all_out or bool(element.outputs))
        if element.children:
            return self._inside(element.ref)
        brings = any(
            isinstance(event.config, MessageConfig | SignalConfig | ErrorConfig) for event in element.events
        )
        throws = element.tag in ("endEvent", "intermediateThrowEvent")
        job = any(isinstance(event.config, MessageConfig) and event.config.job for event in element.events)
        return Names(open=bool(job) if throws else brings)

    def _inside(self, scope: str) -> Names:
        return Names(set(self.made[scope].known), self.made[scope].open)


def _readings(scopes: _Scopes, element: Element) -> Iterator[Reading]:
    """Every place where an element reads variables."""
    around, own = scopes.seen(element.parent), scopes.own(element)
    loop = element.loop
    before = Names(around.known | _round_names(element), around.open)
    # A process maps its own data only: to what it was started with, or null.
    for mapping in element.inputs if element.tag != "process" else ():
        yield from _of_formula("an input mapping", mapping.source, before)
        before = Names(before.known | {mapping.target[0]}, before.open)
    done = Names(set(own.known), own.open)
    done.add(scopes.result(element))
    for mapping in element.outputs:
        yield from _of_formula("an output mapping", mapping.source, done)
        done = Names(done.known | {mapping.target[0]}, done.open)
    for flow in element.outgoing:
        after = Names(own.known | around.known, own.open)
        yield from _of_formula(
            f"the condition of the flow {_id(flow.ref)}", flow.condition, after, stops=True
        )
    if isinstance(loop, MultiInstance):
        yield from _of_formula("the input collection", loop.collection, around, stops=True)
        yield from _of_formula("the loop cardinality", loop.cardinality, around, stops=True)
        counted = Names(done.known | COUNTS, done.open)
        yield from _of_formula("the output element", loop.output, done)
        yield from _of_formula("the completion condition", loop.completion, counted, stops=True)
    elif isinstance(loop, StandardLoop):
        yield from _of_formula("the loop condition", loop.condition, done, stops=True)
    yield from _of_config(scopes, element, own)


def _of_config(scopes: _Scopes, element: Element, own: Names) -> Iterator[Reading]:
    config = element.config
    if isinstance(config, DecisionConfig):
        decision = scopes.model.decisions[config.decision]
        yield Reading(f"the decision {config.decision}", decision_inputs(decision), "", own)
    elif isinstance(config, ComplexConfig):
        seen = Names(own.known | {"activationCount"}, own.open)
        yield from _of_formula("the activation condition", config.activation, seen, stops=True)
    elif isinstance(config, AdHocConfig):
        yield from _of_formula("the completion condition", config.completion, own, stops=True)
    else:
        yield from _of_fields(config, own)
    inner = own
    if element.tag == "startEvent" and element.events:
        # The scope around an event subprocess waits for the event that starts it.
        subprocess = scopes.model.elements[element.parent or ""]
        inner = scopes.seen(subprocess.parent if subprocess.parent is not None else subprocess.ref)
    for event in element.events:
        yield from _of_fields(event.config, inner)


def _of_fields(config: object, seen: Names) -> Iterator[Reading]:
    """The expressions among the fields of a configuration, each named for its field."""
    if isinstance(config, Formula):
        yield from _of_formula("the condition", config, seen)
    elif is_dataclass(config) and not isinstance(config, type):
        stops = isinstance(config, MessageConfig | TimerConfig | SignalConfig)
        for each in fields(config):
            value = getattr(config, each.name)
            if isinstance(value, Formula):
                yield from _of_formula(_FIELDS.get(each.name, f"the {each.name}"), value, seen, stops=stops)
            elif isinstance(value, JobConfig):
                yield from _of_fields(value, seen)


_FIELDS = {
    "expression": "the script",
    "key": "the correlation key",
    "time": "the timer",
    "users": "the candidate users",
    "groups": "the candidate groups",
    "due": "the due date",
    "follow_up": "the follow-up date",
    "type": "the job type",
}


def _of_formula(what: str, formula: Formula | None, seen: Names, *, stops: bool = False) -> Iterator[Reading]:
    if formula is not None and formula.expression is not None:
        yield Reading(what, formula.expression.names, formula.expression.text, seen, stops)


def decision_inputs(decision: Decision) -> frozenset[str]:
    """The variables that a decision reads, with all the decisions that it requires."""
    from bpmn.dmn import Decision  # only models with decisions pay for it
    from bpmn.dmn.definitions import InputData

    if decision.definitions is None:
        return decision.names
    nodes = decision.definitions.nodes
    names: set[str] = set()
    seen: set[str] = set()
    pending = [decision.key]
    while pending:
        key = pending.pop()
        node = nodes.get(key)
        if key in seen or node is None:
            continue
        seen.add(key)
        if isinstance(node, InputData):
            names.add(node.name)
            continue
        if isinstance(node, Decision):
            names |= node.names
        pending.extend(requirement.key for requirement in node.requirements)
    return frozenset(names)


def _targets(mappings: Iterable[IoMapping]) -> set[str]:
    return {mapping.target[0] for mapping in mappings}


def _round_names(element: Element) -> set[str]:
    """What the rounds of a loop see of it."""
    if element.loop is None:
        return set()
    item = element.loop.item if isinstance(element.loop, MultiInstance) else None
    return {"loopCounter"} | ({item} if item else set())


def _is_path(text: str, name: str) -> bool:
    """Whether an expression is the bare name, or a member of it."""
    parts = [part.strip() for part in text.split(".")]
    return parts[0] == name and all(part.isidentifier() for part in parts)


def _nearest(name: str, known: set[str]) -> str | None:
    """The known name that differs least, if it differs by a slip of the pen."""
    allowed = 1 if len(name) < 6 else 2
    letters = _without_digits(name)
    close = [
        (distance, each)
        for each in known
        if abs(len(each) - len(name)) <= allowed and len(name) > 3 and _without_digits(each) != letters
        for distance in [_distance(name, each)]
        if distance <= allowed
    ]
    return min(close)[1] if close else None


def _without_digits(name: str) -> str:
    """What tells `amount1` and `amount2` apart is no slip."""
    return "".join(letter for letter in name if not letter.isdigit())


def _distance(first: str, second: str) -> int:
    """The number of letters to insert, leave out, change, or swap with the next one."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for position, letter in enumerate(first, 1):
        following = [position]
        for other, other_letter in enumerate(second, 1):
            cost = min(row[other] + 1, following[other - 1] + 1, row[other - 1] + (letter != other_letter))
            if before and other > 1 and letter == second[other - 2] and first[position - 2] == other_letter:
                cost = min(cost, before[other - 2] + 1)
            following.append(cost)
        before, row = row, following
    return row[-1]


def _id(ref: str) -> str:
    return ref.rpartition("/")[2]
