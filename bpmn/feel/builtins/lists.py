"""List functions (DMN 1.5, 10.3.4.4) and sorting (10.3.4.7)."""

# ruff: noqa: D103 - each function is declared by its signature in FEEL; the standard describes it

from __future__ import annotations

import decimal
from collections.abc import Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from bpmn.feel.builtins.registry import builtin
from bpmn.feel.operators import ARITHMETIC, add, compare, divide, equal, kind_of
from bpmn.feel.runtime import Run
from bpmn.feel.values import MAX_DEPTH

Items = Sequence[Any]


@builtin("list contains", "list: list", "element: Any")
def list_contains(run: Run, items: Items, element: Any) -> bool:
    run.spend(len(items))
    return any(equal(run, item, element) is True for item in items)


@builtin("count", "list: list")
def count(run: Run, items: Items) -> Decimal:
    return Decimal(len(items))


@builtin("min", "*list")
def min_(run: Run, items: Items) -> Any:
    return _extreme(run, items, -1)


@builtin("max", "*list")
def max_(run: Run, items: Items) -> Any:
    return _extreme(run, items, 1)


def _extreme(run: Run, items: Items, sign: int) -> Any:
    run.spend(len(items))
    best: Any = None
    for item in items:
        order = compare(item, item if best is None else best)
        if order is None:
            return None
        if best is None or order == sign:
            best = item
    return best


@builtin("sum", "*list")
def sum_(run: Run, items: Items) -> Any:
    run.spend(len(items))
    total: Any = None
    for item in items:
        if kind_of(item) not in _ADDABLE:
            return None
        total = item if total is None else add(run, total, item)
        if total is None:
            return None
    return total


_ADDABLE = frozenset(("number", "years and months duration", "days and time duration"))


@builtin("mean", "*list")
def mean(run: Run, items: Items) -> Any:
    return divide(run, sum_(run, items), Decimal(len(items))) if items else None


@builtin("product", "*list")
def product(run: Run, items: Items) -> Decimal | None:
    numbers = _numbers(run, items)
    if not numbers:
        return None
    total = Decimal(1)
    try:
        for number in numbers:
            total = ARITHMETIC.multiply(total, number)
    except decimal.DecimalException:
        return None
    return total


@builtin("median", "*list")
def median(run: Run, items: Items) -> Decimal | None:
    numbers = _numbers(run, items)
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return ARITHMETIC.divide(ARITHMETIC.add(ordered[middle - 1], ordered[middle]), Decimal(2))


@builtin("stddev", "*list")
def stddev(run: Run, items: Items) -> Decimal | None:
    """Standard deviation of a sample (divisor n - 1)."""
    numbers = _numbers(run, items)
    if numbers is None or len(numbers) < 2:
        return None
    try:
        average = ARITHMETIC.divide(_total(numbers), Decimal(len(numbers)))
        squares = [ARITHMETIC.power(ARITHMETIC.subtract(number, average), Decimal(2)) for number in numbers]
        return ARITHMETIC.sqrt(ARITHMETIC.divide(_total(squares), Decimal(len(numbers) - 1)))
    except decimal.DecimalException:
        return None


def _total(numbers: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = ARITHMETIC.add(total, number)
    return total


@builtin("mode", "*list")
def mode(run: Run, items: Items) -> list[Decimal] | None:
    """All numbers that occur most often, in ascending order."""
    numbers = _numbers(run, items)
    if numbers is None:
        return None
    counts: dict[Decimal, int] = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, times in counts.items() if times == most)


def _numbers(run: Run, items: Items) -> list[Decimal] | None:
    run.spend(len(items))
    return list(items) if all(type(item) is Decimal for item in items) else None


@builtin("all", "*list")
def all_(run: Run, items: Items) -> bool | None:
    run.spend(len(items))
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@builtin("any", "*list")
def any_(run: Run, items: Items) -> bool | None:
    run.spend(len(items))
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


@builtin("sublist", "list: list", "start position: number", "length?: number?")
def sublist(run: Run, items: Items, start: Decimal, length: Decimal | None) -> list[Any] | None:
    begin = _index(items, start)
    if begin is None:
        return None
    if length is None:
        return list(items[begin:])
    if length < 1 or length > len(items) - begin:
        return None
    return list(items[begin : begin + int(length)])


