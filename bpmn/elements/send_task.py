"""Send tasks: a job that sends, or a message that the driver delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.events.message import MessageConfig, read_message, send
from bpmn.elements.job import JobConfig, open_job, read_job
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.model.definition import Element

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class SendTask(Activity):
    """With a task definition it waits for the job; with a message alone it hands it over and goes on."""

    tag = "sendTask"
    attributes = frozenset({"messageRef", "operationRef", "implementation"})
    extensions = frozenset({"taskDefinition", "taskHeaders", "ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> JobConfig | MessageConfig | None:
        """Read the job, else the message."""
        return read_job(node, reader) or read_message(node.get("messageRef"), node, reader)

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Open the job, or send."""
        config: JobConfig | MessageConfig = element.config
        if isinstance(config, JobConfig):
            open_job(burst, token, element, config)
            return
        send(burst, token, element, config, burst.slots(token.key) or EMPTY)
        burst.complete(token.key)
