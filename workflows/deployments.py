"""How a draft becomes a version of a process, and what becomes of the version: the commands `definition.…`.

    draft ──lint──► linted ──request──► pending ──approve──► deployed ◄──reinstate── retired
      ▲                │                   │                     └────────retire───────►
      └──────save──────┘◄─────reject───────┘

Analysts save, lint and request; a product owner who has done none of that approves or rejects. A draft keeps
its id when it is deployed, so that one stream of the ledger, `definition:<id>`, tells its whole life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import ledger
from bpmn import Finding
from core import Broken, Conflict, Forbidden, NotFound, Transaction, derived_id
from proof.canonical import Json, encode
from workflows import bundles, definitions, payloads, repository
from workflows.definitions import Deployed, finding_json
from workflows.repository import CommandRow, DefinitionRow, DraftRow

KINDS = frozenset(
    {
        "definition.save",
        "definition.lint",
        "definition.request",
        "definition.approve",
        "definition.reject",
        "definition.retire",
        "definition.reinstate",
        "definition.tag",
    }
)


class Deployments:
    """Carries out the commands of drafts and versions, each with its entry in the ledger."""

    def __init__(self, recorder: ledger.Recorder, job_types: frozenset[str]) -> None:
        self._recorder = recorder
        self._job_types = job_types

    async def carry_out(
        self, tx: Transaction, command: CommandRow, payload: payloads.Payload, at: datetime
    ) -> Mapping[str, Any]:
        """Carry out one command in the caller's transaction, and return its result.

        Raises:
            ScfError: why it is refused; nothing was changed then.
        """
        match payload:
            case payloads.SaveDraft():
                return await self._save(tx, command, payload, at)
            case payloads.LintDraft():
                return await self._lint(tx, command, payload, at)
            case payloads.RequestDeployment():
                return await self._request(tx, command, payload, at)
            case payloads.ApproveDeployment():
                return await self._approve(tx, command, payload, at)
            case payloads.RejectDeployment():
                return await self._reject(tx, command, payload, at)
            case payloads.RetireDefinition():
                return await self._retire(tx, command, payload, at)
            case payloads.ReinstateDefinition():
                return await self._reinstate(tx, command, payload, at)
            case payloads.TagDefinition():
                return await self._tag(tx, command, payload, at)
            case _:
                raise Broken("command.misdirected", f"{command.kind} is no command of a definition.")

    async def _save(
        self, tx: Transaction, command: CommandRow, payload: payloads.SaveDraft, at: datetime
    ) -> Mapping[str, Any]:
        await repository.lock_definitions(tx.sql, payload.key)
        before = await repository.draft_of(tx.sql, payload.key)
        if payload.draft_id is None:
            _require_none(before)
        else:
            before = _require_editable(_known(before, payload.draft_id), payload.revision)
        author = command.actor.label
        draft = DraftRow(
            id=before.id if before else derived_id("draft", command.id),
            key=payload.key,
            revision=before.revision + 1 if before else 1,
            state="draft",
            hash=bundles.bundle_hash(payload.key, payload.sources),
            sources=payload.sources,
            findings=(),
            authors=(before.authors if before else frozenset()) | {author},
            saved_by=author,
            requested_by=None,
            entries=before.entries if before else 0,
        )
        await repository.save_draft(tx.sql, draft, at=at)
        await self._record_draft(tx, command, draft, at, {})
        return _told(draft)

    async def _lint(
        self, tx: Transaction, command: CommandRow, payload: payloads.LintDraft, at: datetime
    ) -> Mapping[str, Any]:
        draft = _known(await repository.lock_draft(tx.sql, payload.draft_id), payload.draft_id)
        draft = _require_editable(draft, payload.revision)
        found = [finding_json(each) for each in await self._check(tx, draft)]
        errors = sum(finding["severity"] == "error" for finding in found)
        draft = replace(draft, state="draft" if errors else "linted", findings=found)
        await repository.store_findings(tx.sql, draft.id, draft.state, found)
        await self._record_draft(tx, command, draft, at, {"findings": _codes(found)})
        return {**_told(draft), "errors": errors, "warnings": len(found) - errors}

    async def _request(
        self, tx: Transaction, command: CommandRow, payload: payloads.RequestDeployment, at: datetime
    ) -> Mapping[str, Any]:
        draft = _known(await repository.lock_draft(tx.sql, payload.draft_id), payload.draft_id)
        draft = _require_editable(draft, payload.revision)
        if draft.state != "linted":
            raise Conflict(
                "definition.not_linted",
                f"Revision {draft.revision} of the draft of {draft.key} has not passed the check.",
                where=str(draft.id),
                hint="Lint it, and mend the errors that are found.",
            )
        latest = await repository.latest_definition(tx.sql, draft.key)
        if latest is not None and latest.hash == draft.hash:
            raise Conflict(
                "definition.unchanged",
                f"The draft of {draft.key} is what version {latest.version} is already.",
                where=str(draft.id),
                hint="Reinstate or tag that version, if that is what is wanted.",
            )
        definitions.tag_in(draft.key, draft.sources)
        draft = replace(draft, state="pending", requested_by=command.actor.label)
        await repository.request_draft(tx.sql, draft.id, requested_by=command.actor.label, at=at)
        await self._record_draft(tx, command, draft, at, {"findings": _codes(draft.findings)})
        return _told(draft)

    async def _approve(
        self, tx: Transaction, command: CommandRow, payload: payloads.ApproveDeployment, at: datetime
    ) -> Mapping[str, Any]:
        draft = _require_pending(await repository.lock_draft(tx.sql, payload.draft_id), payload.draft_id)
        approver = command.actor.label
        if approver == draft.requested_by or approver in draft.authors:
            raise Forbidden(
                "definition.four_eyes",
                f"{command.actor.name} has worked on the draft of {draft.key} and cannot approve it.",
                where=str(draft.id),
                hint="Another product owner must decide.",
            )
        if payload.hash != draft.hash:
            raise Conflict(
                "definition.hash_differs",
                f"The deployment of another content of {draft.key} was requested.",
                where="payload.hash",
                hint="Look at the draft as it is now, then decide again.",
            )
        # The release may have changed since the draft was linted: what it can do counts now.
        findings = await self._check(tx, draft)
        bundles.require_no_error(findings)
        before = await repository.versions(tx.sql, draft.key)
        row = await definitions.put_into_service(
            tx,
            draft.id,
            draft.key,
            draft.sources,
            findings,
            deployed_by=command.actor.name,
            requested_by=draft.requested_by,
            at=at,
        )
        after = {each.id: each.state for each in await repository.versions(tx.sql, draft.key)}
        await repository.take_over_entries(tx.sql, row.id, draft.entries)
        await repository.delete_draft(tx.sql, draft.id)
        tag = definitions.tag_in(draft.key, draft.sources)
        await self._record_version(
            tx,
            command,
            row,
            at,
            {
                "revision": draft.revision,
                "findings": _codes([finding_json(finding) for finding in findings]),
                "retired": [each.version for each in before if each.state != after[each.id]],
                **({"tag": tag} if tag is not None else {}),
            },
        )
        return _version_told(row)

    async def _reject(
        self, tx: Transaction, command: CommandRow, payload: payloads.RejectDeployment, at: datetime
    ) -> Mapping[str, Any]:
        draft = _require_pending(await repository.lock_draft(tx.sql, payload.draft_id), payload.draft_id)
        await repository.reject_draft(
            tx.sql, draft.id, rejected_by=command.actor.label, reason=payload.reason
        )
        draft = replace(draft, state="draft", requested_by=None)
        await self._record_draft(tx, command, draft, at, {})
        return _told(draft)

    async def _retire(
        self, tx: Transaction, command: CommandRow, payload: payloads.RetireDefinition, at: datetime
    ) -> Mapping[str, Any]:
        row = await _locked_version(tx, payload.definition_id)
        if row.state != "deployed":
            raise _wrong_state(row)
        return await self._change_state(tx, command, row, "retired", at)

    async def _reinstate(
        self, tx: Transaction, command: CommandRow, payload: payloads.ReinstateDefinition, at: datetime
    ) -> Mapping[str, Any]:
        row = await _locked_version(tx, payload.definition_id)
        if row.state != "retired":
            raise _wrong_state(row)
        # A release of today may no longer have what the version asked for when it was deployed.
        bundles.require_no_error(await self._check(tx, row))
        return await self._change_state(tx, command, row, "deployed", at)

    async def _check(self, tx: Transaction, files: DraftRow | DefinitionRow) -> list[Finding]:
        deployed = await definitions.deployed_keys(tx.sql)
        return await definitions.check(files.key, files.sources, self._job_types, deployed)

    async def _change_state(
        self, tx: Transaction, command: CommandRow, row: DefinitionRow, state: str, at: datetime
    ) -> Mapping[str, Any]:
        row = await definitions.set_state(tx, row, state, at)
        await self._record_version(tx, command, row, at, {})
        return _version_told(row)

    async def _tag(
        self, tx: Transaction, command: CommandRow, payload: payloads.TagDefinition, at: datetime
    ) -> Mapping[str, Any]:
        definitions.require_tag(payload.tag)
        row = await _locked_version(tx, payload.definition_id)
        versions = await repository.versions(tx.sql, row.key)
        moved_from = next((each.version for each in versions if payload.tag in each.tags), None)
        await repository.set_tag(tx.sql, row.key, payload.tag, row.id, set_by=command.actor.name, at=at)
        await self._record_version(tx, command, row, at, {"tag": payload.tag, "moved_from": moved_from})
        return {**_version_told(row), "tag": payload.tag, "moved_from": moved_from}

    async def _record_draft(
        self,
        tx: Transaction,
        command: CommandRow,
        draft: DraftRow,
        at: datetime,
        statement: Mapping[str, Json],
    ) -> None:
        await self._record(
            tx,
            command,
            draft.id,
            await repository.next_draft_entry(tx.sql, draft.id),
            draft.hash,
            at,
            {"key": draft.key, "revision": draft.revision, "state": draft.state, **statement},
        )

    async def _record_version(
        self,
        tx: Transaction,
        command: CommandRow,
        row: DefinitionRow,
        at: datetime,
        statement: Mapping[str, Json],
    ) -> None:
        await self._record(
            tx,
            command,
            row.id,
            await repository.next_definition_entry(tx.sql, row.id),
            row.hash,
            at,
            {"key": row.key, "version": row.version, "state": row.state, **statement},
        )

    async def _record(
        self,
        tx: Transaction,
        command: CommandRow,
        definition_id: UUID,
        seq: int,
        model_hash: str,
        at: datetime,
        statement: Mapping[str, Json],
    ) -> None:
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=_stream(definition_id),
                seq=seq,
                kind=command.kind,
                occurred_at=at,
                actor=command.actor.label,
                statement=statement,
                model_hash=model_hash,
                # Reasons may name people: they are committed to, and kept in the vault.
                payloads={"request": encode(command.payload)},
            ),
        )


async def record_deployment(
    tx: Transaction, recorder: ledger.Recorder, deployed: Deployed, at: datetime
) -> None:
    """Write the entry of a deployment by the release itself: the first of the version's stream."""
    await recorder.record(
        tx,
        ledger.EntryDraft(
            stream=_stream(deployed.id),
            seq=await repository.next_definition_entry(tx.sql, deployed.id),
            kind="definition.deploy",
            occurred_at=at,
            actor="system:release",
            statement={"key": deployed.key, "version": deployed.version},
            model_hash=deployed.hash,
        ),
    )


