"""Migration plans: what each element of the old model becomes in the new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.errors import MigrationRefused, Refusal
from bpmn.migration.versions import Reason, Versions, origin
from bpmn.model.definition import Model

FORMAT = 1


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """From the model with the hash `source` to the one with the hash `target`.

    `elements` maps refs of elements, `flows` those of flows into elements that gather tokens; what is
    not in them has no counterpart. `renew` are refs of old elements and events whose open work,
    timers or subscriptions are opened anew instead of kept. The plan is complete: with the two models
    and a time it is all that a migration depends on, so a log that keeps it can be run again.
    """

    source: str
    target: str
    elements: Mapping[str, str]
    flows: Mapping[str, str]
    renew: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON data."""
        return {
            "format": FORMAT,
            "source": self.source,
            "target": self.target,
            "elements": dict(self.elements),
            "flows": dict(self.flows),
            "renew": sorted(self.renew),
        }

    @classmethod
    def from_json(cls, document: Any) -> MigrationPlan:
        """Read what `to_json` wrote.

        Raises:
            MigrationRefused: `migration.bad-plan`.
        """
        wanted = {"format", "source", "target", "elements", "flows", "renew"}
        if not isinstance(document, Mapping) or document.keys() != wanted:
            raise _bad_plan(f"it has not exactly the entries {', '.join(sorted(wanted))}")
        if document["format"] != FORMAT:
            raise _bad_plan(f"its format is {document['format']!r}, this engine reads {FORMAT}")
        if not all(isinstance(document[name], str) for name in ("source", "target")):
            raise _bad_plan("source and target are no model hashes")
        for name in ("elements", "flows"):
            pairs = document[name]
            if not isinstance(pairs, Mapping) or not all(
                isinstance(x, str) for x in (*pairs, *pairs.values())
            ):
                raise _bad_plan(f"{name} maps no texts to texts")
        renew = document["renew"]
        if not isinstance(renew, list) or not all(isinstance(ref, str) for ref in renew):
            raise _bad_plan("renew is no list of texts")
        return cls(
            document["source"],
            document["target"],
            dict(document["elements"]),
            dict(document["flows"]),
            frozenset(renew),
        )


def plan_migration(
    old: Model,
    new: Model,
    *,
    elements: Mapping[str, str] | None = None,
    flows: Mapping[str, str] | None = None,
    renew: Iterable[str] = (),
) -> MigrationPlan:
    """The plan that maps each element to its namesake of the same kind in the same scope.

    `elements` and `flows` (old ref → new ref) come before names; the main process becomes the main
    process. A flow into an element that gathers tokens becomes its namesake there, else the one that
    comes from the same element, whatever was put into that branch or taken out of it.

    Raises:
        MigrationRefused: a given pair cannot be (codes of `faults`).
    """
    versions = Versions(old, new)
    given = dict(elements or {})
    found = {ref: target for ref, target in given.items() if ref in old.elements and target in new.elements}
    found.setdefault(old.process_id, new.process_id)
    # Hosts before the boundary events on them; the model lists scopes before what they contain.
    for element in sorted(old.elements.values(), key=lambda each: each.attached_to is not None):
        if element.ref in found:
            continue
        target = versions.namesake(element.ref, element.process, found)
        taken = target in given.values() and versions.kind(element) != "task"
        if target in new.elements and not taken and versions.unfit(element.ref, target, found) is None:
            found[element.ref] = target
    plan = MigrationPlan(
        old.hash,
        new.hash,
        found | given,
        _flows(versions, found) | dict(flows or {}),
        frozenset(renew),
    )
    wrong = faults(plan, versions)
    if wrong:
        raise MigrationRefused(wrong)
    return plan


