"""Two ways from binned features to log odds: the selected card, and the ridge card on all bins.

Selected: one weight per feature on its weight of evidence, after `scoring.selection`.

Ridge: every feature that is not too weak, each with a weight on its WOE and a weight of its own for every
bin. Priors draw the first to 0 gently and the second to 0 strongly, so the card starts from the weights of
evidence and a bin departs from its own only as far as the data, beside the other features, carry it. A
declared trend is held: neighbouring bins whose log odds would turn it round are joined, and the rest is
fitted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.binning import Binning, Rule, bin_feature, joined_at
from scoring.contract import FeatureSpec
from scoring.design import PlacedDesign, PlacedFeature
from scoring.prebins import Flags, Floats
from scoring.selection import SAME, repeated, select, too_weak
from scoring.table import Table
from scoring.weights import Groups, Weights, bootstrap, fit_with_priors

# With these trends declared, what a bin adds must follow them. Where the data chose, it need not.
DECLARED: Final = frozenset({"ascending", "descending", "peak", "valley"})
_WOE_STRENGTH: Final = 40.0
_TINY: Final = 1e-9
_TAILS: Final = (2.5, 97.5)
_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Prepared:
    """Training data after binning: each feature's bins, and each row's place and WOE in them."""

    specs: tuple[FeatureSpec, ...]
    rule: Rule
    bad: Flags
    groups: Groups | None
    binnings: Mapping[str, Binning]
    places: Mapping[str, NDArray[np.intp]]
    unused: Mapping[str, str]

    def woe(self, name: str) -> Floats:
        """Return each row's weight of evidence."""
        return np.array([one.woe for one in self.binnings[name].all_bins()])[self.places[name]]

    def usable(self) -> list[str]:
        """Return the names of the features that are not too weak, in the table's order."""
        return [spec.name for spec in self.specs if spec.name not in self.unused]

    def information(self) -> dict[str, float]:
        """Return the information value of each usable feature."""
        return {name: self.binnings[name].information_value for name in self.usable()}


@dataclass(frozen=True, slots=True)
class FittedFeature:
    """A weighed feature: what each of `binning.all_bins` adds to the log odds, with its 95 % interval."""

    binning: Binning
    beta: float
    logits: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model; `method` is `glm` or `penalised`, `unused` tells why features were left out."""

    method: str
    note: str
    intercept: float
    weights: Weights
    features: tuple[FittedFeature, ...]
    unused: Mapping[str, str]

    def log_odds(self, table: Table) -> Floats:
        """Return the log odds of default of each row."""
        total = np.full(len(table.bad), self.intercept)
        for one in self.features:
            total += one.logits[one.binning.positions(table.columns[one.binning.name])]
        return total


def prepare(table: Table, rule: Rule) -> Prepared:
    """Bin every feature of a table.

    Raises:
        InvalidInput: `scoring.edit_invalid`.
    """
    binnings = {
        spec.name: bin_feature(spec, table.columns[spec.name], table.bad, rule) for spec in table.specs
    }
    weak = {name: reason for name, one in binnings.items() if (reason := too_weak(one)) is not None}
    places = {name: one.positions(table.columns[name]) for name, one in binnings.items() if name not in weak}
    return Prepared(table.specs, rule, table.bad, table.groups, binnings, places, weak)


def fit_selected(data: Prepared) -> Fitted | None:
    """Fit the selected card; None when no feature stands."""
    woe = {name: data.woe(name) for name in data.usable()}
    chosen = select(data.information(), woe, data.bad, data.groups)
    if chosen is None:
        return None
    layout = [_Columns(data.binnings[name], i + 1, ()) for i, name in enumerate(chosen.names)]
    design = np.column_stack([np.ones(len(data.bad)), *(-woe[name] for name in chosen.names)])
    return _fitted(data, layout, design, chosen.weights, chosen.penalised, chosen.note, chosen.dropped)


def fit_ridge(
    data: Prepared, strength: float, *, intervals: bool = True, start: Floats | None = None
) -> Fitted | None:
    """Fit the ridge card with log-F(strength, strength) priors on the bins; None when no feature stands.

    `start` are the weights of a like fit, to search from.
    """
    unused = dict(repeated(data.information(), {name: data.woe(name) for name in data.usable()}, SAME))
    names = [name for name in data.usable() if name not in unused]
    trends = {spec.name: spec.trend for spec in data.specs if spec.kind == "number"}
    edited = {spec.name for spec in data.specs if spec.edit is not None}
    plain: set[str] = set()  # features that keep to their WOE alone
    while names:
        layout, design = _ridge_design(data, names, plain)
        strengths = np.full(design.matrix.shape[1] - 1, strength)
        strengths[[one.at - 1 for one in layout]] = _WOE_STRENGTH
        weights = fit_with_priors(design, data.bad, strengths, start)
        start = weights.params
        turned = {
            one.binning.name: places
            for one in layout
            if trends.get(one.binning.name) in DECLARED and (places := _turned(one, weights.params))
        }
        if not turned:
            note = f"log-F({strength:.0f}, {strength:.0f}) prior on each bin, log-F(40, 40) on each WOE"
            return _fitted(data, layout, design.matrix, weights, True, note, unused, intervals)
        for name, places in turned.items():
            if name in edited and name not in plain:
                plain.add(name)
            elif name in edited or len(data.binnings[name].bins) - len(places) < 2:
                unused[name] = "its weight would turn the declared trend round, beside the other features"
                names.remove(name)
            else:
                data = _joined(data, name, places)
    return None


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a feature stands in the design: its WOE at column `at`, then its bins `own` in turn."""

    binning: Binning
    at: int
    own: tuple[int, ...]

    def logits(self, params: Floats) -> Floats:
        """Return what each place adds; a place without rows is priced as `unseen_as`, or at the riskiest."""
        bins = self.binning.all_bins()
        added: Floats = -params[self.at] * np.array([one.woe for one in bins])
        for column, place in enumerate(self.own, start=self.at + 1):
            added[place] += params[column]
        filled = np.array([one.good + one.bad > 0 for one in bins])
        added[~filled] = added[filled].max()
        if self.binning.unseen_as is not None:
            added[-1] = added[self.binning.unseen_as]
        return added


