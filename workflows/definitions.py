"""Deployed processes: versions by content, and the compiled models that cases run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

import finance
from bpmn import Catalogue, Model, ModelRefused, compile_model, lint
from core import InvalidInput, NotFound, Transaction, derived_id
from workflows import repository, start_subscriptions
from workflows.repository import Connection, DefinitionRow

PRODUCTS = Path(__file__).resolve().parent.parent / "bpmn" / "products"

STARTS = start_subscriptions.SERVED
"""The triggers by which the platform itself starts cases of the version that is deployed."""

_EXECUTABLE = (".bpmn", ".dmn")
_FORM = ".form"


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
        if path.suffix in (*_EXECUTABLE, _FORM)
    }


def shipped_products() -> tuple[str, ...]:
    """Return the keys of the products that the platform ships."""
    return tuple(sorted(path.name for path in PRODUCTS.iterdir() if (path / f"{path.name}.bpmn").is_file()))


def catalogue(sources: Mapping[str, str], job_types: frozenset[str]) -> Catalogue:
    """Return what the deployment check must know: job types, forms among the files, and what starts cases."""
    return Catalogue(job_types, frozenset(_forms(sources)), finance.MANDATORY_CONTROLS, STARTS)


async def deploy(
    tx: Transaction,
    key: str,
    sources: Mapping[str, str],
    *,
    job_types: frozenset[str],
    deployed_by: str,
    at: datetime,
) -> Deployed:
    """Check, compile and store a version of a process. The same files again are the same version.

    Args:
        tx: the caller's transaction.
        key: the product key; the main process is the one in `<key>.bpmn`.
        sources: file name → text of BPMN, DMN and form files.
        job_types: what service tasks may ask for.
        deployed_by: the actor, for the record.
        at: when.

    Raises:
        InvalidInput: `definition.file_missing`, `definition.file_unknown`, `form.invalid`, what
            `start_subscriptions.replace` raises, or the first error that the deployment check finds (its own
            code).
    """
    if f"{key}.bpmn" not in sources:
        raise InvalidInput(
            "definition.file_missing", f"The process {key} needs the file {key}.bpmn.", where="sources"
        )
    for name in sources:
        if not name.endswith((*_EXECUTABLE, _FORM)):
            raise InvalidInput(
                "definition.file_unknown", f"{name} is no .bpmn, .dmn or .form file.", where=f"sources.{name}"
            )
    await repository.lock_definitions(tx.sql, key)
    latest = await repository.latest_definition(tx.sql, key)
    if latest is not None and latest.sources == sources:
        return Deployed(latest.id, key, latest.version, latest.hash, new=False)
    model = _checked_model(sources, key, job_types)
    version = latest.version + 1 if latest else 1
    row = DefinitionRow(
        id=derived_id("definition", key, version),
        key=key,
        version=version,
        hash=model.hash,
        process_id=model.process_id,
        sources=sources,
        forms=_forms(sources),
    )
    await repository.insert_definition(tx.sql, row, name=model.name, deployed_by=deployed_by, at=at)
    await start_subscriptions.replace(tx.sql, row.id, key, model, at)
    return Deployed(row.id, key, version, model.hash, new=True)


class Definitions:
    """Compiled models and forms by definition, kept for the life of the process: a version never changes."""

    def __init__(self) -> None:
        self._compiled: dict[UUID, tuple[DefinitionRow, Model]] = {}

    async def model(self, sql: Connection, definition_id: UUID) -> Model:
        """Return the compiled model of a deployed version."""
        return (await self._load(sql, definition_id))[1]

    async def form(self, sql: Connection, definition_id: UUID, form_id: str) -> Mapping[str, Any] | None:
        """Return a form of a deployed version."""
        return (await self._load(sql, definition_id))[0].forms.get(form_id)

    async def latest(self, sql: Connection, key: str) -> tuple[UUID, Model]:
        """Return id and model of the newest version of a process.

        Raises:
            NotFound: `definition.unknown`.
        """
        definition_id = await repository.latest_definition_id(sql, key)
        if definition_id is None:
            raise NotFound(
                "definition.unknown",
                f"No process {key!r} is deployed.",
                hint=f"Deploy it with `scf process deploy {key}`.",
            )
        return definition_id, await self.model(sql, definition_id)

    async def _load(self, sql: Connection, definition_id: UUID) -> tuple[DefinitionRow, Model]:
        known = self._compiled.get(definition_id)
        if known is None:
            row = await repository.definition(sql, definition_id)
            if row is None:
                raise NotFound("definition.unknown", f"There is no definition {definition_id}.")
            known = self._compiled[definition_id] = (row, _compile(row.sources, row.key))
        return known


def _checked_model(sources: Mapping[str, str], key: str, job_types: frozenset[str]) -> Model:
    findings = lint(_encoded(sources), catalogue=catalogue(sources, job_types), process=key)
    errors = [finding for finding in findings if finding.severity == "error"]
    try:
        if errors:
            raise ModelRefused(errors)
        return _compile(sources, key)
    except ModelRefused as refused:
        raise InvalidInput(refused.code, refused.message, where=refused.where, hint=refused.hint) from refused


def _compile(sources: Mapping[str, str], key: str) -> Model:
    return compile_model(_encoded(sources), process=key)


def _encoded(sources: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in sources.items()}


def _forms(sources: Mapping[str, str]) -> dict[str, Any]:
    forms: dict[str, Any] = {}
    for name, text in sources.items():
        if name.endswith(_FORM):
            try:
                form = orjson.loads(text)
                forms[form["id"]] = form
            except (orjson.JSONDecodeError, KeyError, TypeError):
                raise InvalidInput(
                    "form.invalid",
                    "The form is not a form-js schema with an id.",
                    where=f"sources.{name}",
                ) from None
    return forms
