"""What the log of a case holds: commands of the kernel, and migrations to another version of the process.

Also what is told of a migration: by its entry, and by its refusal.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson

from bpmn import Command, CommandRefused, MigrationPlan, Refusal, State, command_from_json
from bpmn.kernel.commands import time_from_json, time_to_json

REASONS_LIMIT = 100
"""Reasons that are kept of one case that cannot go over."""


@dataclass(frozen=True, slots=True)
class Migrate(Command):
    """The case goes over to the model that the plan leads to; `batch` is the id of the batch it is one of."""

    kind: ClassVar[str] = "migrate"

    plan: MigrationPlan
    reason: str
    batch: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The migration as JSON data, with its kind."""
        return {
            "kind": self.kind,
            "at": time_to_json(self.at),
            "plan": self.plan.to_json(),
            "reason": self.reason,
            "batch": self.batch,
        }


def logged_from_json(document: Any) -> Command:
    """Read what the log of a case holds.

    Raises:
        CommandRefused: `command.unknown` or `command.malformed`.
        MigrationRefused: `migration.bad-plan`.
    """
    if not isinstance(document, Mapping) or document.get("kind") != Migrate.kind:
        return command_from_json(document)
    try:
        at: datetime = time_from_json(document["at"])
        reason, batch = document["reason"], document["batch"]
        if not isinstance(reason, str) or not isinstance(batch, str | None):
            raise TypeError("reason and batch are texts")
        return Migrate(at, MigrationPlan.from_json(document["plan"]), reason, batch)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise CommandRefused(
            "command.malformed", f"The migration cannot be read: {wrong!r}.", where=Migrate.kind
        ) from wrong


STATED = frozenset({"from", "to", "plan", "moved", "batch"})
"""What an entry states of a migration."""


def statement(move: Migrate, before: State) -> Mapping[str, Any]:
    """Return what a migration did, for the case's entry: from which model to which, by which plan.

    A pure function of what was done, so that re-execution finds an entry that states something else.
    """
    tokens = Counter(before.active_elements)
    return {
        "from": move.plan.source,
        "to": move.plan.target,
        "plan": plan_digest(move.plan),
        "moved": [
            {"from": element, "to": move.plan.elements[element], "tokens": count}
            for element, count in sorted(tokens.items())
        ],
        **({"batch": move.batch} if move.batch is not None else {}),
    }


def reasons(refusals: Sequence[Refusal]) -> list[dict[str, Any]]:
    """Return why a case cannot go over, as it is stored and told; of very many reasons the first ones."""
    return [asdict(each) for each in refusals[:REASONS_LIMIT]]


def plan_digest(plan: MigrationPlan) -> str:
    """Return the SHA-256 of a plan, as the entry of a migration names it: of its JSON with sorted keys."""
    return hashlib.sha256(orjson.dumps(plan.to_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()
