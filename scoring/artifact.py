"""The card as a file: canonical JSON whose SHA-256 is the card's id.

A card holds everything that a score needs (bins, weights, points, grades) and what a reviewer needs
(counts, information values, standard errors, how it was fitted, its figures). Decimals are strings, so that
the bytes do not depend on a machine's way of printing floats; keys are ASCII and sorted (RFC 8785 for this
subset). No code is ever stored or loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar, get_args

import orjson

from core.errors import InvalidInput
from scoring.contract import TRENDS, Kind

FORMAT: Final = "scf-card/1"
# The grade scale of cards that this release trains: the highest one-year PD of each grade.
GRADE_SCALE: Final[tuple[tuple[str, Decimal], ...]] = (
    ("A", Decimal("0.005")),
    ("B", Decimal("0.015")),
    ("C", Decimal("0.04")),
    ("D", Decimal("0.1")),
    ("E", Decimal("0.25")),
    ("F", Decimal("1")),
)
_MAX_BYTES: Final = 4_000_000
_MAX_EXPONENT: Final = 40  # a card of a few bytes must not print as gigabytes of zeros
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a feature.

    `good` and `bad` are the training rows in it; `woe` = ln((good share) / (bad share)), positive where it
    is safer; `logit` is what the bin adds to the log odds of default; `points` is what it adds to the
    score.
    """

    label: str
    good: int
    bad: int
    woe: Decimal
    logit: Decimal
    points: int


@dataclass(frozen=True, slots=True)
class CardFeature:
    """A feature with its bins and weight.

    Numbers: `cuts` ascend and bin i holds cuts[i-1] <= value < cuts[i]. Categories: `levels[i]` are the
    values of bin i. `missing` takes what is not known, `unseen` the categories that training never met.
    """

    name: str
    kind: Kind
    label: str
    trend: str
    information_value: Decimal
    coefficient: Decimal
    standard_error: Decimal | None
    cuts: tuple[Decimal, ...]
    levels: tuple[tuple[str, ...], ...]
    bins: tuple[Bin, ...]
    missing: Bin
    unseen: Bin | None

    def all_bins(self) -> tuple[Bin, ...]:
        """Return the regular bins, then missing, then unseen."""
        return (*self.bins, self.missing, *([self.unseen] if self.unseen else []))


@dataclass(frozen=True, slots=True)
class UnusedFeature:
    """A declared feature that the card does not weigh, and why."""

    name: str
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Points: `points` stand for good:bad odds of `odds` to 1, and each `pdo` points double the odds."""

    points: int = 600
    odds: int = 50
    pdo: int = 20


@dataclass(frozen=True, slots=True)
class Fit:
    """How the weights were found: `method` is `glm` or `penalised`, `note` tells why."""

    method: str
    note: str
    intercept: Decimal
    log_likelihood: Decimal


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What the card was trained on. `sha256` is over the canonical form of the rows."""

    source: str
    synthetic: bool
    target: str
    rows: int
    bad: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade holds every PD up to and including `pd_up_to` that no better grade holds."""

    name: str
    pd_up_to: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard. `encode` gives its file, `card_id` the id of that file."""

    name: str
    data: TrainingData
    scale: Scale
    fit: Fit
    base_points: int
    features: tuple[CardFeature, ...]
    unused: tuple[UnusedFeature, ...]
    grades: tuple[Grade, ...]
    figures: tuple[tuple[str, Decimal], ...]


def encode(card: Card) -> bytes:
    """Return the card's canonical JSON."""
    return orjson.dumps(_card_json(card), option=orjson.OPT_SORT_KEYS)


