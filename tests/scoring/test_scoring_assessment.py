"""A card's figures on rows that it never saw agree with their definitions; intervals know the firms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, NotFound
from scoring import SME_FEATURES, load_card
from scoring.assessment import hardening, sensitivity
from scoring.assessment.associations import associations, point_biserial
from scoring.assessment.commands import evaluate
from scoring.assessment.cut_off import Costs, cheapest, confusion
from scoring.assessment.fairness import banded, fairness
from scoring.assessment.gates import gate_findings
from scoring.assessment.resampling import cluster_bootstrap
from scoring.assessment.scored import Scored, score_table
from scoring.assessment.splits import out_of_sample, out_of_time
from scoring.assessment.worth import stability, worth
from scoring.binning import Rule
from scoring.generator import generate_portfolio
from scoring.registry import shipped_card
from scoring.scorecard import Described, batch_log_odds, batch_points, fit_card
from scoring.table import Table, table_of_portfolio
from scoring.validation import auc

CARD = load_card(shipped_card()).card


@pytest.fixture(scope="module")
def table() -> Table:
    return table_of_portfolio(SME_FEATURES, generate_portfolio(4000, 77))


@pytest.fixture(scope="module")
def scored(table: Table) -> Scored:
    return score_table(CARD, table)


outcomes = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=4, max_size=50)


def test_places_add_up_to_the_card_s_own_scores(scored: Scored, table: Table) -> None:
    assert (scored.log_odds == batch_log_odds(CARD, table)).all()
    assert (scored.points == batch_points(CARD, table)).all()


def test_rows_unlike_the_training_rows_are_told_by_column(scored: Scored, table: Table) -> None:
    assert gate_findings(scored) == ()
    cover, sector = (table.columns[name].copy() for name in ("interest_cover", "sector"))
    cover[: len(cover) // 2] = np.nan
    sector[:7] = "space tourism"
    other = replace(table, columns={**table.columns, "interest_cover": cover, "sector": sector})
    found = {(one.gate, one.column): one.rows for one in gate_findings(score_table(CARD, other))}
    assert found == {("missing", "interest_cover"): None, ("unseen", "sector"): 7}


def test_gini_is_twice_the_area_above_chance(scored: Scored) -> None:
    found = worth(scored)
    assert found.gini.value == pytest.approx(2 * auc(scored.bad, scored.log_odds) - 1)
    assert (found.rows, found.firms) == (4000, None)
    for figure in (found.auc, found.gini, found.ks, found.brier):
        assert figure.low < figure.value < figure.high


def test_intervals_widen_when_rows_of_a_firm_are_copies(table: Table) -> None:
    """Four copies of each row tell no more than one: the cluster bootstrap sees it, DeLong does not."""
    small = table.rows(np.arange(len(table.bad)) < 800)
    columns = {name: np.tile(column, 4) for name, column in small.columns.items()}
    copies = Table(small.specs, columns, np.tile(small.bad, 4), np.tile(np.arange(800), 4))
    once, blind, seeing = (
        worth(score_table(CARD, one)).auc
        for one in (small, Table(copies.specs, copies.columns, copies.bad), copies)
    )
    width = once.high - once.low
    assert (blind.high - blind.low) / width == pytest.approx(0.5, abs=0.05)
    assert (seeing.high - seeing.low) / width == pytest.approx(1, abs=0.25)


def test_a_bootstrap_draws_both_classes_and_repeats_itself() -> None:
    bad = np.arange(12) < 1
    first = cluster_bootstrap(lambda rows: float(bad[rows].mean()), bad, None, seed=1, draws=50)
    assert first == cluster_bootstrap(lambda rows: float(bad[rows].mean()), bad, None, seed=1, draws=50)
    assert first.low >= 1 / 12


def test_periods_are_told_apart_and_alike_ones_are_not_called_unstable(scored: Scored) -> None:
    periods = [f"2026-{1 + i % 4:02}" for i in range(4000)]
    found = stability(scored, periods)
    assert [one.period for one in found.periods] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert sum(one.bad for one in found.periods) == scored.bad.sum()
    assert found.p_value is not None
    assert found.p_value > 0.01
    assert len(stability(scored, None).periods) == 5


def test_a_period_in_which_the_card_ranks_the_wrong_way_round_is_found(scored: Scored) -> None:
    second = np.arange(4000) % 2 == 0
    turned = replace(scored, log_odds=np.where(second, -scored.log_odds, scored.log_odds))
    found = stability(turned, ["b" if one else "a" for one in second])
    assert found.p_value is not None
    assert found.p_value < 0.001


@settings(max_examples=60, deadline=None)
@given(rows=outcomes, missed=st.integers(1, 9), misjudged=st.integers(1, 9))
def test_no_cut_off_is_cheaper_than_the_cheapest(
    rows: list[tuple[int, bool]], missed: int, misjudged: int
) -> None:
    pd, bad = np.array([p / 10 for p, _ in rows]), np.array([b for _, b in rows])
    costs = Costs(missed, misjudged)
    best = cheapest(bad, pd, costs)
    tried = [confusion(bad, pd, cut, costs) for cut in (0.0, *np.unique(pd))]
    assert best.cost == min(one.cost for one in tried)
    for one in tried:
        assert one.accepted_good + one.missed + one.misjudged + one.refused_bad == len(rows)
        assert one.cost == pytest.approx((one.missed * missed + one.misjudged * misjudged) / len(rows))


def test_costs_of_five_to_one_accept_up_to_a_sixth_and_costs_are_above_zero() -> None:
    assert Costs(5, 1).highest_pd == pytest.approx(1 / 6)
    with pytest.raises(InvalidInput) as refused:
        Costs(0, 1)
    assert refused.value.code == "scoring.costs"


def test_point_biserial_correlation_is_the_difference_of_means_in_standard_deviations() -> None:
    random = np.random.default_rng(4)
    bad = random.random(500) < 0.3
    values = random.normal(size=500) + bad
    share = bad.mean()
    expected = (values[bad].mean() - values[~bad].mean()) / values.std() * np.sqrt(share * (1 - share))
    found = point_biserial(values, bad)
    assert found is not None
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    assert point_biserial(np.ones(10), np.arange(10) < 5) is None


def test_features_are_told_by_their_information_here_and_in_training(scored: Scored) -> None:
    found = associations(scored)
    assert {one.feature for one in found} == {feature.name for feature in CARD.features}
    assert [one.information.value for one in found] == sorted(
        (one.information.value for one in found), reverse=True
    )
    by_name = {one.feature: one for one in found}
    assert by_name["equity_ratio"].correlation is not None
    assert by_name["equity_ratio"].correlation.value < 0
    held = [one.information.low <= one.trained_information <= one.information.high for one in found]
    assert np.mean(held) >= 0.7


def test_wrong_cells_cost_ranking_and_none_cost_nothing(scored: Scored) -> None:
    noise = sensitivity.with_noise(scored)
    assert (noise.share, noise.repeats) == (0.05, 100)
    assert 0 < noise.auc_lost.value < 0.05
    untouched = sensitivity.with_noise(scored, share=0.0, repeats=3)
    assert (untouched.auc_lost.value, untouched.points_moved.value, untouched.regraded.value) == (0, 0, 0)
    many = sensitivity.with_noise(scored, share=0.5, repeats=10)
    assert many.auc_lost.value > noise.auc_lost.value


def test_when_every_cell_is_missing_all_rows_are_equal(scored: Scored) -> None:
    found = sensitivity.with_missing(scored, share=1.0, repeats=2)
    assert auc(scored.bad, scored.log_odds) - found.auc_lost.value == pytest.approx(0.5)


def test_chance_groups_are_treated_alike_and_the_intervals_say_so(scored: Scored) -> None:
    random = np.random.default_rng(9)
    cells = random.choice(["x", "y"], 4000, p=[0.6, 0.4]).tolist()
    found = fairness(scored, "letter", cells, highest_pd=0.05)
    largest, other = found.groups
    assert (largest.group, other.group, found.in_card) == ("x", "y", False)
    assert largest.selection_difference is None
    for one in (
        other.selection_difference,
        other.opportunity_difference,
        other.auc_difference,
        other.calibration_difference,
    ):
        assert one is not None
        assert one.low < 0 < one.high


def test_a_group_that_the_card_refuses_more_often_shows(scored: Scored) -> None:
    cells = np.where(scored.pd > np.quantile(scored.pd, 0.6), "risky", "safe").tolist()
    found = fairness(scored, "side", [*cells[:-10], *["few"] * 10], highest_pd=0.03)
    assert found.too_small == ("few",)
    by_name = {one.group: one for one in found.groups}
    difference = by_name["risky"].opportunity_difference
    assert difference is not None
    assert difference.high < 0
    good = (cells := np.array(cells)[:-10]) == "risky"
    good &= ~scored.bad[:-10]
    assert by_name["risky"].opportunity == pytest.approx((scored.pd[:-10][good] <= 0.03).mean())


def test_a_segment_that_the_card_weighs_is_told(scored: Scored, table: Table) -> None:
    cells = [None if value is None else str(value) for value in table.columns["sector"]]
    assert fairness(scored, "sector", cells, 0.05).in_card


def test_numbers_of_many_values_are_cut_into_quarters() -> None:
    ages = [str(age) for age in range(20, 60)]
    assert set(banded(ages)) == {"below 29.75", "29.75 to below 39.5", "39.5 to below 49.25", "49.25 or more"}
    assert banded(["1", "2", None]) == ["1", "2", "not known"]


def test_rows_of_a_later_time_or_of_other_firms_are_kept_apart() -> None:
    train, test = out_of_time(["2025-12", "2026-01", "2026-02"], "2026-01")
    assert (train.tolist(), test.tolist()) == ([True, False, False], [False, True, True])
    with pytest.raises(InvalidInput) as refused:
        out_of_time(["2025-12"], "2026-01")
    assert refused.value.code == "scoring.split_empty"
    firms = np.repeat(np.arange(100), 3)
    bad = np.repeat(np.arange(100) < 30, 3)
    train, test = out_of_sample(bad, 0.3, seed=1, groups=firms)
    assert not set(firms[train]) & set(firms[test])
    assert (test.sum(), bad[test].sum()) == (90, 27)


def test_the_attack_misleads_the_card_by_one_cell_of_each_row(table: Table) -> None:
    small = table.rows(np.arange(len(table.bad)) < 1500)
    attacked = hardening.misled(CARD, small)
    changed = np.zeros(1500)
    for feature in CARD.features:
        before, after = small.columns[feature.name], attacked.columns[feature.name]
        same = (before == after) | ((before != before) & (after != after))
        changed += ~same.astype(bool)
    assert changed.max() == 1
    moved = batch_log_odds(CARD, attacked) - batch_log_odds(CARD, small)
    assert (moved[small.bad] <= 0).all()
    assert (moved[~small.bad] >= 0).all()
    assert auc(small.bad, batch_log_odds(CARD, attacked)) < auc(small.bad, batch_log_odds(CARD, small)) - 0.02


def test_the_experiment_judges_all_trainings_by_the_same_rows(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.choice.STRENGTHS", (400.0,))
    monkeypatch.setattr(hardening, "fit_card", partial(fit_card, rules=(Rule(),)))
    small = table.rows(np.arange(len(table.bad)) < 1200)
    found = hardening.harden(small, Described("x", "x", True, "default"))
    assert [one.training for one in found] == ["plain", "augmented", "adversarial"]
    assert found[0].auc_under_attack == found[0].auc_under_own_attack
    for one in found:
        assert one.auc_under_attack < one.auc
        assert one.auc_under_own_attack < one.auc
        assert one.auc_with_noise < one.auc + 0.001


def write(path: Path, rows: int = 600) -> Path:
    lines = ["default,month,owner," + ",".join(spec.name for spec in SME_FEATURES)]
    for i, firm in enumerate(generate_portfolio(rows, 5)):
        cells = [
            "" if firm.figures[one.name] is None else str(firm.figures[one.name]) for one in SME_FEATURES
        ]
        lines.append(f"{firm.defaulted:d},2026-{1 + i % 3:02},{'ab'[i % 2]}," + ",".join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_card_is_evaluated_on_a_file(tmp_path: Path) -> None:
    card, file = tmp_path / "card.json", write(tmp_path / "rows.csv")
    card.write_bytes(shipped_card())
    told: list[str] = []
    found = evaluate(card, file, None, period="month", segments=["owner"], costs=Costs(), told=told.append)
    assert found.card_id == load_card(shipped_card()).id
    assert not found.like_training
    assert [one.period for one in found.stability.periods] == ["2026-01", "2026-02", "2026-03"]
    assert found.fairness[0].segment == "owner"
    assert found.hardened == ()
    assert told
    with pytest.raises(InvalidInput) as missing:
        evaluate(card, file, None, segments=["nobody"], costs=Costs(), told=told.append)
    assert missing.value.code == "scoring.column_missing"
    with pytest.raises(NotFound) as absent:
        evaluate(tmp_path / "none.json", file, None, costs=Costs(), told=told.append)
    assert absent.value.code == "scoring.file_missing"


def test_rows_that_agree_in_a_column_of_the_card_are_evaluated(tmp_path: Path) -> None:
    """All rows are of one sector, and nobody's equity ratio is known: a card can score them."""
    card, file = tmp_path / "card.json", write(tmp_path / "rows.csv")
    card.write_bytes(shipped_card())
    header, *rows = [line.split(",") for line in file.read_text().splitlines()]
    for row in rows:
        row[header.index("sector")], row[header.index("equity_ratio")] = "retail", ""
    file.write_text("".join(",".join(row) + "\n" for row in [header, *rows]))
    found = evaluate(card, file, None, costs=Costs(), told=lambda text: None)
    by_name = {one.feature: one for one in found.associations}
    assert by_name["equity_ratio"].correlation is None
    assert by_name["sector"].information.value == pytest.approx(0, abs=0.001)
    assert 0.5 < found.worth.auc.value < 1
