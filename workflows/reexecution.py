"""Re-execution, pure: commands run again through the kernel, and what comes out beside what was signed.

Whoever holds the commands of a case (the platform out of its vault, an auditor out of a bundle) and the model
gets the same roots, or learns at which entry not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from bpmn import (
    BpmnError,
    Command,
    CommandRefused,
    Model,
    State,
    command_from_json,
    new_instance,
)
from proof import merkle
from proof.hashes import event_leaf
from workflows.burst import Burst


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry of a case as it was signed, with its commands (JSON, as `Burst.log` writes them)."""

    entry_id: UUID
    seq: int
    model_hash: str | None
    kernel_version: str | None
    events_root: str
    state_root: str | None
    commands: bytes


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An entry whose roots re-execution does not give."""

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


def reexecute(model: Model, case_id: str, entries: Iterable[Recorded]) -> Reexecution:
    """Run the commands of a case again and compare every root; stops at commands that the kernel refuses."""
    burst = Burst(model, new_instance(model, case_id))
    mismatches: list[Mismatch] = []
    events_seen = 0
    for entry in entries:
        try:
            for command in commands_of(entry):
                burst.apply(command)
        except BpmnError as refused:
            mismatches.append(Mismatch(entry.entry_id, entry.seq, "commands", "executed", str(refused)))
            break
        events = burst.events[events_seen:]
        events_seen = len(burst.events)
        recorded = (entry.model_hash, entry.kernel_version, entry.events_root, entry.state_root)
        events_root = merkle.root([event_leaf(event.to_json()) for event in events]).hex()
        replayed = (model.hash, burst.state.kernel, events_root, burst.state.root)
        mismatches += [
            Mismatch(entry.entry_id, entry.seq, what, was, now)
            for what, was, now in zip(_COMPARED, recorded, replayed, strict=True)
            if was != now
        ]
    return Reexecution(len(burst.commands), len(burst.events), burst.state, tuple(mismatches))


def commands_of(entry: Recorded) -> Sequence[Command]:
    """Return the commands of an entry, job results included.

    Raises:
        CommandRefused: `command.malformed` and the like, when the entry holds no commands.
    """
    try:
        documents = orjson.loads(entry.commands)
        return [command_from_json(document) for document in documents]
    except (orjson.JSONDecodeError, TypeError, AttributeError) as wrong:
        raise CommandRefused("command.malformed", f"These are no commands: {wrong}.") from wrong


_COMPARED = ("model hash", "kernel version", "events root", "state root")
