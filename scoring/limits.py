"""The limit as the smallest of named caps; which one binds is told.

    need           what the trade uses at its peak         volume × terms / 365 × peak factor
    capacity       what the party's net worth carries      net worth × share
    expected_loss  what the loss budget allows             budget / (PD over the tenor × LGD)
    collateral     what the receivables secure             eligible receivables × (1 − haircut)
    concentration  what the portfolio may hold in one name portfolio × share − exposure elsewhere
    policy         what the grade may have at most; 0 on a hard stop

Sources: EL = PD · LGD · EAD (Basel Framework CRE31, CRE35); the tenor's PD by a constant hazard, 1 − (1 −
PD)^(t/365). Pure, in Decimal throughout. Scoring proposes; finance owns the limit and people approve it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from types import MappingProxyType
from typing import Final

from core.errors import InvalidInput
from core.money import minor_units

CAPS: Final = ("policy", "need", "capacity", "expected_loss", "collateral", "concentration")
_DAYS_PER_YEAR: Final = Decimal(365)
_LONGEST_TERMS: Final = 36_500
_ARITHMETIC: Final = Context(prec=34)
_LARGEST: Final = Decimal(10) ** 18  # no party trades more; a cap beyond it does not bind
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPolicy:
    """What the funder decided for all parties of a programme; amounts in the inputs' currency."""

    peak_factor: Decimal = Decimal("1.25")
    net_worth_share: Decimal = Decimal("0.25")
    loss_budget: Decimal = Decimal(5_000)
    concentration_share: Decimal = Decimal("0.15")
    grade_caps: Mapping[str, Decimal] = field(default_factory=lambda: _DEFAULT_GRADE_CAPS)
    step: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitInputs:
    """What is known of the party, or of the pair, in one currency.

    `annual_volume` is what is invoiced in twelve months; `pd` is for one year; `terms_days` is also the
    tenor of the PD. `net_worth`, `eligible_receivables` and `portfolio` may be unknown (None): their cap is
    then left out, and told so.
    """

    currency: str
    annual_volume: Decimal
    terms_days: int
    pd: Decimal
    lgd: Decimal
    grade: str
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

    `left_out` names the caps whose inputs are not known; `stops` the hard stops that set it to 0.
    """

    amount: Decimal
    currency: str
    binding_cap: str
    caps: dict[str, Decimal]
    left_out: tuple[str, ...]
    stops: tuple[str, ...]


def propose(inputs: LimitInputs) -> LimitProposal:
    """Propose a limit.

    Raises:
        InvalidInput: `limit.input_invalid` (negative, not finite, a share outside 0 to 1),
            `limit.grade_unknown` when the policy names no cap for the grade, `money.currency_unknown`.
    """
    _check(inputs)
    with localcontext(_ARITHMETIC):
        every = {name: _CAP_OF[name](inputs) for name in CAPS}
        caps = {name: _floor(cap, inputs.currency) for name, cap in every.items() if cap is not None}
        binding = min(caps, key=lambda name: caps[name])
        step = inputs.policy.step
        amount = _floor(caps[binding] // step * step, inputs.currency)
    return LimitProposal(
        amount=amount,
        currency=inputs.currency,
        binding_cap=binding,
        caps=caps,
        left_out=tuple(name for name, cap in every.items() if cap is None),
        stops=inputs.hard_stops,
    )


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
    loss_rate = tenor_pd(inputs.pd, inputs.terms_days) * inputs.lgd
    return inputs.policy.loss_budget / loss_rate if loss_rate else None


def _collateral(inputs: LimitInputs) -> Decimal | None:
    if inputs.eligible_receivables is None:
        return None
    return inputs.eligible_receivables * (1 - inputs.haircut)


def _concentration(inputs: LimitInputs) -> Decimal | None:
    if inputs.portfolio is None:
        return None
    room = inputs.portfolio * inputs.policy.concentration_share - inputs.exposure_elsewhere
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


def _floor(amount: Decimal, currency: str) -> Decimal:
    quantum = Decimal(1).scaleb(-minor_units(currency))
    return min(amount, _LARGEST).quantize(quantum, rounding=ROUND_FLOOR)


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
        **{f"policy.grade_caps.{grade}": cap for grade, cap in policy.grade_caps.items()},
    }
    shares = {
        "pd": inputs.pd,
        "lgd": inputs.lgd,
        "haircut": inputs.haircut,
        "policy.net_worth_share": policy.net_worth_share,
        "policy.concentration_share": policy.concentration_share,
    }
    for name, amount in amounts.items():
        if amount is not None and not (_finite(amount) and 0 <= amount <= _LARGEST):
            raise _refused(name, amount, f"a decimal from 0 to {_LARGEST:.0e}")
    for name, share in shares.items():
        if not (_finite(share) and 0 <= share <= 1):
            raise _refused(name, share, "a decimal between 0 and 1")
    if type(inputs.terms_days) is not int or not 0 <= inputs.terms_days <= _LONGEST_TERMS:
        raise _refused("terms_days", inputs.terms_days, f"a whole number of days from 0 to {_LONGEST_TERMS}")
    if inputs.net_worth is not None and not (_finite(inputs.net_worth) and abs(inputs.net_worth) <= _LARGEST):
        raise _refused("net_worth", inputs.net_worth, "a finite decimal")
    if not (_finite(policy.step) and policy.step > 0):
        raise _refused("policy.step", policy.step, "a decimal above 0")
    if inputs.grade not in policy.grade_caps:
        raise InvalidInput(
            "limit.grade_unknown",
            f"The policy names no cap for grade {inputs.grade!r}.",
            where="grade",
            hint=f"It knows {', '.join(policy.grade_caps)}.",
        )


def _finite(number: object) -> bool:
    return isinstance(number, Decimal) and number.is_finite()


def _refused(name: str, value: object, needed: str) -> InvalidInput:
    return InvalidInput(
        "limit.input_invalid",
        f"{name} must be {needed} and is {value}.",
        where=name,
        hint="Correct the figure; leave out what is not known.",
    )
