"""What would raise a limit: for the cap that binds, the change of each input that lifts it to the next cap.

Each change is the least one, in whole minor units, days or millionths, found by bisection, as every cap
moves one way with each of its inputs. The new limit is that of a proposal with the changed input, so it
shows also where the change pulls another cap down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Any, Final, Literal

from core.money import minor_units
from scoring.limits import ARITHMETIC, LARGEST, LONGEST_TERMS, LimitInputs, LimitProposal, cap, propose

Value = Decimal | int | str
_Direction = Literal["up", "down"]

# Which inputs move a cap, and the way that lifts it.
_DRIVERS: Final[dict[str, tuple[tuple[str, _Direction], ...]]] = {
    "need": (("annual_volume", "up"), ("terms_days", "up")),
    "capacity": (("net_worth", "up"),),
    "expected_loss": (("pd", "down"), ("recourse_pd", "down"), ("lgd", "down"), ("terms_days", "down")),
    "collateral": (("eligible_receivables", "up"), ("haircut", "down")),
    "concentration": (("portfolio", "up"), ("exposure_elsewhere", "down")),
}
_SHARES: Final = ("pd", "recourse_pd", "lgd", "haircut")
_LEAST_SHARE: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class LimitRaise:
    """`input` would have to be `needed`, not `now`: the limit would be `amount`, bound by `binding_cap`."""

    input: str
    now: Value
    needed: Value
    amount: Decimal
    binding_cap: str


def what_would_raise(inputs: LimitInputs, proposal: LimitProposal) -> tuple[LimitRaise, ...]:
    """Return the changes of one input each that would raise a proposed limit; none where no single one does.

    Args:
        inputs: what the proposal was made from.
        proposal: what `propose` gave for them.
    """
    bound = proposal.caps[proposal.binding_cap]
    above = [amount for amount in proposal.caps.values() if amount > bound]
    if not above:
        return ()
    with localcontext(ARITHMETIC):
        if proposal.binding_cap == "policy":
            changes = _policy_changes(inputs, bound)
        else:
            changes = [
                (name, needed)
                for name, direction in _DRIVERS[proposal.binding_cap]
                if (needed := _needed(inputs, proposal.binding_cap, name, direction, min(above))) is not None
            ]
        raises = [_raised(inputs, name, needed) for name, needed in changes]
    return tuple(one for one in raises if one.amount > proposal.amount)


def _raised(inputs: LimitInputs, name: str, needed: Value) -> LimitRaise:
    if name == "hard_stops":
        better = propose(replace(inputs, hard_stops=()))
        return LimitRaise(name, ", ".join(inputs.hard_stops), needed, better.amount, better.binding_cap)
    better = propose(_with(inputs, name, needed))
    return LimitRaise(name, getattr(inputs, name), needed, better.amount, better.binding_cap)


def _policy_changes(inputs: LimitInputs, bound: Decimal) -> list[tuple[str, Value]]:
    """Return that the hard stops go, or else the grade with the next higher cap."""
    if inputs.hard_stops:
        return [("hard_stops", "none")]
    higher = {grade: amount for grade, amount in inputs.policy.grade_caps.items() if amount > bound}
    reviewed = [grade for grade in higher if grade in inputs.policy.review_months]
    return [("grade", min(reviewed, key=lambda grade: higher[grade]))] if reviewed else []


def _needed(
    inputs: LimitInputs, cap_name: str, name: str, direction: _Direction, target: Decimal
) -> Decimal | int | None:
    """Return the value nearest to today's at which the cap reaches the target; None where no value does."""
    now = getattr(inputs, name)
    if now is None:
        return None
    unit, largest = _grid(inputs, name)

    def reaches(steps: int) -> bool:
        reached = cap(_with(inputs, name, unit * steps), cap_name)
        return reached is None or reached >= target

    short = int(now // unit)
    enough = int(largest // unit) if direction == "up" else 0
    if not reaches(enough):
        return None
    if direction == "down" and unit * short != now:
        short += 1
    while abs(enough - short) > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if reaches(middle) else (middle, enough)
    return unit * enough


def _grid(inputs: LimitInputs, name: str) -> tuple[Decimal, Decimal] | tuple[int, int]:
    """Return the unit in which an input is searched, and its largest value."""
    if name == "terms_days":
        return 1, LONGEST_TERMS
    if name in _SHARES:
        return _LEAST_SHARE, Decimal(1)
    return Decimal(1).scaleb(-minor_units(inputs.currency)), LARGEST


def _with(inputs: LimitInputs, name: str, value: object) -> LimitInputs:
    changed: dict[str, Any] = {name: value}
    return replace(inputs, **changed)
