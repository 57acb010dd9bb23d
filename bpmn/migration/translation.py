"""The whole of a state, brought over record by record; what cannot go is said, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bpmn.elements.ad_hoc_sub_process import AdHocConfig
from bpmn.elements.call_activity import CallConfig
from bpmn.elements.events.cancel import CancelEvent
from bpmn.errors import Refusal
from bpmn.kernel.records import EventWait, JobWait, Stop, TaskWait, TimerWait, Token, Wait
from bpmn.kernel.state import State
from bpmn.migration import data, waits
from bpmn.migration.joins import starving, upstream
from bpmn.migration.place import Note, Place
from bpmn.migration.plan import MigrationPlan, why_unmapped
from bpmn.migration.versions import Reason, Versions
from bpmn.model.definition import BY_ITSELF, Element, MultiInstance


class Translation:
    """A state on its way to the new model, as far as it can go.

    `tokens`, `waits` and `stops` are the changed records, `closing` and `renewing` the keys of waits that
    do not stay as they are, `opening` what has to be waited for from now on: (token, event).
    """

    def __init__(self, state: State, plan: MigrationPlan, versions: Versions) -> None:
        self.state = state
        self.plan = plan
        self.versions = versions
        self.tokens: dict[int, Token] = {}
        self.waits: dict[int, Wait] = {}
        self.stops: dict[int, Stop] = {}
        self.closing: list[int] = []
        self.renewing: list[int] = []
        self.opening: list[tuple[int, str]] = []
        self.refusals: list[Refusal] = []
        self.notes: list[Note] = []
        self._known_flows = frozenset(plan.flows.values())
        self._cancelling = frozenset(
            token.scope
            for token in state.tokens
            if "todo" in token.data
            and any(
                isinstance(each.kind, CancelEvent) for each in versions.old.elements[token.element].events
            )
        )
        for token in state.tokens:
            self._token(token)

    def on_new_model(self, at: datetime) -> State:
        """The state with all records on the new model, before any wait is opened or closed."""
        state = self.state
        return State(
            self.versions.new,
            state.instance,
            status=state.status,
            at=at,
            next_key=state.next_key,
            seq=state.seq,
            root_token=state.root_token,
            tokens=state.tokens.updated(self.tokens),
            variable_table=state.variable_table,
            waits=state.waits.updated(self.waits),
            stops=state.stops.updated(self.stops),
            stored=state.stored,
            live=state.live,
            children=state.children,
            channels=state.channels,
            due=state.due,
        )

    def is_placed(self, key: int) -> bool:
        """Whether the token and all that contain it have a place in the new model."""
        token = self.state.tokens.get(key)
        while token is not None and token.element in self.plan.elements:
            token = self.state.tokens.get(token.scope)
        return token is None

    def _token(self, token: Token) -> None:
        target = self.plan.elements.get(token.element)
        if target is None:
            reason = why_unmapped(self.plan, self.versions, token.element)
            self._refuse(token, reason)
            return
        place = self._place(token, target)
        _check_loop(place)
        _check_ad_hoc(place)
        self._check_joins(place)
        self._check_call(place)
        brought = data.bring_over(place)
        if target != token.element or brought != token.data:
            self.tokens[token.key] = replace(token, element=target, data=brought)
        self._bring_waits(place)
        self.refusals.extend(place.refusals)
        self.notes.extend(place.notes)

    def _place(self, token: Token, target: str) -> Place:
        old = self.versions.old.elements[token.element]
        phases = {
            stop.phase for key in token.waits for stop in [self.state.stops.get(key)] if stop is not None
        }
        gathers = old.behaviour.activity and "arrived" in token.data
        begun = "activate" not in phases and not gathers
        return Place(
            token=token,
            old=old,
            new=self.versions.new.elements[target],
            begun=begun,
            waiting=begun and "leave" not in phases,
            plan=self.plan,
            versions=self.versions,
        )

    def _bring_waits(self, place: Place) -> None:
        token, renamed = place.token, place.new.ref != place.old.ref
        before, after = (
            waits.heard_by(token, element, waiting=place.waiting, cancelling=token.key in self._cancelling)
            for element in (place.old, place.new)
        )
        for key in token.waits:
            stop, wait = self.state.stops.get(key), self.state.waits.get(key)
            if stop is not None and renamed:
                self.stops[key] = replace(stop, element=place.new.ref)
            if wait is None:
                continue
            brought = waits.bring_over(place, wait, after)
            if brought.wait != wait:
                self.waits[key] = brought.wait
            if brought.then == "close":
                self.closing.append(key)
            elif brought.then == "renew":
                self.renewing.append(key)
        known = {self.plan.elements.get(ref) for ref in before}
        for ref in after:
            if ref not in known and self.versions.new.elements[ref].waits:
                self.opening.append((token.key, ref))
                place.tell("migration.wait-opened", f"{ref} is waited for from now on.")

    def _check_call(self, place: Place) -> None:
        """A called process goes on in what the new call activity calls."""
        caller = self.state.tokens.get(place.token.scope)
        if caller is None or place.old.parent is not None:
            return
        calls = self.versions.new.elements.get(self.plan.elements.get(caller.element, ""))
        if (
            calls is not None
            and isinstance(calls.config, CallConfig)
            and calls.config.process != place.new.ref
        ):
            place.refuse(
                "migration.call-changed",
                f"{calls.ref} calls {calls.config.process}, "
                f"but {place.old.ref} runs in it and becomes {place.new.ref}.",
                f"Map {place.old.ref} to {calls.config.process}, or wait until the call has ended.",
            )

    def _check_joins(self, place: Place) -> None:
        """No parallel join waits for a branch that the old model did not have and so never began."""
        model, joins = self.versions.new, place.token.data.get("joins", {})
        for ref in place.new.children:
            join = model.elements[ref]
            new = {flow.ref for flow in join.incoming} - self._known_flows
            if join.tag != "parallelGateway" or len(join.incoming) < 2 or not new:
                continue
            waiting = next((key for each, key in joins.items() if self.plan.elements.get(each) == ref), None)
            standing = self._standing_in(place.token, but=waiting)
            starved = ", ".join(flow.ref for flow in starving(model, join, new, standing))
            if starved and waiting is not None:
                place.refuse(
                    "migration.join-starved",
                    f"A token waits at {ref}, to which {starved} leads now, and nothing can come that way.",
                    f"Map a flow to {starved}, or wait until the token has gone on.",
                )
            elif starved and any(upstream(model, flow) & standing for flow in join.incoming):
                place.tell(
                    "migration.join-may-starve",
                    f"Nothing can come along {starved} any more: a token that comes to {ref} waits for ever.",
                )

    def _standing_in(self, scope: Token, *, but: int | None) -> set[str]:
        """The new elements at which the tokens of a scope stand, except for the token `but`."""
        keys = [key for _, key in self.state.children.starting_with((scope.key,)) if key != but]
        inside = [self.state.tokens.get(key) for key in keys]
        return {self.plan.elements.get(token.element, "") for token in inside if token is not None}

    def _refuse(self, token: Token, reason: Reason) -> None:
        self.refusals.append(Refusal(reason.code, token.key, token.element, reason.message, reason.hint))


def identifier(wait: Wait | Stop) -> tuple[str, str]:
    """What the outside calls a wait or incident, and by which id."""
    match wait:
        case JobWait():
            kind = "job"
        case TaskWait():
            kind = "task"
        case TimerWait():
            kind = "timer"
        case EventWait():
            kind = "subscription"
        case Stop():
            kind = "incident"
    return kind, f"{wait.element}:{wait.key}"


def _check_loop(place: Place) -> None:
    """Rounds that have begun go on in a loop of the same shape; its collection is not read again."""
    if not place.waiting or place.token.data.keys() & {"body", "finished", "reopened"}:
        return
    before, after = _shape(place.old), _shape(place.new)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            place.refuse(
                "migration.loop-changed",
                f"The {name} of {place.old.ref} is {before.get(name)}, "
                f"that of {place.new.ref} {after.get(name)}.",
                "Leave the loop as it is until the activity is completed.",
            )
            return
    old, new = place.old.loop, place.new.loop
    if isinstance(old, MultiInstance) and isinstance(new, MultiInstance):
        read_before = [each.text for each in (old.collection, old.cardinality) if each is not None]
        if read_before != [each.text for each in (new.collection, new.cardinality) if each is not None]:
            place.tell(
                "migration.rounds-kept",
                f"{place.old.ref} keeps its rounds: what they come from is not read again.",
            )


def _shape(element: Element) -> Mapping[str, object]:
    loop = element.loop
    if loop is None:
        return {"loop": "none"}
    if not isinstance(loop, MultiInstance):
        return {"loop": "standard"}
    return {
        "loop": "sequential multi-instance" if loop.sequential else "parallel multi-instance",
        "input": "a collection" if loop.collection is not None else "a count",
        "input element": loop.item,
        "output": "a collection" if loop.output_collection is not None else "nothing",
        "number of events that rounds throw": len(loop.events),
    }


def _check_ad_hoc(place: Place) -> None:
    """An ad-hoc subprocess that runs keeps its ordering; one that began all at once begins nothing more."""
    old, new = place.old.config, place.new.config
    if not place.begun or not isinstance(old, AdHocConfig) or not isinstance(new, AdHocConfig):
        return
    if old.sequential != new.sequential:
        place.refuse(
            "migration.adhoc-changed",
            f"{place.old.ref} has begun its activities {'one by one' if old.sequential else 'all at once'}, "
            f"{place.new.ref} begins them otherwise.",
            "Leave the ordering as it is until the subprocess is completed.",
        )
    elif not new.sequential:
        known = {place.plan.elements.get(ref) for ref in place.old.begins[BY_ITSELF]}
        for ref in place.new.begins[BY_ITSELF]:
            if ref not in known:
                place.tell("migration.adhoc-not-begun", f"{ref} does not begin: its subprocess runs already.")
