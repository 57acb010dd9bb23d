"""From a fitted model to a card: points, grades, reasons' labels; and the batch scorer.

Points are linear in the log odds of default:

    factor = PDO / ln 2        score = points₀ + factor·(−log odds − ln odds₀)

so that PDO points double the good:bad odds (Siddiqi 2006, chapter 6). Each bin's points count from the
feature's riskiest bin, which has 0; the base takes the rest. Every number of the card is rounded before it is
used, so that the file alone gives the score, and a refit gives the same bytes.

Where a class was oversampled the intercept is moved to the population's rate τ by ln(τ/(1−τ)) −
ln(ȳ/(1−ȳ)), ȳ the rate of the sample (prior correction; King and Zeng, Logistic Regression in Rare Events
Data, 2001).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.artifact import (
    GRADE_SCALE,
    Bin,
    Card,
    CardFeature,
    EditNote,
    Fit,
    Grade,
    Scale,
    SpecialBin,
    TrainingData,
    UnusedFeature,
)
from scoring.binning import Binning, Rule, bin_positions, check_edit, decimal_cuts
from scoring.choice import RULES, Choice, choose
from scoring.contract import FeatureSpec
from scoring.fitting import FittedFeature
from scoring.prebins import Floats
from scoring.scorer import MICRO
from scoring.table import Table

_PLACES: Final = 6
_COVARIANCE_PLACES: Final = 9


@dataclass(frozen=True, slots=True)
class Described:
    """What a card says of itself beside the fit."""

    name: str
    source: str
    synthetic: bool
    target: str


def fit_card(
    table: Table,
    described: Described,
    scale: Scale | None = None,
    rules: Sequence[Rule] = RULES,
    population_rate: Decimal | None = None,
) -> Card:
    """Fit a card to training data, without figures: these come from rows that it never saw.

    `rules` of binning compete within the training rows; `population_rate` is the default rate of those whom
    the card will score, where the sample's differs.

    Raises:
        InvalidInput: `scoring.nothing_predicts` when no feature tells good from bad; `scoring.edit_invalid`;
            `scoring.population_rate` when the rate is not between 0 and 1.
    """
    prior_shift(population_rate, int(table.bad.sum()), len(table.bad))
    for spec in table.specs:
        check_edit(spec, table.columns[spec.name], table.bad)
    return card_of(choose(table, rules), table, described, scale or Scale(), population_rate)


def card_of(
    choice: Choice, table: Table, described: Described, scale: Scale, population_rate: Decimal | None = None
) -> Card:
    """Return the card of a fitted model."""
    fitted = choice.fitted
    specs = {spec.name: spec for spec in table.specs}
    features = tuple(
        _card_feature(specs[one.binning.name], one, error, scale)
        for one, error in zip(fitted.features, _errors(choice), strict=True)
    )
    shift = _rounded(prior_shift(population_rate, int(table.bad.sum()), len(table.bad)))
    intercept = _rounded(fitted.intercept) + shift
    return Card(
        name=described.name,
        data=TrainingData(
            described.source,
            described.synthetic,
            described.target,
            len(table.bad),
            int(table.bad.sum()),
            table.digest(),
            population_rate,
        ),
        scale=scale,
        fit=Fit(
            method=fitted.method,
            note=_note(choice),
            intercept=intercept,
            log_likelihood=_rounded(fitted.log_likelihood, 3),
            covariance=_covariance(choice),
            clusters=None if table.groups is None else int(table.groups.max()) + 1,
            compared=tuple((one.name, _rounded(loss)) for one, loss in choice.losses),
            prior_shift=shift,
        ),
        base_points=_base_points(features, intercept, scale),
        features=features,
        unused=tuple(
            UnusedFeature(spec.name, spec.kind, fitted.unused[spec.name])
            for spec in table.specs
            if spec.name in fitted.unused
        ),
        grades=tuple(Grade(name, limit) for name, limit in GRADE_SCALE),
        figures=(),
    )


def prior_shift(population_rate: Decimal | None, bad: int, rows: int) -> float:
    """Return what the log odds of a sample with `bad` of `rows` are moved by to a population's rate.

    Raises:
        InvalidInput: `scoring.population_rate` when the rate is not between 0 and 1.
    """
    if population_rate is None:
        return 0.0
    if not 0 < population_rate < 1:
        raise InvalidInput(
            "scoring.population_rate",
            f"The population's default rate must lie between 0 and 1 and is {population_rate}.",
            where="population_rate",
            hint="Give 0.05 for five in a hundred.",
        )
    return float((population_rate / (1 - population_rate)).ln()) - math.log(bad / (rows - bad))


def batch_log_odds(card: Card, table: Table) -> NDArray[np.int64]:
    """Return the log odds of default of every row in millionths: exactly what the one-row scorer adds up."""
    return _summed(card, table, _micro(card.fit.intercept), lambda one: _micro(one.logit))


def batch_points(card: Card, table: Table) -> NDArray[np.int64]:
    """Return the points of every row."""
    return _summed(card, table, card.base_points, lambda one: one.points)


def batch_pd(log_odds: NDArray[np.int64]) -> Floats:
    """Return the probabilities of default for log odds in millionths."""
    with np.errstate(over="ignore"):  # e^710 is as infinite as is needed
        return np.asarray(1 / (1 + np.exp(-log_odds / MICRO)), dtype=np.float64)


def _summed(card: Card, table: Table, start: int, of_bin: Callable[[Bin], int]) -> NDArray[np.int64]:
    total = np.full(len(table.bad), start, dtype=np.int64)
    for feature in card.features:
        positions = bin_positions(
            table.columns[feature.name],
            feature.kind,
            [float(cut) for cut in feature.cuts],
            feature.levels,
            [float(one.code) for one in feature.specials],
        )
        total += np.array([of_bin(one) for one in feature.all_bins()], dtype=np.int64)[positions]
    return total


def _note(choice: Choice) -> str:
    """Tell the fit, why this candidate won, and how many weights oppose their own WOE."""
    features = choice.fitted.features
    note = f"{choice.winner.name}: {choice.fitted.note}"
    rivals = [one for one in choice.losses if (one[0].strength is None) != (choice.winner.strength is None)]
    if rivals:
        loss = dict(choice.losses)[choice.winner]
        other, its = rivals[0]
        note += f"; its log loss within the training rows is {loss:.5f}, that of {other.name} {its:.5f}"
    against = sum(one.beta < 0 for one in features)
    if against:
        note += f"; {against} of {len(features)} weights oppose their own WOE"
    return note


def _errors(choice: Choice) -> list[Decimal | None]:
    """Return the weights' standard errors; a penalised fit has none, its bins have intervals instead."""
    covariance = choice.fitted.covariance
    if covariance is None:
        return [None] * len(choice.fitted.features)
    return [_rounded(math.sqrt(variance)) for variance in np.diag(covariance)[1:]]


