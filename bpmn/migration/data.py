"""What tokens remember, brought over: one function per entry of their data.

An entry without a function here is refused by its name, so that nothing is carried over unread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpmn.migration.place import Place
from bpmn.migration.waits import wording
from bpmn.model.definition import BY_ITSELF

DROPPED = object()
"""What an entry becomes that the token needs no longer."""


def bring_over(place: Place) -> dict[str, Any]:
    """The token's data as the new model's elements expect it; refusals are noted at the place."""
    found: dict[str, Any] = {}
    for name, value in place.token.data.items():
        if name.startswith(("brought:", "again:")):
            found |= _gathered(place, name, value)
            continue
        bring = _ENTRIES.get(name)
        if bring is None:
            place.refuse(
                "migration.unknown-data",
                f"The token remembers {name!r}, which migration does not know.",
                "Wait until the token has left its element.",
            )
            continue
        brought = bring(place, value)
        if brought is not DROPPED:
            found[name] = brought
    return found


def _kept(place: Place, value: Any) -> Any:
    """Counts, marks and keys of kept values mean the same in every version."""
    return value


def _start(place: Place, ref: str) -> Any:
    """Where a scope begins; of no use once it has begun."""
    if ref in place.plan.elements:
        return place.plan.elements[ref]
    if not place.begun:
        place.refuse_unmapped(ref)
    return DROPPED


def _via(place: Place, flow: str) -> Any:
    """By which flow the token came, which only matters to elements that gather tokens."""
    return _flow(place, flow) if place.new.joins else DROPPED


def _arrived(place: Place, arrived: Mapping[str, int]) -> dict[str, int]:
    """The tokens that a join or a start quantity has gathered, by flow."""
    found: dict[str, int] = {}
    for flow, count in arrived.items():
        target = _flow(place, flow)
        if target in found:
            place.refuse(
                "migration.flows-merged",
                f"Tokens came along {flow} and along another flow that also becomes {target}.",
                "Map the flows to different ones, or wait until the tokens have gone on.",
            )
        found[target] = count
    if place.old.behaviour.activity and sum(arrived.values()) > place.new.takes:
        place.refuse(
            "migration.too-many-gathered",
            f"{sum(arrived.values())} tokens wait together, "
            f"but {place.new.ref} begins with {place.new.takes}.",
            "Leave the start quantity as it is until the activity has begun.",
        )
    return found


def _started(place: Place, started: Any) -> Any:
    """The flows of a complex gateway's round; in a multi-instance how many rounds have begun."""
    return [_flow(place, flow) for flow in started] if isinstance(started, list) else started


def _flow(place: Place, flow: str) -> str:
    target = place.plan.flows.get(flow)
    if target is None:
        place.refuse(
            "migration.flow-gone",
            f"A token came along {flow}, which has no counterpart into {place.new.ref}.",
            f"Map {flow} to a flow into {place.new.ref}, or wait until the token has gone on.",
        )
        return flow
    return target


def _joins(place: Place, joins: Mapping[str, int]) -> dict[str, int]:
    """Which token in the scope gathers for which element (a token without counterpart refuses itself)."""
    found: dict[str, int] = {}
    for ref, key in joins.items():
        target = place.plan.elements.get(ref, ref)
        if target in found:
            place.refuse(
                "migration.joins-merged",
                f"Tokens are gathered at {ref} and at another element that also becomes {target}.",
                "Map one of the two to another element, or wait until one has begun.",
            )
        found[target] = key
    return found


def _next(place: Place, index: int) -> int:
    """How far a sequential ad-hoc subprocess has come in its activities."""
    begins = place.new.begins[BY_ITSELF]
    done = {place.plan.elements.get(ref) for ref in place.old.begins[BY_ITSELF][:index]}
    behind = sum(ref in done for ref in begins)
    skipped = [ref for ref in begins[:behind] if ref not in done]
    if skipped:
        place.refuse(
            "migration.adhoc-changed",
            f"{skipped[0]} stands before activities of {place.new.ref} that have begun already.",
            "Put it after them in the file.",
        )
    return behind


def _brought(place: Place, brought: Mapping[str, Any]) -> Any:
    """What the events of a parallel multiple catch event have brought so far, by variable."""
    if place.old.tag != "intermediateCatchEvent":
        place.refuse(
            "migration.unknown-data",
            f"{place.old.ref} remembers 'brought', which migration knows only of catch events.",
            "Wait until the token has left its element.",
        )
    return brought


def _gathered(place: Place, name: str, value: Any) -> dict[str, Any]:
    """What has come of the several events that a border or event subprocess waits for together."""
    what, _, ref = name.partition(":")
    target = place.plan.elements.get(ref)
    if target is None:
        return {}
    before = place.versions.old.elements[ref].events
    after = place.versions.new.elements[target].events
    if [wording(each) for each in before] != [wording(each) for each in after]:
        place.refuse(
            "migration.gathering-changed",
            f"Some of what {ref} waits for has come, and {target} waits for something else.",
            "Leave the event as it is until it has happened.",
        )
    return {f"{what}:{target}": value}


def _came(place: Place, came: bool | str) -> bool | str:
    """That an event has come, or which one started the process at its gateway."""
    if isinstance(came, bool):
        return came
    if came not in place.plan.elements:
        place.refuse_unmapped(came)
    return place.plan.elements.get(came, came)


def _records(place: Place, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The completed activities that can be undone, the last one last."""
    return [_record(place, record) for record in records]


def _record(place: Place, record: Mapping[str, Any]) -> dict[str, Any]:
    ref = record["element"]
    unknown = sorted(record.keys() - {"element", "inner", "variables", "round", "begun"})
    if unknown:
        place.refuse(
            "migration.unknown-data",
            f"What undoes {ref} remembers {unknown[0]!r}, which migration does not know.",
            "Wait until the scope has ended.",
        )
    target = place.plan.elements.get(ref)
    if target is None:
        _lost(place, ref, "it has no counterpart")
        return dict(record)
    element = place.versions.new.elements[target]
    if ("round" in record) != (element.loop is not None):
        _lost(place, ref, f"{target} {'does not loop' if 'round' in record else 'loops'}")
        return dict(record)
    by_handler = element.handler is not None and "begun" not in record
    if by_handler and "round" not in record:
        return {"element": target}
    if "variables" not in record:
        _lost(place, ref, f"{target} has no compensation handler")
        return dict(record)
    inner = [] if by_handler else _records(place, record["inner"])
    if not by_handler and element.undo is None and not inner:
        _lost(place, ref, f"nothing undoes {target}")
    return {**record, "element": target, "inner": inner}


def _lost(place: Place, ref: str, why: str) -> None:
    place.refuse(
        "migration.compensation-lost",
        f"{ref} is completed and could not be undone any more: {why}.",
        "Map it to an activity with a compensation handler, or keep it in the new model.",
    )


_ENTRIES: Mapping[str, Callable[[Place, Any], Any]] = {
    "arrived": _arrived,
    "beside": _kept,
    "body": _kept,
    "brought": _brought,
    "came": _came,
    "compensable": _records,
    "completed": _kept,
    "enough": _kept,
    "finished": _kept,
    "interrupted": _kept,
    "items": _kept,
    "joins": _joins,
    "next": _next,
    "payload": _kept,
    "reopened": _kept,
    "results": _kept,
    "start": _start,
    "started": _started,
    "thrown": _kept,
    "todo": _records,
    "total": _kept,
    "via": _via,
}
