"""What every kind of event definition can do: be caught, be thrown, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from lxml import etree

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Slot, Token
from bpmn.model.definition import Element
from bpmn.model.starts import Trigger

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class EventKind:
    """Base of the event definition kinds.

    `positions` says where the kind may stand: "start", "event-start" (of an event subprocess),
    "catch", "boundary", "throw", "end".
    """

    tag: ClassVar[str]
    positions: ClassVar[frozenset[str]]
    attributes: ClassVar[frozenset[str]] = frozenset()
    parts: ClassVar[frozenset[str]] = frozenset()
    waits: ClassVar[bool] = True
    """Whether a catching event waits by itself (a link never does)."""
    returns: ClassVar[bool] = True
    """Whether it can come again at an event that stays (a date or duration comes once)."""
    extensions: ClassVar[frozenset[str]] = frozenset()
    """The `zeebe:` extensions that an event with this definition may carry."""

    def read(self, node: etree._Element, event: etree._Element, position: str, reader: Reader) -> Any:
        """Compile the definition; None if it holds nothing."""
        return None

    def trigger(self, config: Any) -> Trigger:
        """What a process that starts by this definition waits for."""
        raise AssertionError(f"{self.tag} starts no process")

    def open(self, burst: Burst, owner: Token, element: Element, index: int, config: Any) -> None:
        """Begin to wait on behalf of `owner`; kinds that only scopes throw find their catcher without."""

    def throw(self, burst: Burst, token: Token, element: Element, config: Any) -> bool:
        """Throw the event from `token`; True if the throwing element is then done (or the token gone)."""
        raise AssertionError(f"{self.tag} is never thrown")

    def compensated(self, burst: Burst, token: Token, element: Element) -> None:
        """All that the thrown event had to undo is undone."""
        raise AssertionError(f"{self.tag} compensates nothing")


def content_of(burst: Burst, thrower: Token) -> Mapping[str, Slot]:
    """What goes along with what is thrown: the event's own (input-mapped) variables; nothing from a round."""
    own = burst.slots(thrower.key)
    return own if own is not None and "body" not in thrower.data else EMPTY
