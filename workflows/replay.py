"""Re-execution: a case's commands, run again through the kernel, must give the roots in its entries."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import orjson

import ledger
from bpmn import command_from_json, new_instance
from core import Database, NotFound
from proof import merkle
from proof.hashes import event_leaf
from workflows import repository
from workflows.burst import Burst
from workflows.definitions import Definitions


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An entry whose roots re-execution does not give."""

    entry_id: UUID
    seq: int
    what: str
    recorded: str | None
    replayed: str | None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What re-execution found: how much was run again, and where it differs from what was signed."""

    case_id: UUID
    entries: int
    commands: int
    events: int
    state_root: str
    mismatches: tuple[Mismatch, ...]

    @property
    def agrees(self) -> bool:
        """Whether every root is the recorded one."""
        return not self.mismatches


async def replay_case(database: Database, case_id: UUID, vault_key: bytes) -> ReplayReport:
    """Run a case's commands again, from the payloads that its ledger entries commit to.

    Neither the case's stored state nor its read model is used: only the deployed model, the ledger, and the
    kernel that the case's first entry names; an entry that names another one is a mismatch.

    Raises:
        NotFound: `case.unknown`.
        StateRefused: `kernel.unknown`, when this release has not the kernel that the case ran on.
        ScfError: what `ledger.reveal` raises when a payload was erased or does not fit its commitment.
    """
    async with database.reading() as sql:
        case = await repository.read_case(sql, case_id)
        if case is None:
            raise NotFound("case.unknown", f"There is no case {case_id}.")
        entries = await repository.case_entries(sql, case_id)
        kernel = entries[0].body["kernel_version"] if entries else case.kernel_version
        model = await Definitions().model(sql, case.definition_id, kernel)
        burst = Burst(model, new_instance(model, str(case_id)))
        mismatches: list[Mismatch] = []
        events_seen = 0
        for entry in entries:
            payloads = await ledger.reveal(sql, entry.id, vault_key)
            for command in orjson.loads(payloads["commands"]):
                burst.apply(command_from_json(command))
            events = burst.events[events_seen:]
            events_seen = len(burst.events)
            replayed = {
                "kernel version": burst.state.kernel,
                "model hash": model.hash,
                "events root": merkle.root([event_leaf(event.to_json()) for event in events]).hex(),
                "state root": burst.state.root,
            }
            recorded = {
                "kernel version": entry.body.get("kernel_version"),
                "model hash": entry.body.get("model_hash"),
                "events root": entry.body.get("events_root"),
                "state root": entry.body.get("state_root"),
            }
            mismatches += [
                Mismatch(entry.id, entry.seq, what, recorded[what], replayed[what])
                for what in replayed
                if recorded[what] != replayed[what]
            ]
    return ReplayReport(
        case_id, len(entries), len(burst.commands), events_seen, burst.state.root, tuple(mismatches)
    )
