"""`scf process deploy`: bring the files of a process to deployment, or deploy what another has brought."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

import workflows
from bpmn import Finding
from core import Database, SystemClock
from core.errors import Conflict, NotFound
from scf import console
from scf.commands.findings import show_findings
from scf.commands.inbox import give, result_of
from scf.commands.model_files import model_sources
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scf.exit_codes import EXIT_FINDINGS
from workflows import bundles

_PATIENCE_SECONDS = 60.0


def deploy(
    model: Annotated[Path, typer.Argument(help="A BPMN file, or a folder with BPMN, DMN and forms.")],
    key: Annotated[str, typer.Option(help="The process: its main file is KEY.bpmn.")],
    name: Annotated[str, typer.Option("--as", help="Your account; its password is asked for.")],
    approve: Annotated[
        bool, typer.Option("--approve", help="Deploy these files, which somebody else has brought.")
    ] = False,
    revision: Annotated[
        int | None, typer.Option(help="The revision of somebody else's draft that these files go on from.")
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Save a process as a draft, check it and request its deployment; with --approve, deploy it.

    An analyst brings the files, a product owner approves them: two persons, always.
    """
    sources = model_sources(model)
    bundles.require_files(key, sources)
    password = typer.prompt(f"Password of {name}", hide_input=True, err=True)
    result = asyncio.run(
        _deploy(
            key,
            sources,
            name=name,
            password=password,
            approve=approve,
            revision=revision,
            data=data,
            database=database,
        )
    )
    findings = [Finding(**finding) for finding in result.get("findings", ())]
    if json:
        console.print_json(dict(result))
    elif approve:
        console.out.print(f"{key} is deployed as version {result['version']}; new cases run on it.")
    else:
        show_findings(findings)
        console.out.print(_next(result, key, model), markup=False, soft_wrap=True)
    if result["state"] == "draft":
        raise typer.Exit(EXIT_FINDINGS)


class _Platform:
    """A running platform, and the person who gives it commands."""

    def __init__(self, database: Database, actor: workflows.Actor) -> None:
        self.database = database
        self.actor = actor

    async def draft(self, key: str) -> Mapping[str, Any] | None:
        """Return the open draft of a process."""
        async with self.database.reading() as sql:
            row = await sql.fetchrow(
                "SELECT id, revision, state, hash, saved_by, findings FROM workflows.draft_view"
                " WHERE key = $1",
                key,
            )
        return dict(row) if row else None

    async def perform(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give a command and wait for its result.

        Raises:
            ScfError: why it was refused.
            Unavailable: `command.undecided` when nobody carries it out.
        """
        outcome = await give(self.database, kind, payload, wait=_PATIENCE_SECONDS, actor=self.actor)
        return result_of(outcome)


async def _deploy(
    key: str,
    sources: Mapping[str, str],
    *,
    name: str,
    password: str,
    approve: bool,
    revision: int | None,
    data: Path | None,
    database: str | None,
) -> Mapping[str, Any]:
    # The API's library takes a second to load; the other commands on models do without it.
    import scf_api

    async with platform_database(data, database) as opened:
        viewer = await scf_api.authenticate(
            opened, name=name, password=password, address="command line", now=SystemClock().now()
        )
        platform = _Platform(opened, workflows.Actor(viewer.name, viewer.roles, viewer.party_id))
        if approve:
            return await _approve(platform, key, sources)
        return await _bring(platform, key, sources, revision)


async def _bring(
    platform: _Platform, key: str, sources: Mapping[str, str], revision: int | None
) -> Mapping[str, Any]:
    """Save the files as a draft, check them, and request their deployment if there is no error."""
    payload: dict[str, Any] = {"key": key, "sources": sources}
    before = await platform.draft(key)
    if before is not None:
        payload |= {"draft_id": str(before["id"]), "revision": _goes_on_from(before, key, platform, revision)}
    elif revision is not None:
        raise _no_draft(key)
    saved = await platform.perform("definition.save", payload)
    read = {"draft_id": saved["draft_id"], "revision": saved["revision"]}
    result = await platform.perform("definition.lint", read)
    if result["state"] == "linted":
        result = {**result, **await platform.perform("definition.request", read)}
    draft = await platform.draft(key)
    found = orjson.loads(draft["findings"]) if draft and draft["findings"] else []
    return {**result, "key": key, "findings": found}


async def _approve(platform: _Platform, key: str, sources: Mapping[str, str]) -> Mapping[str, Any]:
    """Deploy the draft whose content is that of the files: what the person has before them."""
    draft = await platform.draft(key)
    if draft is None:
        raise _no_draft(key)
    result = await platform.perform(
        "definition.approve", {"draft_id": str(draft["id"]), "hash": bundles.bundle_hash(key, sources)}
    )
    return {**result, "key": key}


def _goes_on_from(draft: Mapping[str, Any], key: str, platform: _Platform, revision: int | None) -> int:
    """Return the revision that the person goes on from: their own last one, or the one that they name."""
    if revision is not None:
        return revision
    if draft["saved_by"] != platform.actor.label:
        raise Conflict(
            "definition.draft_exists",
            f"There is a draft of {key}, saved by {draft['saved_by']}.",
            where=str(draft["id"]),
            hint=f"Bring its changes into your files, then name it with --revision {draft['revision']}.",
        )
    found: int = draft["revision"]
    return found


def _no_draft(key: str) -> NotFound:
    return NotFound(
        "definition.draft_unknown",
        f"There is no draft of {key}.",
        hint="An analyst brings one with scf process deploy.",
    )


def _next(result: Mapping[str, Any], key: str, model: Path) -> str:
    if result["state"] == "draft":
        return (
            f"Revision {result['revision']} of the draft of {key} is saved. Mend the errors, then try again."
        )
    return (
        f"Revision {result['revision']} of the draft of {key} waits for a second person, a product owner:\n"
        f"  scf process deploy {model} --key {key} --approve --as NAME"
    )
