"""Processes as they are modelled and deployed: drafts, versions with their tags, and what the check finds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from bpmn import BpmnError
from bpmn.model.difference import Difference, difference
from core import Forbidden, InvalidInput, NotFound
from scf_api import views
from scf_api.context import Info
from scf_api.pagination import Page
from scf_api.repository import Row, equals
from scf_api.roles import Area
from scf_api.schema.describe import argument, output, resolved
from scf_api.schema.relay import After, Connection, First, Node, global_id, key_of, listed, one, split_id
from scf_api.schema.scalars import Hash
from workflows import bundles
from workflows.definitions import check, deployed_keys, finding_json
from workflows.effects.platform import platform_effects

_MODELLERS = frozenset({"analyst", "product_owner"})
# A comparison compiles two bundles: as much work as reading this many rows.
_COMPARISON_ROWS = 500


@output
class SourceFile:
    """A file of a process: BPMN, DMN or a form."""

    name: str
    text: str


@argument
class SourceFileInput:
    """A file of a process: BPMN, DMN or a form; all of them together have 10 MB at most."""

    name: str
    text: str


@output
class LintFinding:
    """What the deployment check found at one place: a stable code, and what to do."""

    code: str
    severity: str = strawberry.field(description="error or warning; an error keeps it from being deployed.")
    element: str | None = strawberry.field(description="The BPMN id; null for the file as a whole.")
    message: str
    hint: str
    file: str


@output
class ModelDifference:
    """One difference between two versions in what runs; layout and names of flows do not count."""

    area: str = strawberry.field(description="element, flow, decision or form.")
    item: str = strawberry.field(description="Its id.")
    change: str = strawberry.field(description="added, removed or changed.")
    what: str = strawberry.field(description="What changed of it; empty when it was added or removed.")
    old: JSON | None
    new: JSON | None

    @classmethod
    def of(cls, found: Difference) -> ModelDifference:
        """Tell a difference that the engine found."""
        return cls(
            area=found.area,
            item=found.item,
            change=found.change,
            what=found.what,
            old=JSON(found.old),
            new=JSON(found.new),
        )


@output
class ProcessDefinition(Node):
    """A deployed version of a product's process."""

    row_key: strawberry.Private[object]
    key: str
    version: int
    tags: list[str] = strawberry.field(description="Names by which cases can start on this version.")
    hash: Hash = strawberry.field(
        description="The content hash of the model, which every ledger entry names."
    )
    name: str
    state: str = strawberry.field(description="deployed or retired: no new case starts on it.")
    deployed_at: datetime
    requester: strawberry.Private[str | None]
    deployer: strawberry.Private[str]

    @classmethod
    def from_row(cls, row: Row) -> ProcessDefinition:
        """Build it from a row of `workflows.definition_view`."""
        return cls(
            id=global_id("ProcessDefinition", row["id"]),
            row_key=row["id"],
            key=row["key"],
            version=row["version"],
            tags=row["tags"],
            hash=Hash(row["hash"]),
            name=row["name"],
            state=row["state"],
            deployed_at=row["deployed_at"],
            requester=row["requested_by"],
            deployer=row["deployed_by"],
        )

    @resolved
    def requested_by(self, info: Info) -> str | None:
        """Who asked for its deployment, for the bank's own people; null for what a release brought."""
        return self.requester if _is_the_banks(info) else None

    @resolved
    def deployed_by(self, info: Info) -> str | None:
        """The second person, who approved it, for the bank's own people."""
        return self.deployer if _is_the_banks(info) else None

    @resolved
    async def bpmn_xml(self, info: Info) -> str | None:
        """The BPMN file as the analyst wrote it."""
        row = await info.context.detail(views.DEFINITION, self.row_key, "bpmn_xml")
        return row["bpmn_xml"] if row else None

    @resolved
    async def sources(self, info: Info) -> list[SourceFile] | None:
        """All files as the analyst wrote them, for the bank's own people."""
        if not _is_the_banks(info):
            return None
        row = await info.context.detail(views.DEFINITION, self.row_key, "sources")
        return _files(row["sources"]) if row else None

    @resolved
    async def lint(self, info: Info) -> list[LintFinding] | None:
        """What the check found when it was deployed, for the bank's own people."""
        if not _is_the_banks(info):
            return None
        row = await info.context.detail(views.DEFINITION, self.row_key, "findings")
        return _findings(orjson.loads(row["findings"])) if row else None

    @resolved
    async def diff(self, info: Info, to: strawberry.ID) -> list[ModelDifference] | None:
        """What another version or a draft (`to`) changes in what runs, for the bank's own people."""
        if not _is_the_banks(info):
            return None
        info.context.spend(_COMPARISON_ROWS)
        ours = await info.context.detail(views.DEFINITION, self.row_key, "sources")
        theirs = await _sources_of(info, to)
        if ours is None or theirs is None:
            raise NotFound("definition.unknown", "There is no such version or draft.", where="to")
        return await _compared(self.key, orjson.loads(ours["sources"]), theirs)


