"""The bench measures on folds that it writes out, nests every choice in the training rows, and beats the
oracle."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from core.errors import NotFound
from scf.commands.score import app
from scoring.bench import oracle
from scoring.bench.run import paired, write_folds
from scoring.bench.sets import SETS, chosen_sets
from scoring.validation import stratified_folds
from support.shared import shared_path


def test_the_bench_of_a_set_holds_what_it_promises(tmp_path: Path) -> None:
    folder = shared_path("datasets", "south_german_credit.csv.gz").parent
    done = CliRunner().invoke(
        app, ["bench", str(folder), "--set", "south_german_credit", "--json", "-o", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)["sets"]["south_german_credit"]
    card = found["card"]
    assert card["auc"] >= 0.784
    assert card["calibration_slope_low"] <= 1.1
    assert card["calibration_slope_high"] >= 0.9
    assert card["rounding_loss"] < 0.001
    assert len(card["folds"]) == len(card["chosen"]) == 5
    assert card["auc"] == pytest.approx(np.mean(card["folds"]), abs=1e-5)
    assert set(found["engineering"]) == {"raw", "winsorised", "woe", "selected", "ridge", "interactions"}
    written = (tmp_path / "south_german_credit.folds.csv").read_bytes()
    assert hashlib.sha256(written).hexdigest() == found["folds_sha256"]
    assert len(written.splitlines()) == 1_001


def test_all_sets_come_with_the_payments_of_their_folder(tmp_path: Path) -> None:
    for name in ("south_german_credit.csv.gz", "ibm_ar_invoices_to_2013-05.csv.gz"):
        (tmp_path / name).symlink_to(shared_path("datasets", name))
    done = CliRunner().invoke(app, ["bench", str(tmp_path), "--json", "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    told = orjson.loads(done.stdout)
    assert list(told["sets"]) == ["south_german_credit"]
    payments = told["payments"]
    assert payments["auc"]["value"] >= 0.86
    assert payments["fall"]["value"] >= 0.33
    assert payments["fall_above_rule"]["low"] > 0


def test_the_folds_written_are_the_stratified_ones(tmp_path: Path) -> None:
    bad = np.arange(500) % 5 == 0
    folds = stratified_folds(bad, 5, 42)
    write_folds(folds, tmp_path / "folds.csv")
    rows = [line.split(",") for line in (tmp_path / "folds.csv").read_text().splitlines()[1:]]
    assert [(int(row), int(fold)) for row, fold in rows] == list(enumerate(folds.tolist(), start=1))
    assert {int(bad[folds == fold].sum()) for fold in range(5)} == {20}


def test_rows_of_a_firm_lie_in_one_fold() -> None:
    random = np.random.default_rng(5)
    firms = np.unique(random.integers(0, 120, 900), return_inverse=True)[1]
    folds = stratified_folds(random.random(900) < 0.2, 5, 42, firms)
    assert all(len(set(folds[firms == firm])) == 1 for firm in range(firms.max() + 1))
    assert set(folds) == {0, 1, 2, 3, 4}


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as none:
        chosen_sets(tmp_path, [])
    assert none.value.code == "scoring.bench_no_sets"
    with pytest.raises(NotFound) as unknown:
        chosen_sets(tmp_path, ["titanic"])
    assert unknown.value.code == "scoring.bench_set_unknown"


def test_a_paired_difference_has_students_interval() -> None:
    """Five differences with mean 3 and standard deviation sqrt(2.5): 3 ± 2.776·sqrt(2.5/5)."""
    mean, low, high = paired(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert (mean, low, high) == (3.0, pytest.approx(1.0368, abs=1e-4), pytest.approx(4.9632, abs=1e-4))


def test_a_leak_is_told_and_refused_by_the_command_line(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    bad = random.random(400) < 0.3
    lines = ["id,figure,loss,class"] + [
        f"{9_000 + row},{random.normal() + wrong:.3f},{row + 1 if wrong else 0},{int(wrong)}"
        for row, wrong in enumerate(bad)
    ]
    path = tmp_path / "loans.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    told = CliRunner().invoke(app, ["check", str(path), "--json"])
    assert told.exit_code == 6
    assert {one["column"]: one["reason"] for one in orjson.loads(told.stdout)["leaks"]} == {
        "id": "identifier",
        "loss": "separates",
    }
    out = ["-o", str(tmp_path / "card.json"), "--json"]
    refused: Any = CliRunner().invoke(app, ["train", str(path), *out]).exception
    assert (refused.code, refused.where) == ("scoring.leak", "id, loss")
    trained = CliRunner().invoke(app, ["train", str(path), "--drop", "id", "--drop", "loss", *out])
    assert trained.exit_code == 0, trained.output
    assert orjson.loads(trained.stdout)["figures"]["auc"]["value"] > 0.7


@pytest.mark.skipif(
    not oracle.available(), reason="optbinning is not installed: uv sync --no-dev --group oracle"
)
@pytest.mark.parametrize("one", SETS[:3], ids=lambda one: one.stem)
def test_binning_explains_at_least_as_much_as_optbinning_in_half_its_time(one: Any) -> None:
    folder = shared_path("datasets", f"{one.stem}.csv.gz").parent
    found = oracle.compare_binning(one.table(folder))
    assert found.at_least == found.variables, f"{found.lowest_variable} reaches {found.lowest_ratio:.5f}"
    assert found.our_cpu <= found.its_cpu / 2
