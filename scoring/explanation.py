"""Why a party has its score, and which other bins would raise it.

A counterfactual is arithmetic on the card: what the score would be in another bin. It does not say that the
risk would fall if the figure were changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import InvalidInput
from scoring.artifact import CardFeature
from scoring.scorer import CompiledCard, Score, Snapshot, Value


@dataclass(frozen=True, slots=True)
class Raise:
    """A feature's best bin, and what the score would gain there."""

    feature: str
    now: str
    best: str
    gain: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score with its reasons, and the raises, the greatest gain first; base and reasons add up to it."""

    score: Score
    base_points: int
    raises: tuple[Raise, ...]


def explain(card: CompiledCard, snapshot: Snapshot) -> Explanation:
    """Score a party and tell for each feature what its best regular bin would add.

    That a figure is not known, a code or a level never seen is no advice: such bins are no goals.

    Raises:
        InvalidInput: see `CompiledCard.score`.
    """
    score = card.score(snapshot)
    reasons = {one.feature: one for one in score.reasons}
    raises = [_raise(feature, reasons[feature.name].bin, reasons[feature.name].points)
              for feature in card.card.features]  # fmt: skip
    rising = sorted((one for one in raises if one.gain > 0), key=lambda one: (-one.gain, one.feature))
    return Explanation(score, card.base_points, tuple(rising))


def read_snapshot(text: str) -> dict[str, Value]:
    """Read a snapshot from JSON: an object of numbers, texts and nulls. Numbers stay exact decimals.

    Raises:
        InvalidInput: `scoring.input_invalid`.
    """
    try:
        read: Any = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"it is not JSON ({error})") from None
    if not isinstance(read, dict):
        raise _invalid("it is not an object")
    for name, value in read.items():
        if isinstance(value, bool) or not isinstance(value, Decimal | int | str | None):
            raise _invalid(f"{name} is neither a number nor a text nor null")
    return read


def _raise(feature: CardFeature, now: str, points: int) -> Raise:
    best = max(feature.bins, key=lambda one: one.points)
    return Raise(feature.name, now, best.label, best.points - points)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _invalid(why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.input_invalid",
        f"The input cannot be read: {why}.",
        where="the input",
        hint='Give one object, such as {"equity_ratio": 0.4, "sector": "retail", "days_late_12m": null}.',
    )
