"""Trained cards equal statsmodels' predictions, come out byte for byte again, and tell their fallbacks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from core.errors import InvalidInput
from scoring.artifact import Card, CardFeature, Scale
from scoring.bench.sets import chosen_sets
from scoring.binning import Rule, bin_positions
from scoring.calibration import calibrate
from scoring.card_file import card_id, decode, encode
from scoring.choice import Candidate, Choice
from scoring.commands import train_synthetic
from scoring.contract import SME_FEATURES, Edit, FeatureSpec
from scoring.fitting import fit_selected, prepare
from scoring.generator import generate_portfolio
from scoring.registry import shipped_card
from scoring.scorecard import Described, batch_log_odds, batch_pd, batch_points, card_of, fit_card
from scoring.scorer import CompiledCard
from scoring.table import Table, table_of_columns, table_of_portfolio
from scoring.training import cross_validate
from scoring.validation import auc
from support.shared import shared_path

DESCRIBED = Described("test", "a test", True, "bad")
FLAGS = ("first", "second", "third")
PORTFOLIO = generate_portfolio(3_000, seed=5)
TABLE = table_of_portfolio(SME_FEATURES, PORTFOLIO)


@pytest.fixture(scope="module")
def card() -> Card:
    return fit_card(TABLE, DESCRIBED)


def compiled(card: Card) -> CompiledCard:
    return CompiledCard(card, card_id(encode(card)))


def positions(feature: CardFeature, table: Table) -> Any:
    cuts = [float(cut) for cut in feature.cuts]
    codes = [float(one.code) for one in feature.specials]
    return bin_positions(table.columns[feature.name], feature.kind, cuts, feature.levels, codes)


def selected(table: Table) -> Card:
    fitted = fit_selected(prepare(table, Rule()))
    assert fitted is not None
    return card_of(Choice(fitted, Candidate(Rule(), None), ()), table, DESCRIBED, Scale())


def test_training_again_gives_the_shipped_card_byte_for_byte(tmp_path: Path) -> None:
    report = train_synthetic(tmp_path / "cards" / "again.json")
    assert (tmp_path / "cards" / "again.json").read_bytes() == report.content == shipped_card()
    assert report.card_id == card_id(shipped_card())
    assert report.card.data.synthetic
    assert report.out_of_sample.auc.low > 0.8
    assert report.calibration.slope.low <= 1.1
    assert report.calibration.slope.high >= 0.9
    assert abs(report.rounding_loss) < 0.001
    assert sum(one.rows for one in report.card.outcomes) == report.card.data.rows


def test_the_selected_card_predicts_what_statsmodels_predicts() -> None:
    card = selected(TABLE)
    woe = np.column_stack(
        [
            np.array([float(one.woe) for one in feature.all_bins()])[positions(feature, TABLE)]
            for feature in card.features
        ]
    )
    design = np.column_stack([np.ones(len(TABLE.bad)), -woe])
    assert card.fit.method == "glm"
    fit = sm.GLM(TABLE.bad.astype(float), design, family=sm.families.Binomial()).fit()
    scorer = compiled(card)
    for firm, pd in zip(PORTFOLIO[:500], fit.fittedvalues[:500], strict=True):
        assert float(scorer.score(firm.figures).pd) == pytest.approx(pd, abs=5e-6)
    covariance = np.array([[float(number) for number in row] for row in card.fit.covariance])
    assert covariance == pytest.approx(fit.cov_params(), abs=1e-6)


def test_batch_and_one_row_scorer_agree_to_the_last_place(card: Card) -> None:
    scorer = compiled(card)
    pds, points = batch_pd(batch_log_odds(card, TABLE)), batch_points(card, TABLE)
    for firm, pd, total in zip(PORTFOLIO, pds, points, strict=True):
        score = scorer.score(firm.figures)
        assert score.pd == Decimal(f"{min(max(pd, 1e-6), 1 - 1e-6):.6f}")
        assert score.points == total


def test_predicted_defaults_add_up_to_those_that_happened(card: Card) -> None:
    pds = batch_pd(batch_log_odds(card, TABLE))
    assert pds.sum() == pytest.approx(TABLE.bad.sum(), rel=1e-3)


def test_declared_trends_hold_in_the_points(card: Card) -> None:
    """Also where each bin has a weight of its own: a worse figure never earns more."""
    declared = {spec.name: spec.trend for spec in SME_FEATURES if spec.kind == "number"}
    assert card.fit.method == "penalised"
    for feature in card.features:
        points = [one.points for one in feature.bins]
        if feature.name in declared:
            assert points == sorted(points, reverse=declared[feature.name] == "ascending")


def test_fitting_again_gives_the_same_bytes(card: Card) -> None:
    assert encode(fit_card(TABLE, DESCRIBED)) == encode(card)
    assert decode(encode(card)) == card


def test_the_card_tells_what_it_was_compared_with(card: Card) -> None:
    names = [name for name, _ in card.fit.compared]
    losses = [loss for _, loss in card.fit.compared]
    assert losses == sorted(losses)
    assert card.fit.note.startswith(names[0])
    assert any(name.startswith("selected") for name in names)
    assert any(name.startswith("ridge") for name in names)


def test_every_bin_has_an_interval_around_what_it_adds(card: Card) -> None:
    for feature in card.features:
        for one in feature.all_bins():
            assert one.logit_low is not None
            assert one.logit_high is not None
            assert one.logit_low - Decimal("0.05") <= one.logit <= one.logit_high + Decimal("0.05")


def test_the_prior_shift_moves_every_log_odds_alike() -> None:
    """Half of the sample is bad, one in twenty of the population: ranking stays, odds move by the offset."""
    plain = fit_card(TABLE, DESCRIBED)
    moved = fit_card(TABLE, DESCRIBED, population_rate=Decimal("0.01"))
    shift = set((batch_log_odds(moved, TABLE) - batch_log_odds(plain, TABLE)).tolist())
    assert shift == {int(moved.fit.prior_shift * 1_000_000)}
    rate = TABLE.bad.mean()
    assert float(moved.fit.prior_shift) == pytest.approx(
        np.log(0.01 / 0.99) - np.log(rate / (1 - rate)), abs=1e-6
    )
    assert moved.data.population_rate == Decimal("0.01")


@pytest.mark.parametrize("rate", ["0", "1", "-0.1", "5"])
def test_a_population_rate_outside_of_0_and_1_is_refused(rate: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        fit_card(TABLE, DESCRIBED, population_rate=Decimal(rate))
    assert refused.value.code == "scoring.population_rate"


def test_special_codes_are_scored_by_their_own_bin() -> None:
    random = np.random.default_rng(6)
    values = np.where(random.random(3_000) < 0.2, -9.0, random.normal(size=3_000).round(3))
    bad = random.random(3_000) < np.where(values == -9, 0.05, 1 / (1 + np.exp(1.5 - values)))
    spec = FeatureSpec("x", "number", "X", "ascending", special=(Decimal(-9),))
    card = fit_card(table_of_columns([spec], {"x": values.tolist()}, bad.tolist()), DESCRIBED)
    scorer = compiled(card)
    special = scorer.score({"x": Decimal("-9.0")})
    assert special.reasons[0].bin == "code -9"
    assert scorer.score({"x": -9}) == special
    assert scorer.score({"x": Decimal("-8.999")}).reasons[0].bin != "code -9"
    assert decode(encode(card)) == card


def test_bins_fixed_by_hand_are_kept_in_the_card() -> None:
    edit = Edit("ana", "the covenant's limits", cuts=(Decimal("0.3"), Decimal("0.5")))
    specs = [replace(one, edit=edit) if one.name == "equity_ratio" else one for one in SME_FEATURES]
    card = fit_card(table_of_portfolio(specs, PORTFOLIO), DESCRIBED)
    (feature,) = [one for one in card.features if one.name == "equity_ratio"]
    assert feature.cuts == edit.cuts
    assert (feature.edit and feature.edit.by, feature.edit and feature.edit.why) == ("ana", edit.why)
    assert decode(encode(card)) == card


def separated(rows: int = 200) -> Table:
    """Three flags that each err on ten rows of their own: none alone separates the classes, two of three
    do."""
    bad = np.arange(rows) % 4 == 0
    columns = {}
    for first, name in enumerate(FLAGS):
        flag = bad.astype(float)
        for block in range(first, 15, 3):
            flag[[4 * block, 4 * block + 1]] = [0.0, 1.0]
        columns[name] = flag.tolist()
    return table_of_columns(
        [FeatureSpec(name, "number", name, "ascending") for name in FLAGS], columns, bad.tolist()
    )


def test_separated_classes_fall_back_to_a_prior_and_the_card_says_so() -> None:
    card = selected(separated())
    assert card.fit.method == "penalised"
    assert "log-F" in card.fit.note
    assert "maximum likelihood fails" in card.fit.note
    assert card.fit.covariance == ()
    assert all(0 < feature.coefficient < 15 for feature in card.features)
    assert all(feature.standard_error is None for feature in card.features)
    assert all(one.logit_low is not None for feature in card.features for one in feature.bins)
    snapshot: dict[str, Any] = dict.fromkeys(FLAGS, Decimal(1))
    assert compiled(card).score(snapshot).pd > Decimal("0.9")


def test_weak_and_repeated_features_are_left_out_and_the_card_says_why() -> None:
    random = np.random.default_rng(2)
    bad = random.random(2_000) < 0.3
    signal = (random.normal(size=2_000) + bad).round(3)
    columns = {
        "signal": signal.tolist(),
        "copy": (signal * 2).tolist(),
        "noise": random.normal(size=2_000).tolist(),
    }
    specs = [
        FeatureSpec("signal", "number", "Signal", "ascending"),
        FeatureSpec("copy", "number", "Copy", "ascending"),
        FeatureSpec("noise", "number", "Noise", "descending"),
    ]
    card = fit_card(table_of_columns(specs, columns, bad.tolist()), DESCRIBED)
    reasons = {one.name: one.reason for one in card.unused}
    assert [feature.name for feature in card.features] == ["signal"]
    assert "same as signal" in reasons["copy"]
    assert "information value" in reasons["noise"] or "no cut" in reasons["noise"]


def test_features_that_predict_nothing_are_refused() -> None:
    columns = {"x": [float(i % 2) for i in range(400)]}
    bad = [i % 4 < 2 for i in range(400)]
    with pytest.raises(InvalidInput) as refused:
        fit_card(table_of_columns([FeatureSpec("x", "number", "X")], columns, bad), DESCRIBED)
    assert (refused.value.code, refused.value.where) == ("scoring.nothing_predicts", "x")


def test_values_missing_only_in_use_are_priced_at_the_worst(card: Card) -> None:
    sector = next(feature for feature in card.features if feature.name == "sector")
    assert sector.missing.good + sector.missing.bad == 0
    assert sector.missing.points == min(one.points for one in sector.bins)


@pytest.mark.parametrize(
    ("stem", "least"), [("south_german_credit", 0.784), ("sba_case_ca_realestate", 0.82)]
)
def test_on_real_firms_and_people_the_card_ranks_and_is_calibrated(stem: str, least: float) -> None:
    folder = shared_path("datasets", f"{stem}.csv.gz").parent
    (one,) = chosen_sets(folder, [stem])
    crossed = cross_validate(one.table(folder), DESCRIBED)
    areas = [auc(held.bad, held.ranking) for held in crossed.holdouts()]
    slope = calibrate(crossed.bad, crossed.log_odds / 1e6).slope
    assert np.mean(areas) >= least
    assert slope.low <= 1.1
    assert slope.high >= 0.9
    assert crossed.rounding_loss() < 0.001