def _covariance(choice: Choice) -> tuple[tuple[Decimal, ...], ...]:
    covariance = choice.fitted.covariance
    if covariance is None:
        return ()
    return tuple(tuple(_rounded(number, _COVARIANCE_PLACES) for number in row) for row in covariance.tolist())


def _card_feature(
    spec: FeatureSpec, fitted: FittedFeature, error: Decimal | None, scale: Scale
) -> CardFeature:
    binning = fitted.binning
    logits = [_rounded(logit) for logit in fitted.logits.tolist()]
    riskiest = max(logits)
    bins = [
        Bin(
            label=label,
            good=one.good,
            bad=one.bad,
            woe=_rounded(one.woe),
            logit=logit,
            points=round(_factor(scale) * (riskiest - logit)),
            logit_low=_rounded(low),
            logit_high=_rounded(high),
        )
        for label, one, logit, low, high in zip(
            _labels(binning),
            binning.all_bins(),
            logits,
            fitted.low.tolist(),
            fitted.high.tolist(),
            strict=True,
        )
    ]
    regular = len(binning.bins)
    edit = spec.edit
    return CardFeature(
        name=spec.name,
        kind=spec.kind,
        label=spec.label,
        trend=binning.trend,
        information_value=_rounded(binning.information_value),
        coefficient=_rounded(fitted.beta),
        standard_error=error,
        cuts=decimal_cuts(binning.cuts),
        levels=binning.levels,
        bins=tuple(bins[:regular]),
        missing=bins[regular],
        unseen=bins[-1] if spec.kind == "category" else None,
        specials=tuple(
            SpecialBin(code, one) for code, one in zip(spec.special, bins[regular + 1 :], strict=False)
        ),
        information_low=_rounded(binning.iv_low),
        information_high=_rounded(binning.iv_high),
        edit=None if edit is None else EditNote(edit.by, edit.why),
    )


def _labels(binning: Binning) -> list[str]:
    if binning.kind == "category":
        return [*map(_group_label, binning.levels), "not known", "not seen in training"]
    special = [f"code {_text(code)}" for code in binning.codes]
    cuts = [_text(cut) for cut in binning.cuts]
    if not cuts:
        return ["any value", "not known", *special]
    between = [f"{low} to below {high}" for low, high in pairwise(cuts)]
    return [f"below {cuts[0]}", *between, f"{cuts[-1]} or more", "not known", *special]


def _text(number: float) -> str:
    return format(Decimal(repr(number)).normalize(), "f")


def _group_label(levels: Sequence[str]) -> str:
    shown = ", ".join(levels[:4])
    return shown if len(levels) <= 4 else f"{shown} and {len(levels) - 4} more"


def _base_points(features: Sequence[CardFeature], intercept: Decimal, scale: Scale) -> int:
    riskiest = intercept + sum(max(one.logit for one in feature.all_bins()) for feature in features)
    return round(scale.points - _factor(scale) * (riskiest + Decimal(scale.odds).ln()))


def _factor(scale: Scale) -> Decimal:
    return Decimal(scale.pdo) / Decimal(2).ln()


def _rounded(number: float | Decimal, places: int = _PLACES) -> Decimal:
    return round(Decimal(number), places) + 0


def _micro(number: Decimal) -> int:
    return int((number * MICRO).to_integral_value())
