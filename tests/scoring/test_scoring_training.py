"""Trained cards equal statsmodels' predictions, come out byte for byte again, and tell their fallbacks."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import statsmodels.api as sm

from core.errors import InvalidInput
from scoring.artifact import Card, CardFeature
from scoring.binning import bin_positions
from scoring.card_file import card_id, decode, encode
from scoring.commands import train_synthetic
from scoring.contract import SME_FEATURES, FeatureSpec
from scoring.generator import generate_portfolio
from scoring.registry import shipped_card
from scoring.scorecard import Described, batch_log_odds, batch_pd, fit_card
from scoring.scorer import CompiledCard
from scoring.table import Table, table_of_columns, table_of_portfolio
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
    return bin_positions(table.columns[feature.name], feature.kind, cuts, feature.levels)


def test_training_again_gives_the_shipped_card_byte_for_byte(tmp_path: Path) -> None:
    report = train_synthetic(tmp_path / "cards" / "again.json")
    assert (tmp_path / "cards" / "again.json").read_bytes() == report.content == shipped_card()
    assert report.card_id == card_id(shipped_card())
    assert report.card.data.synthetic
    assert report.out_of_sample.auc.low > 0.8


def test_the_scorer_predicts_what_statsmodels_predicts(card: Card) -> None:
    woe = np.column_stack(
        [
            np.array([float(one.woe) for one in feature.all_bins()])[positions(feature, TABLE)]
            for feature in card.features
        ]
    )
    design = np.column_stack([np.ones(len(TABLE.bad)), -woe])
    assert card.fit.method == "glm"
    expected = sm.GLM(TABLE.bad.astype(float), design, family=sm.families.Binomial()).fit().fittedvalues
    scorer = compiled(card)
    for firm, pd in zip(PORTFOLIO[:500], expected[:500], strict=True):
        assert float(scorer.score(firm.figures).pd) == pytest.approx(pd, abs=5e-6)


def test_batch_and_one_row_scorer_agree_to_the_last_place(card: Card) -> None:
    scorer = compiled(card)
    pds = batch_pd(batch_log_odds(card, TABLE))
    for firm, pd in zip(PORTFOLIO, pds, strict=True):
        assert scorer.score(firm.figures).pd == Decimal(f"{min(max(pd, 1e-6), 1 - 1e-6):.6f}")


def test_predicted_defaults_add_up_to_those_that_happened(card: Card) -> None:
    pds = batch_pd(batch_log_odds(card, TABLE))
    assert pds.sum() == pytest.approx(TABLE.bad.sum(), rel=1e-3)


def test_declared_trends_hold_in_the_points(card: Card) -> None:
    declared = {spec.name: spec.trend for spec in SME_FEATURES if spec.kind == "number"}
    for feature in card.features:
        points = [one.points for one in feature.bins]
        if feature.name in declared:
            assert points == sorted(points, reverse=declared[feature.name] == "ascending")


def test_fitting_again_gives_the_same_bytes(card: Card) -> None:
    assert encode(fit_card(TABLE, DESCRIBED)) == encode(card)
    assert decode(encode(card)) == card


def separated(rows: int = 200) -> Table:
    """Three flags that each err on two rows of their own: none alone separates the classes, all three do."""
    bad = np.arange(rows) % 4 == 0
    columns = {}
    for first, name in enumerate(FLAGS):
        flag = bad.astype(float)
        flag[[4 * first, 4 * first + 1]] = [0.0, 1.0]
        columns[name] = flag.tolist()
    return table_of_columns(
        [FeatureSpec(name, "number", name, "ascending") for name in FLAGS], columns, bad.tolist()
    )


def test_separated_classes_fall_back_to_a_prior_and_the_card_says_so() -> None:
    card = fit_card(separated(), DESCRIBED)
    assert card.fit.method == "penalised"
    assert "log-F" in card.fit.note
    assert "maximum likelihood fails" in card.fit.note
    assert all(0 < feature.coefficient < 15 for feature in card.features)
    assert all(feature.standard_error for feature in card.features)
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


def test_on_polish_firms_the_card_ranks_as_well_as_the_libraries() -> None:
    path = shared_path("datasets", "polish_bankruptcy_5year.csv.gz")
    # A process of its own, as on the command line: there training runs on one thread, faster beside others.
    script = (
        "import sys, pathlib, orjson; from scoring.commands import train_file; "
        "report = train_file(pathlib.Path(sys.argv[1]), 'class'); "
        "print(orjson.dumps([report.out_of_sample, report.folds, report.card.data.synthetic]).decode())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, path], check=True, capture_output=True, timeout=300
    )
    found, folds, synthetic = orjson.loads(done.stdout)
    assert found["auc"]["value"] >= 0.921, "what optbinning's scorecard reaches on the same folds"
    assert found["ks"]["value"] >= 0.713
    assert found["brier"]["value"] <= 0.040
    assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
    assert len(folds) == 5
    assert synthetic is False
    assert not done.stderr
