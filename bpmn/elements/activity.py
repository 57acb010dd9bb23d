"""What all activities share: loops around them, and how many tokens they take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bpmn.elements import multi_instance, standard_loop
from bpmn.elements.behaviour import Behaviour
from bpmn.elements.compensation import go_on
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element, MultiInstance


class Activity(Behaviour):
    """A task, subprocess or call activity."""

    activity: ClassVar[bool] = True

    def enter(self, burst: Burst, token: Token, element: Element) -> None:
        """Begin the loop if the element is one and this is not yet a round of it.

        An activity with a start quantity first gathers as many tokens, by whatever flows they come.
        """
        if element.takes > 1 and "via" in token.data:
            waiting = burst.joining(token)
            waiting = burst.await_join(token) if waiting is None else burst.arrive(waiting, token)
            if _gathered(waiting) < element.takes:
                return
            token = burst.gathered(waiting)
        if element.loop is None or "body" in token.data:
            super().enter(burst, token, element)
        elif isinstance(element.loop, MultiInstance):
            multi_instance.enter(burst, token, element, element.loop)
        else:
            standard_loop.enter(burst, token, element, element.loop)

    def migrated(self, burst: Burst, token: Token, element: Element, was: Element) -> None:
        """Begin if the activity now takes no more tokens than have been gathered."""
        if "arrived" in token.data and _gathered(token) == element.takes:
            self.enter(burst, burst.gathered(token), element)

    def complete(self, burst: Burst, token: Token, element: Element) -> None:
        """A round gives its result to the loop; else the activity leaves."""
        if element.loop is None or "body" not in token.data:
            burst.leave(token, element)
        elif isinstance(element.loop, MultiInstance):
            multi_instance.round_completed(burst, token, element, element.loop)
        else:
            standard_loop.round_completed(burst, token, element, element.loop)

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """What was opened again to be undone goes on with that, and then ends."""
        if not go_on(burst, token):
            burst.end(burst.alive(token.key))

    def abandoned(self, burst: Burst, token: Token, element: Element) -> bool:
        """A loop goes on with its other rounds, if there are or were any."""
        if isinstance(element.loop, MultiInstance) and "total" in token.data:
            return multi_instance.go_on_without(burst, token, element, element.loop)
        return super().abandoned(burst, token, element)

    def terminate(self, burst: Burst, token: Token, element: Element) -> None:
        """What a multi-instance kept for its rounds goes with it."""
        if isinstance(element.loop, MultiInstance) and "body" not in token.data:
            multi_instance.forget(burst, token)


def _gathered(waiting: Token) -> int:
    arrived: Mapping[str, int] = waiting.data["arrived"]
    return sum(arrived.values())
