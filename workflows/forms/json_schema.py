"""Reading answers by a JSON Schema (draft 2020-12) of an object.

Numbers come as integers or decimal strings, as everywhere on this platform, and texts of `format: date`
become dates. A schema stands alone: nothing is fetched, and its patterns are matched in linear time.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError, validators
from referencing import Registry

from bpmn.values import Value
from core import InvalidInput
from workflows.forms.fields import matches, pattern_works

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?", re.ASCII)
# What a schema might be made to work without end, or to look elsewhere.
_REFUSED = frozenset({"patternProperties", "$dynamicRef", "$dynamicAnchor", "$anchor"})
_FORMATS = Draft202012Validator.FORMAT_CHECKER
_NOTHING_ELSEWHERE: Registry[Any] = Registry()


def is_one(form: Mapping[str, Any]) -> bool:
    """Tell whether a form is a JSON Schema."""
    return form.get("$schema") == _DIALECT


def names(form: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that the schema asks for."""
    return frozenset(form.get("properties", {}))


def read(form: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Value]:
    """Return the answers as variables.

    Raises:
        InvalidInput: `task.answer_missing` or `task.answer_invalid`, naming the place.
    """
    schema = _exact(form)
    values: dict[str, Any] = _numbers(schema, schema, answers)
    for error in _Validator(schema, registry=_NOTHING_ELSEWHERE, format_checker=_FORMATS).iter_errors(values):
        raise _refusal(error)
    return {name: _dates(schema, schema, {name: value})[name] for name, value in values.items()}


def check(form: Mapping[str, Any]) -> frozenset[str]:
    """Refuse a schema that this platform cannot check answers by, and return the names that it asks for.

    Raises:
        InvalidInput: `form.invalid` or `form.rule_invalid`.
    """
    try:
        Draft202012Validator.check_schema(form)
    except SchemaError as error:
        raise InvalidInput(
            "form.invalid", f"This is no JSON Schema: {error.message}.", where=error.json_path
        ) from error
    if form.get("type") != "object" or not form.get("properties"):
        raise InvalidInput("form.invalid", "The schema of a form is that of an object with properties.")
    for place, keyword, rule in _keywords(form, "$"):
        if keyword in _REFUSED or (keyword == "$id" and place != "$.$id"):
            raise InvalidInput("form.rule_invalid", f"A form cannot use {keyword}.", where=place)
        if keyword == "$ref" and not _local(form, rule):
            raise InvalidInput(
                "form.rule_invalid",
                f"{rule} is not in the schema.",
                where=place,
                hint="Refer to `#/$defs/…` of the same file.",
            )
        if keyword == "pattern" and not pattern_works(rule):
            raise InvalidInput(
                "form.rule_invalid", "The pattern is no regular expression of XPath.", where=place
            )
    return names(form)


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(instance, pattern):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _refusal(error: ValidationError) -> InvalidInput:
    place = "variables" + error.json_path.removeprefix("$")
    if error.validator == "required":
        return InvalidInput("task.answer_missing", f"{error.message}.", where=place)
    return InvalidInput("task.answer_invalid", f"{error.message}.", where=place)


def _exact(schema: Any) -> Any:
    """Return a schema without floats, so that bounds and multiples are exact."""
    if isinstance(schema, float):
        return Decimal(str(schema))
    if isinstance(schema, Mapping):
        return {name: _exact(part) for name, part in schema.items()}
    return [_exact(part) for part in schema] if isinstance(schema, list) else schema


def _numbers(root: Mapping[str, Any], schema: Any, answer: Any) -> Any:
    """Return an answer with numbers where the schema says number or integer, and a text writes one."""

    def convert(part: Mapping[str, Any], leaf: Any) -> Any:
        if isinstance(leaf, str) and _NUMBER.fullmatch(leaf):
            if part.get("type") == "number":
                return Decimal(leaf)
            if part.get("type") == "integer" and "." not in leaf:
                return int(leaf)
        return leaf

    return _walk(root, schema, answer, convert)


def _dates(root: Mapping[str, Any], schema: Any, answer: Any) -> Any:
    """Return a checked answer with FEEL's values: dates where the schema says so, and exact numbers."""

    def convert(part: Mapping[str, Any], leaf: Any) -> Any:
        if isinstance(leaf, str) and part.get("format") == "date":
            with contextlib.suppress(ValueError):  # described so, but not held to it by `prefixItems`
                return date.fromisoformat(leaf)
        return Decimal(leaf) if type(leaf) is int else leaf

    return _walk(root, schema, answer, convert)


def _walk(root: Mapping[str, Any], schema: Any, answer: Any, convert: Any) -> Any:
    """Convert the leaves of an answer by the part of the schema that describes each."""
    part = _resolved(root, schema)
    if isinstance(answer, Mapping):
        properties = part.get("properties", {})
        rest = part.get("additionalProperties", {})
        return {
            name: _walk(root, properties.get(name, rest), value, convert) for name, value in answer.items()
        }
    if isinstance(answer, list):
        return [_walk(root, part.get("items", {}), value, convert) for value in answer]
    return convert(part, answer)


def _resolved(root: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    # As often as a schema of this depth can refer on; one that only refers to itself describes nothing.
    for _ in range(32):
        if not isinstance(schema, Mapping):
            return {}
        if "$ref" not in schema:
            return schema
        schema = _local(root, schema["$ref"])
    return {}


def _local(root: Mapping[str, Any], ref: Any) -> Any:
    """Return what `#/a/b` names in the schema, None when that is nothing."""
    if ref == "#":
        return root
    if not isinstance(ref, str) or not ref.startswith("#/"):
        return None
    found: Any = root
    for part in ref[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _keywords(schema: Any, place: str) -> Iterator[tuple[str, str, Any]]:
    """Yield place, name and value of every keyword of a schema and of the schemas in it."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from _keywords(part, f"{place}[{number}]")
    if not isinstance(schema, Mapping):
        return
    for name, part in schema.items():
        yield f"{place}.{name}", name, part
        if name in ("properties", "$defs", "dependentSchemas") and isinstance(part, Mapping):
            # Names that the analyst chose are no keywords.
            for each, inner in part.items():
                yield from _keywords(inner, f"{place}.{name}.{each}")
        elif name not in ("enum", "const", "default", "examples"):
            yield from _keywords(part, f"{place}.{name}")
