"""Compensation: undoing completed activities, the last one first.

A scope remembers, in its token's data, each activity completed in it that can be undone: by the
handler that hangs on its compensation boundary event, by its compensation event subprocess, or
because something inside it can. Whoever throws compensation drives it: the thrower's token takes
the records of its scope and becomes the scope in which the handlers run, one after the other. A
completed subprocess, and each completed round of a loop, is opened again for that, with the variables
that it had when it completed. The rounds of a loop can be undone when the whole loop is completed. A
transaction that is cancelled is undone with all that still runs in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.model.definition import Element
from bpmn.values import from_json


def drive(burst: Burst, driver: Token, records: Sequence[Any]) -> bool:
    """Let `driver` undo what was recorded; False if there is nothing to undo."""
    return go_on(burst, burst.put(replace(driver, data={**driver.data, "todo": list(records)})))


def drive_beside(burst: Burst, thrower: Token, records: Sequence[Any]) -> None:
    """Undo what was recorded on a branch of its own, while the thrower goes on."""
    branch, seen = burst.fork(thrower)
    data = {"beside": True}
    driver = burst.create(thrower.element, thrower.scope, branch, seen, status="active", data=data)
    drive(burst, driver, records)


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
    if "variables" not in record:
        _handle(burst, driver, element)
        return
    by_itself = "begun" in record or (element.handler is None and element.undo is None)
    data = {"reopened": True, "todo": record["inner"] if by_itself else []}
    if element.undo is not None and not by_itself:
        data["compensable"] = record["inner"]
    if "round" in record:
        data["body"] = record["round"]
    again = burst.create(element.ref, driver.key, driver.branch, driver.seen, status="active", data=data)
    burst.set_local(again, {name: from_json(value) for name, value in record["variables"].items()})
    if by_itself:
        go_on(burst, again)
    else:
        _handle(burst, again, element)


def _handle(burst: Burst, scope: Token, element: Element) -> None:
    """Begin what undoes an activity: its handler, or the compensation event subprocess within."""
    if element.undo is None:
        if element.handler is None:
            raise AssertionError(f"nothing undoes {element.ref}")
        burst.create(element.handler, scope.key, scope.branch, scope.seen)
        return
    subprocess = burst.element(element.undo).parent
    if subprocess is None:
        raise AssertionError(f"{element.undo} stands in no event subprocess")
    burst.create(subprocess, scope.key, scope.branch, scope.seen, data={"start": element.undo})


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


def take_everything(burst: Burst, scope: Token, *, but: int = 0) -> list[Any]:
    """What can be undone in a scope and in all that still runs in it, except in the token `but`.

    What has begun within comes after what the scope has completed, so it is undone before.
    """
    records = [*take_records(burst, scope, None), *scope.data.get("todo", ())]
    for child in burst.children(scope.key):
        element = burst.element(child.element)
        # What a called process has completed is undone by a handler at its call only.
        if child.key == but or element.behaviour.closed:
            continue
        inner = take_everything(burst, child)
        if inner and _has_variables(child, element):
            slots = burst.slots(child.key) or EMPTY
            record = {"element": child.element, "inner": inner, "begun": True}
            record["variables"] = {name: slots[name].json for name in sorted(slots)}
            if "body" in child.data:
                record["round"] = child.data["body"]
            records.append(record)
        else:
            records += inner
    return records


def _has_variables(token: Token, element: Element) -> bool:
    """Whether what is inside lives among variables of its own: in a subprocess, or a round of a loop."""
    return "body" in token.data or (element.behaviour.scopes_variables and element.loop is None)
