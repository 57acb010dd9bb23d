"""Audit bundles: what proves and explains one case in one file, and what checks it without the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

import ledger
from bpmn import BpmnError, Model, compile_model, kernel_of, newest
from core import Broken, Conflict, Database, NotFound
from proof import canonical
from proof.bundle import (
    HISTORY_FIELD,
    Bundle,
    BundleEntry,
    Checked,
    Finding,
    Opening,
    check,
    history_stream,
)
from proof.entry import Body
from proof.entry_proof import EntryProof
from proof.policy import Policy
from proof.signatures import BACKENDS, Backend
from workflows import bundles, repository
from workflows.reexecution import Recorded, reexecute
from workflows.repository import Connection, DefinitionRow

_COMMANDS = "commands"


async def export_case(
    database: Database, case_id: UUID, vault_key: ledger.VaultKeys, size: int | None = None
) -> bytes:
    """Return the audit bundle of a case: models, entries, proofs, checkpoint, keys, disclosed payloads.

    After an erasure the bundle holds no payloads; the same state of the ledger gives the same bytes.

    Args:
        database: The platform's.
        case_id: The case.
        vault_key: Opens its payloads.
        size: The size of the checkpoint to prove against; the bundle then tells the case up to there.

    Raises:
        NotFound: `case.unknown`, `ledger.checkpoint_unknown`.
        Unavailable: `ledger.entry_pending` when an entry is signed but not yet logged.
        Broken: `ledger.proof_broken`, or what `ledger.open_entry` raises when the vault was changed.
    """
    async with (
        database.reading() as sql,
        sql.transaction(isolation="repeatable_read", readonly=True),
    ):
        case = await repository.read_case(sql, case_id)
        if case is None:
            raise NotFound(
                "case.unknown", f"There is no case {case_id}.", hint="List them with: scf case list"
            )
        definition = await repository.definition(sql, case.definition_id)
        stream = str(case_id)
        proofs, history = await ledger.prove_streams(sql, [stream, history_stream(stream)], size)
        last_hash = Body.decode(proofs[-1].envelope.body).model_hash if proofs else None
        if definition is not None and last_hash not in (None, definition.hash):
            # Up to this checkpoint the case had not been migrated to the version that it is on now.
            definition = await repository.definition_with_hash(sql, definition.key, last_hash)
        if definition is None or not proofs:
            raise Broken("case.lost", f"The definition or the entries of case {case_id} are not there.")
        return Bundle(
            case_stream=stream,
            process=definition.key,
            checkpoint=proofs[0].tlog_proof.checkpoint,
            log_key=proofs[0].log_key,
            entry_keys=tuple(sorted({proof.entry_key for proof in (*proofs, *history)})),
            model=bundles.encoded(definition.sources),
            case=tuple([await _entry(sql, proof, vault_key) for proof in proofs]),
            history=tuple([await _entry(sql, proof, vault_key) for proof in history]),
            earlier=await _earlier_models(sql, definition, proofs),
            witness_keys=proofs[0].witness_keys,
        ).encode()


async def _earlier_models(
    sql: Connection, last: DefinitionRow, proofs: Sequence[EntryProof]
) -> Mapping[str, Mapping[str, bytes]]:
    """Return the sources of the models that the entries name, but for the last one, by their hashes."""
    named = {Body.decode(proof.envelope.body).model_hash for proof in proofs} - {last.hash, None}
    found: dict[str, Mapping[str, bytes]] = {}
    for model_hash in sorted(each for each in named if each is not None):
        definition = await repository.definition_with_hash(sql, last.key, model_hash)
        if definition is None:
            raise Broken("case.lost", f"The version of {last.key} with the hash {model_hash} is not there.")
        found[model_hash] = bundles.encoded(definition.sources)
    return found


async def _entry(sql: Connection, proof: EntryProof, vault_key: ledger.VaultKeys) -> BundleEntry:
    body = Body.decode(proof.envelope.body)
    events: bytes | None = None
    openings: dict[str, Opening] = {}
    try:
        opened = await ledger.open_entry(sql, body.entry_id, vault_key)
    except Conflict as erased:
        if erased.code != "ledger.stream_erased":
            raise
    else:
        events = canonical.encode(opened.events)
        openings = {
            field: Opening(opened.salts[field], payload) for field, payload in opened.payloads.items()
        }
    return BundleEntry(proof.envelope, proof.tlog_proof.index, proof.tlog_proof.path, events, openings)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What checking a bundle found.

    Attributes:
        case: The case.
        log: The log's name and its size at the checkpoint; empty and 0 when no key opens the checkpoint.
        log_size: See `log`.
        entries: How many entries of the case there are.
        withheld: How many commitments and lists of element steps are not disclosed.
        reexecuted: Whether the case's commands were run again through the kernel.
        commands: How many these were.
        status: How the case stands after its last entry; None when it was not re-executed. Only of a case
            that ended the bundle proves that no entry came later.
        history_runs: How many runs of Temporal's history are disclosed.
        cosigned_by: The note keys of the witnesses that cosigned the checkpoint, as the bundle names them.
        verified_by: The libraries that checked each signature.
        pinned: True when the log's key was given; else the file's own was used.
        findings: What is wrong.
    """

    case: str
    log: str
    log_size: int
    entries: int
    withheld: int
    reexecuted: bool
    commands: int
    status: str | None
    history_runs: int
    cosigned_by: tuple[str, ...]
    verified_by: tuple[Backend, ...]
    pinned: bool
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {**asdict(self), "ok": self.ok}


