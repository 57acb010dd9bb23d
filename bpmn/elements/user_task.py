"""User tasks: work for a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.activity import Activity
from bpmn.elements.resource_roles import ROLES, read_roles
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import TaskWait, Token
from bpmn.kernel.scopes import Stuck
from bpmn.kernel.times import moment
from bpmn.model.definition import Element, Formula
from bpmn.values import Value

if TYPE_CHECKING:
    from bpmn.model.reader import Reader

_FORMULAS = {
    "assignmentDefinition": ("assignee", "candidateUsers", "candidateGroups"),
    "taskSchedule": ("dueDate", "followUpDate"),
    "priorityDefinition": ("priority",),
}
PRIORITY = 50
"""The priority of a task that declares none (0 to 100)."""


@dataclass(frozen=True, slots=True)
class UserTaskConfig:
    """Form, assignment and schedule of a user task."""

    form: str | None
    assignee: Formula | None
    users: Formula | None
    groups: Formula | None
    due: Formula | None
    follow_up: Formula | None
    priority: Formula | None


class UserTask(Activity):
    """Opens a task and waits for a person to complete it."""

    tag = "userTask"
    attributes = frozenset({"implementation"})
    parts = frozenset(ROLES)
    extensions = frozenset(
        {
            "userTask",
            "formDefinition",
            "assignmentDefinition",
            "taskSchedule",
            "priorityDefinition",
            "taskHeaders",
            "ioMapping",
        }
    )

    def read(self, node: etree._Element, reader: Reader) -> UserTaskConfig:
        """Read form, assignment, schedule and priority; each may be missing."""
        given = read_roles(node, reader)
        for extension, attributes in _FORMULAS.items():
            found = reader.extension(node, extension)
            if found is None:
                continue
            reader.only(found, *attributes)
            for attribute in attributes:
                text = found.get(attribute)
                if text:
                    given[attribute] = reader.formula(text, node, attribute)
        return UserTaskConfig(
            _read_form(node, reader),
            given.get("assignee"),
            given.get("candidateUsers"),
            given.get("candidateGroups"),
            given.get("dueDate"),
            given.get("followUpDate"),
            given.get("priority"),
        )

    def activate(self, burst: Burst, token: Token, element: Element) -> None:
        """Open the task."""
        config: UserTaskConfig = element.config

        def value(formula: Formula | None) -> Value:
            return burst.evaluate(formula, token.key) if formula is not None else None

        assignee = value(config.assignee)
        if assignee is not None and not isinstance(assignee, str):
            raise Stuck("task.bad-assignee", f"The assignee of {element.ref} is no text.")
        users, groups = _names(value(config.users), element), _names(value(config.groups), element)
        due, follow_up = _time(value(config.due), burst.at), _time(value(config.follow_up), burst.at)
        priority = _priority(value(config.priority), element)
        wait = burst.open_wait(
            token,
            lambda key: TaskWait(
                key,
                token.key,
                element.ref,
                config.form,
                assignee or None,
                users,
                groups,
                due,
                follow_up,
                priority,
            ),
        )
        burst.emit("task.created", element.ref, {"task": f"{element.ref}:{wait.key}"})


def _read_form(node: etree._Element, reader: Reader) -> str | None:
    """The form of a user task; one that lies in the BPMN file itself is refused."""
    definition = reader.extension(node, "formDefinition")
    if definition is None:
        return None
    reader.only(definition, "formId", "formKey", "bindingType", "versionTag")
    reader.deployed_together(definition, node)
    form = definition.get("formId") or definition.get("formKey")
    if form and form.startswith("camunda-forms:"):
        reader.refuse(
            "form.embedded",
            node,
            f"The form {form} lies in the BPMN file.",
            "Save it as a form file of its own, deploy it with the process, and choose it by its id.",
        )
    elif form and form.startswith("="):
        reader.refuse(
            "form.dynamic",
            node,
            f"The form {form} is an expression.",
            "Name the form: a model is fixed with all that it uses when it is deployed.",
        )
    elif form:
        reader.uses_form(node, form)
    return form


def _names(value: Value, element: Element) -> tuple[str, ...]:
    """Candidates: a list of texts, or one text with commas."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise Stuck("task.bad-candidates", f"The candidates of {element.ref} are no list of texts.")


def _time(value: Value, now: dt.datetime) -> dt.datetime | None:
    return None if value is None or value == "" else moment(value, now)


def _priority(value: Value, element: Element) -> int:
    if value is None:
        return PRIORITY
    try:
        number = int(Decimal(str(value)))
    except ArithmeticError as wrong:
        raise Stuck("task.bad-priority", f"The priority of {element.ref} is no number.") from wrong
    return number
