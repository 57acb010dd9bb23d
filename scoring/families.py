"""The four families of figures that a decision stands on: borrower, market, policy, collateral.

Borrower and market figures are observations of a snapshot (`scoring.snapshot`), each known from the day it
was published and not from the day it describes. Policy rules are hard stops: no score buys them off.
Collateral gives the eligible receivables and the haircut of the limit's cap. Behaviour in trade is in
`scoring.behaviour`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.errors import InvalidInput
from scoring.snapshot import Observation

_PLACES: Final = Decimal("0.0001")
_DAYS: Final = Decimal(365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A year's financial statement, in one currency; what it does not tell is None."""

    published_on: date
    source: str
    current_assets: Decimal | None = None
    current_liabilities: Decimal | None = None
    equity: Decimal | None = None
    total_assets: Decimal | None = None
    ebit: Decimal | None = None
    interest: Decimal | None = None
    net_profit: Decimal | None = None
    sales: Decimal | None = None
    payables: Decimal | None = None
    cost_of_sales: Decimal | None = None


def borrower_figures(statement: Statement) -> tuple[Observation, ...]:
    """Return the ratios of a statement; None where a part is not told or the divisor is not above 0."""
    of = statement
    days = None if of.payables is None else of.payables * _DAYS
    ratios = {
        "current_ratio": _ratio(of.current_assets, of.current_liabilities),
        "equity_ratio": _ratio(of.equity, of.total_assets),
        "interest_cover": _ratio(of.ebit, of.interest),
        "net_margin": _ratio(of.net_profit, of.sales),
        "asset_turnover": _ratio(of.sales, of.total_assets),
        "payables_days": _ratio(days, of.cost_of_sales),
    }
    return tuple(Observation(name, value, of.published_on, of.source) for name, value in ratios.items())


def years_trading(founded_on: date, as_of: date, source: str) -> Observation:
    """Return a party's age in years, to a tenth.

    Raises:
        InvalidInput: `scoring.founded_after` when it was founded after the day.
    """
    if founded_on > as_of:
        raise InvalidInput(
            "scoring.founded_after", f"It was founded on {founded_on}, after {as_of}.", where="founded_on"
        )
    years = Decimal((as_of - founded_on).days) / Decimal("365.25")
    return Observation("years_trading", years.quantize(Decimal("0.1")), as_of, source)


@dataclass(frozen=True, slots=True)
class MarketPoint:
    """A published value of a market series: a reference rate in per cent, or a sector's index."""

    series: str
    value: Decimal
    published_on: date
    source: str


def market_figures(points: Sequence[MarketPoint], series: str, as_of: date) -> tuple[Observation, ...]:
    """Return a series' latest value by a day, and its change against the latest of a year before that.

    `<series>` is the value; `<series>_change` is relative, and None without a value a year before.

    Raises:
        InvalidInput: `scoring.series_missing` when nothing was published by the day.
    """
    known = sorted(
        (one for one in points if one.series == series and one.published_on <= as_of),
        key=lambda one: one.published_on,
    )
    if not known:
        raise InvalidInput(
            "scoring.series_missing", f"Nothing of {series} was published by {as_of}.", where=series
        )
    last = known[-1]
    earlier = [one for one in known if (last.published_on - one.published_on).days >= 365]
    change = _ratio(last.value - earlier[-1].value, earlier[-1].value) if earlier else None
    return (
        Observation(series, last.value, last.published_on, last.source),
        Observation(f"{series}_change", change, last.published_on, last.source),
    )


