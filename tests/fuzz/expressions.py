"""FEEL texts: grown from the grammar and the functions of the language, then often broken a little."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from bpmn.feel import DayTimeDuration, Range, WideDate, WideDateTime, WideTime, YearMonthDuration
from bpmn.feel.builtins import BUILTINS
from fuzz.texts import mutate, piece

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

#: The variables that every fuzzed expression may read: one value of each kind, and the odd ones.
SCOPE = {
    "n": Decimal("12.50"),
    "huge": Decimal("9.999999999999999999999999999999999E+6144"),
    "tiny": Decimal("1E-6176"),
    "zero": Decimal("-0"),
    "whole": 7,
    "s": "Rechnung Nr. 17",
    "empty": "",
    "odd": "\U0001f600e\u0301\u0000",
    "b": True,
    "nothing": None,
    "d": dt.date(2024, 2, 29),
    "far": WideDate(-999_999_999, 1, 1),
    "t": dt.time(23, 59, 59, 999_999),
    "tz": dt.time(10, 0, tzinfo=dt.timezone(dt.timedelta(hours=14))),
    "fine": WideTime(10, 0, 0, 123_456_789, None),
    "local": dt.datetime(1, 1, 1),
    "zoned": dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    "edge": dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone(dt.timedelta(hours=-14))),
    "wide": WideDateTime(999_999_999, 12, 31, 23, 59, 59, 999_999_999, dt.UTC),
    "months": YearMonthDuration(14),
    "ages": YearMonthDuration(-11_999_999_988),
    "time": DayTimeDuration(90_061_000_000_001),
    "span": DayTimeDuration(10**24),
    "numbers": [Decimal(3), Decimal(1), Decimal(2)],
    "mixed": [Decimal(1), "a", None, True, [Decimal(1)], {"a": Decimal(1)}],
    "rows": [{"k": Decimal(1), "v": "x"}, {"k": Decimal(2)}],
    "c": {"a": Decimal(1), "b": {"c": "deep"}, "net amount": Decimal(5)},
    "range": Range(Decimal(1), Decimal(10), True, False),
    "open range": Range(None, dt.date(2026, 1, 1), False, True, "<="),
    "net amount": Decimal(100),
}
NAMES = ("open range", "net amount")

_LITERALS = (
    "null true false 0 1 2 -1 3.5 0.1 1e10 1e6144 1e-6176 9999999999999999999999999999999999 1e999999 12 -0 "
    "100000 "
    '"" "a" "A-b" "(a+)+$" "[a-z&&[^b]]" "\\\\p{L}" "\\u0041" "\\uD83D\\uDE00" "," "i" "x" '
    '@"2024-02-29" @"999999999-12-31" @"-999999999-01-01T00:00:00Z" @"10:00:00" @"10:00:00.123456789" '
    '@"10:00:00@Europe/Paris" @"2026-03-29T02:30:00@Europe/Berlin" @"9999-12-31T23:59:59-14:00" '
    '@"P1Y" @"P999999999Y" @"-P11M" @"P1DT2H" @"PT0.000000001S" @"-P999999999D" @"x" [] {} ? item partial'
).split(" ")
_BINARY = "+ - * / ** = != < <= > >= and or".split()
_TYPES = (
    "number string boolean date time Any Null list<number> list<list<Any>> context<a:number> range<date> "
    "function<number>->string"
).split()
_KINDS = ("date and time", "days and time duration", "years and months duration", "nonsense")
_PARTS = (
    "a b c k v year month day weekday hour minute second timezone years months days hours minutes seconds "
    "start end"
).split()
_VARIABLES = ("x", "y", "i", "row", "n", "net amount")


def feel_text(random: Random) -> str:
    """A FEEL expression, in one case of three broken at some place."""
    text = _grow(random, random.randint(1, 5))
    return mutate(random, text) if random.random() < 0.33 else text


def test_text(random: Random) -> str:
    """The unary tests of a cell, in one case of three broken at some place."""
    tests = ", ".join(_test(random, random.randint(0, 3)) for _ in range(random.randint(1, 3)))
    text = random.choice((tests, tests, f"not({tests})", "-"))
    return mutate(random, text) if random.random() < 0.33 else text


def _grow(random: Random, depth: int) -> str:
    return random.choice(_LEAVES if depth <= 0 else _FORMS)(random, depth - 1)


def _literal(random: Random, depth: int) -> str:
    return random.choice(_LITERALS)


def _variable(random: Random, depth: int) -> str:
    return random.choice((*SCOPE, *_VARIABLES))


def _quoted(random: Random, depth: int) -> str:
    return '"' + piece(random).replace('"', "") + '"'


def _binary(random: Random, depth: int) -> str:
    operands = [_grow(random, depth) for _ in range(random.choice((2, 2, 2, 3, 9)))]
    return "".join(f"{each} {random.choice(_BINARY)} " for each in operands[1:]) + operands[0]


def _call(random: Random, depth: int) -> str:
    name = random.choice(tuple(BUILTINS))
    parameters = random.choice(BUILTINS[name].overloads).parameters
    wanted = max(0, len(parameters) + random.choice((0, 0, 0, 0, 1, -1)))
    arguments = [_grow(random, depth) for _ in range(wanted)]
    if random.random() < 0.2 and wanted == len(parameters):
        arguments = [f"{each.name}: {text}" for each, text in zip(parameters, arguments, strict=True)]
    return f"{name}({', '.join(arguments)})"


def _fitting_call(random: Random, depth: int) -> str:
    """A call whose arguments have the kinds that the function takes."""
    name = random.choice(tuple(BUILTINS))
    parameters = random.choice(BUILTINS[name].overloads).parameters
    return f"{name}({', '.join(_of_kind(random, str(each.type), depth) for each in parameters)})"


def _of_kind(random: Random, kind: str, depth: int) -> str:
    for word, variables in _VARIABLES_OF_KIND.items():
        if word in kind.lower():
            return random.choice(variables)
    return _grow(random, depth)


_VARIABLES_OF_KIND = {
    "number": ("n", "huge", "tiny", "zero", "whole", "-1", "0", "2.5", "1e40"),
    "string": ("s", "empty", "odd", '"a"', '"(a|b)*"', '"2026-01-01"', '"P1D"', '"^x{2,3}$"', '"1,5"'),
    "boolean": ("b", "true", "null"),
    "list": ("numbers", "mixed", "rows", "[]", "[n, s]", "[[1], [2, [3]]]", "[range]"),
    "context": ("c", "{}", "rows[1]", "{a: {b: 1}}"),
    "range": ("range", "open range", "[d..far]", "(t..tz)", '["a".."b"]'),
    "date": ("d", "far", "local", "zoned", "edge", "wide"),
    "time": ("t", "tz", "fine", "zoned"),
    "duration": ("months", "ages", "time", "span"),
}


def _group(random: Random, depth: int) -> str:
    return f"({_grow(random, depth)})"


def _sign(random: Random, depth: int) -> str:
    return "-" * random.choice((1, 1, 2)) + _grow(random, depth)


def _list(random: Random, depth: int) -> str:
    return f"[{', '.join(_grow(random, depth) for _ in range(random.randint(0, 4)))}]"


def _context(random: Random, depth: int) -> str:
    keys = ("a", "b", "net amount", '"a b"', "f", "x")
    entries = [f"{random.choice(keys)}: {_grow(random, depth)}" for _ in range(random.randint(0, 3))]
    return f"{{{', '.join(entries)}}}"


def _range(random: Random, depth: int) -> str:
    return f"{random.choice('[(]')}{_grow(random, depth)}..{_grow(random, depth)}{random.choice('])[')}"


def _open_range(random: Random, depth: int) -> str:
    return f"({random.choice(_BINARY[5:11])} {_grow(random, depth)})"


def _path(random: Random, depth: int) -> str:
    return f"{_grow(random, depth)}.{random.choice((*_PARTS, 'time offset', 'start included', 'net amount'))}"


def _filter(random: Random, depth: int) -> str:
    return f"{_grow(random, depth)}[{_grow(random, depth)}]"


def _if(random: Random, depth: int) -> str:
    return f"if {_grow(random, depth)} then {_grow(random, depth)} else {_grow(random, depth)}"


def _for(random: Random, depth: int) -> str:
    return f"for {_binding(random, depth)} return {_grow(random, depth)}"


def _quantified(random: Random, depth: int) -> str:
    return f"{random.choice(('some', 'every'))} {_binding(random, depth)} satisfies {_grow(random, depth)}"


def _binding(random: Random, depth: int) -> str:
    until = f"..{_grow(random, depth)}" if random.random() < 0.3 else ""
    more = f", {_binding(random, depth - 1)}" if depth > 0 and random.random() < 0.3 else ""
    return f"{random.choice(_VARIABLES)} in {_grow(random, depth)}{until}{more}"


def _function(random: Random, depth: int) -> str:
    kind = random.choice(("", ": number", f": {random.choice(_TYPES)}"))
    return f"function(x{kind}, y) {_grow(random, depth)}"


def _own_call(random: Random, depth: int) -> str:
    return f"{{f: function(x) {_grow(random, depth)}, r: f({_grow(random, depth)})}}.r"


def _recursion(random: Random, depth: int) -> str:
    return f"{{f: function(x) if x = 0 then {_grow(random, depth)} else f(x - 1) + 1, r: f(5)}}.r"


def _sorting(random: Random, depth: int) -> str:
    return f"sort({_grow(random, depth)}, function(x, y) {_grow(random, depth)})"


def _between(random: Random, depth: int) -> str:
    return f"{_grow(random, depth)} between {_grow(random, depth)} and {_grow(random, depth)}"


def _in(random: Random, depth: int) -> str:
    return f"{_grow(random, depth)} in ({_test(random, depth)}, {_test(random, depth)})"


def _instance(random: Random, depth: int) -> str:
    return f"{_grow(random, depth)} instance of {random.choice((*_TYPES, *_KINDS))}"


def _test(random: Random, depth: int) -> str:
    return random.choice(("", "", "< ", ">= ", "= ", "!= ")) + _grow(random, depth)


_LEAVES: tuple[Callable[[Random, int], str], ...] = (_literal, _variable, _variable, _quoted)
_FORMS: tuple[Callable[[Random, int], str], ...] = (
    *_LEAVES,
    *(
        _binary,
        _binary,
        _call,
        _call,
        _fitting_call,
        _fitting_call,
        _fitting_call,
        _group,
        _sign,
        _list,
        _context,
    ),
    *(_range, _open_range, _path, _path, _filter, _filter, _if, _for, _quantified, _function, _own_call),
    *(_recursion, _sorting, _between, _in, _instance),
)
