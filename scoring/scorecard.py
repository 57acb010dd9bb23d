"""From binned features to a card: weights by logistic regression, points, grades.

The log odds of default are β₀ − Σ βᵢ·WOEᵢ, fitted by statsmodels' binomial GLM. Points are linear in them:

    factor = PDO / ln 2        score = points₀ + factor·(−log odds − ln odds₀)

so that PDO points double the good:bad odds (Siddiqi 2006, chapter 6). Each bin's points count from the
feature's worst bin, which has 0; the base takes the rest. Every number of the card is rounded before it is
used, so that the file alone gives the score, and a refit gives the same bytes.

Plain maximum likelihood has no finite answer when the classes separate, and overfits when features are
many. Then, and when it lowers the AIC (with effective degrees of freedom), each weight gets a log-F(m, m)
prior by data augmentation, which is still an ordinary GLM with a covariance (Greenland and Mansournia,
Statistics in Medicine 34, 2015). The card tells which and why.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.artifact import (
    GRADE_SCALE,
    Bin,
    Card,
    CardFeature,
    Fit,
    Grade,
    Scale,
    TrainingData,
    UnusedFeature,
)
from scoring.binning import BinCounts, Binning, Flags, Floats, Rule, bin_feature, bin_positions
from scoring.contract import FeatureSpec
from scoring.scorer import MICRO
from scoring.table import Table

LEAST_INFORMATION: Final = 0.02  # below it a feature does not predict (Siddiqi 2006)
_PRIOR_STRENGTHS: Final = (300, 100, 30, 10, 1)
_AIC_MUST_FALL_BY: Final = 2.0
# With this many rows of the rarer class per weight maximum likelihood does not overfit, and priors need not
# be tried: twice the rule of Peduzzi et al., J. Clinical Epidemiology 49 (1996).
_ENOUGH_EVENTS: Final = 20
_SEPARATED_WEIGHT: Final = 15.0
_SAME: Final = 0.99
_PLACES: Final = 6
# With a declared trend a weight against its own WOE would turn the trend round; where the data chose the
# trend it may stand.
_DECLARED: Final = frozenset({"ascending", "descending", "peak", "valley"})


@dataclass(frozen=True, slots=True)
class Described:
    """What a card says of itself beside the fit."""

    name: str
    source: str
    synthetic: bool
    target: str


def fit_card(
    table: Table, described: Described, scale: Scale | None = None, rule: Rule | None = None
) -> Card:
    """Fit a card to training data, without figures: these come from rows that it never saw.

    Raises:
        InvalidInput: `scoring.nothing_predicts` when no feature tells good from bad.
    """
    scale = scale or Scale()
    binnings = {
        spec.name: bin_feature(spec, table.columns[spec.name], table.bad, rule) for spec in table.specs
    }
    unused = {spec.name: reason for spec in table.specs if (reason := _too_weak(binnings[spec.name]))}
    woe = {name: binnings[name].woe(table.columns[name]) for name in binnings if name not in unused}
    unused |= _repeated(binnings, woe)
    chosen = [spec for spec in table.specs if spec.name not in unused]
    while chosen:
        weights = _fit_weights(np.column_stack([woe[spec.name] for spec in chosen]), table.bad)
        wrong = _worst_sign(chosen, weights.coefficients)
        if wrong is None:
            break
        unused[chosen[wrong].name] = (
            "its weight would turn the declared trend round, beside the other features"
        )
        del chosen[wrong]
    else:
        raise InvalidInput(
            "scoring.nothing_predicts",
            "No feature tells good rows from bad ones.",
            where=", ".join(unused),
            hint="Look at the target and at how the features were joined to it.",
        )
    features = tuple(
        _card_feature(spec, binnings[spec.name], beta, error, scale)
        for spec, beta, error in zip(chosen, weights.coefficients, weights.errors, strict=True)
    )
    intercept = _rounded(weights.intercept)
    return Card(
        name=described.name,
        data=TrainingData(
            described.source,
            described.synthetic,
            described.target,
            len(table.bad),
            int(table.bad.sum()),
            table.digest(),
        ),
        scale=scale,
        fit=Fit(weights.method, _with_signs(weights), intercept, _rounded(weights.log_likelihood, 3)),
        base_points=_base_points(features, intercept, scale),
        features=features,
        unused=tuple(
            UnusedFeature(spec.name, spec.kind, unused[spec.name])
            for spec in table.specs
            if spec.name in unused
        ),
        grades=tuple(Grade(name, limit) for name, limit in GRADE_SCALE),
        figures=(),
    )


def batch_log_odds(card: Card, table: Table) -> NDArray[np.int64]:
    """Return the log odds of default of every row in millionths: exactly what the one-row scorer adds up."""
    total = np.full(len(table.bad), _micro(card.fit.intercept), dtype=np.int64)
    for feature in card.features:
        positions = bin_positions(
            table.columns[feature.name], feature.kind, [float(cut) for cut in feature.cuts], feature.levels
        )
        total += np.array([_micro(one.logit) for one in feature.all_bins()], dtype=np.int64)[positions]
    return total


def batch_pd(log_odds: NDArray[np.int64]) -> Floats:
    """Return the probabilities of default for log odds in millionths."""
    return np.asarray(1 / (1 + np.exp(-log_odds / MICRO)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Weights:
    method: str
    note: str
    intercept: float
    coefficients: list[float]
    errors: list[float]
    log_likelihood: float
    freedom: float

    @property
    def aic(self) -> float:
        return 2 * self.freedom - 2 * self.log_likelihood


def _fit_weights(woe: Floats, bad: Flags) -> _Weights:
    """Fit by maximum likelihood, or with the prior where that fails or the AIC says so."""
    plain = _fit_plain(woe, bad)
    events = min(int(bad.sum()), int((~bad).sum()))
    if isinstance(plain, _Weights) and events >= _ENOUGH_EVENTS * woe.shape[1]:
        return plain
    best = min(_fits_with_priors(woe, bad), key=lambda fit: fit.aic)
    if isinstance(plain, str):
        why = f"maximum likelihood fails: {plain}"
    elif best.aic < plain.aic - _AIC_MUST_FALL_BY:
        why = f"it lowers the AIC from {plain.aic:.1f} to {best.aic:.1f}"
    else:
        return plain
    return _Weights(
        "penalised",
        f"{best.note}: {why}",
        best.intercept,
        best.coefficients,
        best.errors,
        best.log_likelihood,
        best.freedom,
    )


def _fit_plain(woe: Floats, bad: Flags) -> _Weights | str:
    """Return the maximum likelihood fit, or why there is none."""
    design = _design(woe)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit: Any = sm.GLM(bad.astype(np.float64), design, family=sm.families.Binomial()).fit(maxiter=50)
            errors = [float(error) for error in fit.bse[1:]]
    except (Warning, np.linalg.LinAlgError, ValueError) as failure:
        return str(failure).splitlines()[0].rstrip(".")
    coefficients = [float(beta) for beta in fit.params[1:]]
    if not fit.converged:
        return "it does not converge"
    if max(map(abs, coefficients)) > _SEPARATED_WEIGHT:
        return f"good and bad rows separate (a weight grows beyond {_SEPARATED_WEIGHT:.0f})"
    return _Weights(
        "glm",
        "maximum likelihood",
        float(fit.params[0]),
        coefficients,
        errors,
        float(fit.llf),
        float(design.shape[1]),
    )


def _fits_with_priors(woe: Floats, bad: Flags) -> list[_Weights]:
    """Return the fit for each strength of prior, each search starting where the stronger one ended."""
    fits: list[_Weights] = []
    for strength in _PRIOR_STRENGTHS:
        start = [fits[-1].intercept, *fits[-1].coefficients] if fits else None
        fits.append(_fit_with_prior(woe, bad, strength, start))
    return fits


def _fit_with_prior(woe: Floats, bad: Flags, strength: int, start: list[float] | None) -> _Weights:
    """Return the fit with a log-F(m, m) prior on every weight.

    The prior is one more row per weight, with only that column set and half a default, weighing m.
    """
    design, count = _design(woe), woe.shape[1]
    prior = np.column_stack([np.zeros(count), np.eye(count)])
    fit: Any = sm.GLM(
        np.concatenate([bad.astype(np.float64), np.full(count, 0.5)]),
        np.vstack([design, prior]),
        family=sm.families.Binomial(),
        var_weights=np.concatenate([np.ones(len(bad)), np.full(count, float(strength))]),
    ).fit(maxiter=100, start_params=start)
    log_odds = design @ fit.params
    pd = 1 / (1 + np.exp(-log_odds))
    information = (design * (pd * (1 - pd))[:, None]).T @ design
    covariance = fit.cov_params()
    return _Weights(
        "penalised",
        f"log-F({strength}, {strength}) prior on each weight",
        float(fit.params[0]),
        [float(beta) for beta in fit.params[1:]],
        [math.sqrt(variance) for variance in np.diag(covariance)[1:]],
        float(-np.logaddexp(0, np.where(bad, -log_odds, log_odds)).sum()),
        float(np.trace(information @ covariance)),
    )


def _design(woe: Floats) -> Floats:
    return np.column_stack([np.ones(len(woe)), -woe])


def _too_weak(binning: Binning) -> str | None:
    if len(binning.bins) == 1 and not binning.missing.good + binning.missing.bad:
        return "no cut keeps to the trend with large enough bins"
    if binning.information_value < LEAST_INFORMATION:
        return f"information value {binning.information_value:.4f} is below {LEAST_INFORMATION}"
    return None


def _repeated(binnings: Mapping[str, Binning], woe: Mapping[str, Floats]) -> dict[str, str]:
    """Find features that say what one with at least their information value says already."""
    kept: list[str] = []
    repeated: dict[str, str] = {}
    for name in sorted(woe, key=lambda name: -binnings[name].information_value):
        twin = next((other for other in kept if _correlation(woe[name], woe[other]) >= _SAME), None)
        if twin is None:
            kept.append(name)
        else:
            repeated[name] = f"it says the same as {twin} (correlation at least {_SAME})"
    return repeated


def _correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float(abs(a @ b) / math.sqrt((a @ a) * (b @ b)))


def _worst_sign(chosen: Sequence[FeatureSpec], coefficients: Sequence[float]) -> int | None:
    wrong = [
        (beta, i)
        for i, (spec, beta) in enumerate(zip(chosen, coefficients, strict=True))
        if beta <= 0 and (spec.trend in _DECLARED or spec.kind == "category")
    ]
    return min(wrong)[1] if wrong else None


def _card_feature(
    spec: FeatureSpec, binning: Binning, beta: float, error: float, scale: Scale
) -> CardFeature:
    coefficient = _rounded(beta)
    # What training could not price is priced at the bin with the fewest points: silence must not pay.
    worst = (min if beta >= 0 else max)(one.woe for one in binning.bins)
    absent = binning.missing
    if not absent.good + absent.bad:
        absent = BinCounts(0, 0, worst)
    rows = [*binning.bins, absent, BinCounts(0, 0, worst)]
    labels = [*_labels(binning), "not known", "not seen in training"]
    woes = [_rounded(one.woe) for one in rows]
    logits = [_rounded(-coefficient * woe) for woe in woes]
    riskiest = max(logits)
    bins = [
        Bin(label, one.good, one.bad, woe, logit, round(_factor(scale) * (riskiest - logit)))
        for label, one, woe, logit in zip(labels, rows, woes, logits, strict=True)
    ]
    return CardFeature(
        name=spec.name,
        kind=spec.kind,
        label=spec.label,
        trend=binning.trend,
        information_value=_rounded(binning.information_value),
        coefficient=coefficient,
        standard_error=_rounded(error),
        cuts=tuple(Decimal(repr(cut)) for cut in binning.cuts),
        levels=binning.levels,
        bins=tuple(bins[:-2]),
        missing=bins[-2],
        unseen=bins[-1] if spec.kind == "category" else None,
    )


def _labels(binning: Binning) -> list[str]:
    if binning.kind == "category":
        return [_group_label(levels) for levels in binning.levels]
    cuts = [format(Decimal(repr(cut)), "f") for cut in binning.cuts]
    if not cuts:
        return ["any value"]
    between = [f"{low} to below {high}" for low, high in pairwise(cuts)]
    return [f"below {cuts[0]}", *between, f"{cuts[-1]} or more"]


def _group_label(levels: Sequence[str]) -> str:
    shown = ", ".join(levels[:4])
    return shown if len(levels) <= 4 else f"{shown} and {len(levels) - 4} more"


def _with_signs(weights: _Weights) -> str:
    """Tell in the note how many weights oppose their own WOE, which only an undeclared trend allows."""
    against = sum(beta < 0 for beta in weights.coefficients)
    if not against:
        return weights.note
    return f"{weights.note}; {against} of {len(weights.coefficients)} weights oppose their own WOE"


def _base_points(features: Sequence[CardFeature], intercept: Decimal, scale: Scale) -> int:
    worst = intercept + sum(max(one.logit for one in feature.all_bins()) for feature in features)
    return round(scale.points - _factor(scale) * (worst + Decimal(scale.odds).ln()))


def _factor(scale: Scale) -> Decimal:
    return Decimal(scale.pdo) / Decimal(2).ln()


def _rounded(number: float | Decimal, places: int = _PLACES) -> Decimal:
    return round(Decimal(number), places) + 0


def _micro(number: Decimal) -> int:
    return int((number * MICRO).to_integral_value())
