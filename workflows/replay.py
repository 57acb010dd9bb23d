"""Replay: what the ledger recorded of a case, run again through the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import ledger
from bpmn import Model, kernel_of
from core import Conflict, Database, NotFound
from workflows import bundles, repository
from workflows.comparison import Comparison, compare
from workflows.definitions import Definitions
from workflows.reexecution import Mismatch, Recorded, reexecute
from workflows.repository import CaseRow, Connection


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What re-execution found: how much was run again, and where it differs from what was signed.

    After an erasure nothing can be run again: `erased` is True, and the entries are proven to be in the log.
    """

    case_id: UUID
    entries: int
    commands: int
    events: int
    state_root: str
    mismatches: tuple[Mismatch, ...]
    erased: bool = False

    @property
    def agrees(self) -> bool:
        """Whether all was run again and every root is the recorded one."""
        return not self.mismatches and not self.erased


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """What the platform holds of a case for re-execution: its models by hash, its entries with commands."""

    case: CaseRow
    models: Mapping[str, Model]
    entries: tuple[Recorded, ...]


async def replay_case(database: Database, case_id: UUID, vault_key: ledger.VaultKeys) -> ReplayReport:
    """Run a case's commands again, from the payloads that its ledger entries commit to.

    Neither the case's stored state nor its read model is used: only the deployed models that the entries
    name, the ledger, and the kernel that the case's first entry names; an entry that names another one is a
    mismatch.

    Raises:
        NotFound: `case.unknown`.
        StateRefused: `kernel.unknown`, when this release has not the kernel that the case ran on.
        Broken: what `ledger.reveal` raises when a payload does not fit its commitment, and after an erasure
            what `ledger.prove_stream` raises when the entries are not proven.
    """
    async with (
        database.reading() as sql,
        sql.transaction(isolation="repeatable_read", readonly=True),
    ):
        try:
            recorded = await recorded_case(sql, case_id, vault_key)
        except Conflict as conflict:
            if conflict.code != "ledger.stream_erased":
                raise
            proofs = await ledger.prove_stream(sql, str(case_id))
            return ReplayReport(case_id, len(proofs), 0, 0, "", (), erased=True)
    done = reexecute(recorded.models, str(case_id), recorded.entries)
    return ReplayReport(
        case_id, len(recorded.entries), done.commands, done.events, done.state.root, done.mismatches
    )


async def compare_case(
    database: Database, case_id: UUID, other: Model, vault_key: ledger.VaultKeys
) -> Comparison:
    """Run a case's commands on another version of its process, and tell where they first lead elsewhere.

    On the other version it runs from its start on; migrations of the case are passed over there.

    Raises:
        NotFound: `case.unknown`.
        Conflict: `ledger.stream_erased`, or `replay.differs` when the commands no longer give the signed
            roots on the versions that the case ran on.
        Broken: what `ledger.reveal` raises when a payload does not fit its commitment.
    """
    async with database.reading() as sql:
        recorded = await recorded_case(sql, case_id, vault_key)
    if reexecute(recorded.models, str(case_id), recorded.entries).mismatches:
        raise Conflict(
            "replay.differs",
            "The case's commands do not give the signed roots on the version that it ran on.",
            where=str(case_id),
            hint="Look at that first, without --model.",
        )
    return compare(recorded.models, other, str(case_id), recorded.entries)


async def recorded_case(sql: Connection, case_id: UUID, vault_key: ledger.VaultKeys) -> RecordedCase:
    """Return a case's models and entries.

    Raises:
        NotFound: `case.unknown`.
        Conflict: `ledger.stream_erased`.
        Broken: what `ledger.reveal` raises when a payload does not fit its commitment.
    """
    case = await repository.read_case(sql, case_id)
    if case is None:
        raise NotFound("case.unknown", f"There is no case {case_id}.", hint="List them with: scf case list")
    rows = await repository.case_entries(sql, case_id)
    kernel = rows[0].body["kernel_version"] if rows else case.kernel_version
    models = await _models(sql, case, kernel, [entry.body["model_hash"] for entry in rows])
    entries = [
        Recorded(
            entry_id=entry.id,
            seq=entry.seq,
            model_hash=entry.body["model_hash"],
            kernel_version=entry.body["kernel_version"],
            events_root=entry.body["events_root"],
            state_root=entry.body["state_root"],
            statement=entry.body["statement"],
            commands=(await ledger.reveal(sql, entry.id, vault_key))["commands"],
        )
        for entry in rows
    ]
    return RecordedCase(case, models, tuple(entries))


async def _models(sql: Connection, case: CaseRow, kernel: str, named: Sequence[str]) -> Mapping[str, Model]:
    """Return the models that the entries of a case name, in that order; last the one on which it stands."""
    models: dict[str, Model] = {}
    for content_hash in dict.fromkeys(named):
        definition = await repository.definition_with_hash(sql, case.product, content_hash)
        if definition is not None:
            models[content_hash] = bundles.compiled(definition.key, definition.sources, kernel_of(kernel))
    now = await Definitions().model(sql, case.definition_id, kernel)
    return models if now.hash in models else {**models, now.hash: now}
