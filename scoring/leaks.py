"""Columns that know the outcome, or only who it was: found from the values alone, without a list of names.

identifier   (nearly) every row has a value of its own, as text or whole number constant     every row has
the same value separates    the column alone tells bad rows from good ones as no honest figure does (AUC of
.95 or more) known        whether it is filled in tells them apart: a date or an amount that only one
outcome writes round        the good rows lie on round numbers and the bad ones between: a term that was cut
short by the default derived      it is computed from a column found before: a function, a multiple, or a
sum with another column

Each is a finding with its evidence, for a person to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from scoring.prebins import Flags, Floats
from scoring.table import inferred_kind
from scoring.validation import auc, stratified_folds

Reason = Literal["identifier", "constant", "separates", "known", "round", "derived"]

_UNIQUE_TEXTS: Final = 0.9
_UNIQUE_NUMBERS: Final = 0.99
_SEPARATES: Final = 0.95
_KNOWN: Final = 0.9
_ROUND_DIFFERENCE: Final = 0.5
# Whole numbers that terms, days and amounts are rounded to: dozens, tens, weeks, months and years in days.
_BASES: Final = (5, 7, 10, 12, 30, 100, 360, 365, 1_000)
_LEAST_ROWS: Final = 50
_EQUAL_SHARE: Final = 0.99
_REPEATS: Final = 5
# A column of fewer values is a flag or a grade, and no amount that could be rounded.
_LEAST_AMOUNTS: Final = 10


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that should not be trained on, and why."""

    column: str
    reason: Reason
    evidence: str


def find_leaks(columns: Mapping[str, Sequence[str | None]], bad: Sequence[bool]) -> tuple[Leak, ...]:
    """Return the columns that know the outcome or only who it was, in the order of the columns.

    Cells are texts, None where the value is not known.
    """
    target = np.array(bad, dtype=np.bool_)
    codes = {name: _codes(cells) for name, cells in columns.items()}
    numbers = {name: _numbers(cells) for name, cells in columns.items() if inferred_kind(cells) == "number"}
    found: dict[str, Leak] = {}
    for name in columns:
        leak = _of_itself(name, codes[name], numbers.get(name), target)
        if leak is not None:
            found[name] = leak
    for leak in _derived(codes, numbers, found, target):
        found.setdefault(leak.column, leak)
    return tuple(found[name] for name in columns if name in found)


def _of_itself(name: str, codes: NDArray[np.intp], numbers: Floats | None, bad: Flags) -> Leak | None:
    known = codes >= 0
    distinct = len(np.unique(codes[known]))
    if distinct <= 1 and known.all():
        return Leak(name, "constant", "every row has the same value")
    share = distinct / max(int(known.sum()), 1)
    whole = numbers is not None and bool((numbers[known] == np.round(numbers[known])).all())
    if known.sum() >= _LEAST_ROWS and (
        (numbers is None and share >= _UNIQUE_TEXTS) or (whole and share >= _UNIQUE_NUMBERS)
    ):
        return Leak(name, "identifier", f"{distinct} different values in {int(known.sum())} rows")
    filled = auc(bad, known.astype(float))
    if max(filled, 1 - filled) >= _KNOWN:
        shares = known[bad].mean(), known[~bad].mean()
        return Leak(
            name, "known", f"filled in for {shares[0]:.1%} of the bad and {shares[1]:.1%} of the good rows"
        )
    area = _area(codes, numbers, bad)
    if area >= _SEPARATES:
        return Leak(name, "separates", f"alone it ranks the rows with an AUC of {area:.3f}")
    if numbers is None or not whole or distinct < _LEAST_AMOUNTS:
        return None
    return _round(name, numbers, known, bad)


def _round(name: str, numbers: Floats, known: NDArray[np.bool_], bad: Flags) -> Leak | None:
    """Find the base whose multiples differ most from the other values in their bad rate."""
    worst: tuple[float, str] | None = None
    for base in _BASES:
        multiple = known & (np.mod(numbers, base) == 0)
        between = known & ~multiple
        if min(multiple.sum(), between.sum()) < _LEAST_ROWS:
            continue
        rates = bad[multiple].mean(), bad[between].mean()
        difference = float(abs(rates[0] - rates[1]))
        if difference >= _ROUND_DIFFERENCE and (worst is None or difference > worst[0]):
            worst = (
                difference,
                (f"{rates[0]:.1%} of the rows at multiples of {base} are bad, {rates[1]:.1%} of the others"),
            )
    return None if worst is None else Leak(name, "round", worst[1])


