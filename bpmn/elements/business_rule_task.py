"""Business rule tasks: a DMN decision evaluated by the kernel, or a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.job import JobConfig, open_job, read_job
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.model.definition import Element

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


@dataclass(frozen=True, slots=True)
class DecisionConfig:
    """`zeebe:calledDecision`: the decision's id and the variable that takes its result."""

    decision: str
    result: str


class BusinessRuleTask(Activity):
    """Evaluates a decision of the model on the variables it sees, or waits for a job."""

    tag = "businessRuleTask"
    attributes = frozenset({"implementation"})
    extensions = frozenset({"calledDecision", "taskDefinition", "taskHeaders", "ioMapping"})

    def read(self, node: etree._Element, reader: Reader) -> DecisionConfig | JobConfig | None:
        """Read the decision or the job; one of them must be there."""
        called = reader.extension(node, "calledDecision")
        if called is None:
            job = read_job(node, reader)
            if job is None:
                reader.refuse(
                    "decision.missing",
                    node,
                    "The business rule task calls no decision.",
                    'Add <zeebe:calledDecision decisionId="…" resultVariable="…"/> or a task definition.',
                )
            return job
        reader.only(called, "decisionId", "resultVariable", "bindingType", "versionTag")
        reader.deployed_together(called, node)
        decision, result = called.get("decisionId", ""), called.get("resultVariable", "")
        if decision.startswith("="):
            reader.refuse(
                "decision.dynamic",
                node,
                f"The decision {decision} is an expression.",
                "Name the decision: a model is fixed with all that it calls when it is deployed.",
            )
            return None
        if not decision or not result:
            reader.refuse(
                "decision.incomplete",
                node,
                "The called decision lacks its id or its result variable.",
                "Set decisionId and resultVariable.",
            )
            return None
        reader.uses_decision(node, decision)
        return DecisionConfig(decision, result)

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Evaluate the decision, or open the job."""
        config: DecisionConfig | JobConfig = element.config
        if isinstance(config, JobConfig):
            open_job(burst, token, element, config)
            return
        decision = burst.model.decisions[config.decision]
        value = decision.evaluate(burst.view(token.key), now=burst.at)
        burst.emit("decision.evaluated", element.ref, {"decision": config.decision, "token": token.key})
        burst.complete(token.key, {config.result: value})