def verify_bundle(
    data: bytes,
    *,
    log_key: str | None = None,
    policy: Policy | None = None,
    backends: Sequence[Backend] = BACKENDS,
) -> AuditReport:
    """Recompute everything in a bundle, offline: proofs and signatures, the model's hash, the case itself.

    Args:
        data: The file.
        log_key: The log's note key as you know it, from elsewhere than the file.
        policy: Whose signatures the checkpoint must carry.
        backends: The libraries that check each signature.

    Raises:
        NotCanonical: a code of `bundle.…` and the like, when the file is not a bundle in its one form.
    """
    bundle = Bundle.decode(data)
    checked = check(bundle, log_key=log_key, policy=policy, backends=backends)
    findings = [*checked.findings]
    models = _models(bundle, checked, findings)
    commands, status = 0, None
    recorded = _recorded(bundle, checked)
    # What is not proven is not run either: findings then tell what is wrong itself, not what follows.
    if models and recorded is not None and not findings:
        done = reexecute(models, bundle.case_stream, recorded)
        commands, status = done.commands, done.state.status
        findings += [
            Finding(
                "audit.replay",
                f"case/{mismatch.seq:06}",
                f"The {mismatch.what} was {mismatch.recorded}, re-executed it is {mismatch.replayed}.",
            )
            for mismatch in done.mismatches
        ]
    return AuditReport(
        case=bundle.case_stream,
        log=checked.checkpoint.origin if checked.checkpoint else "",
        log_size=checked.checkpoint.size if checked.checkpoint else 0,
        entries=len(bundle.case),
        withheld=checked.withheld,
        reexecuted=status is not None,
        commands=commands,
        status=status,
        history_runs=sum(_runs(entry) for entry in bundle.history),
        cosigned_by=bundle.witness_keys,
        verified_by=tuple(backends),
        pinned=checked.pinned,
        findings=tuple(findings),
    )


def _runs(entry: BundleEntry) -> int:
    """Return how many runs of Temporal's history an entry discloses."""
    opening = entry.openings.get(HISTORY_FIELD)
    try:
        return len(orjson.loads(opening.payload)) if opening else 0
    except (orjson.JSONDecodeError, TypeError):
        return 0


def _models(bundle: Bundle, checked: Checked, findings: list[Finding]) -> Mapping[str, Model]:
    """Return the compiled models by hash when they are those that the entries name; else none."""
    kernels = {body.kernel_version for body in checked.bodies if body.kernel_version is not None}
    models: dict[str, Model] = {}
    if not (bundle.model or bundle.earlier or any(entry.openings for entry in bundle.case)):
        return {}  # the proof of a case without its contents; the report says that nothing was run again
    try:
        # A case runs on one kernel; where entries name several, re-execution tells the mismatch.
        kernel = kernel_of(min(kernels)) if kernels else newest()
        for model_hash, sources in bundle.earlier.items():
            earlier = compile_model(dict(sources), process=bundle.process, kernel=kernel)
            models[earlier.hash] = earlier
            if earlier.hash != model_hash:
                findings.append(_other_model(f"earlier/{model_hash}", earlier))
        last = compile_model(dict(bundle.model), process=bundle.process, kernel=kernel)
        models[last.hash] = last
    except BpmnError as refused:
        findings.append(Finding(refused.code, "model", refused.message))
        return {}
    named = [body.model_hash for body in checked.bodies]
    if set(named) != models.keys() or named[-1] != last.hash:
        findings.append(_other_model("model", last))
        return {}
    return models


def _other_model(where: str, model: Model) -> Finding:
    return Finding("audit.model", where, f"The sources have the hash {model.hash}; entries name another.")


def _recorded(bundle: Bundle, checked: Checked) -> list[Recorded] | None:
    """Return the entries with their commands, or None when not all commands are disclosed."""
    if len(checked.bodies) != len(bundle.case):
        return None
    disclosed: list[Mapping[str, Opening]] = [entry.openings for entry in bundle.case]
    if not all(_COMMANDS in openings for openings in disclosed):
        return None
    return [
        Recorded(
            entry_id=body.entry_id,
            seq=body.seq,
            model_hash=body.model_hash,
            kernel_version=body.kernel_version,
            events_root=body.events_root,
            state_root=body.state_root,
            statement=body.statement,
            commands=openings[_COMMANDS].payload,
        )
        for body, openings in zip(checked.bodies, disclosed, strict=True)
    ]
