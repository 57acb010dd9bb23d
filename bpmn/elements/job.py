"""Jobs: work that the driver does and reports back (service, send, script and business rule tasks)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.kernel.burst import Burst
from bpmn.kernel.records import JobWait, Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Formula

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class JobConfig:
    """`zeebe:taskDefinition` with `zeebe:taskHeaders`."""

    type: Formula
    retries: Formula
    headers: Mapping[str, str]


def read_job(node: etree._Element, reader: Reader) -> JobConfig | None:
    """Read the job of a task; None if it declares none."""
    definition = reader.extension(node, "taskDefinition")
    if definition is None:
        return None
    reader.only(definition, "type", "retries")
    kind = definition.get("type")
    if not kind:
        reader.refuse("job.no-type", node, "The task definition has no type.", "Set the job type.")
        return None
    if not kind.startswith("="):
        reader.uses_job_type(node, kind)
    headers: dict[str, str] = {}
    listed = reader.extension(node, "taskHeaders")
    if listed is not None:
        for header in listed:
            reader.only(header, "key", "value", "id")
            headers[header.get("key", "")] = header.get("value", "")
    return JobConfig(
        reader.formula(kind, node, "job type"),
        reader.formula(definition.get("retries", "3"), node, "retries"),
        headers,
    )


def open_job(burst: Burst, token: Token, element: Element, config: JobConfig) -> None:
    """Open the job; the token waits for it."""
    kind = burst.evaluate(config.type, token.key)
    if not isinstance(kind, str) or not kind:
        raise Stuck("job.no-type", f"The job type {config.type.text} does not give a text.")
    try:
        retries = int(str(burst.evaluate(config.retries, token.key)))
    except ValueError as wrong:
        raise Stuck("job.bad-retries", f"The retries {config.retries.text} give no whole number.") from wrong
    wait = burst.open_wait(
        token, lambda key: JobWait(key, token.key, element.ref, kind, retries, config.headers)
    )
    burst.emit("job.created", element.ref, {"job": f"{element.ref}:{wait.key}", "type": kind})
