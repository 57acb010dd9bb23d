"""The token game of one scope, as the kernel plays it, with every choice that it may have.

What is automatic happens before anything that waits, and merges that look at the rest of their scope
(inclusive and complex gateways) look when nothing automatic is left, as in a burst of the kernel. What
is inside an activity is not played here: it is known by its outcomes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial

from bpmn.elements.ad_hoc_sub_process import AdHocConfig
from bpmn.elements.complex_gateway import ComplexConfig, ComplexGateway
from bpmn.elements.event_based_gateway import EventGatewayConfig
from bpmn.elements.events.cancel import CancelEvent
from bpmn.elements.events.compensate import CompensateEvent
from bpmn.elements.events.error import ErrorConfig
from bpmn.elements.events.escalation import EscalationConfig
from bpmn.elements.events.link import LinkConfig
from bpmn.elements.events.message import MessageConfig
from bpmn.elements.events.terminate import TerminateEvent
from bpmn.elements.parallel_gateway import ParallelGateway
from bpmn.model.definition import BY_ITSELF, Element, Flow, Formula, Model
from bpmn.soundness import catching, routing
from bpmn.soundness.outcomes import ANY, COMPLETED, Around, Outcome, Work
from bpmn.soundness.places import AT, GO, IN, MARK, NEXT, REST, TRY, Marking, Move, Place, marking, without
from bpmn.values import Value

THROWING = frozenset({"endEvent", "intermediateThrowEvent"})
MAX_COUNTED = 64
"""Activation conditions of complex gateways are answered for so many tokens; beyond it both answers count."""


class Scope:
    """One scope that is played, with what is learnt of it on the way."""

    def __init__(
        self,
        model: Model,
        element: Element,
        around: Around,
        known: Mapping[str, Value],
        work: Callable[[Scope, Element], Work],
    ) -> None:
        self.model = model
        self.element = element
        self.around = around
        self.known = known
        self.work = cache(partial(work, self))
        self.reached: set[str] = set()
        self.left: set[str] = set()
        self.arrived: set[str] = set()
        self.fired: set[str] = set()
        self.begun: set[str] = set()
        """Event subprocesses (their start events) that something thrown inside has started."""
        self.thrown: set[str] = set()
        self.marks = False
        """Whether the work that a control speaks of may have been done while the scope runs."""
        self.waits = False
        self.narrowed = False
        """Whether some choices were not tried, because an element has too many conditions."""
        self.settling = tuple(
            ref
            for ref in sorted(element.children)
            if model.elements[ref].behaviour.settles and len(model.elements[ref].incoming) > 1
        )
        self._seen_by: dict[str, frozenset[str]] = {}
        """For each element: the flows into settling merges along which a token may come from there."""
        for ref in self.settling:
            for flow, upstream in model.elements[ref].config.reaching.items():
                for each in upstream:
                    self._seen_by[each] = self._seen_by.get(each, frozenset()) | {flow}
        self._choices: dict[str, tuple[tuple[Flow, ...], ...]] = {}

    # Beginning

    def beginnings(self) -> list[Move]:
        """The markings with which the scope can begin: one for each start event that can start it."""
        config = self.element.config
        if isinstance(config, AdHocConfig) and config.sequential:
            return [Move((), marking([Place(NEXT, self.element.ref, ("0",))]))]
        ways = dict.fromkeys(self.element.begins.values())
        return [Move((), marking([Place(GO, ref) for ref in refs])) for refs in ways]

    # Moving on

    def moves(self, places: Marking, *, every: bool = False) -> list[Move]:
        """The next steps; enough of them to find every deadlock, or with `every` all that there are.

        Where one token's steps have nothing to do with those of the others, only that token moves: the
        order makes no difference. The caller asks for `every` one where that would play in a circle.
        """
        self.marks |= _is_marked(places)
        automatic = [place for place in places if self._is_automatic(place)]
        tries = [place for place in automatic if place.kind == TRY]
        if tries:
            return self._try(places, tries[0])
        moves = self._of_tokens(places, automatic, every=every) or self._settle(places)
        if moves:
            return moves
        waiting = [place for place in places if place.kind == AT and place not in automatic]
        if waiting:
            self.waits = True
            return self._of_tokens(places, waiting, every=every)
        if all(place.kind in (MARK, NEXT) for place in places):
            return [self._emptied(places)]
        return []

    def is_settled(self, places: Marking) -> bool:
        """Whether no merge that looks at the rest of the scope is about to take what waits at it."""
        if not self.settling:
            return True
        return not any(self._is_automatic(place) for place in places) and not self._settle(places)

    def _is_automatic(self, place: Place) -> bool:
        if place.kind == AT:
            element = self.model.elements[place.ref]
            return element.behaviour.activity and self.work(element).instant
        return place.kind in (GO, TRY)

    def _of_tokens(self, places: Marking, candidates: list[Place], *, every: bool) -> list[Move]:
        """The steps of one of the tokens if its steps are its own business, else of all."""
        gathered: list[Move] = []
        for place in dict.fromkeys(candidates):
            rest = without(places, place)
            own = list(self._of_token(place, rest))
            if not every and own and self._is_local(place, rest, own):
                return own
            gathered.extend(own)
        return gathered

    def _is_local(self, place: Place, rest: list[Place], moves: list[Move]) -> bool:
        """Whether a token's steps change nothing for the others, nor what any merge sees of the scope."""
        if isinstance(self.element.config, AdHocConfig):
            return False
        if any(move.outcome is not None or len(move.marking) < len(rest) for move in moves):
            return False
        if not self.settling:
            return True
        seen = self._seen_by.get(place.ref, frozenset())
        before = Counter(rest)
        for move in moves:
            new = (Counter(move.marking) - before).keys()
            if any(
                each.ref in self.settling or self._seen_by.get(each.ref, frozenset()) != seen for each in new
            ):
                return False
            if seen and not new:
                return False
        return True

    def _of_token(self, place: Place, rest: list[Place]) -> Iterator[Move]:
        element = self.model.elements[place.ref]
        if place.kind == AT:
            yield from self._while_waiting(element, place, rest)
            return
        self.reached.add(element.ref)
        if element.behaviour.activity or self._waits_at(element):
            yield Move((element.ref,), marking([*rest, Place(AT, element.ref)]))
        elif isinstance(element.config, EventGatewayConfig):
            self.left.add(element.ref)
            yield Move(
                (element.ref,), marking([*rest, *(Place(GO, flow.target) for flow in element.outgoing)])
            )
        elif element.tag in THROWING:
            yield from self._throw(element, rest, (element.ref,))
        else:
            yield from self._leave(element, rest, (element.ref,))

    def _waits_at(self, element: Element) -> bool:
        """Whether an element that is no activity waits for something from outside."""
        if element.tag in THROWING:
            return any(
                (isinstance(event.config, MessageConfig) and event.config.job is not None)
                or isinstance(event.kind, CompensateEvent)
                for event in element.events
            )
        if isinstance(element.config, EventGatewayConfig):
            return not element.config.parallel
        return element.tag == "intermediateCatchEvent" and element.waits

    # What waits

    def _while_waiting(self, element: Element, place: Place, rest: list[Place]) -> Iterator[Move]:
        if isinstance(element.config, EventGatewayConfig):
            for flow in element.outgoing:
                event = self.model.elements[flow.target]
                self.reached.add(event.ref)
                self.left.add(element.ref)
                yield from self._leave(event, rest, (event.ref,))
            return
        if not element.behaviour.activity:
            if element.tag in THROWING:
                yield from self._throw(element, rest, ())
                if any(isinstance(event.config, MessageConfig) for event in element.events):
                    yield from self._error_beyond(Outcome("error", ANY, element.ref), rest, ())
            elif not self._never_comes(element):
                yield from self._leave(element, rest, ())
            return
        work = self.work(element)
        self.marks |= work.marks
        boundaries = [self.model.elements[ref] for ref in element.boundaries]
        for outcome in sorted(work.outcomes):
            yield from self._ended(element, boundaries, outcome, rest)
        for held in (rest, _marked(rest)) if work.marks else (rest,):
            yield from self._meanwhile(element, boundaries, work, place, held)

    def _meanwhile(
        self, element: Element, boundaries: list[Element], work: Work, place: Place, rest: list[Place]
    ) -> Iterator[Move]:
        """What can happen to an activity while it runs."""
        for code in sorted(work.throws):
            event = catching.escalation_catcher(boundaries, code)
            if event is None:
                self._escalated_beyond(code)
            elif event.ref not in place.detail:
                yield self._besides(event, place, rest)
        from_inside = (
            bool(element.children) or element.tag == "callActivity" or catching.rounds_throw(element)
        )
        for event in boundaries:
            if catching.undoes(event):
                self.reached.add(event.ref)
            elif self._never_comes(event) or not catching.can_come(
                event, instant=work.instant, scope=from_inside
            ):
                continue
            elif event.interrupting:
                yield Move((), marking([*rest, Place(GO, event.ref)]))
            elif event.ref not in place.detail:
                yield self._besides(event, place, rest)

    def _besides(self, event: Element, place: Place, rest: list[Place]) -> Move:
        """An event that does not interrupt; it is played once while its activity runs."""
        again = place._replace(detail=tuple(sorted((*place.detail, event.ref))))
        return Move((), marking([*rest, again, Place(GO, event.ref)]))

    def _never_comes(self, event: Element) -> bool:
        """Whether an event waits for conditions that can never be true, and nothing else is enough."""
        never = [
            isinstance(each.config, Formula) and routing.answer(each.config, self.known) is False
            for each in event.events
        ]
        return any(never) if catching.takes_all(event) else all(never)

    def _ended(
        self, element: Element, boundaries: list[Element], outcome: Outcome, rest: list[Place]
    ) -> Iterator[Move]:
        """What follows when the work of an activity has ended in this way."""
        after = _marked(rest) if outcome.marked else rest
        if outcome.kind == "completed":
            yield from self._leave(element, after, ())
        elif outcome.kind == "error":
            caught = catching.error_catchers(boundaries, outcome.code)
            for event in caught:
                yield Move((), marking([*after, Place(GO, event.ref)]))
            everything = any(ANY in catching.error_codes(event) for event in caught)
            if not caught or (outcome.code == ANY and not everything):
                yield from self._error_beyond(outcome, after, ())
        elif outcome.kind == "escalated":
            catcher = catching.escalation_catcher(boundaries, outcome.code)
            if catcher is not None:
                yield Move((), marking([*after, Place(GO, catcher.ref)]))
            else:
                yield self._interrupted_by_escalation(outcome.code, after, ())
        elif element.tag == "transaction":
            for event in boundaries:
                if catching.catches_cancel(event):
                    yield Move((), marking([*after, Place(GO, event.ref)]))
        else:
            yield Move((), outcome=replace(outcome, marked=_is_marked(after)))

    # What is thrown

    def _throw(self, element: Element, rest: list[Place], path: tuple[str, ...]) -> Iterator[Move]:
        for definition in element.events:
            config = definition.config
            if isinstance(config, ErrorConfig):
                (code,) = catching.error_codes(replace(element, events=(definition,)))
                thrown = Outcome("error", code, element.ref, _is_marked(rest))
                yield from self._error_beyond(thrown, rest, path)
                return
            if isinstance(definition.kind, CancelEvent):
                yield Move(path, outcome=Outcome("cancelled", marked=_is_marked(rest)))
                return
            if isinstance(definition.kind, TerminateEvent):
                rest = [place for place in rest if place.kind == MARK]
            elif isinstance(config, EscalationConfig):
                code = config.code or ANY
                if self._interrupts(code):
                    yield self._interrupted_by_escalation(code, rest, path)
                    return
                self._escalated_beyond(code)
            elif isinstance(config, LinkConfig) and config.target is not None:
                self.left.add(element.ref)
                yield Move(path, marking([*rest, Place(GO, config.target)]))
                return
        yield from self._leave(element, rest, path)

    def _event_starts(self) -> list[Element]:
        return [self.model.elements[ref] for ref in self.element.event_starts]

    def _interrupts(self, code: str) -> bool:
        start = catching.escalation_catcher(self._event_starts(), code)
        return start.interrupting if start is not None else code in self.around.escalations

    def _escalated_beyond(self, code: str) -> None:
        """An escalation that interrupts nothing here leaves the scope, or starts something beside it."""
        start = catching.escalation_catcher(self._event_starts(), code)
        if start is not None:
            self.begun.add(start.ref)
        else:
            self.thrown.add(code)

    def _interrupted_by_escalation(self, code: str, rest: list[Place], path: tuple[str, ...]) -> Move:
        start = catching.escalation_catcher(self._event_starts(), code)
        if start is not None and start.interrupting:
            self.begun.add(start.ref)
            return Move(path, outcome=Outcome("handed over", source=start.ref, marked=_is_marked(rest)))
        return Move(path, outcome=Outcome("escalated", code, marked=_is_marked(rest)))

    def _error_beyond(self, outcome: Outcome, rest: list[Place], path: tuple[str, ...]) -> Iterator[Move]:
        """An error that no boundary event took: an event subprocess takes it, or somebody outside."""
        marked = outcome.marked or _is_marked(rest)
        caught = catching.error_catchers(self._event_starts(), outcome.code)
        for start in caught:
            self.begun.add(start.ref)
            yield Move(path, outcome=Outcome("handed over", source=start.ref, marked=marked))
        if caught and (outcome.code != ANY or any(ANY in catching.error_codes(each) for each in caught)):
            return
        if outcome.code != ANY or self.around.catches_error(ANY):
            yield Move(path, outcome=replace(outcome, marked=marked))

    # Flows and merges

    def _leave(self, element: Element, rest: list[Place], path: tuple[str, ...]) -> Iterator[Move]:
        self.left.add(element.ref)
        if element.handler is not None:
            self.reached.add(element.handler)
            self.work(self.model.elements[element.handler])
        if element.watched and self._may_be_enough():
            yield Move(path, marking([place for place in rest if place.kind == MARK]), None)
        for flows in self.choices_of(element):
            places = list(rest)
            for flow in flows:
                for _ in range(element.gives):
                    self._arrive(places, flow)
            yield Move(path, marking(places))

    def choices_of(self, element: Element) -> tuple[tuple[Flow, ...], ...]:
        """Each set of flows along which an element may send its token."""
        found = self._choices.get(element.ref)
        if found is None:
            self.narrowed |= routing.is_wide(element)
            found = tuple(tuple(flows) for flows in routing.choices(element, self.known))
            self._choices[element.ref] = found
        return found

    def _may_be_enough(self) -> bool:
        config = self.element.config
        return isinstance(config, AdHocConfig) and config.completion is not None

    def _arrive(self, places: list[Place], flow: Flow) -> None:
        element = self.model.elements[flow.target]
        if element.takes > 1:
            self._gather(places, element, flow, lambda held: len(held) >= element.takes)
        elif len(element.incoming) <= 1 or not element.behaviour.joins:
            places.append(Place(GO, element.ref))
        elif isinstance(element.behaviour, ParallelGateway):
            self._gather(
                places,
                element,
                flow,
                lambda held: len({place.detail for place in held}) == len(element.incoming),
            )
        else:
            self.arrived.add(element.ref)
            places.append(Place(IN, element.ref, (flow.ref,)))
            started = any(place.kind == REST and place.ref == element.ref for place in places)
            if isinstance(element.behaviour, ComplexGateway) and not started:
                places.append(Place(TRY, element.ref))

    def _gather(
        self, places: list[Place], element: Element, flow: Flow, enough: Callable[[list[Place]], bool]
    ) -> None:
        """Let a token wait for others; when there are enough, they go on as one."""
        self.arrived.add(element.ref)
        places.append(Place(IN, element.ref, (flow.ref,)))
        held = [place for place in places if place.kind == IN and place.ref == element.ref]
        if not enough(held):
            return
        used = held if element.takes > 1 else dict.fromkeys(held)
        for place in used:
            places.remove(place)
        self.fired.add(element.ref)
        places.append(Place(GO, element.ref))

    def _settle(self, places: Marking) -> list[Move]:
        """One look of every merge at the rest of the scope, in the order of their refs."""
        current = list(places)
        path: list[str] = []
        for ref in self.settling:
            element = self.model.elements[ref]
            held = dict.fromkeys(place for place in current if place.kind == IN and place.ref == ref)
            started = next((p for p in current if p.kind == REST and p.ref == ref), None)
            if started is not None:
                if self._reset(current, element, set(held), started):
                    path.append(ref)
            elif held and not isinstance(element.behaviour, ComplexGateway):
                arrived = {place.detail[0] for place in held}
                empty = [flow.ref for flow in element.incoming if flow.ref not in arrived]
                if not self._may_come(current, element, empty, arrived):
                    for place in held:
                        current.remove(place)
                    self.fired.add(ref)
                    current.append(Place(GO, ref))
        after = marking(current)
        return [Move(tuple(path), after)] if after != places else []

    def _reset(self, places: list[Place], element: Element, held: set[Place], started: Place) -> bool:
        arrived = {place.detail[0] for place in held}
        open_flows = [flow.ref for flow in element.incoming if flow.ref not in started.detail]
        empty = [ref for ref in open_flows if ref not in arrived]
        if self._may_come(places, element, empty, {*started.detail, *arrived}):
            return False
        places.remove(started)
        for place in held:
            if place.detail[0] in open_flows:
                places.remove(place)
        if any(place.kind == IN and place.ref == element.ref for place in places):
            places.append(Place(TRY, element.ref))
        return True

    def _may_come(
        self, places: Iterable[Place], element: Element, empty: Iterable[str], held: Iterable[str]
    ) -> bool:
        """Whether a token elsewhere has to be waited for (the kernel's rule for inclusive merges)."""
        reaching: Mapping[str, frozenset[str]] = element.config.reaching
        empty, held = list(empty), list(held)
        resting = {place.ref for place in places if place.kind == REST}
        for place in places:
            if place.ref == element.ref or place.kind not in (GO, AT, IN) or place.ref in resting:
                continue
            can_come = any(place.ref in reaching[ref] for ref in empty)
            if can_come and not any(place.ref in reaching[ref] for ref in held):
                return True
        return False

    def _try(self, places: Marking, attempt: Place) -> list[Move]:
        """A complex gateway asks whether it has enough to start."""
        element = self.model.elements[attempt.ref]
        rest = without(places, attempt)
        held = [place for place in rest if place.kind == IN and place.ref == element.ref]
        enough = self._is_enough(element, len(held))
        moves = [Move((), marking(rest))] if enough is not True else []
        if enough is not False:
            started = dict.fromkeys(held)
            after = list(rest)
            for place in started:
                after.remove(place)
            if len(started) < len(element.incoming):
                after.append(Place(REST, element.ref, tuple(sorted(place.detail[0] for place in started))))
            self.fired.add(element.ref)
            moves.append(Move((), marking([*after, Place(GO, element.ref)])))
        return moves

    def _is_enough(self, element: Element, count: int) -> bool | None:
        config: ComplexConfig = element.config
        if count > MAX_COUNTED:
            return None
        return routing.answer(config.activation, {**self.known, "activationCount": Decimal(count)})

    # Ending

    def _emptied(self, places: Marking) -> Move:
        begins = self.element.begins.get(BY_ITSELF, ())
        kept = [place for place in places if place.kind == MARK]
        following = next((int(place.detail[0]) for place in places if place.kind == NEXT), None)
        if following is not None and following < len(begins):
            after = Place(NEXT, self.element.ref, (str(following + 1),))
            return Move((), marking([*kept, after, Place(GO, begins[following])]))
        return Move((), outcome=replace(COMPLETED, marked=_is_marked(kept)))


def _is_marked(places: Iterable[Place]) -> bool:
    return any(place.kind == MARK for place in places)


def _marked(places: list[Place]) -> list[Place]:
    return places if _is_marked(places) else [*places, Place(MARK, "")]
