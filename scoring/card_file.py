"""The card as a file: canonical JSON whose SHA-256 is the card's id.

Decimals are strings, so that the bytes do not depend on a machine's way of printing floats; keys are ASCII
and sorted (RFC 8785 for this subset). No code is ever stored or loaded. Files of format 1 are read and
written as they were: scores in databases refer to their ids.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, get_args

import orjson

from core.errors import InvalidInput
from scoring.artifact import (
    FORMAT,
    FORMAT_1,
    Bin,
    Card,
    CardFeature,
    EditNote,
    Fit,
    Grade,
    GradeOutcome,
    Scale,
    SpecialBin,
    TrainingData,
    UnusedFeature,
)
from scoring.card_node import Node, invalid
from scoring.contract import TRENDS, Kind

_MAX_BYTES: Final = 4_000_000


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
        raise invalid("", f"the file is larger than {_MAX_BYTES} bytes")
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise invalid("", f"it is not JSON: {error}") from None
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
    second = card.format != FORMAT_1
    document: dict[str, Any] = {
        "format": card.format,
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
        "features": [_feature_json(feature, second) for feature in card.features],
        "unused": [{"name": one.name, "kind": one.kind, "reason": one.reason} for one in card.unused],
        "grades": [{"name": grade.name, "pd_up_to": _plain(grade.pd_up_to)} for grade in card.grades],
        "figures": {name: _plain(figure) for name, figure in card.figures},
    }
    if second:
        document["trainer"] = card.trainer
        document["data"]["population_rate"] = _perhaps(card.data.population_rate)
        document["fit"] |= {
            "covariance": [[_plain(number) for number in row] for row in card.fit.covariance],
            "clusters": card.fit.clusters,
            "compared": [{"candidate": name, "log_loss": _plain(loss)} for name, loss in card.fit.compared],
            "prior_shift": _plain(card.fit.prior_shift),
        }
        document["outcomes"] = [
            {
                "grade": one.grade,
                "rows": one.rows,
                "bad": one.bad,
                "predicted": _plain(one.predicted),
                "low": _plain(one.low),
                "high": _plain(one.high),
            }
            for one in card.outcomes
        ]
    return document


def _feature_json(feature: CardFeature, second: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": feature.name,
        "kind": feature.kind,
        "label": feature.label,
        "trend": feature.trend,
        "information_value": _plain(feature.information_value),
        "coefficient": _plain(feature.coefficient),
        "standard_error": _perhaps(feature.standard_error),
        "cuts": [_plain(cut) for cut in feature.cuts],
        "levels": [list(levels) for levels in feature.levels],
        "bins": [_bin_json(one, second) for one in feature.bins],
        "missing": _bin_json(feature.missing, second),
        "unseen": None if feature.unseen is None else _bin_json(feature.unseen, second),
    }
    if second:
        edit = feature.edit
        document |= {
            "specials": [
                {"code": _plain(one.code), "bin": _bin_json(one.bin, second)} for one in feature.specials
            ],
            "information_low": _perhaps(feature.information_low),
            "information_high": _perhaps(feature.information_high),
            "edit": None if edit is None else {"by": edit.by, "why": edit.why},
        }
    return document


def _bin_json(one: Bin, second: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "label": one.label,
        "good": one.good,
        "bad": one.bad,
        "woe": _plain(one.woe),
        "logit": _plain(one.logit),
        "points": one.points,
    }
    if second:
        document |= {"logit_low": _perhaps(one.logit_low), "logit_high": _perhaps(one.logit_high)}
    return document


def _plain(number: Decimal) -> str:
    return format(number, "f")


def _perhaps(number: Decimal | None) -> str | None:
    return None if number is None else _plain(number)


# -- reading: JSON → card, each field checked


def _read_card(document: object) -> Card:
    node = Node(document, "")
    format_ = node.field("format", str)
    if format_ not in (FORMAT_1, FORMAT):
        raise invalid("format", f"it must be {FORMAT_1!r} or {FORMAT!r}")
    second = format_ != FORMAT_1
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
            population_rate=data.perhaps("population_rate") if second else None,
        ),
        scale=Scale(scale.field("points", int), scale.field("odds", int), scale.field("pdo", int)),
        fit=_read_fit(fit, second),
        base_points=node.field("base_points", int),
        features=node.each("features", lambda one: _read_feature(one, second)),
        unused=node.each("unused", _read_unused),
        grades=node.each("grades", lambda one: Grade(one.field("name", str), one.decimal("pd_up_to"))),
        figures=tuple(
            (name, node.child("figures").decimal(name)) for name in sorted(node.field("figures", dict))
        ),
        outcomes=node.each("outcomes", _read_outcome) if second else (),
        format=format_,
        trainer=node.field("trainer", str) if second else "",
    )
    _check_card(card)
    return card


def _read_fit(fit: Node, second: bool) -> Fit:
    first = Fit(
        method=fit.field("method", str),
        note=fit.field("note", str),
        intercept=fit.decimal("intercept"),
        log_likelihood=fit.decimal("log_likelihood"),
    )
    if not second:
        return first
    return replace(
        first,
        covariance=fit.matrix("covariance"),
        clusters=None if fit.is_null("clusters") else fit.field("clusters", int),
        compared=fit.each("compared", lambda one: (one.field("candidate", str), one.decimal("log_loss"))),
        prior_shift=fit.decimal("prior_shift"),
    )


def _read_outcome(node: Node) -> GradeOutcome:
    return GradeOutcome(
        grade=node.field("grade", str),
        rows=node.field("rows", int),
        bad=node.field("bad", int),
        predicted=node.decimal("predicted"),
        low=node.decimal("low"),
        high=node.decimal("high"),
    )


def _read_feature(node: Node, second: bool) -> CardFeature:
    first = CardFeature(
        name=node.field("name", str),
        kind=_read_kind(node),
        label=node.field("label", str),
        trend=node.field("trend", str),
        information_value=node.decimal("information_value"),
        coefficient=node.decimal("coefficient"),
        standard_error=node.perhaps("standard_error"),
        cuts=node.decimals("cuts"),
        levels=node.texts("levels"),
        bins=node.each("bins", lambda one: _read_bin(one, second)),
        missing=_read_bin(node.child("missing"), second),
        unseen=None if node.is_null("unseen") else _read_bin(node.child("unseen"), second),
    )
    if not second:
        return first
    edit = None if node.is_null("edit") else node.child("edit")
    return replace(
        first,
        specials=node.each(
            "specials", lambda one: SpecialBin(one.decimal("code"), _read_bin(one.child("bin"), second))
        ),
        information_low=node.perhaps("information_low"),
        information_high=node.perhaps("information_high"),
        edit=None if edit is None else EditNote(edit.field("by", str), edit.field("why", str)),
    )


def _read_unused(node: Node) -> UnusedFeature:
    return UnusedFeature(node.field("name", str), _read_kind(node), node.field("reason", str))


def _read_kind(node: Node) -> Kind:
    kind = node.field("kind", str)
    if kind not in get_args(Kind):
        raise invalid(f"{node.path}.kind", "it must be number or category")
    return "number" if kind == "number" else "category"


def _read_bin(node: Node, second: bool) -> Bin:
    return Bin(
        label=node.field("label", str),
        good=node.field("good", int),
        bad=node.field("bad", int),
        woe=node.decimal("woe"),
        logit=node.decimal("logit"),
        points=node.field("points", int),
        logit_low=node.perhaps("logit_low") if second else None,
        logit_high=node.perhaps("logit_high") if second else None,
    )


def _check_card(card: Card) -> None:
    names = [feature.name for feature in card.features] + [one.name for one in card.unused]
    if len(set(names)) != len(names):
        raise invalid("features", "a feature stands there twice")
    for position, feature in enumerate(card.features):
        _check_feature(feature, f"features[{position}]")
    limits = [grade.pd_up_to for grade in card.grades]
    if not limits or limits != sorted(set(limits)) or limits[-1] != 1:
        raise invalid("grades", "the PD limits must rise and end at 1")
    if card.scale.pdo <= 0 or card.scale.odds <= 0:
        raise invalid("scale", "pdo and odds must be positive")


def _check_feature(feature: CardFeature, where: str) -> None:
    if feature.kind == "number":
        if feature.levels or feature.unseen is not None or len(feature.bins) != len(feature.cuts) + 1:
            raise invalid(
                where, "a number needs one bin more than cuts, no levels and no bin for unseen values"
            )
        if list(feature.cuts) != sorted(set(feature.cuts)):
            raise invalid(f"{where}.cuts", "the cuts must rise")
        if feature.trend not in TRENDS:
            raise invalid(f"{where}.trend", f"{feature.trend!r} is not a trend")
        codes = [one.code for one in feature.specials]
        if len(set(codes)) != len(codes):
            raise invalid(f"{where}.specials", "a code stands there twice")
        return
    if feature.specials:
        raise invalid(f"{where}.specials", "only a number has special codes")
    if feature.cuts or feature.unseen is None or len(feature.bins) != len(feature.levels):
        raise invalid(
            where, "a category needs one bin for each group of levels, a bin for unseen values and no cuts"
        )
    values = [value for levels in feature.levels for value in levels]
    if len(set(values)) != len(values):
        raise invalid(f"{where}.levels", "a value stands there twice")
