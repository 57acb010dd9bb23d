"""What can be done with processes: save, check and request by analysts; deploy, retire and tag by others."""

from __future__ import annotations

from typing import Any

import strawberry

from scf_api import views
from scf_api.context import Info
from scf_api.schema.commands import UserError
from scf_api.schema.definitions import ProcessDefinition, ProcessDraft, SourceFileInput, by_name
from scf_api.schema.describe import argument, mutation, output
from scf_api.schema.performing import CommandStatus, perform, row_of
from scf_api.schema.relay import key_of
from scf_api.schema.scalars import Hash


@argument
class SaveProcessDraftInput:
    """The files of a process. With a draft's id and the revision that was read, its next revision."""

    idempotency_key: str
    key: str
    sources: list[SourceFileInput]
    draft_id: strawberry.ID | None = None
    revision: int | None = None


@argument
class ProcessDraftInput:
    """A revision of a draft."""

    idempotency_key: str
    draft_id: strawberry.ID
    revision: int


@argument
class ApproveDeploymentInput:
    """A draft, and the hash of the content that the person has seen."""

    idempotency_key: str
    draft_id: strawberry.ID
    hash: Hash


@argument
class RejectDeploymentInput:
    """A draft, and why it is not deployed."""

    idempotency_key: str
    draft_id: strawberry.ID
    reason: str


@argument
class ProcessStateInput:
    """A version, and why its state changes."""

    idempotency_key: str
    definition_id: strawberry.ID
    reason: str


@argument
class TagProcessInput:
    """A version, and the tag that is to name it."""

    idempotency_key: str
    definition_id: strawberry.ID
    tag: str


@output
class ProcessDraftPayload:
    """What became of a draft."""

    command: CommandStatus | None
    user_errors: list[UserError]
    draft: ProcessDraft | None


@output
class ProcessDefinitionPayload:
    """What became of a version."""

    command: CommandStatus | None
    user_errors: list[UserError]
    definition: ProcessDefinition | None


@output
class DeploymentMutations:
    """What can be done with processes."""

    @mutation
    async def save_process_draft(self, info: Info, input: SaveProcessDraftInput) -> ProcessDraftPayload:
        """Save a draft; of each process there is one at a time."""

        def payload() -> dict[str, Any]:
            given: dict[str, Any] = {"key": input.key, "sources": by_name(input.sources)}
            if input.draft_id is not None:
                given["draft_id"] = str(key_of(input.draft_id, "ProcessDraft", "draftId"))
            if input.revision is not None:
                given["revision"] = input.revision
            return given

        answer = await perform(info, "definition.save", payload, input.idempotency_key)
        row = await row_of(info, views.DRAFT, answer, "draft_id")
        return ProcessDraftPayload(
            command=answer.status,
            user_errors=answer.errors,
            draft=ProcessDraft.from_row(row) if row else None,
        )

    @mutation
    async def lint_process(self, info: Info, input: ProcessDraftInput) -> ProcessDraftPayload:
        """Check a draft as its deployment would, and keep what was found with it."""
        return await _draft_command(
            info, "definition.lint", input.draft_id, {"revision": input.revision}, input.idempotency_key
        )

    @mutation
    async def request_deployment(self, info: Info, input: ProcessDraftInput) -> ProcessDraftPayload:
        """Ask a second person to deploy a draft; until the decision it cannot be changed."""
        return await _draft_command(
            info, "definition.request", input.draft_id, {"revision": input.revision}, input.idempotency_key
        )

    @mutation
    async def approve_deployment(self, info: Info, input: ApproveDeploymentInput) -> ProcessDefinitionPayload:
        """Deploy a draft that others have made; new cases run on it from now on."""
        answer = await perform(
            info,
            "definition.approve",
            lambda: {"draft_id": str(key_of(input.draft_id, "ProcessDraft", "draftId")), "hash": input.hash},
            input.idempotency_key,
        )
        row = await row_of(info, views.DEFINITION, answer, "definition_id")
        return ProcessDefinitionPayload(
            command=answer.status,
            user_errors=answer.errors,
            definition=ProcessDefinition.from_row(row) if row else None,
        )

    @mutation
    async def reject_deployment(self, info: Info, input: RejectDeploymentInput) -> ProcessDraftPayload:
        """Give a draft back to its analysts."""
        return await _draft_command(
            info, "definition.reject", input.draft_id, {"reason": input.reason}, input.idempotency_key
        )

    @mutation
    async def retire_process(self, info: Info, input: ProcessStateInput) -> ProcessDefinitionPayload:
        """Start no more cases on a version; those that run stay on it."""
        return await _version_command(
            info, "definition.retire", input.definition_id, {"reason": input.reason}, input.idempotency_key
        )

    @mutation
    async def reinstate_process(self, info: Info, input: ProcessStateInput) -> ProcessDefinitionPayload:
        """Let cases start on a retired version again."""
        return await _version_command(
            info, "definition.reinstate", input.definition_id, {"reason": input.reason}, input.idempotency_key
        )

    @mutation
    async def tag_process(self, info: Info, input: TagProcessInput) -> ProcessDefinitionPayload:
        """Let a tag name a version, whichever version of the process it named before."""
        return await _version_command(
            info, "definition.tag", input.definition_id, {"tag": input.tag}, input.idempotency_key
        )


async def _draft_command(
    info: Info, kind: str, draft_id: str, fields: dict[str, Any], idempotency_key: str
) -> ProcessDraftPayload:
    answer = await perform(
        info,
        kind,
        lambda: {"draft_id": str(key_of(draft_id, "ProcessDraft", "draftId")), **fields},
        idempotency_key,
    )
    row = None
    if answer.status is not None:
        row = await info.context.one(views.DRAFT, key_of(draft_id, "ProcessDraft", "draftId"))
    return ProcessDraftPayload(
        command=answer.status, user_errors=answer.errors, draft=ProcessDraft.from_row(row) if row else None
    )


async def _version_command(
    info: Info, kind: str, definition_id: str, fields: dict[str, Any], idempotency_key: str
) -> ProcessDefinitionPayload:
    def payload() -> dict[str, Any]:
        key = key_of(definition_id, "ProcessDefinition", "definitionId")
        return {"definition_id": str(key), **fields}

    answer = await perform(info, kind, payload, idempotency_key)
    row = None
    if answer.status is not None:
        row = await info.context.one(
            views.DEFINITION, key_of(definition_id, "ProcessDefinition", "definitionId")
        )
    return ProcessDefinitionPayload(
        command=answer.status,
        user_errors=answer.errors,
        definition=ProcessDefinition.from_row(row) if row else None,
    )