def _known(draft: DraftRow | None, draft_id: UUID) -> DraftRow:
    if draft is None or draft.id != draft_id:
        raise NotFound(
            "definition.draft_unknown",
            f"There is no draft {draft_id}.",
            hint="It may have been deployed meanwhile; then save a new one.",
        )
    return draft


def _require_none(draft: DraftRow | None) -> None:
    if draft is not None:
        raise Conflict(
            "definition.draft_exists",
            f"There is a draft of {draft.key} already, saved by {draft.saved_by}.",
            where=str(draft.id),
            hint="Open it, and save the next revision of it.",
        )


def _require_editable(draft: DraftRow, revision: int | None) -> DraftRow:
    """Refuse a draft that waits for a decision, or that somebody has saved since it was read."""
    if draft.state == "pending":
        raise Conflict(
            "definition.pending",
            f"The deployment of the draft of {draft.key} was requested by {draft.requested_by}.",
            where=str(draft.id),
            hint="Wait for the decision, or ask a product owner to reject it.",
        )
    if draft.revision != revision:
        raise Conflict(
            "definition.revision_stale",
            f"The draft of {draft.key} is at revision {draft.revision}, saved by {draft.saved_by}.",
            where="payload.revision",
            hint="Look at that revision, then do it again from there.",
        )
    return draft


