"""Training of the loss given default: a fractional logit on what was charged off, validated out of sample.

The loss rate lies between 0 and 1, so its mean is modelled by a binomial GLM as a quasi-likelihood, with
a robust (HC1) covariance, as the variance is not the binomial's: Papke and Wooldridge, Journal of Applied
Econometrics 11 (1996). The downturn's add-on is observed: EBA/GL/2019/03, section 5 (downturn LGD from
observed impact).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.csv_rows import read_rows
from scoring.lgd import CategoryEffect, Downturn, Level, LgdModel, NumberEffect, encode, lgd_id, predict
from scoring.validation import Estimate

FOLDS: Final = 5
SEED: Final = 42
BOOTSTRAPS: Final = 1_000
LEAST_ROWS: Final = 100
_LEAST_LEVEL: Final = 20  # rows; rarer values are trained together
_PLACES: Final = 6
_FIGURE_PLACES: Final = 4
# What the losses of 2007 to 2009 are compared with: the recession as the NBER's business cycle committee
# dates it.
NBER_RECESSION: Final = (
    date(2007, 12, 1),
    date(2009, 6, 30),
    "NBER business cycle dating, December 2007 to June 2009",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LossRow:
    """One loss: the share of the exposure that was lost, when, and what was known when the loan was made."""

    rate: Decimal
    lost_on: date
    numbers: Mapping[str, Decimal]
    categories: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LgdReport:
    """A trained model, its file, and what it was worth on rows that it was not fitted to.

    `r2` is the share of the squared error of the training mean that the model takes away, `rank` Spearman's
    correlation, `slope` that of the losses on the predicted log odds (1 is right), `bias` the mean
    predicted less the mean lost.
    """

    model: LgdModel
    model_id: str
    content: bytes
    r2: Estimate
    rank: Estimate
    slope: Estimate
    bias: Estimate
    mae: float
    mae_of_mean: float


def read_sba(path: Path) -> list[LossRow]:
    """Read the charged-off loans of the SBA's loan data (Li, Mickel and Taylor 2018).

    Features are those known at the approval.

    The loss rate is `ChgOffPrinGr / DisbursementGross`; `Term`, `RealEstate` and `Recession` are left
    out, as they tell what became of the loan.

    Raises:
        NotFound, InvalidInput: what `read_rows` raises; `scoring.value_type` with column and row.
    """
    amounts = ("Default", "ChgOffPrinGr", "DisbursementGross", "ChgOffDate", "Portion", "NoEmp")
    needed = (*amounts, "RevLineCr", "NewExist", "UrbanRural")
    losses = []
    for number, row in enumerate(read_rows(path, needed), start=1):
        read = _reader(row, number)
        if read("Default") != 1:
            continue
        exposure = read("DisbursementGross")
        if exposure <= 0:
            raise _value(row, "DisbursementGross", number)
        losses.append(
            LossRow(
                rate=min(max(read("ChgOffPrinGr") / exposure, Decimal(0)), Decimal(1)),
                # SAS counts days from 1960-01-01.
                lost_on=date(1960, 1, 1) + timedelta(days=int(read("ChgOffDate"))),
                numbers={"amount": exposure, "guaranteed_share": read("Portion"), "employees": read("NoEmp")},
                categories={
                    "revolving": row["RevLineCr"],
                    "new_business": str(int(read("NewExist"))),
                    "area": str(int(read("UrbanRural"))),
                },
            )
        )
    return losses


SBA_LOGS: Final = frozenset({"amount", "employees"})


def train_lgd(
    rows: Sequence[LossRow],
    *,
    name: str,
    source: str,
    logs: frozenset[str] = SBA_LOGS,
    downturn: tuple[date, date, str] = NBER_RECESSION,
) -> LgdReport:
    """Train on losses and validate by five folds (seed 42, those of scikit-learn's shuffled `KFold`).

    Args:
        rows: the losses; all have the same features.
        name: the model's.
        source: what the rows are.
        logs: numbers that count as ln(1 + value).
        downturn: its first day, last day, and who says so.

    Raises:
        InvalidInput: `scoring.lgd_too_few` under 100 rows or without losses in the downturn.
    """
    if len(rows) < LEAST_ROWS:
        raise InvalidInput(
            "scoring.lgd_too_few", f"There are {len(rows)} losses; {LEAST_ROWS} are needed.", where="the data"
        )
    rates = np.array([float(row.rate) for row in rows])
    predicted, means = np.empty(len(rows)), np.empty(len(rows))
    for test in _folds(len(rows)):
        rest = np.setdiff1d(np.arange(len(rows)), test)
        fitted = _fit([rows[i] for i in rest], logs)
        predicted[test] = [_expected(fitted, rows[i]) for i in test]
        means[test] = rates[rest].mean()
    figures = {
        "r2": _bootstrap(lambda at: _r2(rates[at], predicted[at], means[at]), len(rows)),
        "rank": _bootstrap(lambda at: _spearman(rates[at], predicted[at]), len(rows)),
        "slope": _slope(rates, predicted),
        "bias": _bootstrap(lambda at: float((predicted[at] - rates[at]).mean()), len(rows)),
    }
    model = replace(
        _fit(rows, logs),
        name=name,
        source=source,
        downturn=_downturn(rows, rates, *downturn),
        figures={
            f"{key}{suffix}": _decimal(value, _FIGURE_PLACES)
            for key, one in figures.items()
            for suffix, value in (("", one.value), ("_high", one.high), ("_low", one.low))
        },
    )
    content = encode(model)
    return LgdReport(
        model,
        lgd_id(content),
        content,
        **figures,
        mae=float(np.abs(predicted - rates).mean()),
        mae_of_mean=float(np.abs(means - rates).mean()),
    )


def _fit(rows: Sequence[LossRow], logs: frozenset[str]) -> LgdModel:
    """Return the model of these rows, still without downturn and figures."""
    # statsmodels takes seconds to load, and who only reads reports does not need it.
    import statsmodels.api as sm

    columns: list[Floats] = [np.ones(len(rows))]
    ranges: list[tuple[str, float, float]] = []
    for name in rows[0].numbers:
        values = np.array([float(row.numbers[name]) for row in rows])
        low, high = (round(float(bound), _PLACES) for bound in np.quantile(values, [0.01, 0.99]))
        held = values.clip(low, high)
        columns.append(np.log1p(held) if name in logs else held)
        ranges.append((name, low, high))
    levels: list[tuple[str, list[str], list[str]]] = []
    for name in rows[0].categories:
        counts = Counter(row.categories[name] for row in rows)
        often = [value for value, count in counts.most_common() if count >= _LEAST_LEVEL]
        rare = sorted(set(counts) - set(often))
        known = often + (["other"] if rare else [])
        values_of = [row.categories[name] if row.categories[name] in often else "other" for row in rows]
        columns += [np.array([float(value == level) for value in values_of]) for level in known[1:]]
        levels.append((name, known, rare))
    rates = np.array([float(row.rate) for row in rows])
    result: Any = sm.GLM(rates, np.column_stack(columns), family=sm.families.Binomial()).fit(cov_type="HC1")
    weights = iter([(_decimal(b), _decimal(e)) for b, e in zip(result.params, result.bse, strict=True)])
    intercept, _ = next(weights)
    return LgdModel(
        name="",
        source="",
        rows=len(rows),
        data_sha256=_digest(rows),
        intercept=intercept,
        numbers=tuple(
            NumberEffect(name, name in logs, _decimal(low), _decimal(high), *next(weights))
            for name, low, high in ranges
        ),
        categories=tuple(
            CategoryEffect(
                name,
                (
                    Level(known[0], _decimal(0), _decimal(0)),
                    *(Level(value, *next(weights)) for value in known[1:]),
                ),
                tuple(rare),
            )
            for name, known, rare in levels
        ),
        downturn=Downturn("", "", "", 0, Decimal(0), Decimal(0)),
        figures={},
    )


def _expected(model: LgdModel, row: LossRow) -> float:
    return float(predict(model, {**row.numbers, **row.categories}).expected)


def _downturn(rows: Sequence[LossRow], rates: Floats, first: date, last: date, source: str) -> Downturn:
    inside = np.array([first <= row.lost_on <= last for row in rows])
    if not inside.any():
        raise InvalidInput(
            "scoring.lgd_too_few", f"No loss fell between {first} and {last}.", where="downturn"
        )
    found = _bootstrap(
        lambda at: float(rates[at][inside[at]].mean() - rates[at].mean()) if inside[at].any() else 0.0,
        len(rows),
    )
    return Downturn(
        first.isoformat(),
        last.isoformat(),
        source,
        int(inside.sum()),
        _decimal(found.value, _FIGURE_PLACES),
        max(_decimal(found.high, _FIGURE_PLACES), _decimal(0, _FIGURE_PLACES)),
    )


def _folds(count: int) -> list[NDArray[np.intp]]:
    """Return the test rows of each fold, those of `KFold(5, shuffle=True, random_state=42)`."""
    order = np.arange(count)
    np.random.RandomState(SEED).shuffle(order)
    return [np.sort(part) for part in np.array_split(order, FOLDS)]


def _r2(rates: Floats, predicted: Floats, means: Floats) -> float:
    return float(1 - ((rates - predicted) ** 2).sum() / ((rates - means) ** 2).sum())


def _spearman(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Floats) -> Floats:
    _, found, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[found], dtype=np.float64)


def _slope(rates: Floats, predicted: Floats) -> Estimate:
    """Return the slope of the losses on the predicted log odds, with a robust 95 % interval."""
    import statsmodels.api as sm

    log_odds = np.log(predicted / (1 - predicted))
    result: Any = sm.GLM(rates, sm.add_constant(log_odds), family=sm.families.Binomial()).fit(cov_type="HC1")
    low, high = result.conf_int()[1]
    return Estimate(float(result.params[1]), float(low), float(high))


def _bootstrap(figure: Callable[[NDArray[np.intp]], float], count: int) -> Estimate:
    """Return a figure with its percentile interval over resampled rows, seeded."""
    random = np.random.Generator(np.random.PCG64(SEED))
    drawn = [figure(random.integers(0, count, count)) for _ in range(BOOTSTRAPS)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(figure(np.arange(count)), float(low), float(high))


def _digest(rows: Sequence[LossRow]) -> str:
    hasher = hashlib.sha256()
    for row in rows:
        features = [*sorted(row.numbers.items()), *sorted(row.categories.items())]
        hasher.update(f"{row.rate:f}|{row.lost_on}|{features}\n".encode())
    return hasher.hexdigest()


def _reader(row: Mapping[str, str], number: int) -> Callable[[str], Decimal]:
    def read(name: str) -> Decimal:
        try:
            value = Decimal(row[name])
        except InvalidOperation:
            raise _value(row, name, number) from None
        if not value.is_finite():
            raise _value(row, name, number)
        return value

    return read


def _value(row: Mapping[str, str], name: str, number: int) -> InvalidInput:
    return InvalidInput(
        "scoring.value_type",
        f"{name} must be a usable number and is {row[name][:80]!r} in row {number}.",
        where=f"{name}, row {number}",
    )


def _decimal(value: float, places: int = _PLACES) -> Decimal:
    return Decimal(f"{value:.{places}f}") + 0
