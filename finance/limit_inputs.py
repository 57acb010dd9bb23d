"""The programme's rules, and what a limit is proposed from under them. Pure but for `programme_at`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from core.database import Transaction
from core.errors import Broken
from finance import known_repository
from finance.known import YEAR, Known, KnownInvoice, open_receivables
from finance.loss_models import loss_model
from finance.products import RISK_PRODUCT, SOLE_AUTHORITY
from scoring.families import Collateral, CollateralRules, PolicyFacts, PolicyRules, collateral, hard_stops
from scoring.lgd import LgdModel, predict
from scoring.limits import LimitInputs, LimitPolicy, LossPds
from scoring.scorer import Value

# Loss given default of senior unsecured corporate claims: Basel Framework CRE32.6.
LGD: Final = Decimal("0.40")

_EEA: Final = (
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()
)
# The programme takes companies of the EEA, Switzerland and the United Kingdom. It demands that country and
# sector are known; checks that the platform was not told of stop nobody, one that failed or has ended does.
# Paying 90 days late on average is default by the Basel Framework, CRE36.69.
RULES: Final = PolicyRules(
    jurisdictions=frozenset([*_EEA, "CH", "GB"]),
    demands=frozenset({"jurisdiction", "sector"}),
    most_days_late=Decimal(90),
)
# What is bought was ordered, received and matched, so that the haircut is for the dilution that is usual, and
# twice for more. One debtor may be all: each buyer has a limit of its own, and concentration a cap.
COLLATERAL: Final = CollateralRules(
    debtor_share=Decimal(1), base_haircut=Decimal("0.05"), dilution_allowed=Decimal("0.05")
)
# 80 % is what the shipped prices pay out for the middle grade, C. A portfolio below 10 m counts as 10 m: 15 %
# of that is what a first name may have.
POLICY: Final = LimitPolicy(
    second_person_above=SOLE_AUTHORITY,
    advance_rate=Decimal("0.80"),
    least_portfolio=Decimal(10_000_000),
)


@dataclass(frozen=True, slots=True)
class Programme:
    """How the programme stands: what is drawn on all its pairs, and its loss given default, if it has one.

    `elsewhere` is, by scope, what is drawn on a limit's name outside of the limit: on the seller as a buyer,
    on the buyer as a seller, and by other sellers on the pair's buyer.
    """

    portfolio: Decimal
    elsewhere: Mapping[str, Decimal]
    loss_model: LgdModel | None


async def programme_at(
    tx: Transaction, seller_id: UUID, buyer_id: UUID, currency: str, at: datetime
) -> Programme:
    """Read how the programme stands for a pair."""
    drawn = await known_repository.exposures(tx.sql, seller_id, buyer_id, currency)
    return Programme(
        portfolio=drawn["portfolio"],
        elsewhere={
            "SELLER": drawn["seller_elsewhere"],
            "BUYER": drawn["buyer_elsewhere"],
            "PAIR": drawn["pair_elsewhere"],
        },
        loss_model=await loss_model(tx, RISK_PRODUCT, at),
    )


def limit_inputs(
    known: Known,
    programme: Programme,
    scope: str,
    *,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    pds: LossPds,
    grade: str,
) -> LimitInputs:
    """Return what the limit of a seller, of a buyer or of the pair is proposed from.

    The capacity is that of who is graded: the seller of its own limit, else the buyer. Dilution is that of
    who issues the invoices, which is the buyer's own where only the buyer is known.
    """
    invoices = known.between(seller_id, buyer_id)
    volume, terms = _yearly(known, invoices)
    graded = known.snapshots[_either(buyer_id, seller_id)].values()
    issuer = known.snapshots[_either(seller_id, buyer_id)].values()
    dilution = _number(issuer.get("dilution_rate")) or Decimal(0)
    receivables = open_receivables(known, invoices)
    secured = collateral(
        known.at.date(),
        receivables,
        min(max(dilution, Decimal(0)), Decimal(1)),
        rules=COLLATERAL,
    )
    return LimitInputs(
        as_of=known.at.date(),
        currency=known.currency,
        annual_volume=volume,
        terms_days=terms,
        pd=pds.pd,
        recourse_pd=pds.recourse_pd,
        lgd=_loss_given_default(programme.loss_model, graded, secured),
        grade=grade,
        net_worth=_number(graded.get("net_worth")),
        # Where nothing is open nothing can be drawn either: there is no collateral to judge the limit by.
        eligible_receivables=secured.eligible if receivables else None,
        haircut=secured.haircut,
        portfolio=programme.portfolio,
        exposure_elsewhere=programme.elsewhere[scope],
        hard_stops=(*_stops(known, "seller", seller_id), *_stops(known, "buyer", buyer_id)),
        policy=POLICY,
    )


def _loss_given_default(model: LgdModel | None, graded: Mapping[str, Value], secured: Collateral) -> Decimal:
    """Return the loss given default in a downturn by the programme's model, or else the Basel Framework's.

    A model may know the figures of the company that is graded, and `amount` (what can be drawn against),
    `receivables_haircut`, `receivables_overdue_share` and `receivables_largest_debtor_share`.
    """
    if model is None:
        return LGD
    told: dict[str, Decimal | str | None] = {
        **{name: Decimal(value) if isinstance(value, int) else value for name, value in graded.items()},
        "amount": secured.eligible,
        "receivables_haircut": secured.haircut,
        "receivables_overdue_share": secured.overdue_share,
        "receivables_largest_debtor_share": secured.largest_debtor_share,
    }
    asked = [*(one.name for one in model.numbers), *(one.name for one in model.categories)]
    return predict(model, {name: told.get(name) for name in asked}).downturn


def _yearly(known: Known, invoices: Sequence[KnownInvoice]) -> tuple[Decimal, int]:
    """Return what is invoiced in a year, and the average terms in days.

    The platform may know a company for less than a year: its volume is carried forward to one, from a span
    of at least one payment term, so that the first invoice counts as one term's business.
    """
    day = known.at.date()
    year = [one for one in invoices if one.issued_on > day - YEAR]
    if not year:
        return Decimal(0), 30
    terms = sum(max((one.due_on - one.issued_on).days, 1) for one in year) // len(year)
    span = min(max((day - min(one.issued_on for one in year)).days, terms), YEAR.days)
    return sum((one.total for one in year), Decimal(0)) * YEAR.days / span, terms


def _stops(known: Known, role: str, party_id: UUID | None) -> list[str]:
    """Return the rules that stop a company, as `buyer: sanctions`."""
    if party_id is None:
        return []
    company, figures = known.companies[party_id], known.snapshots[party_id].values()
    facts = PolicyFacts(
        as_of=known.at.date(),
        jurisdiction=company.country,
        sector=company.sector,
        years_trading=_number(figures.get("years_trading")),
        days_late_12m=_number(figures.get("days_late_12m")),
        identified_until=company.identified_until,
        sanctioned=company.sanctioned,
        insolvent=company.insolvent,
    )
    return [f"{role}: {name}" for name in hard_stops(RULES, facts)]


def _either(first: UUID | None, second: UUID | None) -> UUID:
    if first is not None:
        return first
    if second is not None:
        return second
    raise Broken("limit.scope_unknown", "A limit has a seller, a buyer or both.")


def _number(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None
