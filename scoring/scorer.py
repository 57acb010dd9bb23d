"""The one-row scorer: a pure function of a card and an as-of snapshot.

It imports neither numpy nor pandas nor statsmodels, compares decimals exactly, and adds integers, so that
the same snapshot gives the same score on every machine.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Final

from core.errors import InvalidInput
from scoring.artifact import Bin, Card, CardFeature
from scoring.card_file import card_id, decode

Value = Decimal | int | str | None
Snapshot = Mapping[str, Value]

# Log odds are summed as integers of a millionth: exact, and the same in every order.
MICRO: Final = 1_000_000
_PD_PLACES: Final = 6
# Decimals as documents write them; Python also reads `1_000`, other scripts' digits and `nan`.
_is_decimal = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?").fullmatch
_by_points_lost = attrgetter("lost", "feature")


@dataclass(frozen=True, slots=True)
class Reason:
    """What one feature gave: its bin, its points, and how many `lost` points it lies below its best bin."""

    feature: str
    bin: str
    points: int
    lost: int
    message: str


@dataclass(frozen=True, slots=True)
class Score:
    """A score.

    `pd` is the one-year probability of default, to six places. `reasons` names every feature, the costliest
    first; their points and the card's base points add up to `points`.
    """

    points: int
    pd: Decimal
    grade: str
    reasons: tuple[Reason, ...]
    card_id: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class _Slot:
    """A bin, compiled: its log odds in millionths and its ready reason."""

    micro_logit: int
    reason: Reason


class CompiledCard:
    """A card made ready to score. Immutable; safe to share between threads."""

    def __init__(self, card: Card, identifier: str) -> None:
        self.card = card
        self.id = identifier
        self.base_points = card.base_points
        self._intercept = _micro(card.fit.intercept)
        self._numbers = [_NumberFeature(f) for f in card.features if f.kind == "number"]
        self._categories = [_CategoryFeature(f) for f in card.features if f.kind == "category"]
        self._known = frozenset(f.name for f in card.features) | {f.name for f in card.unused}
        self._pd_limits = [grade.pd_up_to for grade in card.grades]
        self._grades = [grade.name for grade in card.grades]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the card weighs, in its order."""
        return tuple(feature.name for feature in self.card.features)

    def score(self, snapshot: Snapshot) -> Score:
        """Score one party.

        Numbers are decimals, integers or decimal texts; categories are texts; None, or an absent name, is
        not known. What is not known and what training never met have bins of their own.

        Raises:
            InvalidInput: `scoring.feature_unknown` for a name outside the card's data contract,
                `scoring.value_not_finite`, `scoring.value_type`; each names the feature and the value.
        """
        if not self._known.issuperset(snapshot):
            self._refuse_unknown(snapshot)
        logit, points, reasons = self._intercept, self.base_points, []
        for number in self._numbers:
            slot = number.slot(snapshot.get(number.name))
            logit += slot.micro_logit
            points += slot.reason.points
            reasons.append(slot.reason)
        for category in self._categories:
            slot = category.slot(snapshot.get(category.name))
            logit += slot.micro_logit
            points += slot.reason.points
            reasons.append(slot.reason)
        reasons.sort(key=_by_points_lost, reverse=True)
        pd = probability(logit)
        grade = self._grades[bisect_left(self._pd_limits, pd)]
        return Score(points, pd, grade, tuple(reasons), self.id, self.card.data.synthetic)

    def _refuse_unknown(self, snapshot: Snapshot) -> None:
        name = sorted(set(map(str, snapshot)) - self._known)[0]
        raise InvalidInput(
            "scoring.feature_unknown",
            f"The card {self.card.name} knows no feature {name!r}.",
            where=name,
            hint=f"It takes {', '.join(sorted(self._known))}.",
        )


def load_card(content: bytes) -> CompiledCard:
    """Read a card's file and make it ready to score.

    Raises:
        InvalidInput: `scoring.card_invalid` or `scoring.card_not_canonical`.
    """
    return CompiledCard(decode(content), card_id(content))


def probability(micro_logit: int) -> Decimal:
    """Return 1 / (1 + e^-x) to six places, for log odds x in millionths; never exactly 0 or 1."""
    x = micro_logit / MICRO
    share = 1 / (1 + math.exp(-x)) if x > -700 else 0.0
    millionths = min(max(round(share * 10**_PD_PLACES), 1), 10**_PD_PLACES - 1)
    return Decimal(millionths).scaleb(-_PD_PLACES)


def read_number(name: str, value: object) -> Decimal:
    """Read a figure that is given as a whole number or as a decimal text.

    Raises:
        InvalidInput: `scoring.value_type`, naming the figure.
    """
    if type(value) is int or (type(value) is str and _is_decimal(value)):
        return Decimal(value)
    raise _wrong_type(name, value, "a decimal number")


class _NumberFeature:
    def __init__(self, feature: CardFeature) -> None:
        self.name = feature.name
        self._cuts = list(feature.cuts)
        self._slots = _slots(feature, feature.bins)
        (self._missing,) = _slots(feature, (feature.missing,))
        specials = _slots(feature, tuple(one.bin for one in feature.specials))
        self._special = {one.code: slot for one, slot in zip(feature.specials, specials, strict=True)}

    def slot(self, value: Value) -> _Slot:
        if value is None:
            return self._missing
        if type(value) is not Decimal:
            value = read_number(self.name, value)
        if not value.is_finite():
            raise InvalidInput(
                "scoring.value_not_finite",
                f"{self.name} must be a finite number and is {value}.",
                where=self.name,
                hint="Give null when the figure is not known.",
            )
        if self._special and value in self._special:
            return self._special[value]
        return self._slots[bisect_right(self._cuts, value)]


class _CategoryFeature:
    def __init__(self, feature: CardFeature) -> None:
        self.name = feature.name
        slots = _slots(feature, feature.bins)
        self._slot_of = {
            value: slot for slot, levels in zip(slots, feature.levels, strict=True) for value in levels
        }
        (self._missing,) = _slots(feature, (feature.missing,))
        (self._unseen,) = _slots(feature, (feature.unseen,) if feature.unseen else ())

    def slot(self, value: Value) -> _Slot:
        if value is None:
            return self._missing
        if type(value) is not str:
            raise _wrong_type(self.name, value, "a text")
        return self._slot_of.get(value, self._unseen)


def _slots(feature: CardFeature, bins: tuple[Bin, ...]) -> list[_Slot]:
    best = max(one.points for one in feature.all_bins())
    return [
        _Slot(
            _micro(one.logit),
            Reason(feature.name, one.label, one.points, best - one.points, _message(feature, one, best)),
        )
        for one in bins
    ]


def _message(feature: CardFeature, one: Bin, best: int) -> str:
    lost = best - one.points
    verdict = "the best bin" if lost == 0 else f"{lost} points below the best bin"
    return f"{feature.label}: {one.label} ({verdict})"


def _micro(number: Decimal) -> int:
    return int((number * MICRO).to_integral_value())


def _wrong_type(name: str, value: object, needed: str) -> InvalidInput:
    return InvalidInput(
        "scoring.value_type",
        f"{name} must be {needed} and is {str(value)[:80]!r} ({type(value).__name__}).",
        where=name,
        hint="Give null when the figure is not known.",
    )
