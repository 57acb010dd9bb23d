"""Standard loops: repeat an activity while a condition holds.

As with multi-instance, the activity's own token is the container and each round a token inside it;
the condition is evaluated where the container stands, so it sees what the rounds wrote outside.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, StandardLoop


def enter(burst: Burst, token: Token, element: Element, loop: StandardLoop) -> None:
    """Open the container; start the first round unless the condition is tested before and false."""
    again = not loop.test_before or _again(burst, token.key, loop, 0)
    burst.emit("loop.activated", token.element, {"token": token.key})
    token = burst.put(replace(token, status="active", data={**token.data, "completed": 0}))
    if element.boundaries:
        token = burst.open_events(token, element.boundaries)
    if again:
        _start_round(burst, token)
    else:
        burst.finish_loop(burst.loop_over(token), element, {})


def round_completed(burst: Burst, body: Token, element: Element, loop: StandardLoop) -> None:
    """Repeat or finish."""
    container = burst.alive(body.scope)
    completed = container.data["completed"] + 1
    again = _again(burst, body.key, loop, completed)
    burst.emit("element.completed", body.element, {"token": body.key, "round": completed})
    container = burst.put(replace(container, data={**container.data, "completed": completed}))
    burst.end_round(body, element)
    container = burst.alive(container.key)
    if again:
        _start_round(burst, container)
    else:
        burst.finish_loop(burst.loop_over(container), element, {})


def _again(burst: Burst, key: int, loop: StandardLoop, completed: int) -> bool:
    if loop.maximum is not None and completed >= loop.maximum:
        return False
    if loop.condition is None:
        return True
    value = burst.evaluate(loop.condition, key)
    if value is not True and value is not False:
        raise Stuck(
            "loop.condition-not-boolean",
            f"The loop condition {loop.condition.text} gives neither true nor false.",
        )
    return value


def _start_round(burst: Burst, container: Token) -> None:
    index = container.data["completed"]
    body = burst.create(
        container.element, container.key, container.branch, container.seen, data={"body": index}
    )
    burst.set_local(body, {"loopCounter": Decimal(index + 1)})
