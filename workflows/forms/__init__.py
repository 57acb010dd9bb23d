"""Forms: what a person may answer, checked on the server whatever the browser has checked.

A form is a form-js schema, or a JSON Schema (2020-12) of an object, with an `id` beside its `$schema`. Only
what it asks for enters the case, so nobody can set a variable that the analyst did not offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bpmn.values import Value
from core import InvalidInput
from workflows.forms import form_js, json_schema
from workflows.tasks import COMPLETED_BY, ON_BEHALF_OF

# What the platform itself says about who completed a task; no form may ask for it.
SAID_BY_PLATFORM = frozenset({COMPLETED_BY, ON_BEHALF_OF})


def read_answers(
    form: Mapping[str, Any] | None,
    answers: Mapping[str, Any],
    *,
    shown: Mapping[str, Value],
    now: datetime,
) -> dict[str, Value]:
    """Return the answers as variables.

    Args:
        form: the schema, or None for a task that asks nothing.
        answers: name → JSON value; numbers are integers or decimal strings.
        shown: the task's variables, which conditions and choices may rest on.
        now: the business time, for what expressions call `now()` and for dates that must not have passed.

    Raises:
        InvalidInput: `task.answer_unknown`, `task.answer_missing` or `task.answer_invalid`, naming the field.
    """
    _require_asked(form, answers, "variables")
    if form is None:
        return {}
    if json_schema.is_one(form):
        return json_schema.read(form, answers)
    return form_js.read(form, answers, shown, now)


def check_draft(form: Mapping[str, Any] | None, draft: Mapping[str, Any]) -> None:
    """Refuse a draft that fills in what the form does not ask for; its values are checked when it is sent.

    Raises:
        InvalidInput: `task.answer_unknown`.
    """
    _require_asked(form, draft, "draft")


def check_form(form: Any) -> None:
    """Refuse a form that asks for something this platform cannot check, or by rules that nobody can read.

    Raises:
        InvalidInput: `form.invalid`, `form.kind_unknown`, `form.rule_invalid` or `form.name_reserved`, naming
            the field.
    """
    if not isinstance(form, Mapping) or not isinstance(form.get("id"), str):
        raise InvalidInput("form.invalid", "A form is a JSON object with an id.", hint="Export it again.")
    asked = json_schema.check(form) if json_schema.is_one(form) else form_js.check(form)
    for name in sorted(asked & SAID_BY_PLATFORM):
        raise InvalidInput(
            "form.name_reserved",
            f"The form asks for {name}, which the platform itself says.",
            where=name,
            hint="Choose another key.",
        )


def _require_asked(form: Mapping[str, Any] | None, answers: Mapping[str, Any], where: str) -> None:
    if form is None:
        asked: frozenset[str] = frozenset()
    elif json_schema.is_one(form):
        asked = json_schema.names(form)
    else:
        asked = form_js.names(form)
    for name in answers:
        if name not in asked or name in SAID_BY_PLATFORM:
            raise InvalidInput(
                "task.answer_unknown",
                f"The form does not ask for {name!r}.",
                where=f"{where}.{name}",
                hint=f"It asks for {', '.join(sorted(asked)) or 'nothing'}.",
            )
