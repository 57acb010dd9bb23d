"""String functions (DMN 1.5, 10.3.4.3). Characters are Unicode code points."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bpmn.feel.builtins.registry import builtin
from bpmn.feel.regex import BadPattern, compile_pattern, expand
from bpmn.feel.runtime import Run


@builtin("substring", "string: string", "start position: number", "length?: number?")
def substring(run: Run, string: str, start: Decimal, length: Decimal | None) -> str | None:
    first = _whole(start)
    if first == 0:
        return None
    begin = first - 1 if first > 0 else len(string) + first
    if begin < 0 or begin >= len(string):
        return None if begin < 0 else ""
    if length is None:
        return string[begin:]
    return string[begin : begin + _whole(length)] if length >= 1 else None


def _whole(number: Decimal) -> int:
    """Return the whole part, cut to what no string reaches."""
    return int(number) if number.adjusted() < 12 else int(Decimal("1e12").copy_sign(number))


@builtin("string length", "string: string")
def string_length(run: Run, string: str) -> Decimal:
    return Decimal(len(string))


@builtin("upper case", "string: string")
def upper_case(run: Run, string: str) -> str:
    run.check_text(3 * len(string))
    return string.upper()


@builtin("lower case", "string: string")
def lower_case(run: Run, string: str) -> str:
    run.check_text(3 * len(string))
    return string.lower()


@builtin("substring before", "string: string", "match: string")
def substring_before(run: Run, string: str, match: str) -> str:
    before, found, _ = string.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after", "string: string", "match: string")
def substring_after(run: Run, string: str, match: str) -> str:
    return string.partition(match)[2] if match else string


@builtin("contains", "string: string", "match: string")
def contains(run: Run, string: str, match: str) -> bool:
    run.check_text(len(string))
    return match in string


@builtin("starts with", "string: string", "match: string")
def starts_with(run: Run, string: str, match: str) -> bool:
    return string.startswith(match)


@builtin("ends with", "string: string", "match: string")
def ends_with(run: Run, string: str, match: str) -> bool:
    return string.endswith(match)


@builtin("matches", "input: string", "pattern: string", "flags?: string?")
def matches(run: Run, text: str, pattern: str, flags: str | None) -> bool | None:
    try:
        return compile_pattern(pattern, flags or "").search(run, text) is not None
    except BadPattern:
        return None


@builtin("replace", "input: string", "pattern: string", "replacement: string", "flags?: string?")
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None) -> str | None:
    try:
        compiled = compile_pattern(pattern, flags or "")
        parts: list[str] = []
        last = length = 0
        for found in compiled.matches(run, text):
            begin, end = found[0] or (0, 0)
            filled = replacement if flags and "q" in flags else expand(replacement, text, found)
            length += begin - last + len(filled)
            run.check_text(length)
            parts += (text[last:begin], filled)
            last = end
    except BadPattern:
        return None
    return "".join((*parts, text[last:]))


@builtin("split", "string: string", "delimiter: string")
def split(run: Run, string: str, delimiter: str) -> list[str] | None:
    try:
        compiled = compile_pattern(delimiter)
    except BadPattern:
        return None
    parts: list[str] = []
    last = 0
    for found in compiled.matches(run, string):
        begin, end = found[0] or (0, 0)
        if end > begin:
            parts.append(string[last:begin])
            last = end
    run.check_items(len(parts) + 1)
    return [*parts, string[last:]]


@builtin("string join", "list: list", "delimiter?: string?")
def string_join(run: Run, items: list[Any], delimiter: str | None) -> str | None:
    texts = [item for item in items if item is not None]
    if not all(type(text) is str for text in texts):
        return None
    run.check_text(sum(map(len, texts)) + len(texts) * len(delimiter or ""))
    return (delimiter or "").join(texts)
