"""`scf score challenge` measures a card beside boosted trees and writes LightGBM's file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from scf.commands.score import app

pytest.importorskip("lightgbm", reason="the extra challenger is not installed")


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for settings is the same, with fewer trees."""
    for module in ("tuning", "gradient_trees", "histogram_trees"):
        monkeypatch.setattr(f"scoring.challengers.{module}.ROUNDS", (10, 20))


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    """Loans of 120 firms; `loss` is known only after the outcome."""
    random = np.random.default_rng(11)
    late, margin = random.gamma(2, 10, 360).round(1), random.normal(0.1, 0.1, 360).round(3)
    bad = random.random(360) < 1 / (1 + np.exp(2 - late / 15 + 4 * margin))
    path = tmp_path / "loans.csv"
    path.write_text(
        "firm,late,margin,loss,class\n"
        + "".join(
            f"f{row // 3},{late[row]},{margin[row]},{100 + row if bad[row] else 0},{bad[row]:d}\n"
            for row in range(360)
        )
    )
    return path


def challenge(path: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["challenge", str(path), "--target", "class", *words])


def test_trees_are_measured_beside_the_card_and_lightgbm_s_file_is_written(
    loans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "trees.json"
    known = ["--without", "loss", "--firm", "firm", "--accept", "0.7", "--model", "lightgbm"]
    done = challenge(loans, *known, "-o", str(out), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["rows"] == 360
    assert list(told["challengers"]) == ["lightgbm"]
    trees = told["challengers"]["lightgbm"]
    assert len(told["card"]["folds"]) == len(trees["folds"]) == 5
    assert trees["difference"]["value"] == pytest.approx(
        np.mean(trees["folds"]) - np.mean(told["card"]["folds"])
    )
    assert 0.6 < trees["auc"]["value"] < 0.95, "better than chance, and without the column that knows"
    swapped = trees["swap_set"]
    assert swapped["acceptance"] == 0.7
    assert swapped["swapped_in"]["rows"] == swapped["swapped_out"]["rows"]
    assert sum(swapped[part]["rows"] for part in swapped if part != "acceptance") == 360
    assert told["challenger_id"] == hashlib.sha256(out.read_bytes()).hexdigest()
    written = json.loads(out.read_bytes())
    assert [one["name"] for one in written["features"]] == ["late", "margin"]


def test_both_libraries_are_shown_with_their_swap_sets(loans: Path) -> None:
    shown = challenge(loans, "--without", "loss", "--firm", "firm")
    assert shown.exit_code == 0, shown.output
    for name in ("card", "lightgbm", "histogram"):
        assert name in shown.stdout
    assert "card and histogram, each accepting 80%" in shown.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--without", "nothing"], "scoring.column_missing"),
        (["--firm", "nothing"], "scoring.column_missing"),
        (["--without", "loss", "--firm", "firm", "--accept", "1.5"], "scoring.acceptance_rate"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_its_code(loans: Path, words: list[str], code: str) -> None:
    refused: Any = challenge(loans, *words, "--model", "lightgbm").exception
    assert refused.code == code


def test_a_model_that_is_not_known_is_refused_before_the_data_are_read(tmp_path: Path) -> None:
    refused = challenge(tmp_path / "none.csv", "--model", "forest")
    assert refused.exit_code == 2
    assert "forest is none of lightgbm, histogram" in refused.output