def _require_pending(draft: DraftRow | None, draft_id: UUID) -> DraftRow:
    draft = _known(draft, draft_id)
    if draft.state != "pending":
        raise Conflict(
            "definition.not_pending",
            f"Nobody has requested the deployment of the draft of {draft.key} as it is.",
            where=str(draft.id),
            hint="An analyst lints it and requests its deployment.",
        )
    return draft


async def _locked_version(tx: Transaction, definition_id: UUID) -> DefinitionRow:
    row = await repository.lock_definition(tx.sql, definition_id)
    if row is None:
        raise NotFound("definition.unknown", f"There is no definition {definition_id}.")
    return row


def _wrong_state(row: DefinitionRow) -> Conflict:
    return Conflict(
        "definition.state_wrong", f"Version {row.version} of {row.key} is {row.state}.", where=str(row.id)
    )


def _codes(findings: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The codes of findings, each once: what was found, without names and texts of the model."""
    return list(dict.fromkeys(finding["code"] for finding in findings))


def _told(draft: DraftRow) -> dict[str, Any]:
    return {
        "draft_id": str(draft.id),
        "revision": draft.revision,
        "state": draft.state,
        "hash": draft.hash,
    }


def _version_told(row: DefinitionRow) -> dict[str, Any]:
    return {
        "definition_id": str(row.id),
        "version": row.version,
        "state": row.state,
        "hash": row.hash,
    }


def _stream(definition_id: UUID) -> str:
    return f"definition:{definition_id}"
