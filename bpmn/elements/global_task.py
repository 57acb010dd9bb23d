"""Global tasks: tasks that stand beside the processes, for call activities to call.

A called one works as its task does, on copies of the variables like a called process, and what it
gives comes back to the call activity in the same way. It has no flows, loops or mappings of its own:
these belong to the call activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.business_rule_task import BusinessRuleTask
from bpmn.elements.job import JobConfig
from bpmn.elements.script_task import ScriptConfig, ScriptTask
from bpmn.elements.user_task import UserTask
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import EMPTY, Token
from bpmn.model.definition import Element
from bpmn.model.source import BPMN, FEEL

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class GlobalTask(Activity):
    """The undefined global task completes at once."""

    tag = "globalTask"
    activity: ClassVar[bool] = False
    scopes_variables: ClassVar[bool] = True
    closed: ClassVar[bool] = True

    def complete(self, burst: Burst, token: Token, element: Element) -> None:
        """Return what was written to the call activity."""
        slots = burst.slots(token.key) or EMPTY
        written = {name: slot.value for name, slot in sorted(slots.items()) if not slot.local}
        burst.emit("element.completed", token.element, {"token": token.key})
        burst.return_call(token, written)


class GlobalManualTask(GlobalTask):
    """Work outside the platform; it completes at once."""

    tag = "globalManualTask"


class GlobalUserTask(GlobalTask, UserTask):
    """Opens a task for a person."""

    tag = "globalUserTask"
    extensions = UserTask.extensions - {"ioMapping"}


class GlobalBusinessRuleTask(GlobalTask, BusinessRuleTask):
    """Evaluates a decision, or opens a job."""

    tag = "globalBusinessRuleTask"
    extensions = BusinessRuleTask.extensions - {"ioMapping"}


class GlobalScriptTask(GlobalTask, ScriptTask):
    """Evaluates its expression, or opens a job."""

    tag = "globalScriptTask"
    attributes = frozenset({"scriptLanguage"})
    parts = frozenset({"script"})
    extensions = ScriptTask.extensions - {"ioMapping"}

    def read(self, node: etree._Element, reader: Reader) -> ScriptConfig | JobConfig | None:
        """Read `zeebe:script` or the job; else the standard's script, in FEEL, whose result is dropped."""
        script = node.find(f"{{{BPMN}}}script")
        if script is None or any(
            reader.extension(node, name) is not None for name in ("script", "taskDefinition")
        ):
            return super().read(node, reader)
        if node.get("scriptLanguage", "") not in FEEL:
            reader.refuse(
                "script.language",
                node,
                f"The script is written in {node.get('scriptLanguage')}.",
                "Write it in FEEL; other languages are not run.",
            )
            return None
        text = (script.text or "").strip()
        return ScriptConfig(
            reader.formula(text if text.startswith("=") else f"={text}", node, "script"), None
        )


GLOBAL_TASKS = (
    GlobalTask(),
    GlobalManualTask(),
    GlobalUserTask(),
    GlobalBusinessRuleTask(),
    GlobalScriptTask(),
)
