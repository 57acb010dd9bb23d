"""Processes that call others as cases of their own."""

from __future__ import annotations

from datetime import UTC, datetime

from support.bpmn_text import end, extension, flow, process, start
from support.cases import Platform
from support.events import task

ERRORS = '<error id="bad" errorCode="BAD"/>'
CATCH = '<errorEventDefinition errorRef="bad"/>'


def own_case(called: str, *, id: str = "call", io: str = "", attributes: str = "", inner: str = "") -> str:
    """A call activity whose process runs as a case of its own."""
    mode = '<zeebe:properties><zeebe:property name="ownCase" value="true"/></zeebe:properties>'
    extensions = extension(f'<zeebe:calledElement processId="{called}" {attributes}/>{io}{mode}')
    return f'<callActivity id="{id}">{extensions}{inner}</callActivity>'


def for_each(items: str = "=items") -> str:
    """One round for each item, all at once, with their results in `results`."""
    loop = (
        f'<zeebe:loopCharacteristics inputCollection="{items}" inputElement="item"'
        ' outputCollection="results" outputElement="=result"/>'
    )
    return f"<multiInstanceLoopCharacteristics>{extension(loop)}</multiInstanceLoopCharacteristics>"


def calling(called: str, more: str = "", **how: str) -> str:
    """A process that calls another one and does no more."""
    return start() + own_case(called, **how) + end() + flow("start > call > end") + more


def caught(then: str = "out") -> str:
    """A way out of the call for an error."""
    return (
        f'<boundaryEvent id="caught" attachedToRef="call">{CATCH}</boundaryEvent>'
        + end(then)
        + flow(f"caught > {then}")
    )


def throws() -> str:
    """A process in which a task is done, and then an error thrown that it does not catch."""
    bad = f'<endEvent id="bad-end">{CATCH}</endEvent>'
    return start() + task("go") + bad + flow("start > go > bad-end")


async def deploy(platform: Platform, key: str, content: str) -> None:
    """Deploy a process now."""
    text = process(content, id=key, definitions=ERRORS).decode()
    await platform.deploy_text(key, {f"{key}.bpmn": text}, at=datetime.now(UTC))


async def child_of(platform: Platform, case_id: object, *, attempt: int = 1) -> dict[str, object]:
    """Wait for the case that a case has called, and return its row."""
    query = (
        "SELECT v.* FROM workflows.called_case_view k JOIN workflows.case_view v ON v.id = k.child_id"
        " WHERE k.parent_id = $1 AND k.attempt = $2"
    )
    await platform.until(query, 1, case_id, attempt)
    return dict((await platform.rows(query, case_id, attempt))[0])