def _ridge_design(
    data: Prepared, names: Sequence[str], plain: set[str]
) -> tuple[list[_Columns], PlacedDesign]:
    layout: list[_Columns] = []
    features: list[PlacedFeature] = []
    at = 1
    for name in names:
        bins = data.binnings[name].all_bins()
        filled = [i for i, one in enumerate(bins) if one.good + one.bad]
        # Two bins are told by the WOE alone.
        own = tuple(filled) if len(filled) > 2 and name not in plain else ()
        layout.append(_Columns(data.binnings[name], at, own))
        values = np.column_stack([-np.array([one.woe for one in bins]), np.eye(len(bins))[:, list(own)]])
        features.append(PlacedFeature(data.places[name], values))
        at += values.shape[1]
    return layout, PlacedDesign(features)


def _turned(one: _Columns, params: Floats) -> list[int]:
    """Return the bins after which the log odds step against the WOE, which follows the declared trend."""
    logits = one.logits(params)
    woe = [bin_.woe for bin_ in one.binning.bins]
    return [
        i
        for i, (a, b) in enumerate(pairwise(woe))
        if (logits[i + 1] - logits[i]) * (a - b) < -_TINY * abs(a - b)
    ]


def _joined(data: Prepared, name: str, places: Sequence[int]) -> Prepared:
    totals = int((~data.bad).sum()), int(data.bad.sum())
    before = data.binnings[name]
    after = joined_at(before, places, data.rule, totals)
    moved = np.cumsum([0, *(i not in places for i in range(len(before.all_bins()) - 1))])
    return Prepared(
        data.specs,
        data.rule,
        data.bad,
        data.groups,
        {**data.binnings, name: after},
        {**data.places, name: moved[data.places[name]]},
        data.unused,
    )


def _fitted(
    data: Prepared,
    layout: Sequence[_Columns],
    design: Floats,
    weights: Weights,
    penalised: bool,
    note: str,
    dropped: Mapping[str, str],
    intervals: bool = True,
) -> Fitted:
    draws = bootstrap(weights, design, data.bad, data.groups) if penalised and intervals else None
    features = []
    for one in layout:
        logits = one.logits(weights.params)
        if draws is not None:
            low, high = np.percentile([one.logits(draw) for draw in draws], _TAILS, axis=0)
        else:
            error = float(np.sqrt(weights.covariance[one.at, one.at]))
            reach = _Z * error * np.abs(np.array([b.woe for b in one.binning.all_bins()]))
            low, high = logits - reach, logits + reach
        features.append(FittedFeature(one.binning, float(weights.params[one.at]), logits, low, high))
    return Fitted(
        "penalised" if penalised else "glm",
        note,
        float(weights.params[0]),
        weights,
        tuple(features),
        {**data.unused, **dropped},
    )
