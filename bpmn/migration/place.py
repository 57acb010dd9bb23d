"""One token on its way from the old model to the new one: where it stands, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bpmn.errors import Refusal
from bpmn.kernel.records import Token
from bpmn.migration.plan import MigrationPlan, why_unmapped
from bpmn.migration.versions import Reason, Versions
from bpmn.model.definition import Element


@dataclass(frozen=True, slots=True)
class Note:
    """What a migration changes or keeps beyond the element itself, for whoever decides on it."""

    code: str
    token: int
    element: str
    message: str


@dataclass(slots=True)
class Place:
    """A token at the element `old` that becomes `new`.

    `begun` tells whether the element's work has begun there, `waiting` whether it still goes on (a token
    that an incident stopped on its way out has no open events any more).
    """

    token: Token
    old: Element
    new: Element
    begun: bool
    waiting: bool
    plan: MigrationPlan
    versions: Versions
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def refuse(self, code: str, message: str, hint: str) -> None:
        """The token cannot go."""
        self.refusals.append(Refusal(code, self.token.key, self.token.element, message, hint))

    def refuse_unmapped(self, ref: str) -> None:
        """Something that the token holds on to has no counterpart."""
        reason: Reason = why_unmapped(self.plan, self.versions, ref)
        self.refuse(reason.code, reason.message, reason.hint)

    def tell(self, code: str, message: str) -> None:
        """The token can go, but this should be known."""
        self.notes.append(Note(code, self.token.key, self.token.element, message))
