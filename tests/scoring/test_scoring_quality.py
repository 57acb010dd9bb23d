"""Data that do not look like the training rows are set apart, with the reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from scoring.contract import SME_FEATURES
from scoring.generator import generate_portfolio
from scoring.quality import inspect, profile
from scoring.table import table_of_portfolio

PORTFOLIO = generate_portfolio(1_500, seed=9)
PROFILES = profile(table_of_portfolio(SME_FEATURES, PORTFOLIO[:1_000]))
LATER: list[dict[str, Any]] = [dict(firm.figures) for firm in PORTFOLIO[1_000:]]


def changed(row: int, **figures: Any) -> list[dict[str, Any]]:
    return [{**one, **figures} if number == row else one for number, one in enumerate(LATER, start=1)]


def test_later_rows_of_the_same_portfolio_pass() -> None:
    report = inspect(PROFILES, LATER)
    assert report.accepted == tuple(range(1, len(LATER) + 1))
    assert not report.findings
    assert not report.condemned


@pytest.mark.parametrize(
    ("figures", "gate", "column"),
    [
        ({"dilution_rate": Decimal("1.2")}, "range", "dilution_rate"),
        ({"years_trading": Decimal(-1)}, "range", "years_trading"),
        ({"sector": "space tourism"}, "unseen", "sector"),
        ({"sector": 7}, "type", "sector"),
        ({"net_margin": "a tenth"}, "type", "net_margin"),
        ({"net_margin": Decimal("NaN")}, "type", "net_margin"),
        ({"net_margin": Decimal("Infinity")}, "type", "net_margin"),
    ],
)
def test_a_value_that_cannot_be_quarantines_its_row(figures: dict[str, Any], gate: str, column: str) -> None:
    report = inspect(PROFILES, changed(3, **figures))
    assert report.quarantined == (3,)
    assert 3 not in report.accepted
    (finding,) = report.findings
    assert (finding.gate, finding.column, finding.row) == (gate, column, 3)


def test_a_row_that_stands_there_twice_is_quarantined_and_the_first_kept() -> None:
    report = inspect(PROFILES, [*LATER, LATER[4]])
    assert report.quarantined == (len(LATER) + 1,)
    assert report.findings[0].why == "it equals row 5"


@pytest.mark.parametrize(
    ("name", "factor"), [("payables_days", "1000"), ("net_margin", "100"), ("equity_ratio", "0.001")]
)
def test_another_unit_condemns_the_batch(name: str, factor: str) -> None:
    rows = [{**one, name: None if one[name] is None else one[name] * Decimal(factor)} for one in LATER]
    report = inspect(PROFILES, rows)
    assert report.condemned
    assert [(one.gate, one.column) for one in report.findings if one.row is None] == [("unit", name)]


def test_a_column_that_is_suddenly_missing_condemns_the_batch() -> None:
    report = inspect(
        PROFILES, [{**one, "interest_cover": None} if i % 2 else one for i, one in enumerate(LATER)]
    )
    assert report.condemned
    assert [(one.gate, one.column) for one in report.findings] == [("missing", "interest_cover")]
    assert report.counts() == {"missing": 1}
