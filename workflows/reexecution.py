"""Re-execution, pure: commands run again through the kernel, and what comes out beside what was signed.

Whoever holds the commands of a case (the platform out of its vault, an auditor out of a bundle) and the
models gets the same roots, or learns at which entry not. A case begins on the model that its first entry
names; from a migration on it runs on the one to which the plan leads, and later entries name that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from bpmn import BpmnError, Command, CommandRefused, Model, State, StateRefused, new_instance
from proof import merkle
from proof.hashes import event_leaf
from workflows.burst import Burst
from workflows.logged import STATED, Migrate, logged_from_json, statement


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry of a case as it was signed, with its commands (JSON, as `Burst.log` writes them)."""

    entry_id: UUID
    seq: int
    model_hash: str | None
    kernel_version: str | None
    events_root: str
    state_root: str | None
    statement: Mapping[str, Any] | None
    commands: bytes


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An entry whose roots re-execution does not give, or whose migration was another than it states."""

    entry_id: UUID
    seq: int
    what: str
    recorded: str | None
    replayed: str | None


@dataclass(frozen=True, slots=True)
class Reexecution:
    """What came out: how much was run again, the last state, and where it differs from what was signed."""

    commands: int
    events: int
    state: State
    mismatches: tuple[Mismatch, ...]


def reexecute(models: Mapping[str, Model], case_id: str, entries: Sequence[Recorded]) -> Reexecution:
    """Run the commands of a case again and compare every root; stops at commands that are refused.

    Args:
        models: the models on which the case ran, by their hashes; at least the one of its first entry.
        case_id: the instance's id.
        entries: the entries of the case, from the first on.
    """
    begun_on = first_model(models, entries)
    burst = Burst(begun_on, new_instance(begun_on, case_id))
    mismatches: list[Mismatch] = []
    events_seen = 0
    for entry in entries:
        try:
            for command in commands_of(entry):
                if isinstance(command, Migrate):
                    mismatches += _misstated(entry, command, burst.state)
                run(burst, command, models)
        except BpmnError as refused:
            mismatches.append(Mismatch(entry.entry_id, entry.seq, "commands", "executed", str(refused)))
            break
        events = burst.events[events_seen:]
        events_seen = len(burst.events)
        recorded = (entry.model_hash, entry.kernel_version, entry.events_root, entry.state_root)
        events_root = merkle.root([event_leaf(event.to_json()) for event in events]).hex()
        replayed = (burst.model.hash, burst.state.kernel, events_root, burst.state.root)
        mismatches += [
            Mismatch(entry.entry_id, entry.seq, what, was, now)
            for what, was, now in zip(_COMPARED, recorded, replayed, strict=True)
            if was != now
        ]
    return Reexecution(len(burst.commands), len(burst.events), burst.state, tuple(mismatches))


def first_model(models: Mapping[str, Model], entries: Sequence[Recorded]) -> Model:
    """Return the model on which a case began: the one that its first entry names, if it is there."""
    named = models.get(entries[0].model_hash or "") if entries else None
    return named or next(iter(models.values()))


def run(burst: Burst, command: Command, models: Mapping[str, Model]) -> None:
    """Execute a command of a case's log.

    Raises:
        BpmnError: it is refused; `migration.model-missing` when a migration leads to none of the models.
    """
    if not isinstance(command, Migrate):
        burst.apply(command)
        return
    new = models.get(command.plan.target)
    if new is None:
        raise StateRefused(
            "migration.model-missing",
            f"No version of the process has the hash {command.plan.target}, to which the migration leads.",
        )
    burst.migrate(command, new)


def commands_of(entry: Recorded) -> Sequence[Command]:
    """Return the commands of an entry, job results and migrations included.

    Raises:
        CommandRefused: `command.malformed` and the like, when the entry holds no commands.
        MigrationRefused: `migration.bad-plan`.
    """
    try:
        documents = orjson.loads(entry.commands)
        return [logged_from_json(document) for document in documents]
    except (orjson.JSONDecodeError, TypeError, AttributeError) as wrong:
        raise CommandRefused("command.malformed", f"These are no commands: {wrong}.") from wrong


def _misstated(entry: Recorded, move: Migrate, before: State) -> list[Mismatch]:
    """Compare what the entry states of a migration with what its command does."""
    try:
        done = dict(statement(move, before))
    except KeyError:  # a token has no place in the plan: running it tells so
        return []
    # An entry may also say which cases its burst has called.
    stated = {name: each for name, each in (entry.statement or {}).items() if name in STATED}
    if stated == done:
        return []
    told = [orjson.dumps(each, option=orjson.OPT_SORT_KEYS).decode() for each in (stated, done)]
    return [Mismatch(entry.entry_id, entry.seq, "statement", *told)]


_COMPARED = ("model hash", "kernel version", "events root", "state root")
