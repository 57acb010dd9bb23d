"""Processes in several versions, plans between them, and what is asked of a case that goes over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

import bpmn
import ledger
from support.bpmn_text import end, flow, process, service, start
from support.cases import Platform
from support.events import by_message, by_timer, catching, message, task
from workflows import Actor
from workflows.audit import AuditReport, export_case, verify_bundle
from workflows.replay import ReplayReport, replay_case

OPERATIONS = Actor("oona", frozenset({"operations"}))


def text_of(key: str, content: str, definitions: str = "") -> str:
    """The file of a process."""
    return process(content, id=key, definitions=definitions).decode()


def branches(key: str, names: Mapping[str, str], *, then: str = "") -> str:
    """A process that waits in four ways at once: for a person, a timer, a message, and where a job failed.

    `names` are what the four are called in this version; `then` is a task before the end.
    """
    person, timer, heard, work = (names[each] for each in ("person", "timer", "message", "work"))
    content = (
        start()
        + '<parallelGateway id="fork"/><parallelGateway id="join"/>'
        + task(person)
        + catching(timer, by_timer("timeDuration", '="P3D"'))
        + catching(heard, by_message("m"))
        + service(work, type="test.fragile")
        + (task(then) if then else "")
        + end()
        + flow("start > fork")
        + "".join(flow(f"fork > {each} > join") for each in (person, timer, heard, work))
        + flow(f"join > {then} > end" if then else "join > end")
    )
    return text_of(key, content, message("m", "Paid"))


async def deploy(platform: Platform, key: str, text: str) -> None:
    """Deploy the next version of a process; the one before is retired."""
    await platform.deploy_text(key, {f"{key}.bpmn": text}, at=datetime(2026, 1, 1, tzinfo=UTC))


def plan(
    key: str,
    old: str,
    new: str,
    elements: Mapping[str, str] | None = None,
    flows: Mapping[str, str] | None = None,
    renew: Iterable[str] = (),
) -> str:
    """The plan from one text of a process to another, as a command carries it."""
    before, after = (compiled(key, text) for text in (old, new))
    planned = bpmn.plan_migration(before, after, elements=elements, flows=flows, renew=renew)
    return orjson.dumps(planned.to_json()).decode()


def compiled(key: str, text: str) -> bpmn.Model:
    """The model of a version."""
    return bpmn.compile_model({f"{key}.bpmn": text.encode()}, process=key)


async def migrate(platform: Platform, case_id: UUID, version: int, **fields: Any) -> Mapping[str, Any]:
    """Let a case go over, and return the command's result."""
    payload = {"version": version, "reason": "a new version", **fields}
    return await platform.perform("case.migrate", payload, actor=OPERATIONS, case_id=case_id)


async def last_entry(platform: Platform, case_id: UUID) -> Mapping[str, Any]:
    """The body of the last entry of a case."""
    (row,) = await platform.rows(
        "SELECT body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq DESC LIMIT 1", str(case_id)
    )
    body: Mapping[str, Any] = orjson.loads(row["body"])
    return body


async def replayed(platform: Platform, case_id: UUID) -> ReplayReport:
    """What re-execution says of a case."""
    return await replay_case(platform.database, case_id, platform.vault_key)


async def sequenced(platform: Platform) -> None:
    """Let the log take up every entry."""
    keys = ledger.load_or_create_keys(platform.settings.key_folder)
    sequencer = ledger.Sequencer(platform.database, keys.log_key, platform.settings.origin)
    while await sequencer.sequence_once():
        pass
    await sequencer.close()


async def audited(platform: Platform, case_id: UUID) -> AuditReport:
    """What an auditor finds in the bundle of a case."""
    await sequenced(platform)
    return verify_bundle(await export_case(platform.database, case_id, platform.vault_key))
