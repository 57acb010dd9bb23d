"""Two ways from binned features to log odds: the selected card, and the ridge card on all bins.

Selected: one weight per feature on its weight of evidence, after `scoring.selection`.

Ridge: every feature that is not too weak, each with a weight on its WOE and a weight of its own for every
bin. Priors draw the first to 0 gently and the second to 0 strongly, so the card starts from the weights of
evidence and a bin departs from its own only as far as the data, beside the other features, carry it. A
declared trend is held: neighbouring bins whose log odds would turn it round are joined, and the rest is
fitted again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.binning import Binning, Rule, bin_and_place, joined_at
from scoring.contract import FeatureSpec
from scoring.counted import fit_counted, sandwich
from scoring.design import PlacedDesign, PlacedFeature
from scoring.prebins import Flags, Floats
from scoring.selection import SAME, repeated, select, too_weak
from scoring.table import Table
from scoring.weights import Groups, bootstrap, fit_with_priors

# With these trends declared, what a bin adds must follow them. Where the data chose, it need not.
DECLARED: Final = frozenset({"ascending", "descending", "peak", "valley"})
# With more rows than this, ridge cards for use are fitted and their intervals found from counts.
MANY_ROWS: Final = 20_000
_WOE_STRENGTH: Final = 40.0
_TINY: Final = 1e-9
_TAILS: Final = (2.5, 97.5)
_Z: Final = 1.959963984540054
_Bounds = Callable[["_Columns", Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Training data after binning: each feature's bins, and each row's place and WOE in them.

    `counted` tells whether ridge cards are fitted by `scoring.counted` or by `scoring.weights`.
    """

    specs: tuple[FeatureSpec, ...]
    rule: Rule
    bad: Flags
    groups: Groups | None
    binnings: Mapping[str, Binning]
    places: Mapping[str, NDArray[np.intp]]
    unused: Mapping[str, str]
    counted: bool

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
    """A weighed feature: what each of `binning.all_bins` adds to the log odds, with its 95 % interval.

    `weights` are that of its WOE, then those of its bins.
    """

    binning: Binning
    weights: Floats
    logits: Floats
    low: Floats
    high: Floats

    @property
    def beta(self) -> float:
        """The weight of its WOE."""
        return float(self.weights[0])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model: `params` has the intercept first, `unused` tells why features were left out.

    A fit with priors has no covariance: that of a shrunk estimate would not be honest.
    """

    note: str
    params: Floats
    log_likelihood: float
    covariance: Floats | None
    features: tuple[FittedFeature, ...]
    unused: Mapping[str, str]

    @property
    def method(self) -> str:
        """`glm`, or with priors `penalised`."""
        return "penalised" if self.covariance is None else "glm"

    @property
    def intercept(self) -> float:
        """The log odds where no feature adds anything."""
        return float(self.params[0])

    def log_odds(self, table: Table) -> Floats:
        """Return the log odds of default of each row."""
        total = np.full(len(table.bad), self.intercept)
        for one in self.features:
            total += one.logits[one.binning.positions(table.columns[one.binning.name])]
        return total


def prepare(table: Table, rule: Rule, counted: bool | None = None) -> Prepared:
    """Bin every feature of a table; ridge cards on it are fitted by counts where asked or rows are many.

    Raises:
        InvalidInput: `scoring.edit_invalid`.
    """
    found = {
        spec.name: bin_and_place(spec, table.columns[spec.name], table.bad, rule) for spec in table.specs
    }
    binnings = {name: binning for name, (binning, _) in found.items()}
    weak = {name: reason for name, one in binnings.items() if (reason := too_weak(one)) is not None}
    places = {name: placed for name, (_, placed) in found.items() if name not in weak}
    counted = len(table.bad) > MANY_ROWS if counted is None else counted
    return Prepared(table.specs, rule, table.bad, table.groups, binnings, places, weak, counted)


def fit_selected(data: Prepared) -> Fitted | None:
    """Fit the selected card; None when no feature stands."""
    woe = {name: data.woe(name) for name in data.usable()}
    chosen = select(data.information(), woe, data.bad, data.groups)
    if chosen is None:
        return None
    layout = [_Columns(data.binnings[name], i + 1, ()) for i, name in enumerate(chosen.names)]
    design = np.column_stack([np.ones(len(data.bad)), *(-woe[name] for name in chosen.names)])
    weights, covariance = chosen.weights, None if chosen.penalised else chosen.weights.covariance
    bounds = (
        partial(_drawn, bootstrap(weights, design, data.bad, data.groups))
        if covariance is None
        else partial(_of_one_weight, covariance)
    )
    found = _Found(weights.params, weights.log_likelihood, covariance, bounds)
    return _fitted(data, layout, found, chosen.note, chosen.dropped)


def fit_ridge(
    data: Prepared, strength: float, *, intervals: bool = True, start: Fitted | None = None
) -> Fitted | None:
    """Fit the ridge card with log-F(strength, strength) priors on the bins; None when no feature stands.

    `start` is a like fit, to search from.
    """
    unused = dict(repeated(data.information(), {name: data.woe(name) for name in data.usable()}, SAME))
    names = [name for name in data.usable() if name not in unused]
    trends = {spec.name: spec.trend for spec in data.specs if spec.kind == "number"}
    edited = {spec.name for spec in data.specs if spec.edit is not None}
    plain: set[str] = set()  # features that keep to their WOE alone
    params = None if start is None else start.params
    known = {} if start is None else {one.binning.name: one.weights for one in start.features}
    while names:
        layout, design = _ridge_design(data, names, plain)
        strengths = np.full(design.size - 1, strength)
        strengths[[one.at - 1 for one in layout]] = _WOE_STRENGTH
        begin = _carried(layout, design.size, params, known) if data.counted else params
        found = (_counted if data.counted else _multiplied)(data, design, strengths, begin)
        params = found.params
        known = {one.binning.name: params[one.columns] for one in layout}
        turned = {
            one.binning.name: places
            for one in layout
            if trends.get(one.binning.name) in DECLARED and (places := _turned(one, params))
        }
        if not turned:
            note = f"log-F({strength:.0f}, {strength:.0f}) prior on each bin, log-F(40, 40) on each WOE"
            return _fitted(data, layout, found, note, unused, intervals)
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

    @property
    def columns(self) -> slice:
        """Its columns."""
        return slice(self.at, self.at + 1 + len(self.own))

    def values(self) -> Floats:
        """Return of each place what its columns hold."""
        bins = self.binning.all_bins()
        woe = np.array([one.woe for one in bins])
        return np.column_stack([-woe, np.eye(len(bins))[:, list(self.own)]])

    def logits(self, params: Floats) -> Floats:
        """Return what each place adds."""
        added: Floats = -params[self.at] * np.array([one.woe for one in self.binning.all_bins()])
        for column, place in enumerate(self.own, start=self.at + 1):
            added[place] += params[column]
        return added[self.priced_as(added)]

    def priced_as(self, added: Floats) -> NDArray[np.intp]:
        """Return whose price each place has: its own, or without rows that of `unseen_as` or the riskiest."""
        filled = np.array([one.good + one.bad > 0 for one in self.binning.all_bins()])
        whose = np.arange(len(filled))
        whose[~filled] = np.flatnonzero(filled)[added[filled].argmax()]
        if self.binning.unseen_as is not None:
            whose[-1] = whose[self.binning.unseen_as]
        return whose


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
        features.append(PlacedFeature(data.places[name], layout[-1].values()))
        at = layout[-1].columns.stop
    return layout, PlacedDesign(features)


def _carried(
    layout: Sequence[_Columns], size: int, params: Floats | None, known: Mapping[str, Floats]
) -> Floats | None:
    """Return the weights of a like fit in this layout; bins that differ start at their WOE."""
    if params is None:
        return None
    found = np.zeros(size)
    found[0] = params[0]
    for one in layout:
        before = known.get(one.binning.name, np.zeros(1))
        if len(before) == 1 + len(one.own):
            found[one.columns] = before
        else:
            found[one.at] = before[0]
    return found


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
        data.counted,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A found maximum; `bounds` gives a feature's intervals, once they are asked for."""

    params: Floats
    log_likelihood: float
    covariance: Floats | None
    bounds: _Bounds


