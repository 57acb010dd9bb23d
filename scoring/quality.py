"""Gates that data pass before they train or are scored; what does not look like training is set apart.

Rows with a value out of its declared range, with a category that training never met, of a wrong type, or
that stand there twice are quarantined, each with its reasons. A column that is missing far more often than
in training, or whose typical size moved by a factor of 30 or more (thousands for units, per cent for
shares), condemns the batch: its rows may each look right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Final, Literal

import numpy as np

from scoring.contract import FeatureSpec
from scoring.scorer import Value
from scoring.table import Table

Gate = Literal["missing", "unit", "range", "unseen", "type", "duplicate"]

_MISSING_ABOVE_TRAINING: Final = 0.2
_UNIT_FACTOR: Final = Decimal(30)
_LEAST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Profile:
    """What training knew of a feature: its missing share, the median of its sizes, its levels."""

    spec: FeatureSpec
    missing_share: float
    typical: Decimal | None
    levels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate found: the column, the row (from 1; None for the whole batch), and why."""

    gate: Gate
    column: str
    row: int | None
    why: str


@dataclass(frozen=True, slots=True)
class QualityReport:
    """`accepted` and `quarantined` are rows from 1; a batch that is `condemned` should not be used at all."""

    rows: int
    accepted: tuple[int, ...]
    quarantined: tuple[int, ...]
    findings: tuple[Finding, ...]

    @property
    def condemned(self) -> bool:
        """Whether a finding concerns the batch as a whole."""
        return any(one.row is None for one in self.findings)

    def counts(self) -> Mapping[Gate, int]:
        """Return how many findings each gate made."""
        return Counter(one.gate for one in self.findings)

    def reasons(self) -> Mapping[int, str]:
        """Return why each row is quarantined."""
        told: dict[int, list[str]] = defaultdict(list)
        for one in self.findings:
            if one.row is not None:
                told[one.row].append(": ".join(part for part in (one.gate, one.column, one.why) if part))
        return {row: "; ".join(parts) for row, parts in sorted(told.items())}


def profile(table: Table) -> tuple[Profile, ...]:
    """Describe training data as the gates need it."""
    return tuple(_profile(spec, table) for spec in table.specs)


def inspect(
    profiles: Sequence[Profile],
    rows: Sequence[Mapping[str, Value]],
    identities: Sequence[Hashable] | None = None,
) -> QualityReport:
    """Let rows pass the gates. A row is a mapping from the features' names; an absent name is not known.

    `identities` tell which rows are the same; without them those are whose figures are equal.
    """
    findings: list[Finding] = []
    seen: dict[Hashable, int] = {}
    for number, row in enumerate(rows, start=1):
        for one in profiles:
            finding = _of_value(one, row.get(one.spec.name), number)
            if finding is not None:
                findings.append(finding)
        key = identities[number - 1] if identities else tuple(row.get(one.spec.name) for one in profiles)
        first = seen.setdefault(key, number)
        if first != number:
            findings.append(Finding("duplicate", "", number, f"it equals row {first}"))
    for one in profiles:
        findings += _of_column(one, [row.get(one.spec.name) for row in rows])
    bad = {one.row for one in findings if one.row is not None}
    numbers = range(1, len(rows) + 1)
    return QualityReport(
        len(rows),
        tuple(number for number in numbers if number not in bad),
        tuple(sorted(bad)),
        tuple(findings),
    )


def _profile(spec: FeatureSpec, table: Table) -> Profile:
    column = table.columns[spec.name]
    if spec.kind == "category":
        known = [value for value in column if value is not None]
        return Profile(spec, 1 - len(known) / len(column), None, frozenset(known))
    missing = np.isnan(column)
    codes = [float(code) for code in spec.special]
    sizes = np.abs(column[~missing & ~np.isin(column, codes) & (column != 0)])
    typical = Decimal(repr(float(np.median(sizes)))) if len(sizes) else None
    return Profile(spec, float(missing.mean()), typical, frozenset())


def _of_value(one: Profile, value: Value, row: int) -> Finding | None:
    spec = one.spec
    if value is None:
        return None
    if spec.kind == "category":
        if type(value) is not str:
            return Finding("type", spec.name, row, f"{value!r} is not a text")
        if value not in one.levels:
            return Finding("unseen", spec.name, row, f"{value!r} was not met in training")
        return None
    number = _number(value)
    if number is None:
        return Finding("type", spec.name, row, f"{value!r} is not a finite number")
    if number in spec.special:
        return None
    if (spec.low is not None and number < spec.low) or (spec.high is not None and number > spec.high):
        low = "-∞" if spec.low is None else spec.low
        high = "∞" if spec.high is None else spec.high
        return Finding("range", spec.name, row, f"{number} lies outside of {low} … {high}")
    return None


def _of_column(one: Profile, values: Sequence[Value]) -> list[Finding]:
    spec, found = one.spec, []
    if len(values) < _LEAST_ROWS:
        return []
    missing = sum(value is None for value in values) / len(values)
    if missing > one.missing_share + _MISSING_ABOVE_TRAINING:
        why = f"{missing:.0%} of the rows lack it, {one.missing_share:.0%} did in training"
        found.append(Finding("missing", spec.name, None, why))
    numbers = [_number(value) for value in values if spec.kind == "number" and value is not None]
    sizes = [abs(number) for number in numbers if number and number not in spec.special]
    if one.typical and len(sizes) >= _LEAST_ROWS:
        ratio = median(sizes) / one.typical
        if ratio >= _UNIT_FACTOR or ratio <= 1 / _UNIT_FACTOR:
            why = f"its typical size is {median(sizes):.6g}, in training {one.typical:.6g}: another unit?"
            found.append(Finding("unit", spec.name, None, why))
    return found


def _number(value: Value) -> Decimal | None:
    if type(value) is int:
        return Decimal(value)
    return value if isinstance(value, Decimal) and value.is_finite() else None
