"""The four families: borrower, market, policy and collateral, each from typed records as of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.contract import SME_FEATURES
from scoring.families import (
    MarketPoint,
    PolicyFacts,
    PolicyRules,
    Receivable,
    Statement,
    borrower_figures,
    collateral,
    hard_stops,
    market_figures,
    years_trading,
)
from scoring.snapshot import snapshot

DAY = date(2026, 6, 30)
STATEMENT = Statement(
    published_on=date(2026, 5, 2),
    source="statement 2025",
    current_assets=Decimal(300),
    current_liabilities=Decimal(200),
    equity=Decimal(250),
    total_assets=Decimal(1_000),
    ebit=Decimal(90),
    interest=Decimal(30),
    net_profit=Decimal(40),
    sales=Decimal(2_000),
    payables=Decimal(100),
    cost_of_sales=Decimal(1_460),
)


def test_ratios_follow_from_the_statement_and_are_known_from_its_publication() -> None:
    figures = {one.name: one.value for one in borrower_figures(STATEMENT)}
    assert figures == {
        "current_ratio": Decimal("1.5"),
        "equity_ratio": Decimal("0.25"),
        "interest_cover": Decimal(3),
        "net_margin": Decimal("0.02"),
        "asset_turnover": Decimal(2),
        "payables_days": Decimal(25),
    }
    assert set(figures) <= {spec.name for spec in SME_FEATURES}
    with pytest.raises(InvalidInput, match="observed_after"):
        snapshot("p", date(2026, 5, 1), borrower_figures(STATEMENT))


@pytest.mark.parametrize("divisor", [None, Decimal(0), Decimal(-5)])
def test_a_ratio_without_a_divisor_is_not_known(divisor: Decimal | None) -> None:
    figures = {one.name: one.value for one in borrower_figures(replace(STATEMENT, interest=divisor))}
    assert figures["interest_cover"] is None


def test_age_is_in_years_and_not_before_the_founding() -> None:
    assert years_trading(date(2016, 6, 30), DAY, "register").value == Decimal("10.0")
    with pytest.raises(InvalidInput, match="founded_after"):
        years_trading(DAY + timedelta(1), DAY, "register")


def test_market_figures_are_the_latest_published_and_their_change_in_a_year() -> None:
    points = [
        MarketPoint("sector_index", Decimal(value), published, "office")
        for value, published in ((100, date(2025, 6, 1)), (90, date(2026, 6, 1)), (50, date(2026, 7, 1)))
    ]
    level, change = market_figures(points, "sector_index", DAY)
    assert (level.value, level.observed_on, change.value) == (Decimal(90), date(2026, 6, 1), Decimal("-0.1"))
    with pytest.raises(InvalidInput, match="series_missing"):
        market_figures(points, "sector_index", date(2025, 1, 1))


RULES = PolicyRules(
    jurisdictions=frozenset({"DE", "NL"}),
    excluded_sectors=frozenset({"arms"}),
    least_years_trading=Decimal(2),
    most_days_late=Decimal(60),
)
FACTS = PolicyFacts(
    as_of=DAY,
    jurisdiction="NL",
    sector="retail",
    years_trading=Decimal(5),
    days_late_12m=Decimal(4),
    identified_until=DAY,
    sanctioned=False,
    insolvent=False,
)


@pytest.mark.parametrize(
    ("change", "stop"),
    [
        ({"jurisdiction": "US"}, "jurisdiction"),
        ({"jurisdiction": None}, "jurisdiction"),
        ({"sector": "arms"}, "sector"),
        ({"years_trading": Decimal("1.9")}, "years_trading"),
        ({"days_late_12m": Decimal(61)}, "days_late"),
        ({"identified_until": DAY - timedelta(1)}, "identification"),
        ({"sanctioned": True}, "sanctions"),
        ({"sanctioned": None}, "sanctions"),
        ({"insolvent": None}, "insolvency"),
    ],
)
def test_each_rule_stops_and_so_does_what_is_not_known(change: dict[str, Any], stop: str) -> None:
    assert hard_stops(RULES, FACTS) == ()
    assert hard_stops(RULES, replace(FACTS, **change)) == (stop,)


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        ({"sanctioned": None, "insolvent": None, "identified_until": None}, ()),
        ({"sanctioned": True}, ("sanctions",)),
        ({"identified_until": DAY - timedelta(1)}, ("identification",)),
        ({"jurisdiction": None}, ("jurisdiction",)),
    ],
)
def test_what_a_programme_does_not_demand_stops_only_when_it_is_known(
    change: dict[str, Any], stops: tuple[str, ...]
) -> None:
    rules = replace(RULES, demands=frozenset({"jurisdiction"}))
    assert hard_stops(rules, replace(FACTS, **change)) == stops


def receivable(debtor: str, amount: int, overdue: int = -10, disputed: bool = False) -> Receivable:
    return Receivable(debtor, Decimal(amount), DAY - timedelta(overdue), disputed)


def test_old_and_disputed_receivables_are_not_eligible_and_a_debtor_counts_up_to_its_share() -> None:
    many = [receivable(name, 100) for name in "abcd"]
    found = collateral(
        DAY, [*many, receivable("a", 100, 91), receivable("b", 100, disputed=True)], Decimal("0.02")
    )
    assert (found.eligible, found.haircut, found.value) == (Decimal(400), Decimal("0.15"), Decimal(340))
    one = collateral(DAY, [receivable("a", 700), *(receivable(name, 100) for name in "bcd")], Decimal(0))
    assert (one.eligible, one.largest_debtor_share) == (Decimal(550), Decimal("0.7"))


def test_dilution_beyond_what_is_allowed_costs_twice() -> None:
    assert collateral(DAY, [receivable("a", 100)], Decimal("0.10")).haircut == Decimal("0.25")
    assert collateral(DAY, [], Decimal("0.9")).haircut == 1


def test_inventory_counts_after_its_own_haircut() -> None:
    assert collateral(DAY, [], Decimal(0), inventory=Decimal(100)).value == 50


@given(amounts=st.lists(st.integers(1, 10_000), min_size=1, max_size=8), dilution=st.integers(0, 100))
def test_collateral_is_never_worth_more_than_its_receivables(amounts: list[int], dilution: int) -> None:
    pool = [receivable(str(i % 3), amount) for i, amount in enumerate(amounts)]
    found = collateral(DAY, pool, Decimal(dilution) / 100)
    assert 0 <= found.value <= found.eligible <= sum(amounts)


@pytest.mark.parametrize("rate", [Decimal("-0.1"), Decimal("1.1")])
def test_a_dilution_rate_that_is_none_is_refused(rate: Decimal) -> None:
    with pytest.raises(InvalidInput, match="dilution_rate"):
        collateral(DAY, [], rate)
