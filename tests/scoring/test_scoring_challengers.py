"""Challengers: boosted trees held to the declared trends, exact reasons, a file without code, swap sets."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, Unavailable
from scoring import FeatureSpec
from scoring.challengers import extra, tuning
from scoring.challengers.artifact import LoadedChallenger, decode, encode
from scoring.challengers.commands import table_without
from scoring.challengers.comparison import compare
from scoring.challengers.encoding import Encoding
from scoring.challengers.gradient_trees import GradientTrees, fit_gradient_trees
from scoring.challengers.histogram_trees import fit_histogram_trees
from scoring.challengers.swap_set import swap_set
from scoring.scorecard import Described
from scoring.table import Table, table_of_columns

SPECS = (
    FeatureSpec("late", "number", "Days late", "ascending", special=(Decimal(-9),)),
    FeatureSpec("equity", "number", "Equity", "descending"),
    FeatureSpec("sector", "category", "Sector"),
)


def sample(rows: int = 900, seed: int = 5) -> Table:
    """Rows whose risk rises with days late and, against the declared trend, with equity above 0.8."""
    random = np.random.default_rng(seed)
    late, equity = random.gamma(2, 10, rows).round(1), random.random(rows).round(3)
    sector = random.choice(["retail", "logistics", "other"], rows)
    log_odds = -2.5 + late / 15 - 3 * equity + 3 * (equity > 0.8) + (sector == "retail")
    bad = random.random(rows) < 1 / (1 + np.exp(-log_odds))
    coded = np.where(random.random(rows) < 0.1, -9.0, late)
    known = [None if random.random() < 0.05 else float(value) for value in equity]
    columns = {"late": coded.tolist(), "equity": known, "sector": sector.tolist()}
    return table_of_columns(SPECS, columns, bad.tolist())


@pytest.fixture(scope="module", autouse=True)
def few_rounds() -> Any:
    """The search for settings is the same, with fewer trees."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("tuning", "gradient_trees", "histogram_trees"):
            patch.setattr(f"scoring.challengers.{module}.ROUNDS", (30, 45, 60))
        yield


@pytest.fixture(scope="module")
def trees() -> GradientTrees:
    return fit_gradient_trees(sample())


@pytest.fixture(scope="module")
def loaded(trees: GradientTrees) -> LoadedChallenger:
    return decode(encode(trees, name="rival", target="bad", data_sha256=sample().digest()))


SNAPSHOT = {"late": Decimal("31.5"), "equity": Decimal("0.4"), "sector": "retail"}


def test_what_the_platform_runs_loads_no_library_of_the_extra() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, scoring.registry, scoring.shadow, scoring.training;"
         "print(sorted({'lightgbm', 'sklearn'} & sys.modules.keys()))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_without_the_extra_the_error_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(Unavailable) as missing:
        extra.lightgbm()
    assert missing.value.code == "scoring.challenger_extra"
    assert "scf[challenger]" in (missing.value.hint or "")


@pytest.mark.parametrize("fit", [fit_gradient_trees, fit_histogram_trees])
@pytest.mark.parametrize(("name", "sign"), [("late", 1), ("equity", -1)])
def test_a_declared_trend_is_held_where_the_data_speak_against_it(fit: Any, name: str, sign: int) -> None:
    model = fit(sample())
    columns = {"late": [20.0] * 101, "equity": [0.5] * 101, "sector": ["retail"] * 101}
    columns[name] = [i / 100 * (60 if name == "late" else 1) for i in range(101)]
    bad = np.arange(101) % 2 == 0
    grid = Table(
        SPECS, {k: np.array(v, dtype=object if k == "sector" else float) for k, v in columns.items()}, bad
    )
    steps = np.diff(model.log_odds(grid)) * sign
    assert steps.min() >= -1e-9
    assert steps.max() > 0


def test_reasons_and_base_add_up_to_the_log_odds(trees: GradientTrees) -> None:
    table = sample(rows=300, seed=8)
    added, base = trees.contributions(trees.encoding.matrix(table))
    assert added.shape == (300, 3)
    assert added.sum(axis=1) + base == pytest.approx(trees.log_odds(table), abs=1e-9)


