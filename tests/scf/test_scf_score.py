"""`scf score lgd`, `stress` and their like, called as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import NewDatabase

import scoring
from core.database import Database
from scf.cli import main
from scf.rooms import ROOMS
from scoring.generator import generate_portfolio
from support.shared import shared_path


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


Call = Callable[..., Called]


@pytest.fixture
def scf(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`scf score …` as its entry point runs it."""

    def call(*words: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["scf", "score", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return Called(int(left.value.code or 0), shown.out, shown.err)

    return call


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    file = tmp_path / "portfolio.csv"
    file.write_text(
        "name,currency,exposure,pd,lgd,limit,grade,annual_volume,terms_days\n"
        "Alfa,EUR,400000,0.02,0.45,750000,C,3650000,60\n"
    )
    return file


def test_a_portfolio_is_stressed_from_a_file(scf: Call, portfolio: Path, tmp_path: Path) -> None:
    done = scf("stress", portfolio, "--json")
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    losses = [Decimal(one["expected_loss"]) for one in results]
    assert losses[0] == Decimal("3600.00")
    assert losses == sorted(losses)
    assert results[0]["cuts"] == []
    assert results[-1]["cuts"][0]["name"] == "Alfa"
    own = tmp_path / "scenarios.csv"
    own.write_text("name,macro_factor\nours,-2\n")
    shown = scf("stress", portfolio, "--scenarios", own)
    assert "ours" in shown.out
    assert "one year in ten" not in shown.out


def test_a_wrong_file_is_told_with_its_code(scf: Call, tmp_path: Path) -> None:
    gone = scf("stress", tmp_path / "gone.csv")
    assert (gone.code, "scoring.file_missing" in gone.err) == (3, True)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name\nAlfa\n")
    refused = scf("stress", wrong)
    assert (refused.code, "scoring.column_missing" in refused.err) == (5, True)


def test_losses_are_learned_from_a_file(scf: Call, tmp_path: Path) -> None:
    out = tmp_path / "lgd.json"
    data = shared_path("datasets/sba_case_ca_realestate.csv.gz")
    done = scf("lgd", data, "-o", out, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["rows"] == 686
    assert told["figures"]["r2"]["low"] > 0
    assert out.stat().st_size > 0


def test_payments_are_predicted_from_a_file(scf: Call, tmp_path: Path) -> None:
    out = tmp_path / "payments.json"
    data = shared_path("datasets/ibm_ar_invoices_to_2013-05.csv.gz")
    done = scf("payments", data, "-o", out, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["auc"]["value"] > told["static_auc"]["value"]
    assert out.stat().st_size > 0


async def test_a_platform_is_monitored_and_what_moved_is_a_finding(new_database: NewDatabase) -> None:
    url = await new_database(ROOMS)

    def scf(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "scf", "score", *words, "--database", url],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert scf("monitor").returncode == 3
    database = await Database.open(url, ROOMS)
    at = datetime.now(UTC) - timedelta(days=1)
    async with database.transaction() as tx:
        await scoring.install_shipped_card(tx, approved_by="user:ben", at=at)
    calm = scf("monitor", "--json")
    assert calm.returncode == 0, calm.stderr
    assert json.loads(calm.stdout)["card"]["features"] is None
    async with database.transaction() as tx:
        card = await scoring.approved_card(tx.sql)
        for firm in generate_portfolio(150, 4):
            inputs = {name: firm.figures.get(name) for name in card.features} | {"days_late_12m": Decimal(40)}
            await scoring.record_run(tx, uuid4(), card.score(inputs), inputs, at, uuid4())
    await database.close()
    moved = scf("monitor", "--json")
    assert moved.returncode == 6, moved.stderr
    findings = json.loads(moved.stdout)["findings"]
    assert any("days_late_12m has moved" in finding for finding in findings)
    shown = scf("monitor")
    assert "days_late_12m" in shown.stdout
    none = scf("stress")
    assert (none.returncode, "stress.no_positions" in none.stderr) == (5, True)
