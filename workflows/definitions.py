"""Deployed processes: versions by content, and the compiled models that cases run on.

How an analyst's draft becomes a version is `workflows.deployments`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import finance
from bpmn import Catalogue, Control, Family, Finding, Model, Verdict, kernel_of, lint, newest
from bpmn.model.version_tag import version_tag
from core import Conflict, InvalidInput, NotFound, Transaction, derived_id
from workflows import bundles, repository, start_subscriptions
from workflows.forms import SAID_BY_PLATFORM
from workflows.repository import CaseRow, Connection, DefinitionRow, TaskRow

PRODUCTS = Path(__file__).resolve().parent.parent / "bpmn" / "products"

STARTS = start_subscriptions.SERVED
"""The triggers by which the platform itself starts cases of the latest version that is deployed."""

_LONGEST_TAG = 100


@dataclass(frozen=True, slots=True)
class Deployed:
    """A version of a process. `new` tells whether this deployment made it."""

    id: UUID
    key: str
    version: int
    hash: str
    new: bool


def product_sources(key: str) -> Mapping[str, str]:
    """Read the files of a product that the platform ships.

    Raises:
        NotFound: `definition.unknown`.
    """
    folder = PRODUCTS / key
    if not folder.is_dir():
        raise NotFound("definition.unknown", f"The platform ships no product {key!r}.", where=str(folder))
    return {
        path.name: path.read_text("utf-8")
        for path in sorted(folder.iterdir())
        if bundles.is_model_file(path.name)
    }


def shipped_products() -> tuple[str, ...]:
    """Return the keys of the products that the platform ships."""
    return tuple(sorted(path.name for path in PRODUCTS.iterdir() if (path / f"{path.name}.bpmn").is_file()))


def catalogue(sources: Mapping[str, str], job_types: frozenset[str]) -> Catalogue:
    """Return what the deployment check must know: job types, forms among the files, and what starts cases."""
    return _known(job_types, frozenset(bundles.forms(sources)))


async def check(
    key: str, sources: Mapping[str, str], job_types: frozenset[str], deployed: frozenset[str]
) -> list[Finding]:
    """Return what the deployment check finds in a bundle: errors first, then warnings.

    `deployed` are the processes of which a call can start a case. It runs in a thread: large bundles take
    seconds.
    """
    return await asyncio.to_thread(_check, key, sources, job_types, deployed | {key})


async def deployed_keys(sql: Connection) -> frozenset[str]:
    """Return the keys of the processes of which cases can be started."""
    return await repository.deployed_keys(sql)


async def deploy(
    tx: Transaction,
    key: str,
    sources: Mapping[str, str],
    *,
    job_types: frozenset[str],
    deployed_by: str,
    at: datetime,
) -> Deployed:
    """Check, compile and store a version of a process that a release brings: without draft or second person.

    The same files again are the same version. Once people have deployed a version of the process by way of a
    draft, it is theirs: a release leaves their newest version as it is.

    Args:
        tx: the caller's transaction.
        key: the product key; the main process is the one in `<key>.bpmn`.
        sources: file name → text of BPMN, DMN and form files.
        job_types: what service tasks may ask for.
        deployed_by: the part of the platform that deploys, for the record.
        at: when.

    Raises:
        InvalidInput: what `bundles.require_files` or `start_subscriptions.replace` raises, or the first error
            that the deployment check finds (its own code).
    """
    bundles.require_files(key, sources)
    await repository.lock_definitions(tx.sql, key)
    latest = await repository.latest_definition(tx.sql, key)
    if latest is not None and (latest.sources == sources or latest.requested_by is not None):
        return Deployed(latest.id, key, latest.version, latest.hash, new=False)
    findings = await check(key, sources, job_types, await deployed_keys(tx.sql))
    bundles.require_no_error(findings)
    version = latest.version + 1 if latest else 1
    row = await put_into_service(
        tx,
        derived_id("definition", key, version),
        key,
        sources,
        findings,
        deployed_by=deployed_by,
        requested_by=None,
        at=at,
    )
    return Deployed(row.id, key, row.version, row.hash, new=True)


async def put_into_service(
    tx: Transaction,
    definition_id: UUID,
    key: str,
    sources: Mapping[str, str],
    findings: Sequence[Finding],
    *,
    deployed_by: str,
    requested_by: str | None,
    at: datetime,
) -> DefinitionRow:
    """Store checked files as the next version of a process, the key being locked.

    The version tag in the model becomes the version's. Older versions that no tag names are retired: a tag
    says that cases are started by it. What starts cases by itself starts them on the new version from now on.

    Raises:
        InvalidInput: what `start_subscriptions.replace` raises.
    """
    latest = await repository.latest_definition(tx.sql, key)
    model = bundles.compiled(key, sources)
    row = DefinitionRow(
        id=definition_id,
        key=key,
        version=latest.version + 1 if latest else 1,
        hash=model.hash,
        process_id=model.process_id,
        sources=sources,
        forms=bundles.forms(sources),
        state="deployed",
        requested_by=requested_by,
    )
    await repository.insert_definition(
        tx.sql,
        row,
        name=model.name,
        findings=[finding_json(finding) for finding in findings],
        deployed_by=deployed_by,
        at=at,
    )
    await start_subscriptions.replace(tx.sql, row.id, key, model, at)
    tag = tag_in(key, sources)
    if tag is not None:
        await repository.set_tag(tx.sql, key, tag, row.id, set_by=deployed_by, at=at)
    await repository.retire_untagged(tx.sql, key, before=row.version)
    return row


async def set_state(tx: Transaction, row: DefinitionRow, state: str, at: datetime) -> DefinitionRow:
    """Retire or reinstate a version, the key being locked.

    What starts cases by itself follows the latest version that is deployed, from the real time `at` on.

    Raises:
        InvalidInput: what `start_subscriptions.replace` raises.
    """
    before = await _latest_deployed(tx.sql, row.key)
    await repository.set_definition_state(tx.sql, row.id, state)
    after = await _latest_deployed(tx.sql, row.key)
    if after is None:
        await start_subscriptions.withdraw(tx.sql, row.key)
    elif before is None or after.id != before.id:
        model = bundles.compiled(after.key, after.sources)
        await start_subscriptions.replace(tx.sql, after.id, after.key, model, at)
    return replace(row, state=state)


async def _latest_deployed(sql: Connection, key: str) -> DefinitionRow | None:
    deployed = [each for each in await repository.versions(sql, key) if each.state == "deployed"]
    return await repository.definition(sql, deployed[-1].id) if deployed else None


def tag_in(key: str, sources: Mapping[str, str]) -> str | None:
    """Return the version tag that the model itself carries.

    Raises:
        InvalidInput: `definition.tag_invalid`.
    """
    tag = version_tag(bundles.encoded(sources), key)
    if tag is not None:
        require_tag(tag)
    return tag


def require_tag(tag: str) -> None:
    """Refuse what is no tag.

    Raises:
        InvalidInput: `definition.tag_invalid`.
    """
    if not 1 <= len(tag) <= _LONGEST_TAG or not tag.isprintable() or tag != tag.strip():
        raise InvalidInput(
            "definition.tag_invalid",
            f"A tag has 1 to {_LONGEST_TAG} printable characters, and no blanks around them.",
            where="tag",
            hint="Use one like stable or 2026-q4.",
        )


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as it is stored and told."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "element": finding.element,
        "message": finding.message,
        "hint": finding.hint,
        "file": finding.file,
    }


class Definitions:
    """Compiled models and forms by definition, kept for the life of the process: a version never changes."""

    def __init__(self) -> None:
        self._rows: dict[UUID, DefinitionRow] = {}
        self._compiled: dict[tuple[UUID, str], Model] = {}

    async def model(self, sql: Connection, definition_id: UUID, kernel: str) -> Model:
        """Return the model of a deployed version, compiled for the kernel of this version.

        Raises:
            StateRefused: `kernel.unknown`.
        """
        known = self._compiled.get((definition_id, kernel))
        if known is None:
            row = await self._row(sql, definition_id)
            known = bundles.compiled(row.key, row.sources, kernel_of(kernel))
            self._compiled[definition_id, kernel] = known
        return known

    async def form_of(self, sql: Connection, case: CaseRow, task: TaskRow) -> Mapping[str, Any] | None:
        """Return the form that a task of a case shows, as it was deployed when the task was opened."""
        if task.form_id is None:
            return None
        return (await self._row(sql, task.form_definition_id or case.definition_id)).forms.get(task.form_id)

    async def to_start(
        self, sql: Connection, key: str, *, version: int | None = None, tag: str | None = None
    ) -> tuple[UUID, Model]:
        """Return id and model of the version on which a new case runs: the named one, or the latest deployed.

        Where both a version and a tag are given, the version must have that tag.

        Raises:
            NotFound: `definition.unknown`, `definition.version_unknown` or `definition.tag_unknown`.
            Conflict: `definition.retired`: no new case starts on that version.
        """
        versions = await repository.versions(sql, key)
        if not versions:
            raise NotFound(
                "definition.unknown",
                f"No process {key!r} is deployed.",
                hint=f"Deploy it with `scf process deploy FOLDER --key {key}`.",
            )
        if version is not None:
            versions = [each for each in versions if each.version == version]
            if not versions:
                raise NotFound(
                    "definition.version_unknown", f"{key} has no version {version}.", where="payload.version"
                )
        if tag is not None:
            versions = [each for each in versions if tag in each.tags]
            if not versions:
                raise NotFound(
                    "definition.tag_unknown",
                    f"No such version of {key} has the tag {tag!r}.",
                    where="payload.tag",
                )
        deployed = [each for each in versions if each.state == "deployed"]
        if not deployed:
            raise Conflict(
                "definition.retired",
                f"No new case of {key} starts on version {versions[-1].version}: it is retired.",
                hint="Name a version that is deployed, or ask a product owner to reinstate this one.",
            )
        return deployed[-1].id, await self.model(sql, deployed[-1].id, newest().version)

    async def _row(self, sql: Connection, definition_id: UUID) -> DefinitionRow:
        known = self._rows.get(definition_id)
        if known is None:
            known = await repository.definition(sql, definition_id)
            if known is None:
                raise NotFound("definition.unknown", f"There is no definition {definition_id}.")
            self._rows[definition_id] = known
        return known


def _check(
    key: str, sources: Mapping[str, str], job_types: frozenset[str], deployed: frozenset[str]
) -> list[Finding]:
    # The forms are among the files, where the check finds them, with what is wrong in them.
    known = replace(_known(job_types, frozenset()), processes=deployed)
    found = lint(bundles.encoded(sources), catalogue=known, process=key)
    return [*bundles.form_findings(sources), *found]


def _known(job_types: frozenset[str], forms: frozenset[str]) -> Catalogue:
    families = tuple(_family(family) for family in finance.MANDATORY_CONTROLS)
    return Catalogue(job_types, forms, families, answered=SAID_BY_PLATFORM, starts=STARTS)


def _family(family: finance.ProductFamily) -> Family:
    """What finance demands of a product family, in the words of the deployment check."""
    return Family(
        family.name,
        tuple(Control(**_fields(control)) for control in family.controls),
        tuple(Verdict(**_fields(verdict)) for verdict in family.verdicts),
    )


def _fields(demand: finance.MandatoryControl | finance.MandatoryVerdict) -> dict[str, Any]:
    return {each.name: getattr(demand, each.name) for each in fields(demand)}
