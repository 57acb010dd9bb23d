"""Script tasks: a FEEL expression evaluated by the kernel, or a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.job import JobConfig, open_job, read_job
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element, Formula

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class ScriptConfig:
    """`zeebe:script`; without a result variable the result is dropped."""

    expression: Formula
    result: str | None


class ScriptTask(Activity):
    """Evaluates its expression, or waits for a job."""

    tag = "scriptTask"
    extensions = frozenset({"script", "taskDefinition", "taskHeaders", "ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> ScriptConfig | JobConfig | None:
        """Read the script or the job; one of them must be there."""
        script = reader.extension(node, "script")
        if script is None:
            job = read_job(node, reader)
            if job is None:
                reader.refuse(
                    "script.missing",
                    node,
                    "The script task has no FEEL script.",
                    'Add <zeebe:script expression="=…" resultVariable="…"/>; other languages are not run.',
                )
            return job
        reader.only(script, "expression", "resultVariable")
        text = script.get("expression", "")
        if not text.startswith("="):
            reader.refuse(
                "script.no-expression",
                node,
                "The script is no FEEL expression.",
                "Begin the expression with =.",
            )
            return None
        return ScriptConfig(reader.formula(text, node, "script"), script.get("resultVariable"))

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Evaluate, or open the job."""
        config: ScriptConfig | JobConfig = element.config
        if isinstance(config, JobConfig):
            open_job(burst, token, element, config)
            return
        value = burst.evaluate(config.expression, token.key)
        burst.complete(token.key, {config.result: value} if config.result else {})