def test_reasons_are_the_shapley_values_of_the_trees(loaded: LoadedChallenger) -> None:
    """Against the definition, over all subsets of the columns, from the dumped trees."""
    booster = loaded.model.booster
    row = loaded.model.encoding.row(SNAPSHOT)
    dumped = [one["tree_structure"] for one in booster.dump_model()["tree_info"]]
    width = row.shape[1]

    def expected(node: dict[str, Any], known: frozenset[int]) -> float:
        if "leaf_value" in node:
            return float(node["leaf_value"])
        left, right = node["left_child"], node["right_child"]
        if node["split_feature"] in known:
            return expected(left if goes_left(node, row[0]) else right, known)
        weights = [one.get("internal_count", one.get("leaf_count")) for one in (left, right)]
        means = [expected(left, known), expected(right, known)]
        return float(np.average(means, weights=weights))

    def worth(known: frozenset[int]) -> float:
        return sum(expected(tree, known) for tree in dumped)

    def shapley(column: int) -> float:
        others = [i for i in range(width) if i != column]
        return sum(
            factorial(size) * factorial(width - size - 1) / factorial(width)
            * (worth(frozenset({*chosen, column})) - worth(frozenset(chosen)))
            for size in range(width)
            for chosen in combinations(others, size)
        )  # fmt: skip

    of_trees = np.array([[shapley(i) for i in range(width)]])
    by_hand = loaded.model.tuned.slope * loaded.model.encoding.by_feature(of_trees)
    assert loaded.model.contributions(row)[0] == pytest.approx(by_hand, abs=1e-6)


def goes_left(node: dict[str, Any], row: Any) -> bool:
    value = row[node["split_feature"]]
    if np.isnan(value):
        return bool(node["default_left"]) if node["missing_type"] == "NaN" else 0.0 <= node["threshold"]
    if node["decision_type"] == "==":
        return str(int(value)) in str(node["threshold"]).split("||")
    return bool(value <= node["threshold"])


def test_a_refit_gives_the_same_file_and_the_file_gives_the_same_scores(
    trees: GradientTrees, loaded: LoadedChallenger
) -> None:
    table = sample()
    again = encode(fit_gradient_trees(table), name="rival", target="bad", data_sha256=table.digest())
    assert decode(again).id == loaded.id
    assert loaded.model.log_odds(table) == pytest.approx(trees.log_odds(table), abs=1e-12)


def test_one_snapshot_scores_like_its_row_and_names_the_riskiest_first(loaded: LoadedChallenger) -> None:
    table = sample(rows=60, seed=9)
    of_rows = loaded.model.log_odds(table)
    for i in range(60):
        equity = table.columns["equity"][i]
        snapshot = {
            "late": Decimal(str(table.columns["late"][i])),
            "equity": None if np.isnan(equity) else str(equity),
            "sector": table.columns["sector"][i],
        }
        log_odds, reasons = loaded.explain(snapshot)
        assert log_odds == pytest.approx(of_rows[i], abs=1e-9)
        assert [one.log_odds for one in reasons] == sorted((one.log_odds for one in reasons), reverse=True)


def test_a_special_code_is_told_apart_from_the_quantity_and_from_what_is_not_known() -> None:
    encoding = Encoding.of(sample())
    code, quantity, unknown = (encoding.row({**SNAPSHOT, "late": v})[0] for v in (Decimal(-9), 12, None))
    assert np.isnan(code[0])
    assert (code[1], quantity[1], unknown[1]) == (1, 0, 0)
    assert (quantity[0], np.isnan(unknown[0])) == (12, True)
    assert encoding.directions == [1, 0, -1, 0]
    assert encoding.categories == [3]


def test_levels_beyond_the_most_frequent_share_a_place_and_the_unseen_joins_them() -> None:
    levels = [f"l{i:03}" for i in range(300)] * 3 + ["l000", "l001"] * 50
    bad = [i % 3 == 0 for i in range(len(levels))]
    table = table_of_columns([FeatureSpec("level", "category", "Level")], {"level": levels}, bad)
    encoding = Encoding.of(table)
    places = encoding.matrix(table)[:, 0]
    assert len(set(places)) == 251
    assert encoding.row({"level": "never seen"})[0, 0] == 250


