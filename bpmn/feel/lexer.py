"""Splits FEEL text into tokens.

Names with spaces are no tokens: whether `net amount` is one name or an error depends on what is in scope, so
the lexer yields the words and the parser joins them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bpmn.feel.errors import FeelSyntaxError, Place
from bpmn.feel.limits import MAX_SOURCE

Kind = Literal["name", "quoted", "number", "string", "symbol", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `text` is the source text, for strings and quoted names their content."""

    kind: Kind
    text: str
    start: int
    end: int


# DMN 1.5, 10.3.1.2, rules 28 to 30.
_NAME_START = (
    "?A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_PART = _NAME_START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
_TOKEN = re.compile(
    rf"""
      (?P<blank>(?:[\s\u0085\u180e\u200b\ufeff]|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)+)
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[{_NAME_START}][{_NAME_PART}]*)
    | `(?P<quoted>[^`\n]+)`
    | "(?P<string>(?:[^"\\]|\\.)*)"
    | (?P<symbol>\*\*|\.\.|->|<=|>=|!=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, closed by one of kind "end".

    Raises:
        FeelSyntaxError: `feel.too_long`, or `feel.syntax` for a string or comment that does not end and for
        half of a surrogate pair, which is no character.
    """
    if len(text) > MAX_SOURCE:
        raise FeelSyntaxError(
            "feel.too_long",
            f"The expression has {len(text)} characters.",
            hint=f"Keep it within {MAX_SOURCE}; split it over several decisions or variables.",
        )
    half = _SURROGATE.search(text)
    if half is not None:
        raise syntax_error(text, half.start(), "The text holds half of a surrogate pair.", "Remove it.")
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "blank":
            continue
        start, end = match.span()
        if kind == "string":
            tokens.append(Token("string", unescape(match["string"], text, start), start, end))
        elif kind == "quoted":
            tokens.append(Token("quoted", match["quoted"], start, end))
        elif kind == "number":
            tokens.append(Token("number", match[0], start, end))
        elif kind == "name":
            tokens.append(Token("name", match[0], start, end))
        elif match[0] == '"' or match[0] == "`":
            raise syntax_error(text, start, "The string does not end.", f"Close it with {match[0]}.")
        else:
            tokens.append(Token("symbol", match[0], start, end))
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def unescape(raw: str, text: str, position: int) -> str:
    """Return a string literal's content with its escapes resolved; an unknown escape stays as it is."""
    if "\\" not in raw:
        return raw

    def resolve(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number <= 0x10FFFF else match[0]
        return _ESCAPED.get(code, match[0])

    content = _ESCAPE.sub(resolve, raw)
    try:
        # Two \u escapes may spell one character as a surrogate pair; half of a pair is no character.
        return content.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise syntax_error(text, position, "The string holds half of a surrogate pair.", None) from None


def syntax_error(text: str, position: int, message: str, hint: str | None) -> FeelSyntaxError:
    """Return a `feel.syntax` error that tells line, column and the text at `position`."""
    return FeelSyntaxError("feel.syntax", message, hint=hint).at(Place(text, position))
