"""Early warnings: rules over a party's signals, and the measures that they trigger.

    dilution       what is not paid though nobody defaults, above a share   reserve up by what is above,
    point for point drift          the party pays later than it did, by days and beyond chance   a person
    looks; by many days, hold concentration  the party is too large a share of the portfolio
    limit cut to the share utilisation    hardly any of the limit is left                          a
    person looks

Pure; what a measure does is up to the process and to finance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final, Literal
from uuid import UUID

from core.errors import InvalidInput
from core.money import minor_units

Rule = Literal["dilution", "drift", "concentration", "utilisation"]
Kind = Literal["hold", "reserve_up", "limit_cut", "human_task"]

_PLACES: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyWarningPolicy:
    """From when on the rules warn; shares from 0 to 1, days of mean delay.

    The reserve starts at a dilution of 5 %, as is the practice of asset-based lenders. `drift_error` is
    how many standard errors the drift must be (1.645: 5 % by chance). A portfolio under `portfolio_from`
    is always concentrated.
    """

    dilution_from: Decimal = Decimal("0.05")
    drift_days: Decimal = Decimal(7)
    drift_hold_days: Decimal = Decimal(20)
    drift_error: Decimal = Decimal("1.645")
    concentration_share: Decimal = Decimal("0.25")
    portfolio_from: Decimal = Decimal(1_000_000)
    utilisation_from: Decimal = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Delays:
    """Payments of one time: how many, their mean delay in days and its standard deviation."""

    count: int
    mean: Decimal
    deviation: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What is seen of a party as of a day, in one currency; None where it is not known.

    `dilution` is the share of twelve months' invoices that will not be paid, `recent` and `before` its
    payments of the last 90 days and of the year before these, `exposure` what is drawn on the party,
    `portfolio` on all.
    """

    subject: UUID
    currency: str
    dilution: Decimal | None
    recent: Delays | None
    before: Delays | None
    exposure: Decimal
    portfolio: Decimal
    limit: Decimal | None


@dataclass(frozen=True, slots=True)
class Measure:
    """What a rule asks for.

    `value` passed `threshold`; `amount` is the share to add to the reserve, or the limit to cut to.
    """

    rule: Rule
    kind: Kind
    subject: UUID
    currency: str
    value: Decimal
    threshold: Decimal
    amount: Decimal | None
    message: str


def early_warnings(signals: Signals, policy: EarlyWarningPolicy | None = None) -> list[Measure]:
    """Return the measures that a party's signals call for, by rule.

    Raises:
        InvalidInput: `monitoring.signal_invalid` with the signal.
    """
    _check(signals)
    rules = policy or EarlyWarningPolicy()
    every = (_dilution, _drift, _concentration, _utilisation)
    return [measure for rule in every for measure in rule(signals, rules)]


def _dilution(signals: Signals, policy: EarlyWarningPolicy) -> Iterator[Measure]:
    share = signals.dilution
    if share is not None and share > policy.dilution_from:
        more = (share - policy.dilution_from).quantize(_PLACES)
        message = f"{share:.1%} of twelve months' invoices were diluted: {more:.1%} more reserve."
        yield _measure(signals, "dilution", "reserve_up", share, policy.dilution_from, more, message)


def _drift(signals: Signals, policy: EarlyWarningPolicy) -> Iterator[Measure]:
    recent, before = signals.recent, signals.before
    if recent is None or before is None or min(recent.count, before.count) < 2:
        return
    drift = recent.mean - before.mean
    # Welch's standard error of the difference of two means.
    error = math.sqrt(
        float(recent.deviation) ** 2 / recent.count + float(before.deviation) ** 2 / before.count
    )
    if drift < policy.drift_days or float(drift) < float(policy.drift_error) * error:
        return
    kind: Kind = "hold" if drift >= policy.drift_hold_days else "human_task"
    threshold = policy.drift_hold_days if kind == "hold" else policy.drift_days
    message = f"Payments come {drift:.1f} days later than in the year before."
    yield _measure(signals, "drift", kind, drift, threshold, None, message)


def _concentration(signals: Signals, policy: EarlyWarningPolicy) -> Iterator[Measure]:
    if signals.portfolio < policy.portfolio_from or not signals.portfolio:
        return
    share = signals.exposure / signals.portfolio
    if share > policy.concentration_share:
        quantum = Decimal(1).scaleb(-minor_units(signals.currency))
        most = (signals.portfolio * policy.concentration_share).quantize(quantum, ROUND_FLOOR)
        message = f"{share:.1%} of the portfolio is drawn on this party: cut the limit to {most}."
        yield _measure(
            signals, "concentration", "limit_cut", share, policy.concentration_share, most, message
        )


def _utilisation(signals: Signals, policy: EarlyWarningPolicy) -> Iterator[Measure]:
    if not signals.limit:
        return
    used = signals.exposure / signals.limit
    if used >= policy.utilisation_from:
        message = f"{used:.1%} of the limit is in use."
        yield _measure(signals, "utilisation", "human_task", used, policy.utilisation_from, None, message)


def _measure(
    signals: Signals,
    rule: Rule,
    kind: Kind,
    value: Decimal,
    threshold: Decimal,
    amount: Decimal | None,
    message: str,
) -> Measure:
    return Measure(
        rule, kind, signals.subject, signals.currency, value.quantize(_PLACES), threshold, amount, message
    )


def _check(signals: Signals) -> None:
    amounts = {"exposure": signals.exposure, "portfolio": signals.portfolio, "limit": signals.limit}
    for name, amount in amounts.items():
        if amount is not None and not (amount.is_finite() and amount >= 0):
            raise _invalid(name, amount)
    if signals.dilution is not None and not (signals.dilution.is_finite() and 0 <= signals.dilution <= 1):
        raise _invalid("dilution", signals.dilution)
    for name, delays in (("recent", signals.recent), ("before", signals.before)):
        if delays is not None and not (
            delays.count >= 0 and delays.mean.is_finite() and delays.deviation.is_finite()
        ):
            raise _invalid(name, delays.mean)


def _invalid(name: str, value: Decimal) -> InvalidInput:
    return InvalidInput("monitoring.signal_invalid", f"{name} cannot be {value}.", where=name)