@pytest.mark.parametrize(
    ("snapshot", "code"),
    [
        ({"late": "soon"}, "scoring.value_type"),
        ({"late": Decimal("Infinity")}, "scoring.value_not_finite"),
        ({"sector": 3}, "scoring.value_type"),
    ],
)
def test_a_wrong_value_is_refused_with_its_feature(
    loaded: LoadedChallenger, snapshot: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        loaded.explain(snapshot)
    assert refused.value.code == code
    assert refused.value.where in snapshot


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: b"{", "scoring.challenger_invalid"),
        (lambda text: b"[]", "scoring.challenger_invalid"),
        (lambda text: text.replace(b"scf-challenger/2", b"scf-challenger/9"), "scoring.challenger_invalid"),
        (lambda text: text.replace(b'"rounds"', b'"round"'), "scoring.challenger_invalid"),
        (lambda text: text.replace(b":{", b": {", 1), "scoring.challenger_not_canonical"),
        (
            lambda text: json.dumps({**json.loads(text), "features": json.loads(text)["features"][:2]},
                                    sort_keys=True, separators=(",", ":")).encode(),
            "scoring.challenger_invalid",
        ),
        (
            lambda text: json.dumps({**json.loads(text), "trees": "tree"},
                                    sort_keys=True, separators=(",", ":")).encode(),
            "scoring.challenger_invalid",
        ),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused(trees: GradientTrees, change: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(change(encode(trees, name="rival", target="bad", data_sha256="0" * 64)))
    assert refused.value.code == code


def test_settings_are_those_that_rank_best_and_never_see_other_rows() -> None:
    table, random = sample(rows=300), np.random.default_rng(2)
    seen: list[int] = []

    def held(train: Table, test: Table, chosen: tuning.Settings) -> Any:
        seen.append(len(train.bad) + len(test.bad))
        log_odds = random.normal(size=(len(tuning.ROUNDS), len(test.bad)))
        if chosen == tuning.GRID[2]:
            log_odds[1] += 3 * test.bad
        return log_odds

    found = tuning.tune(table, held)
    assert (found.settings, found.rounds) == (tuning.GRID[2], tuning.ROUNDS[1])
    assert 0.95 < found.auc < 1
    assert seen == [300] * (3 * len(tuning.GRID))


def test_log_odds_that_are_too_sure_are_brought_to_scale() -> None:
    random = np.random.default_rng(3)
    right = random.normal(-2, 1, 20_000)
    bad = random.random(20_000) < 1 / (1 + np.exp(-right))
    slope, shift = tuning.platt(bad, 2 * right + 1)
    assert (slope, shift) == (pytest.approx(0.5, abs=0.03), pytest.approx(-0.5, abs=0.1))
    scaled = 1 / (1 + np.exp(-(slope * (2 * right + 1) + shift)))
    assert scaled.mean() == pytest.approx(bad.mean(), abs=0.001)


def test_scale_never_turns_a_ranking_round_and_stays_finite_without_an_error() -> None:
    bad = np.arange(100) < 30
    slope, shift = tuning.platt(bad, np.where(bad, 5.0, -5.0) + np.arange(100) / 100)
    assert 0 < slope < 5
    assert abs(shift) < 5
    turned, constant = tuning.platt(bad, np.where(bad, -1.0, 1.0) + np.arange(100) / 100)
    assert turned == 0
    assert 1 / (1 + np.exp(-constant)) == pytest.approx(0.3, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), min_size=2, max_size=60),
    acceptance=st.floats(0.05, 0.95),
)
def test_both_models_of_a_swap_set_accept_equally_many(
    rows: list[tuple[int, int, bool]], acceptance: float
) -> None:
    ours, its, bad = (np.array(column) for column in zip(*rows, strict=True))
    found = swap_set(bad, ours, its, acceptance)
    assert found.swapped_in.rows == found.swapped_out.rows
    assert found.both_accept.rows + found.swapped_in.rows == round(acceptance * len(rows))
    groups = (found.both_accept, found.swapped_in, found.swapped_out, found.both_refuse)
    assert sum(one.rows for one in groups) == len(rows)
    assert sum(one.bad for one in groups) == bad.sum()


def test_a_swap_set_tells_whom_each_lets_in() -> None:
    bad = np.array([False, False, True, False, True, True])
    found = swap_set(bad, np.array([1, 2, 3, 4, 5, 6]), np.array([1, 2, 4, 3, 5, 6]), 0.5)
    assert (found.swapped_in.rows, found.swapped_in.bad) == (1, 0)
    assert (found.swapped_out.rows, found.swapped_out.bad) == (1, 1)
    with pytest.raises(InvalidInput) as refused:
        swap_set(bad, np.arange(6), np.arange(6), 1.0)
    assert refused.value.code == "scoring.acceptance_rate"


def test_card_and_challengers_are_compared_on_the_same_folds() -> None:
    table = sample(rows=600)
    found = compare(table, Described("t", "t", False, "bad"), ("lightgbm",), 0.7, lambda text: None)
    rival = found.rivals["lightgbm"]
    assert len(found.card_folds) == len(rival.folds) == 5
    assert rival.difference.value == pytest.approx(np.mean(rival.folds) - np.mean(found.card_folds))
    assert 0.6 < rival.figures.auc.value < 1


def test_columns_are_left_out_by_name(tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    path.write_text("id,a,bad\n" + "".join(f"x{i},{i % 7},{i % 3 == 0:d}\n" for i in range(60)))
    assert [spec.name for spec in table_without(path, "bad", ["id"]).specs] == ["a"]
    with pytest.raises(InvalidInput) as refused:
        table_without(path, "bad", ["nothing"])
    assert refused.value.code == "scoring.column_missing"
