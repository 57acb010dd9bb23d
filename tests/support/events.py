"""Small processes that wait for, throw, and start by messages and signals."""

from __future__ import annotations

from datetime import UTC, datetime

from support.bpmn_text import end, extension, flow, mapping, process, start, user
from support.cases import Platform


def message(id: str, name: str, key: str = "=ref") -> str:
    """A message with a correlation key."""
    subscription = extension(f'<zeebe:subscription correlationKey="{key}"/>')
    return f'<message id="{id}" name="{name}">{subscription}</message>'


def signal(id: str, name: str) -> str:
    """A signal."""
    return f'<signal id="{id}" name="{name}"/>'


def catching(id: str, definition: str) -> str:
    """An intermediate event that waits."""
    return f'<intermediateCatchEvent id="{id}">{definition}</intermediateCatchEvent>'


def throwing(id: str, definition: str, inputs: dict[str, str] | None = None) -> str:
    """An intermediate event that throws, with what it carries."""
    carried = extension(mapping(inputs)) if inputs else ""
    return f'<intermediateThrowEvent id="{id}">{carried}{definition}</intermediateThrowEvent>'


def starting(id: str, definition: str, more: str = "") -> str:
    """A start event with a trigger."""
    return f'<startEvent id="{id}" {more}>{definition}</startEvent>'


def by_message(id: str) -> str:
    """What makes an event one of a message."""
    return f'<messageEventDefinition messageRef="{id}"/>'


def by_signal(id: str) -> str:
    """What makes an event one of a signal."""
    return f'<signalEventDefinition signalRef="{id}"/>'


def by_timer(form: str, text: str) -> str:
    """What makes an event one of a timer."""
    kind = 'xsi:type="tFormalExpression"'
    return f"<timerEventDefinition><{form} {kind}>{text}</{form}></timerEventDefinition>"


def row(*parts: tuple[str, str]) -> str:
    """Elements, each with its id, one after the other."""
    return "".join(text for _, text in parts) + flow(" > ".join(id for id, _ in parts))


def waits_for(id: str, definition: str, *more: tuple[str, str]) -> str:
    """A process that waits for something, then does more."""
    return row(("start", start()), (id, catching(id, definition)), *more, ("end", end()))


def task(id: str) -> str:
    """A task for operations."""
    return user(id, more='<zeebe:assignmentDefinition candidateGroups="operations"/>')


def after_task(*parts: tuple[str, str]) -> str:
    """A process that goes on when somebody says so."""
    return row(("start", start()), ("go", task("go")), *parts, ("end", end()))


async def deploy(platform: Platform, key: str, content: str, definitions: str) -> None:
    """Deploy a process now."""
    text = process(content, id=key, definitions=definitions).decode()
    await platform.deploy_text(key, {f"{key}.bpmn": text}, at=datetime.now(UTC))
