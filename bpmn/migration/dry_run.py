"""Trying a migration out: what becomes of each token, or every reason why it cannot go."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bpmn.errors import Refusal
from bpmn.kernel.state import State
from bpmn.migration.attempt import Attempt
from bpmn.migration.place import Note
from bpmn.migration.plan import MigrationPlan
from bpmn.model.definition import Model


@dataclass(frozen=True, slots=True)
class TokenMove:
    """The element at which a token stands, and the one to which it goes (None: there is none)."""

    token: int
    element: str
    target: str | None
    notes: tuple[Note, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a migration would do; `refusals` are those of the plan and of the instance as a whole."""

    instance: str
    moves: tuple[TokenMove, ...]
    refusals: tuple[Refusal, ...]

    @property
    def possible(self) -> bool:
        """Whether the instance can go."""
        return not self.refusals and not any(move.refusals for move in self.moves)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON data."""
        return {"possible": self.possible, **asdict(self)}


def dry_run(state: State, plan: MigrationPlan, new: Model, at: datetime) -> DryRun:
    """What `migrate` would do with each token of the state, or why it would refuse; it raises nothing."""
    attempt = Attempt(state, plan, new, at)
    notes: dict[int, list[Note]] = {}
    for note in attempt.notes:
        notes.setdefault(note.token, []).append(note)
    refusals: dict[int | None, list[Refusal]] = {}
    for refusal in attempt.refusals:
        refusals.setdefault(refusal.token, []).append(refusal)
    return DryRun(
        state.instance,
        tuple(
            TokenMove(
                token.key,
                token.element,
                plan.elements.get(token.element),
                tuple(notes.get(token.key, ())),
                tuple(refusals.get(token.key, ())),
            )
            for token in state.tokens
        ),
        tuple(refusals.get(None, ())),
    )
