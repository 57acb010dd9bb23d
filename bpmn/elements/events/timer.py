"""Timers: a date, a duration, or a cycle."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lxml import etree

from bpmn.elements.events.kind import EventKind
from bpmn.kernel import times
from bpmn.kernel.burst import Burst
from bpmn.kernel.commands import time_to_json
from bpmn.kernel.records import TimerWait, Token
from bpmn.model.definition import Element, Formula
from bpmn.model.starts import TimerForm, Trigger

if TYPE_CHECKING:
    from bpmn.model.reader import Reader

FORMS: dict[str, TimerForm] = {
    "timeDate": "date",
    "timeDuration": "duration",
    "timeCycle": "cycle",
}


@dataclass(frozen=True, slots=True)
class TimerConfig:
    """When the timer is due, and the kind of time in which it is written."""

    form: TimerForm
    time: Formula


class TimerEvent(EventKind):
    """Waits for a point in business time; a cycle fires again and again as long as its owner lives."""

    tag = "timerEventDefinition"
    positions = frozenset({"start", "event-start", "catch", "boundary"})
    parts = frozenset(FORMS)
    returns: ClassVar[bool] = False

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> TimerConfig | None:
        """Read the time; static ones must parse now."""
        given = [child for child in node if etree.QName(child).localname in FORMS]
        if len(given) != 1:
            reader.refuse(
                "timer.no-time",
                event,
                f"The timer has {len(given)} times.",
                "Give it one timeDate, timeDuration or timeCycle.",
            )
            return None
        form = FORMS[etree.QName(given[0]).localname]
        text = (given[0].text or "").strip()
        together = event.get("parallelMultiple", "false") in ("true", "1")
        once = together or position == "catch" or reader.interrupting(event, position)
        if form == "cycle" and position != "start" and once:
            reader.refuse(
                "timer.cycle-once",
                event,
                "A cycle stands at an event that can happen only once.",
                "Use a duration, or an event of its own that does not interrupt.",
            )
        if form == "duration" and position == "start":
            reader.refuse(
                "timer.start-duration",
                event,
                "A duration starts no process: nothing tells from when it runs.",
                "Use a date or a cycle.",
            )
        if not text.startswith("="):
            parse = {
                "date": times.parse_moment,
                "duration": times.parse_span,
                "cycle": times.parse_repetition,
            }[form]
            try:
                parse(text)
            except ValueError as wrong:
                reader.refuse(
                    "timer.unreadable", event, f"The timer cannot be read: {wrong}.", "Write it as ISO 8601."
                )
                return None
        return TimerConfig(form, reader.formula(text, event, "timer"))

    def trigger(self, config: TimerConfig) -> Trigger:
        """The time, and how it is written."""
        return Trigger("timer", config.time, config.form)

    def open(self, burst: Burst, owner: Token, element: Element, index: int, config: TimerConfig) -> None:
        """Start the timer. A due time in the past is due at once."""
        value = burst.evaluate(config.time, owner.key)
        again, interval = 0, ""
        if config.form == "date":
            due = times.moment(value, burst.at)
        elif config.form == "duration":
            due = times.later(times.span(value), burst.at)
        else:
            cycle = times.repetition(value)
            if cycle.times == 0:
                return
            due = cycle.start or times.later(cycle.span, burst.at)
            again = cycle.times - 1 if cycle.times > 0 else -1
            interval = cycle.span.text
        wait = burst.open_wait(
            owner, lambda key: TimerWait(key, owner.key, element.ref, index, due, again, interval)
        )
        burst.emit(
            "timer.started", element.ref, {"timer": f"{element.ref}:{wait.key}", "due": time_to_json(due)}
        )


def fire(burst: Burst, wait: TimerWait) -> None:
    """The timer is due: start its next round if it has one, then let its event happen."""
    burst.emit("timer.fired", wait.element, {"timer": f"{wait.element}:{wait.key}"})
    owner = burst.close_wait(wait)
    due = _next_round(wait)
    if due is not None:
        again = wait.again - 1 if wait.again > 0 else -1
        burst.open_wait(
            owner,
            lambda key: TimerWait(key, owner.key, wait.element, wait.definition, due, again, wait.interval),
        )
    burst.trigger(wait)


def _next_round(wait: TimerWait) -> dt.datetime | None:
    """When a cycle fires next; None when it is over, by its count or by the calendar."""
    if wait.again == 0:
        return None
    try:
        return times.parse_span(wait.interval).after(wait.due)
    except OverflowError:
        return None
