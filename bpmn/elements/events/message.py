"""Messages: caught by name and correlation key; thrown as a job, or as an event that the driver delivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.events.kind import EventKind, content_of
from bpmn.elements.job import JobConfig, open_job, read_job
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EventWait, Slot, Token
from bpmn.kernel.scopes import Stuck
from bpmn.model.definition import Element, Formula
from bpmn.model.starts import Trigger
from bpmn.values import Value, to_json

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class MessageConfig:
    """The message's name and, for catching, the expression that gives the correlation key."""

    name: Formula
    key: Formula | None
    job: JobConfig | None = None


class MessageEvent(EventKind):
    """A message from outside the instance."""

    tag = "messageEventDefinition"
    positions = frozenset({"start", "event-start", "catch", "boundary", "throw", "end"})
    attributes = frozenset({"messageRef"})
    parts = frozenset({"operationRef"})
    extensions = frozenset({"taskDefinition", "taskHeaders"})

    def read(
        self, node: etree._Element, event: etree._Element, position: str, reader: Reader
    ) -> MessageConfig | None:
        """Read the message and, at throwing events, the job that sends it."""
        if position in ("throw", "end"):
            job = read_job(event, reader)
            if job is not None:
                return MessageConfig(reader.formula("", event, "message"), None, job)
        return read_message(node.get("messageRef"), event, reader)

    def trigger(self, config: MessageConfig) -> Trigger:
        """The message's name."""
        return Trigger("message", config.name)

    def open(self, burst: Burst, owner: Token, element: Element, index: int, config: MessageConfig) -> None:
        """Subscribe."""
        subscribe(burst, owner, element, index, config)

    def throw(self, burst: Burst, token: Token, element: Element, config: MessageConfig) -> bool:
        """Open the sending job, or hand the message to the driver."""
        if config.job is not None:
            open_job(burst, token, element, config.job)
            return False
        send(burst, token, element, config, content_of(burst, token))
        return True


def read_message(reference: str | None, node: etree._Element, reader: Reader) -> MessageConfig | None:
    """Read the message that an event or task refers to."""
    message = reader.definition(node, reference, "message")
    if message is None:
        return None
    name = message.get("name") or message.get("id") or ""
    subscription = reader.extension(message, "subscription")
    if subscription is not None:
        reader.only(subscription, "correlationKey")
    key = subscription.get("correlationKey") if subscription is not None else None
    return MessageConfig(
        reader.formula(name, node, "message name"),
        reader.formula(key, node, "correlation key") if key else None,
    )


def subscribe(burst: Burst, owner: Token, element: Element, index: int, config: MessageConfig) -> None:
    """Wait for the message with the name and key that hold now."""
    name = burst.evaluate(config.name, owner.key)
    if not isinstance(name, str) or not name:
        raise Stuck("message.no-name", f"The message name {config.name.text} gives no text.")
    correlation = ""
    if config.key is not None:
        correlation = key_text(burst.evaluate(config.key, owner.key), config.key.text)
    wait = burst.open_wait(
        owner, lambda key: EventWait(key, owner.key, element.ref, index, "message", name, correlation)
    )
    burst.emit(
        "message.subscribed",
        element.ref,
        {"subscription": f"{element.ref}:{wait.key}", "name": name, "key": correlation},
    )


def send(
    burst: Burst, token: Token, element: Element, config: MessageConfig, content: Mapping[str, Slot]
) -> None:
    """Tell the driver to deliver the message with its content."""
    name = burst.evaluate(config.name, token.key)
    correlation = ""
    if config.key is not None:
        correlation = key_text(burst.evaluate(config.key, token.key), config.key.text)
    burst.emit(
        "message.thrown",
        element.ref,
        {
            "name": to_json(name),
            "key": correlation,
            "variables": {each: content[each].json for each in sorted(content)},
        },
    )


def key_text(value: Value, formula: str) -> str:
    """A correlation key as text; only texts and numbers are keys. Raises Stuck `message.bad-key`."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
        return f"{number.normalize():f}" if number else "0"
    raise Stuck("message.bad-key", f"The correlation key {formula} gives neither a text nor a number.")
