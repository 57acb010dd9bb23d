"""How work can end: what the scope around an activity has to know of what is inside it."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "*"
"""The code of an error that only the run can tell: a job may throw any."""


@dataclass(frozen=True, slots=True, order=True)
class Outcome:
    """One way in which a piece of work can end.

    `kind` is "completed", "error", "escalated" (it was interrupted by an escalation that it threw) or
    "cancelled"; `code` is that of the error or escalation; `source` is the element that threw it.
    `marked` tells whether the work that a control speaks of has been done on the way.
    """

    kind: str
    code: str = ""
    source: str = ""
    marked: bool = False


COMPLETED = Outcome("completed")


@dataclass(frozen=True, slots=True)
class Work:
    """All ways in which a piece of work can end.

    `throws` are escalations that come out of it while it goes on; `instant` tells that it never waits, so
    that nothing can come from outside while it runs; `marks` that, while it runs, the work that a control
    speaks of may have been done.
    """

    outcomes: frozenset[Outcome]
    throws: frozenset[str] = frozenset()
    instant: bool = False
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What catches, outside a scope, that which is thrown out of it.

    `errors` are the codes that somebody catches (`ANY`: all), `escalations` those whose catcher interrupts
    the scope, `ends` tells that something outside can end the scope at any time.
    """

    errors: frozenset[str] = frozenset()
    escalations: frozenset[str] = frozenset()
    ends: bool = False

    def catches_error(self, code: str) -> bool:
        """Whether somebody can catch an error of this code."""
        return bool(self.errors) if code == ANY else code in self.errors or ANY in self.errors