EVERY_FACT: Final = frozenset(
    {"jurisdiction", "sector", "years_trading", "identification", "sanctions", "insolvency"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRules:
    """What jurisdictions and a programme demand of a party before anything is financed.

    `demands` names what must be known, by the names of `hard_stops`: there, what is not known stops. What
    is known and breaks a rule always stops.
    """

    jurisdictions: frozenset[str]
    demands: frozenset[str] = EVERY_FACT
    excluded_sectors: frozenset[str] = frozenset()
    least_years_trading: Decimal = Decimal(0)
    most_days_late: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """What is known of the party on the day; None where it is not, which stops where it is demanded."""

    as_of: date
    jurisdiction: str | None
    sector: str | None
    years_trading: Decimal | None
    days_late_12m: Decimal | None
    identified_until: date | None
    sanctioned: bool | None
    insolvent: bool | None


def hard_stops(rules: PolicyRules, facts: PolicyFacts) -> tuple[str, ...]:
    """Return the rules that stop the party, for `LimitInputs.hard_stops`; what is demanded must be known."""
    years, late, identified = facts.years_trading, facts.days_late_12m, facts.identified_until
    broken = {
        "jurisdiction": None if facts.jurisdiction is None else facts.jurisdiction not in rules.jurisdictions,
        "sector": None if facts.sector is None else facts.sector in rules.excluded_sectors,
        "years_trading": None if years is None else years < rules.least_years_trading,
        # A party without history has no day late, so that it cannot be demanded.
        "days_late": None if late is None or rules.most_days_late is None else late > rules.most_days_late,
        "identification": None if identified is None else identified < facts.as_of,
        "sanctions": facts.sanctioned,
        "insolvency": facts.insolvent,
    }
    return tuple(
        name for name, stopped in broken.items() if stopped or (stopped is None and name in rules.demands)
    )


@dataclass(frozen=True, slots=True)
class Receivable:
    """An open receivable offered as collateral."""

    debtor: str
    amount: Decimal
    due_on: date
    disputed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRules:
    """What is lent against: overdue at most `most_days_overdue`, one debtor at most `debtor_share`.

    The haircut on receivables is `base_haircut` and what dilution exceeds `dilution_allowed` by, twice; on
    inventory `inventory_haircut`. The form follows the advance rates of asset-based lending (US Comptroller
    of the Currency, Comptroller's Handbook, Asset-Based Lending, 2017), the numbers are the funder's.
    """

    most_days_overdue: int = 90
    debtor_share: Decimal = Decimal("0.25")
    base_haircut: Decimal = Decimal("0.15")
    dilution_allowed: Decimal = Decimal("0.05")
    inventory_haircut: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Collateral:
    """What secures a limit: `eligible` receivables before and `value` of all after the haircut."""

    eligible: Decimal
    haircut: Decimal
    overdue_share: Decimal | None
    largest_debtor_share: Decimal | None
    value: Decimal


def collateral(
    as_of: date,
    receivables: Sequence[Receivable],
    dilution_rate: Decimal,
    inventory: Decimal = Decimal(0),
    rules: CollateralRules | None = None,
) -> Collateral:
    """Judge receivables and inventory as collateral.

    Raises:
        InvalidInput: `scoring.amount_not_positive`; `scoring.dilution_rate` when it is not between 0 and 1.
    """
    rules = rules or CollateralRules()
    for one in receivables:
        if not one.amount.is_finite() or one.amount <= 0:
            raise InvalidInput(
                "scoring.amount_not_positive",
                f"A receivable from {one.debtor} is {one.amount}.",
                where=one.debtor,
            )
    if not 0 <= dilution_rate <= 1:
        raise InvalidInput(
            "scoring.dilution_rate", f"The dilution rate is {dilution_rate}.", where="dilution_rate"
        )
    total = sum((one.amount for one in receivables), Decimal(0))
    good = [
        one for one in receivables if not one.disputed and _overdue(one, as_of) <= rules.most_days_overdue
    ]
    by_debtor: dict[str, Decimal] = defaultdict(Decimal)
    for one in good:
        by_debtor[one.debtor] += one.amount
    most = rules.debtor_share * sum(by_debtor.values(), Decimal(0))
    eligible = sum((min(amount, most) for amount in by_debtor.values()), Decimal(0))
    excess = max(dilution_rate - rules.dilution_allowed, Decimal(0))
    haircut = min(rules.base_haircut + 2 * excess, Decimal(1))
    overdue = sum((one.amount for one in receivables if _overdue(one, as_of) > 0), Decimal(0))
    return Collateral(
        eligible=eligible,
        haircut=haircut,
        overdue_share=_ratio(overdue, total),
        largest_debtor_share=_ratio(
            max(by_debtor.values(), default=None), sum(by_debtor.values(), Decimal(0))
        ),
        value=eligible * (1 - haircut) + inventory * (1 - rules.inventory_haircut),
    )


def _overdue(one: Receivable, as_of: date) -> int:
    return (as_of - one.due_on).days


def _ratio(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    if part is None or whole is None or whole <= 0:
        return None
    return (part / whole).quantize(_PLACES)