def _area(codes: NDArray[np.intp], numbers: Floats | None, bad: Flags) -> float:
    """Return how well the column alone ranks: its numbers either way, or its values by the others' bad rate.

    Values are priced on one half of the rows and judged on the other, so that many of them do not rank by
    themselves.
    """
    areas: list[float] = []
    if numbers is not None:
        filled = np.where(np.isnan(numbers), -np.inf, numbers)
        straight = auc(bad, filled)
        areas = [straight, 1 - straight]
    folds = stratified_folds(bad, 2, 0)
    rate = float(bad.mean())
    halves = []
    for fold in range(2):
        learnt = folds != fold
        shifted = codes + 1
        rows = np.bincount(shifted[learnt], minlength=int(shifted.max()) + 1)
        bads = np.bincount(shifted[learnt & bad], minlength=int(shifted.max()) + 1)
        halves.append(auc(bad[~learnt], ((bads + rate) / (rows + 1))[shifted[~learnt]]))
    return max([*areas, float(np.mean(halves))])


def _derived(
    codes: Mapping[str, NDArray[np.intp]],
    numbers: Mapping[str, Floats],
    found: Mapping[str, Leak],
    bad: Flags,
) -> Iterable[Leak]:
    """Find what is computed from columns that know the outcome, and from what is computed from them."""
    areas: dict[str, float] = {}

    def area(name: str) -> float:
        if name not in areas:
            areas[name] = _area(codes[name], numbers[name], bad)
        return areas[name]

    taken = {name for name, leak in found.items() if leak.reason not in ("identifier", "constant")}
    queue = [name for name in codes if name in taken]
    while queue:
        source = queue.pop(0)
        for name in codes:
            if name in taken or name in found:
                continue
            why = _function(codes[source], codes[name]) or _sum(name, source, numbers, area)
            if why:
                taken.add(name)
                queue.append(name)
                yield Leak(name, "derived", f"{why} {source}")


def _function(source: NDArray[np.intp], target: NDArray[np.intp]) -> str | None:
    """Tell that each value of the source, most of them repeated, stands with one value of the target."""
    both = (source >= 0) & (target >= 0)
    values = len(np.unique(source[both]))
    if len(np.unique(target[both])) < 2 or values < 3 or both.sum() < _REPEATS * values:
        return None
    pairs = len(np.unique(source[both] * (int(target.max()) + 1) + target[both]))
    return "it is a function of" if pairs == values else None


def _sum(name: str, source: str, numbers: Mapping[str, Floats], area: Callable[[str], float]) -> str | None:
    """Tell that a number is the source added to, or taken from, another column.

    Such a sum can be read both ways; what ranks the rows better than the other column is the one that was
    made of it.
    """
    if name not in numbers or source not in numbers:
        return None
    for other, sign in ((other, sign) for other in numbers for sign in (1, -1)):
        if other in (name, source):
            continue
        gap = numbers[name] - numbers[other] - sign * numbers[source]
        known = ~np.isnan(gap)
        enough = known.sum() >= _LEAST_ROWS and (np.abs(gap[known]) < 1e-9).mean() >= _EQUAL_SHARE
        if enough and (numbers[source][known] != 0).mean() >= 0.5 and area(name) > area(other):
            return f"it is {other} {'plus' if sign > 0 else 'less'}"
    return None


def _codes(cells: Sequence[str | None]) -> NDArray[np.intp]:
    """Number the different values, -1 where not known."""
    number: dict[str, int] = {}
    return np.array([-1 if cell is None else number.setdefault(cell, len(number)) for cell in cells])


def _numbers(cells: Sequence[str | None]) -> Floats:
    def read(cell: str | None) -> float:
        try:
            return np.nan if cell is None else float(cell)
        except ValueError:
            return np.nan

    return np.array([read(cell) for cell in cells], dtype=np.float64)