def unmapped(plan: MigrationPlan, old: Model, new: Model) -> tuple[Refusal, ...]:
    """The elements of the old model without a counterpart, each with the reason."""
    versions = Versions(old, new)
    return tuple(
        Refusal(reason.code, None, ref, reason.message, reason.hint)
        for ref in old.elements
        if ref not in plan.elements
        for reason in [why_unmapped(plan, versions, ref)]
    )


def why_unmapped(plan: MigrationPlan, versions: Versions, ref: str) -> Reason:
    """Why an element has no counterpart."""
    target = versions.namesake(ref, versions.old.elements[ref].process, plan.elements)
    if target in versions.new.elements:
        reason = versions.unfit(ref, target, plan.elements)
        if reason is not None:
            return reason
    return Reason(
        "migration.no-counterpart",
        f"The plan does not say what becomes of {ref}.",
        "Map it to an element of its kind in the new model, or wait until no token stands there.",
    )


def faults(plan: MigrationPlan, versions: Versions) -> list[Refusal]:
    """What is wrong with a plan whatever the instance: unknown refs, pairs that cannot be, two into one."""
    found: list[Refusal] = []

    def fault(reason: Reason, ref: str) -> None:
        found.append(Refusal(reason.code, None, ref, reason.message, reason.hint))

    old, new = versions.old, versions.new
    shared = Counter(plan.elements.values())
    for source, target in plan.elements.items():
        if source not in old.elements or target not in new.elements:
            missing = source if source not in old.elements else target
            side = "old" if source not in old.elements else "new"
            fault(
                Reason(
                    "migration.unknown-element", f"The {side} model has no {missing}.", "Correct the plan."
                ),
                source,
            )
            continue
        unfit = versions.unfit(source, target, plan.elements)
        if unfit is not None:
            fault(unfit, source)
        elif shared[target] > 1 and versions.kind(old.elements[source]) != "task":
            fault(
                Reason(
                    "migration.merged",
                    f"Several elements become {target}, which only tasks may do.",
                    "Map one of them.",
                ),
                source,
            )
    leads_to = {flow.ref: flow.target for each in old.elements.values() for flow in each.incoming}
    for source, target in plan.flows.items():
        into = new.elements.get(plan.elements.get(leads_to.get(source, ""), ""))
        if into is None or target not in {flow.ref for flow in into.incoming}:
            fault(
                Reason(
                    "migration.unknown-flow",
                    f"{source} and {target} do not lead into one and the same element of the plan.",
                    "Correct the plan.",
                ),
                source,
            )
    for ref in sorted(plan.renew - old.elements.keys()):
        fault(Reason("migration.unknown-element", f"The old model has no {ref}.", "Correct the plan."), ref)
    return found


def _flows(versions: Versions, elements: Mapping[str, str]) -> dict[str, str]:
    """The counterparts of the flows into elements that gather tokens."""
    found: dict[str, str] = {}
    mapped, reached = frozenset(elements), frozenset(elements.values())
    for element in versions.old.elements.values():
        if not element.joins or element.ref not in elements:
            continue
        new = {flow.ref: flow for flow in versions.new.elements[elements[element.ref]].incoming}
        named = {
            flow.ref: target
            for flow in element.incoming
            for target in [versions.namesake(flow.ref, element.process, elements)]
            if target in new
        }
        found |= named
        before = [
            (flow.ref, elements.get(origin(versions.old, flow, mapped)))
            for flow in element.incoming
            if flow.ref not in named
        ]
        after = [
            (ref, origin(versions.new, flow, reached))
            for ref, flow in new.items()
            if ref not in named.values()
        ]
        for ref, source in before:
            targets = [target for target, came in after if came == source]
            if len(targets) == 1 and [came for _, came in before].count(source) == 1:
                found[ref] = targets[0]
    return found


def _bad_plan(what: str) -> MigrationRefused:
    return MigrationRefused(
        [
            Refusal(
                "migration.bad-plan",
                None,
                "",
                f"The plan cannot be read: {what}.",
                "Write it as plan_migration(...).to_json() does.",
            )
        ]
    )
