"""Compensation: undoing completed activities, the last one first.

A scope remembers, in its token's data, each activity completed in it that can be undone: by the
handler that hangs on its compensation boundary event, by its compensation event subprocess, or
because something inside it can. Whoever throws compensation drives it: the thrower's token takes
the records of its scope and becomes the scope in which the handlers run, one after the other. A
completed subprocess is opened again for that, with the variables that it had when it completed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.values import from_json


def drive(burst: Burst, driver: Token, records: Sequence[Any]) -> bool:
    """Let `driver` undo what was recorded; False if there is nothing to undo."""
    return go_on(burst, burst.put(replace(driver, data={**driver.data, "todo": list(records)})))


def go_on(burst: Burst, driver: Token) -> bool:
    """Undo the next activity, the last one completed first; False when none is left."""
    todo = driver.data["todo"]
    if not todo:
        data = {name: value for name, value in driver.data.items() if name != "todo"}
        burst.put(replace(driver, data=data))
        return False
    driver = burst.put(replace(driver, data={**driver.data, "todo": todo[:-1]}))
    _undo(burst, driver, todo[-1])
    return True


def _undo(burst: Burst, driver: Token, record: dict[str, Any]) -> None:
    element = burst.element(record["element"])
    if element.handler is not None:
        burst.create(element.handler, driver.key, driver.branch, driver.seen)
        return
    by_event = element.undo is not None
    data = {"reopened": True, "todo": [] if by_event else record["inner"]}
    if by_event:
        data["compensable"] = record["inner"]
    again = burst.create(element.ref, driver.key, driver.branch, driver.seen, status="active", data=data)
    burst.set_local(again, {name: from_json(value) for name, value in record["variables"].items()})
    if element.undo is None:
        go_on(burst, again)
        return
    subprocess = burst.element(element.undo).parent
    if subprocess is None:
        raise AssertionError(f"{element.undo} stands in no event subprocess")
    burst.create(subprocess, again.key, again.branch, again.seen, data={"start": element.undo})


def scope_of(burst: Burst, token: Token) -> Token:
    """The scope whose activities a thrower undoes: its own, or that of its compensation event subprocess."""
    scope = burst.alive(token.scope)
    element = burst.element(scope.element)
    around = burst.element(element.parent) if element.parent is not None else None
    if around is not None and around.undo is not None and around.undo in element.starts:
        return burst.alive(scope.scope)
    return scope


def take_records(burst: Burst, scope: Token, activity: str | None) -> list[Any]:
    """What can be undone in a scope (of one activity, if it is named); the scope remembers it no longer."""
    known = scope.data.get("compensable", ())
    taken = [record for record in known if activity is None or record["element"] == activity]
    if taken:
        data = {name: value for name, value in scope.data.items() if name != "compensable"}
        left = [record for record in known if activity is not None and record["element"] != activity]
        burst.put(replace(scope, data={**data, "compensable": left} if left else data or EMPTY))
    return taken