@output
class ProcessDraft(Node):
    """The next version of a process, until a second person deploys it; then it is a ProcessDefinition."""

    row_key: strawberry.Private[object]
    key: str
    revision: int = strawberry.field(description="Counts what was saved; name it to save, lint or request.")
    state: str = strawberry.field(description="draft, linted (the check found no error) or pending.")
    hash: Hash = strawberry.field(description="The content hash; an approval names it.")
    authors: list[str] = strawberry.field(description="Everybody who saved it; none of them may approve it.")
    saved_by: str
    saved_at: datetime
    requested_by: str | None
    requested_at: datetime | None
    rejected_by: str | None
    rejection: str | None = strawberry.field(description="Why it was rejected last.")

    @classmethod
    def from_row(cls, row: Row) -> ProcessDraft:
        """Build it from a row of `workflows.draft_view`."""
        return cls(
            id=global_id("ProcessDraft", row["id"]),
            row_key=row["id"],
            key=row["key"],
            revision=row["revision"],
            state=row["state"],
            hash=Hash(row["hash"]),
            authors=row["authors"],
            saved_by=row["saved_by"],
            saved_at=row["saved_at"],
            requested_by=row["requested_by"],
            requested_at=row["requested_at"],
            rejected_by=row["rejected_by"],
            rejection=row["rejection"],
        )

    @resolved
    async def bpmn_xml(self, info: Info) -> str | None:
        """The BPMN file."""
        row = await info.context.detail(views.DRAFT, self.row_key, "bpmn_xml")
        return row["bpmn_xml"] if row else None

    @resolved
    async def sources(self, info: Info) -> list[SourceFile]:
        """All files."""
        row = await info.context.detail(views.DRAFT, self.row_key, "sources")
        return _files(row["sources"]) if row else []

    @resolved
    async def lint(self, info: Info) -> list[LintFinding] | None:
        """What the check found; null as long as this revision was not checked."""
        row = await info.context.detail(views.DRAFT, self.row_key, "findings")
        return _findings(orjson.loads(row["findings"])) if row and row["findings"] else None

    @resolved
    async def latest_version(self, info: Info) -> ProcessDefinition | None:
        """The newest version of the process; `diff(to:)` with the draft's id tells what the draft changes."""
        found = await info.context.page_of(views.DEFINITION, "key", self.key, Page.of(1, None))
        return next((ProcessDefinition.from_row(row) for _, row in found.rows), None)


@output
class DefinitionQueries:
    """What can be asked about processes."""

    @resolved
    async def process_definition(self, info: Info, id: strawberry.ID) -> ProcessDefinition | None:
        """Return a deployed version of a process."""
        return await one(
            info, views.DEFINITION, key_of(id, "ProcessDefinition", "id"), ProcessDefinition.from_row
        )

    @resolved
    async def process_definitions(
        self,
        info: Info,
        key: str | None = None,
        state: str | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[ProcessDefinition]:
        """Deployed processes, latest deployment first."""
        filters = (*equals("key", key), *equals("state", state))
        return await listed(info, views.DEFINITION, ProcessDefinition.from_row, first, after, filters)

    @resolved
    async def draft(self, info: Info, id: strawberry.ID) -> ProcessDraft | None:
        """Return a draft, for the bank's own people."""
        return await one(info, views.DRAFT, key_of(id, "ProcessDraft", "id"), ProcessDraft.from_row)

    @resolved
    async def drafts(
        self,
        info: Info,
        key: str | None = None,
        state: str | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[ProcessDraft]:
        """Drafts, latest saved first, for the bank's own people."""
        filters = (*equals("key", key), *equals("state", state))
        return await listed(info, views.DRAFT, ProcessDraft.from_row, first, after, filters)

    @resolved
    async def lint_sources(self, info: Info, key: str, sources: list[SourceFileInput]) -> list[LintFinding]:
        """Check files as their deployment would, and store nothing; for analysts and product owners."""
        if not info.context.person.roles & _MODELLERS:
            raise Forbidden(
                "definition.lint_forbidden",
                "Models are checked for those who make them.",
                hint=f"It takes one of the roles {', '.join(sorted(_MODELLERS))}.",
            )
        files = by_name(sources)
        bundles.require_files(key, files)
        async with info.context.database.reading() as sql:
            deployed = await deployed_keys(sql)
        found = await check(key, files, platform_effects().job_types, deployed)
        return _findings([finding_json(each) for each in found])


def by_name(sources: Sequence[SourceFileInput]) -> dict[str, str]:
    """Return the files by name.

    Raises:
        InvalidInput: `definition.file_twice`.
    """
    files: dict[str, str] = {}
    for source in sources:
        if source.name in files:
            raise InvalidInput(
                "definition.file_twice", f"There are two files {source.name}.", where="sources"
            )
        files[source.name] = source.text
    return files


def _is_the_banks(info: Info) -> bool:
    """Tell whether the person may see who and what stands behind a version: the bank's own thresholds."""
    return info.context.scope(Area.DEFINITIONS).everything


def _files(sources: str) -> list[SourceFile]:
    return [SourceFile(name=name, text=text) for name, text in sorted(orjson.loads(sources).items())]


def _findings(stored: Sequence[Mapping[str, Any]]) -> list[LintFinding]:
    return [LintFinding(**finding) for finding in stored]


async def _sources_of(info: Info, id: str) -> Mapping[str, str] | None:
    type_name, key = split_id(id, "to")
    view = {"ProcessDefinition": views.DEFINITION, "ProcessDraft": views.DRAFT}.get(type_name)
    if view is None:
        raise InvalidInput("id.type_wrong", "This is not the id of a version or a draft.", where="to")
    row = await info.context.detail(view, key, "sources")
    return orjson.loads(row["sources"]) if row else None


async def _compared(process: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[ModelDifference]:
    try:
        found = await asyncio.to_thread(
            difference, bundles.encoded(old), bundles.encoded(new), process=process
        )
    except BpmnError as wrong:
        raise InvalidInput(wrong.code, wrong.message, where=wrong.where, hint=wrong.hint) from wrong
    return [ModelDifference.of(each) for each in found]
