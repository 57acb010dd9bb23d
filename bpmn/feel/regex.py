"""XPath regular expressions (XQuery and XPath Functions 3.1, section 5.6) in bounded time.

Python's `re` takes exponential time on patterns such as `(a+)+b`, and whoever writes a pattern here may not
be trusted; it also lacks class subtraction and the XML classes. So patterns compile to a small program that
is run with backtracking over *memorised* states: a pair of instruction and position that failed once is never
tried again (RE2's BitState). That is at most program × text steps, each charged to the evaluation. With
back-references the captured text is part of the state; such patterns may need more steps, but never more than
the evaluation has left.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from bpmn.feel.limits import exceeded
from bpmn.feel.runtime import Run

MAX_PROGRAM = 4_000
_MAX_NESTING = 40
_STEP_COST = 4

CharTest: TypeAlias = Callable[[str], bool]
Span: TypeAlias = tuple[int, int]


class BadPattern(Exception):
    """The pattern, its flags or its replacement are malformed."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step of a program; `x` and `y` are targets or group numbers, `test` looks at one character."""

    op: Literal["char", "split", "jump", "save", "start", "end", "back", "match"]
    x: int = 0
    y: int = 0
    test: CharTest | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `groups` counts its capturing groups, `references` those that it refers back to."""

    program: tuple[Instruction, ...]
    groups: int
    references: tuple[int, ...]
    multiline: bool
    ignore_case: bool

    def search(self, run: Run, text: str, start: int = 0) -> tuple[Span | None, ...] | None:
        """Return the spans of the leftmost match (0: the whole) and its groups, or None."""
        seen: set[Any] = set()
        for begin in range(start, len(text) + 1):
            found = self._match(run, text, begin, seen)
            if found is not None:
                return found
        return None

    def matches(self, run: Run, text: str) -> Iterator[tuple[Span | None, ...]]:
        """Yield all matches from left to right that do not overlap."""
        position = 0
        while position <= len(text):
            found = self.search(run, text, position)
            if found is None or found[0] is None:
                return
            yield found
            position = max(found[0][1], position + 1)

    def _match(self, run: Run, text: str, begin: int, seen: set[Any]) -> tuple[Span | None, ...] | None:
        slots: tuple[int, ...] = (-1,) * (2 * self.groups + 2)
        stack = [(0, begin, slots)]
        program, length, width = self.program, len(text), len(self.program)
        while stack:
            counter, position, slots = stack.pop()
            while True:
                state: Any = position * width + counter
                if self.references:
                    state = (state, *(slots[2 * group : 2 * group + 2] for group in self.references))
                if state in seen:
                    break
                seen.add(state)
                run.spend(_STEP_COST)
                step = program[counter]
                op = step.op
                if op == "char":
                    if position == length or not step.test(text[position]):  # type: ignore[misc]
                        break
                    position += 1
                    counter += 1
                elif op == "split":
                    stack.append((step.y, position, slots))
                    counter = step.x
                elif op == "jump":
                    counter = step.x
                elif op == "save":
                    slots = (*slots[: step.x], position, *slots[step.x + 1 :])
                    counter += 1
                elif op == "match":
                    slots = (begin, position, *slots[2:])
                    return tuple(
                        None if slots[index + 1] < 0 else (slots[index], slots[index + 1])
                        for index in range(0, len(slots), 2)
                    )
                elif op == "back":
                    first, last = slots[2 * step.x], slots[2 * step.x + 1]
                    part = text[first:last] if last >= 0 else ""
                    there = text[position : position + len(part)]
                    run.spend(len(part))
                    if there != part and not (self.ignore_case and _same_but_case(there, part)):
                        break
                    position += len(part)
                    counter += 1
                else:
                    if not self._at_edge(op, text, position):
                        break
                    counter += 1
        return None

    def _at_edge(self, op: str, text: str, position: int) -> bool:
        if op == "start":
            return position == 0 or (self.multiline and text[position - 1] == "\n" and position < len(text))
        return position == len(text) or (self.multiline and text[position] == "\n")


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str = "") -> Pattern:
    """Return the compiled pattern.

    Raises:
        BadPattern: pattern or flags (of `smixq`) are malformed.
        FeelError: `feel.limit` when counted repetition makes the program too long.
    """
    if set(flags) - set("smixq"):
        raise BadPattern("unknown flag")
    if "q" in flags:
        items: list[Any] = [("char", _literal(char, ignore_case="i" in flags)) for char in pattern]
        return _assemble(("sequence", items), 0, (), flags)
    if "x" in flags:
        pattern = _without_blanks(pattern)
    reader = _Reader(pattern, dot_all="s" in flags, ignore_case="i" in flags)
    tree = reader.alternatives(0)
    if reader.position < len(pattern):
        raise BadPattern("unbalanced )")
    return _assemble(tree, reader.groups, tuple(sorted(reader.references)), flags)


def expand(replacement: str, text: str, found: tuple[Span | None, ...]) -> str:
    r"""Return a replacement with `$1` and the like filled in; `\$` and `\\` stand for themselves."""
    parts: list[str] = []
    index = 0
    while index < len(replacement):
        char = replacement[index]
        index += 1
        if char == "\\":
            if replacement[index : index + 1] not in ("$", "\\") or index == len(replacement):
                raise BadPattern("a backslash in a replacement escapes $ or itself")
            char = replacement[index]
            index += 1
        elif char == "$":
            digits = ""
            while index < len(replacement) and replacement[index] in "0123456789":
                # The longest number that is a group's; further digits are text.
                if digits and int(digits + replacement[index]) >= len(found):
                    break
                digits += replacement[index]
                index += 1
            if not digits:
                raise BadPattern("$ in a replacement is followed by a number")
            span = found[int(digits)] if int(digits) < len(found) else None
            char = text[span[0] : span[1]] if span else ""
        parts.append(char)
    return "".join(parts)


# --- reading patterns -----------------------------------------------------------------------------

# A tree node is a tuple: ("char", test) ("sequence", items) ("choice", branches) ("group", number, node)
# ("repeat", node, least, most or None, greedy) ("start",) ("end",) ("back", group).

_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_SELF_ESCAPED = frozenset("\\|.?*+(){}-[]^$")
_SPECIAL = frozenset("\\?*+()|[]{}.^$")

# Blocks that patterns in business data name (Unicode 15, Blocks.txt).
_BLOCKS = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "IPAExtensions": (0x0250, 0x02AF),
    "SpacingModifierLetters": (0x02B0, 0x02FF),
    "CombiningDiacriticalMarks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "Armenian": (0x0530, 0x058F),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "Devanagari": (0x0900, 0x097F),
    "Thai": (0x0E00, 0x0E7F),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7AF),
}
_CATEGORIES = frozenset(
    "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po".split()
    + "Z Zs Zl Zp S Sm Sc Sk So C Cc Cf Co Cn".split()
)


class _Reader:
    """Reads one pattern into a tree."""

    def __init__(self, pattern: str, *, dot_all: bool, ignore_case: bool) -> None:
        self.pattern = pattern
        self.position = 0
        self.groups = 0
        self.references: set[int] = set()
        self._closed: set[int] = set()
        self._dot_all = dot_all
        self._ignore_case = ignore_case

    def _peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise BadPattern("the pattern ends early")
        self.position += 1
        return char

    def alternatives(self, depth: int) -> Any:
        if depth > _MAX_NESTING:
            raise BadPattern("groups nest too deep")
        branches = [self._branch(depth)]
        while self._peek() == "|":
            self.position += 1
            branches.append(self._branch(depth))
        return branches[0] if len(branches) == 1 else ("choice", branches)

    def _branch(self, depth: int) -> Any:
        items: list[Any] = []
        while self._peek() not in ("", "|", ")"):
            items.append(self._quantified(self._atom(depth)))
        return ("sequence", items)

    def _quantified(self, atom: Any) -> Any:
        char = self._peek()
        if char == "{":
            least, most = self._counts()
        elif char and char in "?*+":
            self.position += 1
            least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}[char]
        else:
            return atom
        greedy = self._peek() != "?"
        if not greedy:
            self.position += 1
        if self._peek() in ("*", "+", "?", "{"):
            raise BadPattern("two quantifiers in a row")
        return ("repeat", atom, least, most, greedy)

    def _counts(self) -> tuple[int, int | None]:
        end = self.pattern.find("}", self.position)
        low, comma, high = self.pattern[self.position + 1 : max(end, 0)].partition(",")
        if end < 0 or not _is_count(low) or (high and not _is_count(high)):
            raise BadPattern("malformed {n,m}")
        self.position = end + 1
        most = int(high) if high else (None if comma else int(low))
        if most is not None and most < int(low):
            raise BadPattern("{n,m} with n > m")
        return int(low), most

    def _atom(self, depth: int) -> Any:
        char = self._take()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return ("char", self._class(depth))
        if char == ".":
            return ("char", _anything if self._dot_all else _not_line_end)
        if char == "^":
            return ("start",)
        if char == "$":
            return ("end",)
        if char == "\\":
            if self._peek() in ("1", "2", "3", "4", "5", "6", "7", "8", "9"):
                return self._reference()
            return ("char", self._escape())
        if char in _SPECIAL:
            raise BadPattern(f"misplaced {char}")
        return ("char", _literal(char, ignore_case=self._ignore_case))

    def _group(self, depth: int) -> Any:
        if self.pattern.startswith("?:", self.position):
            self.position += 2
            node = self.alternatives(depth + 1)
        else:
            if self._peek() == "?":
                raise BadPattern("unknown kind of group")
            self.groups += 1
            number = self.groups
            node = ("group", number, self.alternatives(depth + 1))
            self._closed.add(number)
        if self._peek() != ")":
            raise BadPattern("unbalanced (")
        self.position += 1
        return node

    def _reference(self) -> Any:
        number = int(self._take())
        while self._peek() in tuple("0123456789") and number * 10 + int(self._peek()) <= self.groups:
            number = number * 10 + int(self._take())
        if number not in self._closed:
            raise BadPattern("back-reference to no group")
        self.references.add(number)
        return ("back", number)

    def _escape(self) -> CharTest:
        char = self._take()
        if char in _ESCAPED:
            return _literal(_ESCAPED[char], ignore_case=False)
        if char in _SELF_ESCAPED:
            return _literal(char, ignore_case=False)
        if char in "pP":
            return self._property(negated=char == "P")
        test = _CLASSES.get(char.lower())
        if test is None:
            raise BadPattern(f"unknown escape {char}")
        return _negated(test) if char.isupper() else test

    def _property(self, *, negated: bool) -> CharTest:
        end = self.pattern.find("}", self.position)
        if self._peek() != "{" or end < 0:
            raise BadPattern("malformed property")
        name = self.pattern[self.position + 1 : end]
        self.position = end + 1
        if name.startswith("Is") and name[2:] in _BLOCKS:
            low, high = _BLOCKS[name[2:]]
            test = _between(chr(low), chr(high))
        elif name in _CATEGORIES:
            test = _category(name)
        else:
            raise BadPattern(f"unknown property {name}")
        return _negated(test) if negated else test

    def _class(self, depth: int) -> CharTest:
        if depth > _MAX_NESTING:
            raise BadPattern("classes nest too deep")
        negated = self._peek() == "^"
        if negated:
            self.position += 1
        tests: list[CharTest] = []
        removed: CharTest | None = None
        while self._peek() != "]" or not tests:
            if self.pattern.startswith("-[", self.position) and tests:
                self.position += 2
                removed = self._class(depth + 1)
                if self._peek() != "]":
                    raise BadPattern("a subtraction ends its class")
                break
            tests.append(self._class_part())
        self.position += 1
        kept = _any_of(tests)
        if self._ignore_case:
            kept = _either_case(kept)
        if negated:
            kept = _negated(kept)
        return kept if removed is None else _without(kept, removed)

    def _class_part(self) -> CharTest:
        low = self._class_char()
        if not isinstance(low, str):
            return low
        after = self.pattern[self.position + 1 : self.position + 2]
        if self._peek() == "-" and after not in ("]", "["):
            self.position += 1
            high = self._class_char()
            if not isinstance(high, str) or high < low:
                raise BadPattern("malformed range")
            return _between(low, high)
        return _literal(low, ignore_case=False)

    def _class_char(self) -> str | CharTest:
        char = self._take()
        if char == "[" or char == "]":
            raise BadPattern(f"misplaced {char}")
        if char != "\\":
            return char
        escaped = self._peek()
        if escaped in _ESCAPED:
            self.position += 1
            return _ESCAPED[escaped]
        if escaped and escaped in _SELF_ESCAPED:
            self.position += 1
            return escaped
        return self._escape()


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


def _without_blanks(pattern: str) -> str:
    """Drop blanks outside character classes: what the flag `x` means."""
    kept: list[str] = []
    depth = 0
    escaped = False
    for char in pattern:
        if char in " \t\n\r" and not depth:
            continue
        kept.append(char)
        if not escaped:
            depth += (char == "[") - (char == "]")
        escaped = char == "\\" and not escaped
    return "".join(kept)


# --- character tests ------------------------------------------------------------------------------


def _variants(char: str) -> set[str]:
    forms = {char, char.lower(), char.upper(), char.lower().upper(), char.upper().lower()}
    return {form for form in forms if len(form) == 1}


def _same_but_case(one: str, other: str) -> bool:
    return len(one) == len(other) and all(
        _variants(left) & _variants(right) for left, right in zip(one, other, strict=True)
    )


def _literal(char: str, *, ignore_case: bool) -> CharTest:
    if not ignore_case:
        return char.__eq__
    wanted = _variants(char)
    return lambda found: not wanted.isdisjoint(_variants(found))


def _anything(char: str) -> bool:
    return True


def _not_line_end(char: str) -> bool:
    return char not in "\n\r"


def _between(low: str, high: str) -> CharTest:
    return lambda char: low <= char <= high


def _category(name: str) -> CharTest:
    return lambda char: unicodedata.category(char).startswith(name)


def _negated(test: CharTest) -> CharTest:
    return lambda char: not test(char)


def _any_of(tests: list[CharTest]) -> CharTest:
    return lambda char: any(test(char) for test in tests)


def _either_case(test: CharTest) -> CharTest:
    return lambda char: any(test(form) for form in _variants(char))


def _without(kept: CharTest, removed: CharTest) -> CharTest:
    return lambda char: kept(char) and not removed(char)


def _is_name_start(char: str) -> bool:
    return char in ":_" or unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lo", "Nl")


def _is_name_char(char: str) -> bool:
    return (
        char in ":_-.·" or unicodedata.category(char)[0] in "LM" or unicodedata.category(char) in ("Nd", "Nl")
    )


_CLASSES: dict[str, CharTest] = {
    "s": lambda char: char in " \t\n\r",
    "d": _category("Nd"),
    "w": lambda char: unicodedata.category(char)[0] not in "PZC",
    "i": _is_name_start,
    "c": _is_name_char,
}


# --- assembling -----------------------------------------------------------------------------------


def _assemble(tree: Any, groups: int, references: tuple[int, ...], flags: str) -> Pattern:
    program: list[Instruction] = []
    _emit(tree, program)
    program.append(Instruction("match"))
    return Pattern(tuple(program), groups, references, "m" in flags, "i" in flags)


def _emit(node: Any, program: list[Instruction]) -> None:
    """Append the instructions of a tree; jumps are filled in when their targets are known."""
    if len(program) > MAX_PROGRAM:
        raise exceeded(f"{MAX_PROGRAM:,} instructions in a regular expression")
    match node:
        case ("char", test):
            program.append(Instruction("char", test=test))
        case ("sequence", items):
            for item in items:
                _emit(item, program)
        case ("choice", branches):
            _emit_choice(branches, program)
        case ("group", number, inner):
            program.append(Instruction("save", 2 * number))
            _emit(inner, program)
            program.append(Instruction("save", 2 * number + 1))
        case ("repeat", inner, least, most, greedy):
            _emit_repeat(inner, least, most, greedy, program)
        case ("back", number):
            program.append(Instruction("back", number))
        case (edge,):
            program.append(Instruction(edge))


def _emit_choice(branches: list[Any], program: list[Instruction]) -> None:
    jumps: list[int] = []
    for branch in branches[:-1]:
        split = len(program)
        program.append(Instruction("split"))
        _emit(branch, program)
        jumps.append(len(program))
        program.append(Instruction("jump"))
        program[split] = Instruction("split", split + 1, len(program))
    _emit(branches[-1], program)
    for jump in jumps:
        program[jump] = Instruction("jump", len(program))


def _emit_repeat(inner: Any, least: int, most: int | None, greedy: bool, program: list[Instruction]) -> None:
    for _ in range(least):
        before = len(program)
        _emit(inner, program)
        if len(program) == before:  # repeating nothing is nothing
            return
    if most is None:
        split = len(program)
        program.append(Instruction("split"))
        _emit(inner, program)
        program.append(Instruction("jump", split))
        program[split] = _split(split + 1, len(program), greedy)
        return
    splits: list[int] = []
    for _ in range(most - least):
        splits.append(len(program))
        program.append(Instruction("split"))
        _emit(inner, program)
    for split in splits:
        program[split] = _split(split + 1, len(program), greedy)


def _split(inner: int, after: int, greedy: bool) -> Instruction:
    return Instruction("split", inner, after) if greedy else Instruction("split", after, inner)
