"""The limit as the smallest of named caps; which one binds is told.

    need           what the trade uses at its peak         volume × terms / 365 × peak factor
    capacity       what the party's net worth carries      net worth × share
    expected_loss  what the loss budget allows             budget / (PD of a loss over the tenor × LGD)
    collateral     what the receivables secure             eligible receivables × (1 − haircut) / advance rate
    concentration  what the portfolio may hold in one name portfolio × share − exposure elsewhere
    policy         what the grade may have at most; 0 on a hard stop

Sources: EL = PD · LGD · EAD (Basel Framework CRE31, CRE35); the tenor's PD by a constant hazard, 1 − (1 −
PD)^(t/365). Whose default is a loss depends on the product: with recourse only the default of both is one, by
`scoring.default_correlation`. Pure, in Decimal throughout. Scoring proposes; finance owns the limit and
people approve it.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from types import MappingProxyType
from typing import Final, Literal

from core.errors import InvalidInput
from core.money import minor_units
from scoring.default_correlation import HIGHEST_CORRELATION, joint_pd

Product = Literal[
    "factoring_with_recourse",
    "factoring_without_recourse",
    "payables_finance",
    "receivables_loan",
    "pre_shipment",
    "distributor_finance",
]
CAPS: Final = ("policy", "need", "capacity", "expected_loss", "collateral", "concentration")
_DAYS_PER_YEAR: Final = Decimal(365)
LONGEST_TERMS: Final = 36_500
_LONGEST_REVIEW: Final = 120  # months
ARITHMETIC: Final = Context(prec=34)
LARGEST: Final = Decimal(10) ** 18  # no party trades more; a cap beyond it does not bind
_DEFAULT_GRADE_CAPS: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "A": Decimal(5_000_000),
        "B": Decimal(3_000_000),
        "C": Decimal(1_500_000),
        "D": Decimal(500_000),
        "E": Decimal(100_000),
        "F": Decimal(0),
    }
)
_DEFAULT_REVIEW_MONTHS: Final[Mapping[str, int]] = MappingProxyType(
    {"A": 12, "B": 12, "C": 6, "D": 3, "E": 1, "F": 0}
)
# From each amount on, limits are whole multiples of the step.
_DEFAULT_STEPS: Final = (
    (Decimal(0), Decimal(100)),
    (Decimal(100_000), Decimal(1_000)),
    (Decimal(1_000_000), Decimal(10_000)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPolicy:
    """What the funder decided for all parties of a programme; amounts in the inputs' currency.

    `steps` are (from, step): an amount of at least `from` is rounded down to the step. A limit above
    `second_person_above` needs a second person; it is reviewed after `review_months` of its grade.
    Of what is drawn at most `advance_rate` is paid out, and that is what collateral has to secure. A
    portfolio below `least_portfolio` counts as that: a young one is concentrated whatever it buys.
    `asset_correlation` ties the two sides of a trade; 0.5 is what BCBS 128 (2006) paragraph 284 takes for an
    obligor and its guarantor.
    """

    peak_factor: Decimal = Decimal("1.25")
    net_worth_share: Decimal = Decimal("0.25")
    loss_budget: Decimal = Decimal(5_000)
    concentration_share: Decimal = Decimal("0.15")
    least_portfolio: Decimal = Decimal(0)
    advance_rate: Decimal = Decimal(1)
    grade_caps: Mapping[str, Decimal] = field(default_factory=lambda: _DEFAULT_GRADE_CAPS)
    steps: tuple[tuple[Decimal, Decimal], ...] = _DEFAULT_STEPS
    second_person_above: Decimal = Decimal(100_000)
    review_months: Mapping[str, int] = field(default_factory=lambda: _DEFAULT_REVIEW_MONTHS)
    asset_correlation: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitInputs:
    """What is known of the party, or of the pair, in one currency.

    `as_of` is the day of the proposal. `annual_volume` is what is invoiced in twelve months; `pd` is for one
    year; `terms_days` is also the tenor of the PD. `recourse_pd` is the other side's PD where a loss needs
    both to default (see `loss_pds`). `net_worth`, `eligible_receivables` and `portfolio` may be unknown
    (None): their cap is then left out, and told so.
    """

    as_of: date
    currency: str
    annual_volume: Decimal
    terms_days: int
    pd: Decimal
    lgd: Decimal
    grade: str
    recourse_pd: Decimal | None = None
    net_worth: Decimal | None = None
    eligible_receivables: Decimal | None = None
    haircut: Decimal = Decimal(0)
    portfolio: Decimal | None = None
    exposure_elsewhere: Decimal = Decimal(0)
    hard_stops: tuple[str, ...] = ()
    policy: LimitPolicy = field(default_factory=LimitPolicy)


@dataclass(frozen=True, slots=True)
class LimitProposal:
    """A proposed limit: `amount` is the smallest of `caps`, rounded down to the policy's step.

    `left_out` names the caps whose inputs are not known; `stops` the hard stops that set it to 0. The
    limit is to be reviewed on `review_on`, and with `needs_second_person` two people must approve it.
    """

    amount: Decimal
    currency: str
    binding_cap: str
    caps: dict[str, Decimal]
    left_out: tuple[str, ...]
    stops: tuple[str, ...]
    review_on: date
    needs_second_person: bool


@dataclass(frozen=True, slots=True)
class LossPds:
    """The one-year PD whose default is a loss, and of who must default too before it is one."""

    pd: Decimal
    recourse_pd: Decimal | None


def loss_pds(product: Product, *, buyer: Decimal, seller: Decimal) -> LossPds:
    """Return whose default is a loss to the funder of a product: the buyer's, the seller's, or both together.

    A receivable is the buyer's to pay, and with recourse, or as a loan's collateral, the seller's if the
    buyer does not. Before shipment there is no receivable: the seller owes. A distributor owes as buyer.
    """
    match product:
        case "factoring_with_recourse" | "receivables_loan":
            return LossPds(buyer, seller)
        case "pre_shipment":
            return LossPds(seller, None)
        case "factoring_without_recourse" | "payables_finance" | "distributor_finance":
            return LossPds(buyer, None)


def propose(inputs: LimitInputs) -> LimitProposal:
    """Propose a limit.

    Raises:
        InvalidInput: `limit.input_invalid` (negative, not finite, a share outside 0 to 1),
            `limit.grade_unknown` when the policy names no cap for the grade, `money.currency_unknown`.
    """
    _check(inputs)
    with localcontext(ARITHMETIC):
        every = {name: cap(inputs, name) for name in CAPS}
        caps = {name: known for name, known in every.items() if known is not None}
        binding = min(caps, key=lambda name: caps[name])
        amount = _floor(_to_step(caps[binding], inputs.policy), inputs.currency)
    return LimitProposal(
        amount=amount,
        currency=inputs.currency,
        binding_cap=binding,
        caps=caps,
        left_out=tuple(name for name, known in every.items() if known is None),
        stops=inputs.hard_stops,
        review_on=_months_later(inputs.as_of, inputs.policy.review_months[inputs.grade]),
        needs_second_person=amount > inputs.policy.second_person_above,
    )


def cap(inputs: LimitInputs, name: str) -> Decimal | None:
    """Return one cap of checked inputs, rounded down to the minor unit; None when an input is not known."""
    with localcontext(ARITHMETIC):
        found = _CAP_OF[name](inputs)
        return None if found is None else _floor(found, inputs.currency)


def tenor_pd(annual_pd: Decimal, days: int) -> Decimal:
    """Return the probability of default within `days`, by a constant hazard: 1 − (1 − PD)^(days / 365)."""
    if annual_pd >= 1:
        return Decimal(1 if days > 0 else 0)
    return 1 - (1 - annual_pd) ** (Decimal(days) / _DAYS_PER_YEAR)


def _need(inputs: LimitInputs) -> Decimal:
    return inputs.annual_volume * inputs.terms_days / _DAYS_PER_YEAR * inputs.policy.peak_factor


def _capacity(inputs: LimitInputs) -> Decimal | None:
    if inputs.net_worth is None:
        return None
    return max(inputs.net_worth, Decimal(0)) * inputs.policy.net_worth_share


def _expected_loss(inputs: LimitInputs) -> Decimal | None:
    loss_rate = _tenor_loss_pd(inputs) * inputs.lgd
    return inputs.policy.loss_budget / loss_rate if loss_rate else None


def _tenor_loss_pd(inputs: LimitInputs) -> Decimal:
    if inputs.recourse_pd is None:
        return tenor_pd(inputs.pd, inputs.terms_days)
    return joint_pd(inputs.pd, inputs.recourse_pd, inputs.policy.asset_correlation, inputs.terms_days)


def _collateral(inputs: LimitInputs) -> Decimal | None:
    if inputs.eligible_receivables is None:
        return None
    return inputs.eligible_receivables * (1 - inputs.haircut) / inputs.policy.advance_rate


def _concentration(inputs: LimitInputs) -> Decimal | None:
    if inputs.portfolio is None:
        return None
    portfolio = max(inputs.portfolio, inputs.policy.least_portfolio)
    room = portfolio * inputs.policy.concentration_share - inputs.exposure_elsewhere
    return max(room, Decimal(0))


def _policy(inputs: LimitInputs) -> Decimal:
    return Decimal(0) if inputs.hard_stops else inputs.policy.grade_caps[inputs.grade]


_CAP_OF: Final = {
    "policy": _policy,
    "need": _need,
    "capacity": _capacity,
    "expected_loss": _expected_loss,
    "collateral": _collateral,
    "concentration": _concentration,
}


def _to_step(amount: Decimal, policy: LimitPolicy) -> Decimal:
    step = [step for start, step in policy.steps if start <= amount][-1]
    return amount // step * step


def _months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _floor(amount: Decimal, currency: str) -> Decimal:
    quantum = Decimal(1).scaleb(-minor_units(currency))
    return min(amount, LARGEST).quantize(quantum, rounding=ROUND_FLOOR)


def _check(inputs: LimitInputs) -> None:
    policy = inputs.policy
    minor_units(inputs.currency)
    amounts = {
        "annual_volume": inputs.annual_volume,
        "eligible_receivables": inputs.eligible_receivables,
        "portfolio": inputs.portfolio,
        "exposure_elsewhere": inputs.exposure_elsewhere,
        "policy.peak_factor": policy.peak_factor,
        "policy.loss_budget": policy.loss_budget,
        "policy.least_portfolio": policy.least_portfolio,
        "policy.second_person_above": policy.second_person_above,
        **{f"policy.grade_caps.{grade}": cap for grade, cap in policy.grade_caps.items()},
    }
    shares = {
        "pd": inputs.pd,
        "recourse_pd": Decimal(0) if inputs.recourse_pd is None else inputs.recourse_pd,
        "lgd": inputs.lgd,
        "haircut": inputs.haircut,
        "policy.net_worth_share": policy.net_worth_share,
        "policy.concentration_share": policy.concentration_share,
        "policy.advance_rate": policy.advance_rate,
    }
    for name, amount in amounts.items():
        if amount is not None and not (_finite(amount) and 0 <= amount <= LARGEST):
            raise _refused(name, amount, f"a decimal from 0 to {LARGEST:.0e}")
    for name, share in shares.items():
        if not (_finite(share) and 0 <= share <= 1):
            raise _refused(name, share, "a decimal between 0 and 1")
    if policy.advance_rate == 0:
        raise _refused("policy.advance_rate", policy.advance_rate, "above 0")
    if type(inputs.terms_days) is not int or not 0 <= inputs.terms_days <= LONGEST_TERMS:
        raise _refused("terms_days", inputs.terms_days, f"a whole number of days from 0 to {LONGEST_TERMS}")
    if inputs.net_worth is not None and not (_finite(inputs.net_worth) and abs(inputs.net_worth) <= LARGEST):
        raise _refused("net_worth", inputs.net_worth, "a finite decimal")
    correlation = policy.asset_correlation
    if not (_finite(correlation) and 0 <= correlation <= HIGHEST_CORRELATION):
        raise _refused("policy.asset_correlation", correlation, f"a decimal from 0 to {HIGHEST_CORRELATION}")
    if not _are_steps(policy.steps):
        needed = "pairs of a rising amount, the first 0, and a step above 0 that the amount is a multiple of"
        raise _refused("policy.steps", policy.steps, needed)
    months = policy.review_months.get(inputs.grade, 0)
    if type(months) is not int or not 0 <= months <= _LONGEST_REVIEW:
        raise _refused(f"policy.review_months.{inputs.grade}", months, f"months from 0 to {_LONGEST_REVIEW}")
    if inputs.grade not in policy.grade_caps or inputs.grade not in policy.review_months:
        raise InvalidInput(
            "limit.grade_unknown",
            f"The policy names no cap and no review for grade {inputs.grade!r}.",
            where="grade",
            hint=f"It has caps for {', '.join(policy.grade_caps)}.",
        )


def _are_steps(steps: tuple[tuple[Decimal, Decimal], ...]) -> bool:
    if not all(_finite(start) and _finite(step) and step > 0 for start, step in steps):
        return False
    starts = [start for start, _ in steps]
    whole = all(start % step == 0 for start, step in steps)
    return bool(steps) and starts[0] == 0 and starts == sorted(set(starts)) and whole


def _finite(number: object) -> bool:
    return isinstance(number, Decimal) and number.is_finite()


def _refused(name: str, value: object, needed: str) -> InvalidInput:
    return InvalidInput(
        "limit.input_invalid",
        f"{name} must be {needed} and is {value}.",
        where=name,
        hint="Correct the figure; leave out what is not known.",
    )
