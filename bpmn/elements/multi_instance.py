"""Multi-instance activities: one round per item, at once or one after the other.

The activity's own token is the container; each round is a token of the same element inside it with
`data.body` = its index, and its own scope of variables (`loopCounter`, the input element). Items
and results are kept under keys of their own, so a round costs the same in a collection of ten and
of ten thousand; the output collection is put together once, in the order of the items. What a round
throws when it is completed (the behaviour of the multi-instance) the boundary events of the container can
catch.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Formula, MultiInstance
from bpmn.values import Value

MAX_ROUNDS = 100_000


def enter(burst: Burst, token: Token, element: Element, loop: MultiInstance) -> None:
    """Open the container and start the first round, or all of them."""
    items, total = _items(burst, token, loop)
    if not loop.sequential:
        burst.check_room(total)
    burst.emit("loop.activated", token.element, {"token": token.key, "rounds": total})
    token = burst.put(replace(token, status="active"))
    if element.boundaries:
        token = burst.open_events(token, element.boundaries)
    data: dict[str, Any] = {"total": total, "started": 0, "completed": 0}
    if items is not None:
        data["items"] = burst.store(items)
    if loop.output_collection is not None and total:
        data["results"] = burst.number()
        for _ in range(total - 1):
            burst.number()
    token = burst.put(replace(token, data={**token.data, **data}))
    if total == 0:
        _finish(burst, token, element, loop)
        return
    for _ in range(1 if loop.sequential else total):
        token = _start_round(burst, token, loop)


def round_completed(burst: Burst, body: Token, element: Element, loop: MultiInstance) -> None:
    """Take a round's result, throw its events, then go on: the next round, wait for the others, or finish."""
    container = burst.alive(body.scope)
    counts = container.data
    completed = counts["completed"] + 1
    result: Value = None
    if loop.output_collection is not None:
        result = None if loop.output is None else burst.evaluate(loop.output, body.key)
    done = False
    if loop.completion is not None:
        done = _holds(burst, body, loop.completion, "completion condition", completed)
    thrown = [
        index
        for index, each in enumerate(loop.events)
        if not (each.only_first and completed > 1)
        and (each.condition is None or _holds(burst, body, each.condition, "condition", completed))
    ]
    # Nothing above has changed anything: from here on the round is over.
    if loop.output_collection is not None:
        burst.store(result, counts["results"] + body.data["body"])
    if "thrown" not in body.data:
        burst.emit("element.completed", body.element, {"token": body.key, "round": body.data["body"] + 1})
    if loop.events and not _throw(burst, body, element, loop, thrown):
        return
    body, container = burst.alive(body.key), burst.alive(container.key)
    container = burst.put(replace(container, data={**container.data, "completed": completed}))
    burst.end_round(body, element)
    container = burst.alive(container.key)
    if done:
        burst.terminate_children(container)
        _finish(burst, burst.alive(container.key), element, loop)
    elif loop.sequential and counts["started"] < counts["total"]:
        _start_round(burst, container, loop)
    elif completed + counts.get("cancelled", 0) == counts["total"]:
        _finish(burst, container, element, loop)


def go_on_without(burst: Burst, container: Token, element: Element, loop: MultiInstance) -> bool:
    """No round runs any more because the last was cancelled: begin the next, or finish with what there is.

    False when no round was completed and none is to come: then the loop has come to nothing.
    """
    counts = container.data
    if loop.sequential and counts["started"] < counts["total"]:
        _start_round(burst, container, loop)
    elif counts["completed"]:
        _finish(burst, container, element, loop)
    else:
        return False
    return True


def _holds(burst: Burst, body: Token, condition: Formula, what: str, completed: int) -> bool:
    counts = burst.alive(body.scope).data
    cancelled = counts.get("cancelled", 0)
    numbers: dict[str, Value] = {
        "numberOfInstances": Decimal(counts["total"]),
        "numberOfActiveInstances": Decimal(counts["started"] - completed - cancelled),
        "numberOfCompletedInstances": Decimal(completed),
        "numberOfTerminatedInstances": Decimal(cancelled),
    }
    value = burst.evaluate(condition, body.key, numbers)
    if value is not True and value is not False:
        raise Stuck(
            "loop.condition-not-boolean", f"The {what} {condition.text} gives neither true nor false."
        )
    return value


def _throw(burst: Burst, body: Token, element: Element, loop: MultiInstance, events: list[int]) -> bool:
    """Throw these of the loop's events; False if one of them has ended it.

    When one cannot be thrown, those before it are not thrown again with the next try.
    """
    body = burst.close_waits(body)
    begin = body.data.get("thrown", 0)
    for index in (each for each in events if each >= begin):
        body = burst.put(replace(burst.alive(body.key), data={**body.data, "thrown": index}))
        event = loop.events[index].event
        event.kind.throw(burst, body, element, event.config)
        if burst.token(body.key) is None:
            return False
    return True


def forget(burst: Burst, container: Token) -> None:
    """The activity is ended from outside: drop what was kept for its rounds."""
    data = container.data
    if "results" in data:
        for key in range(data["results"], data["results"] + data["total"]):
            burst.unstore(key)
    if "items" in data:
        burst.unstore(data["items"])


def _items(burst: Burst, token: Token, loop: MultiInstance) -> tuple[list[Value] | None, int]:
    if loop.collection is not None:
        items = burst.evaluate(loop.collection, token.key)
        if not isinstance(items, list | tuple):
            raise Stuck(
                "loop.collection-no-list",
                f"The input collection {loop.collection.text} does not give a list.",
            )
        found: list[Value] | None = list(items)
        total = len(items)
    else:
        if loop.cardinality is None:
            raise AssertionError("the compiler lets no multi-instance pass without a count or collection")
        found = None
        total = _whole_number(burst.evaluate(loop.cardinality, token.key), loop.cardinality.text)
    if total > MAX_ROUNDS:
        raise Stuck(
            "loop.too-many", f"{total} rounds are more than the {MAX_ROUNDS} that one activity may run."
        )
    return found, total


def _whole_number(value: Value, text: str) -> int:
    try:
        number = Decimal(value) if isinstance(value, str | Decimal | int) else None
    except ArithmeticError:
        number = None
    if number is None or not number.is_finite() or number != number.to_integral_value() or number < 0:
        raise Stuck(
            "loop.cardinality-no-count", f"The loop cardinality {text} gives no whole number from 0 up."
        )
    return int(number)


def _start_round(burst: Burst, container: Token, loop: MultiInstance) -> Token:
    index = container.data["started"]
    container = burst.put(replace(container, data={**container.data, "started": index + 1}))
    if loop.sequential:
        branch, seen = container.branch, container.seen
    else:
        branch, seen = burst.fork(container, within=True)
    body = burst.create(container.element, container.key, branch, seen, data={"body": index})
    values: dict[str, Value] = {"loopCounter": Decimal(index + 1)}
    if loop.item is not None:
        items = burst.stored(container.data["items"])
        values[loop.item] = items[index] if isinstance(items, list) else None
    burst.set_local(body, values)
    return container


def _finish(burst: Burst, container: Token, element: Element, loop: MultiInstance) -> None:
    data = container.data
    results: list[Value] = []
    if loop.output_collection is not None:
        keys = range(data["results"], data["results"] + data["total"]) if data["total"] else range(0)
        for key in keys:
            results.append(burst.stored(key))
            burst.unstore(key)
    if "items" in data:
        burst.unstore(data["items"])
    container = burst.loop_over(container)
    burst.finish_loop(
        container, element, {loop.output_collection: results} if loop.output_collection is not None else {}
    )
