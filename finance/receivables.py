"""The states of a purchased receivable and what moves it from one to the next."""

from __future__ import annotations

from enum import StrEnum

from core.errors import Conflict


class AssetState(StrEnum):
    """Where a receivable stands."""

    PURCHASED = "PURCHASED"
    FUNDED = "FUNDED"
    PART_COLLECTED = "PART_COLLECTED"
    OVERDUE = "OVERDUE"
    COLLECTED = "COLLECTED"
    SETTLED = "SETTLED"
    RECOURSE_DEMANDED = "RECOURSE_DEMANDED"


class AssetEvent(StrEnum):
    """What happens to a receivable."""

    FUND = "fund"
    COLLECT_PART = "collect a part"
    COLLECT_ALL = "collect all"
    FALL_OVERDUE = "fall overdue"
    SETTLE = "settle"
    DEMAND_RECOURSE = "demand recourse"


_S, _E = AssetState, AssetEvent

TRANSITIONS: dict[tuple[AssetState, AssetEvent], AssetState] = {
    (_S.PURCHASED, _E.FUND): _S.FUNDED,
    **{
        (state, event): target
        for state in (_S.FUNDED, _S.PART_COLLECTED, _S.OVERDUE)
        for event, target in (
            (_E.COLLECT_PART, _S.PART_COLLECTED),
            (_E.COLLECT_ALL, _S.COLLECTED),
            (_E.FALL_OVERDUE, _S.OVERDUE),
            (_E.DEMAND_RECOURSE, _S.RECOURSE_DEMANDED),
        )
    },
    (_S.COLLECTED, _E.SETTLE): _S.SETTLED,
}

# In these states the buyer still owes.
OPEN = (AssetState.FUNDED, AssetState.PART_COLLECTED, AssetState.OVERDUE)


def after(state: AssetState, event: AssetEvent) -> AssetState:
    """Return the state after an event.

    Raises:
        Conflict: `receivable.wrong_state` when the event cannot happen in this state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise Conflict(
            "receivable.wrong_state", f"A receivable that is {state.value} cannot {event.value}."
        ) from None