def _index(items: Items, position: Decimal) -> int | None:
    """Return the Python index of a FEEL position (1 the first, -1 the last); None outside the list."""
    if not 1 <= position.copy_abs() < len(items) + 1:
        return None
    return int(position) - 1 if position > 0 else len(items) + int(position)


def _listed(value: Any) -> Items:
    return value if isinstance(value, list | tuple) else [value]


@builtin("append", "list: list", "*item")
def append(run: Run, items: Items, added: Items) -> list[Any]:
    run.check_items(len(items) + len(added))
    return [*items, *added]


@builtin("concatenate", "*list")
def concatenate(run: Run, lists: Items) -> list[Any] | None:
    joined: list[Any] = []
    for one in lists:
        if one is None:
            return None
        joined.extend(_listed(one))
        run.check_items(len(joined))
    return joined


@builtin("insert before", "list: list", "position: number", "newItem: Any")
def insert_before(run: Run, items: Items, position: Decimal, item: Any) -> list[Any] | None:
    index = _index(items, position)
    if index is None:
        return None
    run.check_items(len(items) + 1)
    return [*items[:index], item, *items[index:]]


@builtin("remove", "list: list", "position: number")
def remove(run: Run, items: Items, position: Decimal) -> list[Any] | None:
    index = _index(items, position)
    if index is None:
        return None
    run.check_items(len(items))
    return [*items[:index], *items[index + 1 :]]


@builtin("list replace", "list: list", "position: number", "newItem: Any")
def list_replace(run: Run, items: Items, position: Decimal, item: Any) -> list[Any] | None:
    index = _index(items, position)
    if index is None:
        return None
    run.check_items(len(items))
    return [*items[:index], item, *items[index + 1 :]]


@builtin("list replace", "list: list", "match: function", "newItem: Any")
def list_replace_matching(run: Run, items: Items, match: Any, new: Any) -> list[Any] | None:
    run.check_items(len(items))
    replaced: list[Any] = []
    for item in items:
        matched = match.call(run, (item, new))
        if type(matched) is not bool:
            return None
        replaced.append(new if matched else item)
    return replaced


@builtin("reverse", "list: list")
def reverse(run: Run, items: Items) -> list[Any]:
    run.check_items(len(items))
    return list(reversed(items))


@builtin("index of", "list: list", "match: Any")
def index_of(run: Run, items: Items, match: Any) -> list[Decimal]:
    run.check_items(len(items))
    return [Decimal(number) for number, item in enumerate(items, 1) if equal(run, item, match) is True]


@builtin("union", "*list")
def union(run: Run, lists: Items) -> list[Any] | None:
    joined = concatenate(run, lists)
    return None if joined is None else distinct_values(run, joined)


@builtin("distinct values", "list: list")
def distinct_values(run: Run, items: Items) -> list[Any]:
    run.check_items(len(items))
    kept: list[Any] = []
    plain: set[tuple[type, Any]] = set()
    others: list[Any] = []
    for item in items:
        if type(item) in _PLAIN:
            key = (type(item), item)
            if key in plain:
                continue
            plain.add(key)
        else:
            run.spend(len(others))
            if any(equal(run, item, other) is True for other in others):
                continue
            others.append(item)
        kept.append(item)
    return kept


#: Types whose equality is Python's own, so that a set finds equals at once.
_PLAIN = frozenset((Decimal, str, bool))


@builtin("flatten", "list: list")
def flatten(run: Run, items: Items) -> list[Any]:
    flat: list[Any] = []
    stack = [iter(items)]
    while stack:
        for item in stack[-1]:
            run.spend(1)
            if isinstance(item, list | tuple):
                if len(stack) > MAX_DEPTH:
                    return flat
                stack.append(iter(item))
                break
            flat.append(item)
        else:
            stack.pop()
    run.check_items(len(flat))
    return flat


@builtin("sort", "list: list", "precedes?: function")
def sort(run: Run, items: Items, precedes: Any) -> list[Any] | None:
    run.check_items(len(items))
    if precedes is None:
        return _sorted_naturally(items)

    def order(left: Any, right: Any) -> int:
        if precedes.call(run, (left, right)) is True:
            return -1
        return 1 if precedes.call(run, (right, left)) is True else 0

    return sorted(items, key=cmp_to_key(order))


def _sorted_naturally(items: Items) -> list[Any] | None:
    if any(compare(item, items[0]) is None for item in items):
        return None
    return sorted(items, key=cmp_to_key(lambda left, right: compare(left, right) or 0))