def card_id(content: bytes) -> str:
    """Return the id of a card's file: its SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes) -> Card:
    """Read a card from its file.

    Raises:
        InvalidInput: `scoring.card_invalid` when it is not a card, with the place;
            `scoring.card_not_canonical` when the bytes are not the canonical form, in which case the id
            would not be stable.
    """
    if len(content) > _MAX_BYTES:
        raise _invalid("", f"the file is larger than {_MAX_BYTES} bytes")
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _invalid("", f"it is not JSON: {error}") from None
    card = _read_card(document)
    if encode(card) != content:
        raise InvalidInput(
            "scoring.card_not_canonical",
            "The card's bytes are not in canonical form, so its id would not be stable.",
            hint="Use the file as `scf score train` wrote it.",
        )
    return card


# -- writing: card → JSON


def _card_json(card: Card) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": card.name,
        "data": {
            "source": card.data.source,
            "synthetic": card.data.synthetic,
            "target": card.data.target,
            "rows": card.data.rows,
            "bad": card.data.bad,
            "sha256": card.data.sha256,
        },
        "scale": {"points": card.scale.points, "odds": card.scale.odds, "pdo": card.scale.pdo},
        "fit": {
            "method": card.fit.method,
            "note": card.fit.note,
            "intercept": _plain(card.fit.intercept),
            "log_likelihood": _plain(card.fit.log_likelihood),
        },
        "base_points": card.base_points,
        "features": [_feature_json(feature) for feature in card.features],
        "unused": [{"name": one.name, "kind": one.kind, "reason": one.reason} for one in card.unused],
        "grades": [{"name": grade.name, "pd_up_to": _plain(grade.pd_up_to)} for grade in card.grades],
        "figures": {name: _plain(figure) for name, figure in card.figures},
    }


def _feature_json(feature: CardFeature) -> dict[str, Any]:
    error = feature.standard_error
    return {
        "name": feature.name,
        "kind": feature.kind,
        "label": feature.label,
        "trend": feature.trend,
        "information_value": _plain(feature.information_value),
        "coefficient": _plain(feature.coefficient),
        "standard_error": None if error is None else _plain(error),
        "cuts": [_plain(cut) for cut in feature.cuts],
        "levels": [list(levels) for levels in feature.levels],
        "bins": [_bin_json(one) for one in feature.bins],
        "missing": _bin_json(feature.missing),
        "unseen": None if feature.unseen is None else _bin_json(feature.unseen),
    }


def _bin_json(one: Bin) -> dict[str, Any]:
    return {
        "label": one.label,
        "good": one.good,
        "bad": one.bad,
        "woe": _plain(one.woe),
        "logit": _plain(one.logit),
        "points": one.points,
    }


def _plain(number: Decimal) -> str:
    return format(number, "f")


# -- reading: JSON → card, each field checked


def _read_card(document: object) -> Card:
    node = _Node(document, "")
    if node.field("format", str) != FORMAT:
        raise _invalid("format", f"it must be {FORMAT!r}")
    data, scale, fit = node.child("data"), node.child("scale"), node.child("fit")
    card = Card(
        name=node.field("name", str),
        data=TrainingData(
            source=data.field("source", str),
            synthetic=data.field("synthetic", bool),
            target=data.field("target", str),
            rows=data.field("rows", int),
            bad=data.field("bad", int),
            sha256=data.field("sha256", str),
        ),
        scale=Scale(scale.field("points", int), scale.field("odds", int), scale.field("pdo", int)),
        fit=Fit(
            method=fit.field("method", str),
            note=fit.field("note", str),
            intercept=fit.decimal("intercept"),
            log_likelihood=fit.decimal("log_likelihood"),
        ),
        base_points=node.field("base_points", int),
        features=node.each("features", _read_feature),
        unused=node.each("unused", _read_unused),
        grades=node.each("grades", lambda one: Grade(one.field("name", str), one.decimal("pd_up_to"))),
        figures=tuple(
            (name, node.child("figures").decimal(name)) for name in sorted(node.field("figures", dict))
        ),
    )
    _check_card(card)
    return card


def _read_feature(node: _Node) -> CardFeature:
    return CardFeature(
        name=node.field("name", str),
        kind=_read_kind(node),
        label=node.field("label", str),
        trend=node.field("trend", str),
        information_value=node.decimal("information_value"),
        coefficient=node.decimal("coefficient"),
        standard_error=None if node.is_null("standard_error") else node.decimal("standard_error"),
        cuts=node.decimals("cuts"),
        levels=node.texts("levels"),
        bins=node.each("bins", _read_bin),
        missing=_read_bin(node.child("missing")),
        unseen=None if node.is_null("unseen") else _read_bin(node.child("unseen")),
    )


def _read_unused(node: _Node) -> UnusedFeature:
    return UnusedFeature(node.field("name", str), _read_kind(node), node.field("reason", str))


def _read_kind(node: _Node) -> Kind:
    kind = node.field("kind", str)
    if kind not in get_args(Kind):
        raise _invalid(f"{node.path}.kind", "it must be number or category")
    return "number" if kind == "number" else "category"


def _read_bin(node: _Node) -> Bin:
    return Bin(
        label=node.field("label", str),
        good=node.field("good", int),
        bad=node.field("bad", int),
        woe=node.decimal("woe"),
        logit=node.decimal("logit"),
        points=node.field("points", int),
    )


def _check_card(card: Card) -> None:
    names = [feature.name for feature in card.features] + [one.name for one in card.unused]
    if len(set(names)) != len(names):
        raise _invalid("features", "a feature stands there twice")
    for position, feature in enumerate(card.features):
        _check_feature(feature, f"features[{position}]")
    limits = [grade.pd_up_to for grade in card.grades]
    if not limits or limits != sorted(set(limits)) or limits[-1] != 1:
        raise _invalid("grades", "the PD limits must rise and end at 1")
    if card.scale.pdo <= 0 or card.scale.odds <= 0:
        raise _invalid("scale", "pdo and odds must be positive")


def _check_feature(feature: CardFeature, where: str) -> None:
    if feature.kind == "number":
        if feature.levels or feature.unseen is not None or len(feature.bins) != len(feature.cuts) + 1:
            raise _invalid(
                where, "a number needs one bin more than cuts, no levels and no bin for unseen values"
            )
        if list(feature.cuts) != sorted(set(feature.cuts)):
            raise _invalid(f"{where}.cuts", "the cuts must rise")
        if feature.trend not in TRENDS:
            raise _invalid(f"{where}.trend", f"{feature.trend!r} is not a trend")
        return
    if feature.cuts or feature.unseen is None or len(feature.bins) != len(feature.levels):
        raise _invalid(
            where, "a category needs one bin for each group of levels, a bin for unseen values and no cuts"
        )
    values = [value for levels in feature.levels for value in levels]
    if len(set(values)) != len(values):
        raise _invalid(f"{where}.levels", "a value stands there twice")


class _Node:
    """A JSON object and its place, read field by field with typed errors."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise _invalid(path, "an object is needed")
        self.value: Mapping[str, object] = value
        self.path = path

    def field(self, name: str, kind: type[_T]) -> _T:
        value = self.value.get(name)
        if type(value) is not kind:
            raise _invalid(self._at(name), f"a {kind.__name__} is needed")
        return value

    def is_null(self, name: str) -> bool:
        return name in self.value and self.value[name] is None

    def child(self, name: str) -> _Node:
        return _Node(self.value.get(name), self._at(name))

    def each(self, name: str, read: Callable[[_Node], _T]) -> tuple[_T, ...]:
        items = self.field(name, list)
        return tuple(read(_Node(item, f"{self._at(name)}[{i}]")) for i, item in enumerate(items))

    def decimal(self, name: str) -> Decimal:
        return _decimal(self.field(name, str), self._at(name))

    def decimals(self, name: str) -> tuple[Decimal, ...]:
        return tuple(
            _decimal(item, f"{self._at(name)}[{i}]") for i, item in enumerate(self.field(name, list))
        )

    def texts(self, name: str) -> tuple[tuple[str, ...], ...]:
        groups = self.field(name, list)
        for i, group in enumerate(groups):
            if type(group) is not list or not all(type(value) is str for value in group):
                raise _invalid(f"{self._at(name)}[{i}]", "a list of texts is needed")
        return tuple(tuple(group) for group in groups)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _decimal(value: object, where: str) -> Decimal:
    try:
        number = Decimal(value) if type(value) is str else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        raise _invalid(where, "a finite decimal of ordinary size, as text, is needed")
    return number


def _invalid(where: str, why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.card_invalid",
        f"This is not a card that can be scored with: {why}.",
        where=where or "the card",
        hint="Train it again with `scf score train`.",
    )
