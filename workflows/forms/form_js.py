"""Reading answers by a form-js schema, as the browser would send them: https://bpmn.io/toolkit/form-js/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.feel import FeelSyntaxError, compile_expression
from bpmn.values import Value
from core import InvalidInput
from workflows.forms.context import BOUNDS, Context, is_expression, number_of
from workflows.forms.fields import READERS, invalid, is_empty, is_missing, pattern_works

_LIST = "dynamiclist"
_COMPUTED = "expression"
# What shows something, and asks for nothing.
_SHOWN = frozenset(
    {"text", "html", "image", "table", "iframe", "documentPreview", "button", "spacer", "separator"}
)
_MOST_ROWS = 1000
_WITH_CHOICES = frozenset({"radio", "select", "checklist", "taglist"})

Path = tuple[str, ...]
Component = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """A component that carries a value: where it stands among the answers, and what hides it."""

    component: Component
    path: Path
    hidden_by: tuple[str, ...]


def names(form: Component) -> frozenset[str]:
    """Return the names under which a form asks for something; the parts of a path share their first."""
    return frozenset(field.path[0] for field in _fields(form) if field.component["type"] != _COMPUTED)


def read(
    form: Component, answers: Mapping[str, Any], shown: Mapping[str, Value], now: Any
) -> dict[str, Value]:
    """Return the answers as variables; what a condition hides is left out, as the browser leaves it out.

    Raises:
        InvalidInput: `task.answer_unknown`, `task.answer_missing` or `task.answer_invalid`.
    """
    return _read_level(form, answers, Context(shown, now), "variables")


def check(form: Component) -> frozenset[str]:
    """Refuse a schema that this platform cannot check answers by, and return the names that it asks for.

    Raises:
        InvalidInput: `form.invalid`, `form.kind_unknown` or `form.rule_invalid`.
    """
    _check_components(form, "components")
    return frozenset(field.path[0] for field in _fields(form))


def _read_level(
    level: Component, answers: Mapping[str, Any], outside: Context, place: str
) -> dict[str, Value]:
    """Read the fields of a form, or of one row of a list, in the context of what stands around it."""
    fields = list(_fields(level))
    context = Context({**outside.variables, **_first_look(fields, answers, outside)}, outside.now)
    asked = [field for field in fields if _is_asked(field, context)]
    _require_known(asked, answers, place)
    values: dict[str, Value] = {}
    for field in asked:
        if any(context.holds(condition) for condition in field.hidden_by):
            continue
        where = ".".join((place, *field.path))
        value = _read_field(field, _dig(answers, field.path), context, where)
        if value is not None:
            _put(values, field.path, value)
    for field in fields:
        if field.component["type"] == _COMPUTED and not any(map(context.holds, field.hidden_by)):
            _put(values, field.path, context.evaluate(field.component["expression"]))
    return values


def _read_field(field: _Field, answer: Any, context: Context, place: str) -> Value:
    component = field.component
    if context.rules(component).get("required") is True and is_missing(component, answer):
        raise InvalidInput(
            "task.answer_missing", f"{component.get('label') or field.path[-1]} is required.", where=place
        )
    if is_empty(answer):
        return None
    if component["type"] == _LIST:
        return _read_rows(component, answer, context, place)
    return READERS[component["type"]](place, component, answer, context)


def _read_rows(component: Component, answer: Any, context: Context, place: str) -> Value:
    if not isinstance(answer, list) or len(answer) > _MOST_ROWS:
        raise invalid(place, f"must be a list of at most {_MOST_ROWS} rows")
    rows: list[Value] = []
    for number, row in enumerate(answer):
        if not isinstance(row, Mapping):
            raise invalid(f"{place}[{number}]", "must be an object")
        rows.append(_read_level(component, row, context, f"{place}[{number}]"))
    return rows


def _first_look(fields: list[_Field], answers: Mapping[str, Any], outside: Context) -> dict[str, Value]:
    """Return what conditions see of the answers: values where they can be read, else what was sent."""
    seen: dict[str, Value] = {}
    for field in fields:
        answer = _dig(answers, field.path)
        if is_empty(answer):
            answer = None
        elif field.component["type"] in READERS:
            try:
                answer = READERS[field.component["type"]]("", field.component, answer, outside)
            except InvalidInput:  # refused later, unless a condition hides the field
                answer = None
        _put(seen, field.path, answer)
    return seen


def _is_asked(field: _Field, context: Context) -> bool:
    component = field.component
    return component["type"] != _COMPUTED and not (
        context.holds(component.get("readonly")) or context.holds(component.get("disabled"))
    )


def _require_known(asked: list[_Field], answers: Mapping[str, Any], place: str) -> None:
    paths = {field.path for field in asked}
    for path in _sent(answers, paths, ()):
        if path not in paths:
            raise InvalidInput(
                "task.answer_unknown",
                f"The form does not ask for {'.'.join(path)!r}.",
                where=".".join((place, *path)),
            )


def _sent(answers: Mapping[str, Any], paths: set[Path], above: Path) -> Iterator[Path]:
    """Yield the paths of what was sent, as deep as the form's own paths go."""
    for name, answer in answers.items():
        path = (*above, name)
        leads_on = any(other[: len(path)] == path and len(other) > len(path) for other in paths)
        if leads_on and isinstance(answer, Mapping):
            yield from _sent(answer, paths, path)
        else:
            yield path