def _multiplied(data: Prepared, design: PlacedDesign, strengths: Floats, start: Floats | None) -> _Found:
    weights = fit_with_priors(design, data.bad, strengths, start)
    draws = cache(lambda: bootstrap(weights, design.matrix, data.bad, data.groups))
    return _Found(weights.params, weights.log_likelihood, None, lambda one, at: _drawn(draws(), one, at))


def _counted(data: Prepared, design: PlacedDesign, strengths: Floats, start: Floats | None) -> _Found:
    params, likelihood = fit_counted(design, data.bad, strengths, start)
    spread = cache(lambda: sandwich(design, data.bad, strengths, params, data.groups))
    return _Found(params, likelihood, None, lambda one, at: _of_covariance(spread(), one, at))


def _drawn(draws: Floats, one: _Columns, logits: Floats) -> tuple[Floats, Floats]:
    low, high = np.percentile([one.logits(draw) for draw in draws], _TAILS, axis=0)
    return low, high


def _of_covariance(covariance: Floats, one: _Columns, logits: Floats) -> tuple[Floats, Floats]:
    values, block = one.values(), covariance[one.columns, one.columns]
    reach = _Z * np.sqrt(((values @ block) * values).sum(axis=1))[one.priced_as(logits)]
    return logits - reach, logits + reach


def _of_one_weight(covariance: Floats, one: _Columns, logits: Floats) -> tuple[Floats, Floats]:
    error = float(np.sqrt(covariance[one.at, one.at]))
    reach = _Z * error * np.abs(np.array([b.woe for b in one.binning.all_bins()]))
    return logits - reach, logits + reach


def _fitted(
    data: Prepared,
    layout: Sequence[_Columns],
    found: _Found,
    note: str,
    dropped: Mapping[str, str],
    intervals: bool = True,
) -> Fitted:
    features = []
    for one in layout:
        logits = one.logits(found.params)
        low, high = found.bounds(one, logits) if intervals else (logits, logits)
        features.append(FittedFeature(one.binning, found.params[one.columns], logits, low, high))
    return Fitted(
        note,
        found.params,
        found.log_likelihood,
        found.covariance,
        tuple(features),
        {**data.unused, **dropped},
    )
