"""Context functions (DMN 1.5, 10.3.4.10)."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

from typing import Any

from bpmn.feel.builtins.registry import builtin
from bpmn.feel.runtime import Run


@builtin("get value", "m: context", "key: string")
def get_value(run: Run, m: dict[str, Any], key: str) -> Any:
    return m.get(key)


@builtin("get value", "context: context", "keys: list")
def get_value_at(run: Run, context: dict[str, Any], keys: list[Any]) -> Any:
    value: Any = context
    for key in keys:
        value = value.get(key) if isinstance(value, dict) and type(key) is str else None
    return value if keys else None


@builtin("get entries", "m: context")
def get_entries(run: Run, m: dict[str, Any]) -> list[dict[str, Any]]:
    # The standard leaves the order open. By key, it does not change when a case is stored and read again.
    run.check_items(len(m))
    return [{"key": key, "value": m[key]} for key in sorted(m)]


@builtin("context", "entries: list")
def context(run: Run, entries: list[Any]) -> dict[str, Any] | None:
    run.check_items(len(entries))
    made: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            return None
        key = entry["key"]
        if type(key) is not str or key in made:
            return None
        made[key] = entry["value"]
    return made


@builtin("context put", "context: context", "key: string", "value: Any")
def context_put(run: Run, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    run.check_items(len(context) + 1)
    return {**context, key: value}


@builtin("context put", "context: context", "keys: list", "value: Any")
def context_put_at(run: Run, context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any] | None:
    if not keys or not all(type(key) is str for key in keys) or len(keys) > 64:
        return None
    run.check_items(len(context) + 1)
    key, *rest = keys
    if not rest:
        return {**context, key: value}
    inner = context.get(key, {})
    if not isinstance(inner, dict):
        return None
    changed = context_put_at(run, inner, rest, value)
    return None if changed is None else {**context, key: changed}


@builtin("context merge", "contexts: list")
def context_merge(run: Run, contexts: list[Any]) -> dict[str, Any] | None:
    merged: dict[str, Any] = {}
    for one in contexts:
        if not isinstance(one, dict):
            return None
        run.check_items(len(one))
        merged.update(one)
    return merged
