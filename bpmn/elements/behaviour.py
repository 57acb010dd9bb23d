"""The lifecycle that every element kind follows.

    enter      the token arrives: `activate`, unless the element is a loop or gathers tokens first
    activate   begin the work: finish at once (`burst.complete`) or open waits
    complete   the result has been taken: leave along the outgoing flows
    terminate  the token is ended from outside: clean up what only this kind knows of
    migrated   the token waits here since its instance went over to this version of the model

An element kind is one class in one file. It says which BPMN tag it runs, which attributes, child
elements and `zeebe:` extensions it understands (the compiler refuses all others by name), reads
them into its `config`, and plays the lifecycle on a `Burst`. Kinds hold no state: all state is in
tokens and waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lxml import etree

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, TimerWait, Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Flow
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class Behaviour:
    """Base of all element kinds; each override is a deliberate difference."""

    tag: ClassVar[str]
    attributes: ClassVar[frozenset[str]] = frozenset()
    parts: ClassVar[frozenset[str]] = frozenset()
    extensions: ClassVar[frozenset[str]] = frozenset()

    activity: ClassVar[bool] = False
    """May carry boundary events, loops, input and output mappings."""
    scopes_variables: ClassVar[bool] = False
    """New variables written inside stay inside."""
    closed: ClassVar[bool] = False
    """What is inside does not see the variables outside."""
    joins: ClassVar[bool] = False
    """Wants to know by which flow a token arrives."""
    settles: ClassVar[bool] = False
    """Waits for the rest of its scope (`settle` is asked when nothing else can go on)."""

    def read(self, node: etree._Element, reader: Reader) -> Any:
        """Compile what is special to this kind; None if nothing is."""
        return None

    def enter(self, burst: Burst, token: Token, element: Element) -> None:
        """A token arrives. May raise Stuck or FeelError; what has been begun by then is undone."""
        token = burst.begin(token, element)
        self.activate(burst, token, element)

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Begin the work. By default there is none: complete at once, with what an event may have brought."""
        token, payload = burst.kept_payload(token)
        burst.complete(token.key, payload)

    def complete(self, burst: Burst, token: Token, element: Element) -> None:
        """The work is done and its result taken."""
        burst.leave(token, element)

    def terminate(self, burst: Burst, token: Token, element: Element) -> None:
        """The token is being ended from outside; its waits and variables go with it anyway."""

    def choose(self, burst: Burst, token: Token, element: Element) -> Sequence[Flow]:
        """The flows to take: those without a condition or with a true one, else the default.

        Raises:
            Stuck: `flow.none-true` when there is nothing to take.
        """
        if len(element.outgoing) == 1 and element.outgoing[0].condition is None:
            return element.outgoing
        chosen = []
        for flow in element.outgoing:
            if flow is element.default:
                continue
            if flow.condition is None or holds(burst, token, flow):
                chosen.append(flow)
        if chosen:
            return chosen
        return (default_flow(element),)

    def emptied(self, burst: Burst, token: Token, element: Element) -> None:
        """The last token in this scope has ended."""
        raise AssertionError(f"{element.tag} is no scope")

    def abandoned(self, burst: Burst, token: Token, element: Element) -> bool:
        """The last token in this scope was cancelled: whether the scope goes on without it (and does).

        By default only one that undoes something does, with the next that is to be undone.
        """
        if "todo" not in token.data:
            return False
        self.emptied(burst, token, element)
        return True

    def inner_completed(self, burst: Burst, scope: Token, element: Element, inner: Token) -> bool:
        """Whether the scope has enough, now that the activity of the token `inner` in it is completed."""
        return False

    def returned(self, burst: Burst, token: Token, element: Element, written: Mapping[str, Value]) -> None:
        """The process that this element called has ended, having written these variables."""
        raise AssertionError(f"{element.tag} calls no process")

    def settle(self, burst: Burst, token: Token, element: Element) -> bool:
        """Whether the waiting merge could go on (and did)."""
        return False

    def migrated(self, burst: Burst, token: Token, element: Element, was: Element) -> None:
        """A token that waited at `was` in another version of the model waits here now.

        Its waits have been seen to; what only this kind knows of may let it go on.
        """

    def triggered(
        self,
        burst: Burst,
        owner: Token,
        element: Element,
        payload: Mapping[str, Value],
        wait: TimerWait | EventWait | None,
    ) -> None:
        """The event has come that `owner` waited for (`wait`), or that was thrown within it (None)."""
        raise AssertionError(f"{element.tag} waits for no event")


def holds(burst: Burst, token: Token, flow: Flow) -> bool:
    """Whether a flow's condition is true; what is neither true nor false is an incident, not a no."""
    if flow.condition is None:
        return True
    value = burst.evaluate(flow.condition, token.key)
    if value is True or value is False:
        return value
    raise Stuck(
        "flow.condition-not-boolean",
        f"The condition of flow {flow.ref} ({flow.condition.text}) gives {_kind(value)}, not true or false.",
    )


def default_flow(element: Element) -> Flow:
    """The default flow, for when no condition is true. Raises Stuck `flow.none-true` without one."""
    if element.default is None:
        raise Stuck(
            "flow.none-true",
            f"No flow out of {element.name or element.ref} has a true condition, and none is the default.",
        )
    return element.default


def _kind(value: Value) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