def _fields(level: Component, above: Path = (), hidden_by: tuple[str, ...] = ()) -> Iterator[_Field]:
    for component in level.get("components", ()):
        hide = (component.get("conditional") or {}).get("hide")
        hides = (*hidden_by, hide) if hide else hidden_by
        kind = component.get("type")
        if kind == "group":
            yield from _fields(component, (*above, *_path(component.get("path"))), hides)
        elif kind == _LIST:
            yield _Field(component, (*above, *_path(component.get("path"))), hides)
        elif kind == _COMPUTED or kind in READERS:
            if component.get("key"):
                yield _Field(component, (*above, *_path(component["key"])), hides)


def _path(text: str | None) -> Path:
    return tuple(part for part in text.split(".") if part) if text else ()


def _dig(answers: Mapping[str, Any], path: Path) -> Any:
    found: Any = answers
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _put(values: dict[str, Value], path: Path, value: Value) -> None:
    level: Any = values
    for part in path[:-1]:
        level = level.setdefault(part, {})
    level[path[-1]] = value


def _check_components(level: Component, where: str) -> None:
    components = level.get("components", ())
    if not isinstance(components, list) or not all(isinstance(each, Mapping) for each in components):
        raise InvalidInput("form.invalid", "The components of a form are a list of objects.", where=where)
    for number, component in enumerate(components):
        place = f"{where}[{number}]"
        kind = component.get("type")
        if kind in ("group", _LIST):
            _check_components(component, f"{place}.components")
            _require_text(component, "path", place, needed=kind == _LIST)
        elif kind == _COMPUTED or kind in READERS:
            _require_text(component, "key", place, needed=True)
        elif kind not in _SHOWN:
            raise InvalidInput(
                "form.kind_unknown",
                f"This platform cannot read the form component {kind!r}.",
                where=place,
                hint=f"Use one of {', '.join(sorted((*READERS, _LIST, _COMPUTED, 'group', *_SHOWN)))}.",
            )
        _check_rules(component, place)


def _require_text(component: Component, name: str, place: str, *, needed: bool) -> None:
    text = component.get(name)
    if isinstance(text, str) and (_path(text) or not needed):
        return
    if text is not None or needed:
        raise InvalidInput("form.invalid", f"The component needs its {name}.", where=f"{place}.{name}")


def _check_rules(component: Component, place: str) -> None:
    rules = component.get("validate") or {}
    if "pattern" in rules and rules["pattern"] and not pattern_works(rules["pattern"]):
        raise InvalidInput(
            "form.rule_invalid",
            "The pattern is no regular expression of XPath.",
            where=f"{place}.validate.pattern",
            hint="Write it without lookaround and without slashes around it.",
        )
    for name in BOUNDS & rules.keys():
        if not is_expression(rules[name]) and number_of(rules[name]) is None:
            raise InvalidInput("form.rule_invalid", "A bound is a number.", where=f"{place}.validate.{name}")
    if component.get("type") in _WITH_CHOICES and not component.keys() & {
        "values",
        "valuesKey",
        "valuesExpression",
    }:
        raise InvalidInput("form.rule_invalid", "There is nothing to choose from.", where=place)
    if component.get("type") == _COMPUTED and not is_expression(component.get("expression")):
        raise InvalidInput(
            "form.rule_invalid", "The expression must begin with =.", where=f"{place}.expression"
        )
    condition = (component.get("conditional") or {}).get("hide")
    expressions = {
        "conditional.hide": condition,
        **{name: component.get(name) for name in ("readonly", "disabled", "expression", "valuesExpression")},
        **{f"validate.{name}": rule for name, rule in rules.items() if name != "pattern"},
    }
    for name, text in expressions.items():
        if is_expression(text):
            try:
                compile_expression(text[1:])
            except FeelSyntaxError as error:
                raise InvalidInput(
                    "form.rule_invalid", f"The expression cannot be read: {error}", where=f"{place}.{name}"
                ) from error
    if condition is not None and not is_expression(condition):
        raise InvalidInput(
            "form.rule_invalid", "The condition must begin with =.", where=f"{place}.conditional.hide"
        )
