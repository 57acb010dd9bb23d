"""Which names with spaces (or signs) are known at a place, so that the parser can join their words.

FEEL allows `net amount`, `payment-terms` and `date and time` as names. Only knowledge of the scope tells such
a name from an expression, and the longest name that fits wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from bpmn.feel.errors import FeelSyntaxError
from bpmn.feel.lexer import Token, tokenize


class Vocabulary:
    """An immutable set of names that are more than one token long."""

    __slots__ = ("_by_first",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in sorted(set(names)):
            words = _words(name)
            if len(words) > 1:
                self._by_first.setdefault(words[0], []).append((words, name))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def match(self, tokens: Sequence[Token], index: int) -> tuple[str, int]:
        """Return the longest known name at `index` and how many tokens it takes; ("", 0) when none fits."""
        for words, name in self._by_first.get(tokens[index].text, ()):
            if len(tokens) >= index + len(words) and all(
                token.text == word and token.kind != "string"
                for token, word in zip(tokens[index : index + len(words)], words, strict=True)
            ):
                return name, len(words)
        return "", 0

    def __bool__(self) -> bool:
        return bool(self._by_first)


@lru_cache(maxsize=4_096)
def _words(name: str) -> tuple[str, ...]:
    try:
        return tuple(token.text for token in tokenize(name)[:-1])
    except FeelSyntaxError:  # a context's key in quotes may be any text; such a one is never a name
        return ()
