"""Parallel multiple events: they happen when all of their definitions have come.

What has come is waited for no longer, and its content is kept at the token that waits, until the last one
is there. At the border of an activity or scope an event that does not interrupt then waits for all of them
anew, so each occurrence takes one of each. With a timer among them, which comes once, it happens once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lxml import etree

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, EventWait, TimerWait, Token
from bpmn.model.definition import Element
from bpmn.values import Value, from_json, to_json

if TYPE_CHECKING:
    from bpmn.model.reader import Reader

THROWN = ("errorEventDefinition", "escalationEventDefinition")
OPENED = {"message": "message.subscribed", "signal": "signal.subscribed", "condition": "condition.awaited"}


@dataclass(frozen=True, slots=True)
class CatchConfig:
    """Whether all of the events must come (parallel multiple), not only the first of them."""

    every: bool


def read_catch(node: etree._Element, reader: Reader) -> CatchConfig:
    """Read whether an event waits for all of its definitions; refuse what cannot be waited for together.

    Findings: `event.link-in-parallel`, `event.thrown-in-parallel`.
    """
    every = node.get("parallelMultiple", "false") in ("true", "1")
    if every and reader.has_event(node, "linkEventDefinition"):
        reader.refuse(
            "event.link-in-parallel",
            node,
            "A link cannot be waited for together with other events.",
            "Remove the link.",
        )
    if every and any(reader.has_event(node, tag) for tag in THROWN):
        reader.refuse(
            "event.thrown-in-parallel",
            node,
            "An error or escalation is not waited for: it is caught when it is thrown, or not at all.",
            "Catch it by an event of its own.",
        )
    return CatchConfig(every)


def gather(
    burst: Burst,
    owner: Token,
    element: Element,
    payload: Mapping[str, Value],
    wait: TimerWait | EventWait | None,
) -> tuple[Token, Mapping[str, Value]] | None:
    """What the owner is and what has come if the event happens now; None if it waits for others yet.

    Contents are merged; of one name the later value stays.
    """
    if wait is None or not element.config.every:
        return owner, payload
    if burst.wait(wait.key) is not None:
        owner = burst.close_wait(wait)
    name = "brought" if owner.element == element.ref else f"brought:{element.ref}"
    brought = {**owner.data.get(name, EMPTY), **{each: to_json(payload[each]) for each in payload}}
    owner = _keep(burst, owner, name, brought)
    again = f"again:{element.ref}"
    if _comes_again(owner, element) and isinstance(wait, EventWait):
        record = [wait.definition, wait.channel, wait.name, wait.correlation]
        owner = _keep(burst, owner, again, [*owner.data.get(again, ()), record])
    open_waits = (burst.wait(key) for key in owner.waits)
    if any(each is not None and each.element == element.ref for each in open_waits):
        return None
    came = owner.data.get(again, ())
    data = {each: value for each, value in owner.data.items() if each not in (name, again)}
    owner = burst.put(replace(owner, data=data))
    for record in came:
        owner = _wait_again(burst, owner, element, *record)
    return owner, {each: from_json(value) for each, value in brought.items()}


def _keep(burst: Burst, token: Token, name: str, value: Any) -> Token:
    return burst.put(replace(token, data={**token.data, name: value}))


def _comes_again(owner: Token, element: Element) -> bool:
    """Whether the event can happen more than once while its owner lives."""
    at_border = owner.element != element.ref and not element.interrupting
    return at_border and all(event.kind.returns for event in element.events)


def _wait_again(
    burst: Burst, owner: Token, element: Element, definition: int, channel: str, name: str, correlation: str
) -> Token:
    """Wait for one of the definitions anew; a condition that still holds has to turn true once more."""
    wait = burst.open_wait(
        owner, lambda key: EventWait(key, owner.key, element.ref, definition, channel, name, correlation)
    )
    data = {"subscription": f"{element.ref}:{wait.key}"}
    if channel == "condition":
        burst.ask_conditions()
    else:
        data["name"] = name
    if channel == "message":
        data["key"] = correlation
    burst.emit(OPENED[channel], element.ref, data)
    return burst.alive(owner.key)
