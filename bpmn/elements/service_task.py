"""Service tasks: always jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.job import JobConfig, open_job, read_job
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class ServiceTask(Activity):
    """Opens a job and waits for its result."""

    tag = "serviceTask"
    attributes = frozenset({"implementation"})
    extensions = frozenset({"taskDefinition", "taskHeaders", "ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> JobConfig | None:
        """Read the job, which must be there."""
        job = read_job(node, reader)
        if job is None:
            reader.refuse(
                "job.missing",
                node,
                f"The {self.tag} says nothing about who does its work.",
                'Add a task definition: <zeebe:taskDefinition type="…"/>.',
            )
        return job

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Open the job."""
        open_job(burst, token, element, element.config)
