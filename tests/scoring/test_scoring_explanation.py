"""Reasons add up, raises are what the scorer would give, and PMML read by others scores to the last point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from core.errors import InvalidInput
from scoring import SME_FEATURES, FeatureSpec, load_card
from scoring.card_file import encode
from scoring.explanation import explain, read_snapshot
from scoring.generator import generate_portfolio
from scoring.pmml import NAMESPACE, export_pmml
from scoring.registry import shipped_card
from scoring.scorecard import Described, fit_card
from scoring.scorer import CompiledCard
from scoring.table import table_of_columns

CARD = load_card(shipped_card())
FIRMS = [dict(firm.figures) for firm in generate_portfolio(400, 11)]


def card_with_codes() -> CompiledCard:
    """A card with a special code and with levels that hold quotes, spaces and backslashes."""
    rows = range(1200)
    value = [Decimal(-9) if i % 11 == 0 else Decimal(i % 97) / 10 for i in rows]
    level = [('say "hi"', "a\\b", "two words", None)[i % 4] for i in rows]
    bad = [(i % 97 > 60) != (i % 5 == 0) or i % 44 == 0 for i in rows]
    specs = [
        FeatureSpec("value", "number", "Value", special=(Decimal(-9),)),
        FeatureSpec("level", "category", "Level"),
        FeatureSpec("other", "number", "Other"),
    ]
    other = [float((i * 7) % 13) + 4 * bad[i] for i in rows]
    table = table_of_columns(specs, {"value": value, "level": level, "other": other}, bad)
    return load_card(encode(fit_card(table, Described("codes", "codes", False, "bad"))))


@pytest.mark.parametrize("firm", FIRMS[:40])
def test_moving_to_the_best_bin_gains_what_was_told(firm: dict[str, Any]) -> None:
    found = explain(CARD, firm)
    assert found.base_points + sum(one.points for one in found.score.reasons) == found.score.points
    assert [one.gain for one in found.raises] == sorted((one.gain for one in found.raises), reverse=True)
    for change in found.raises:
        feature = next(one for one in CARD.card.features if one.name == change.feature)
        place = [one.label for one in feature.bins].index(change.best)
        moved: Any
        if feature.kind == "category":
            moved = feature.levels[place][0]
        else:
            moved = feature.cuts[place - 1] if place else feature.cuts[0] - 1
        assert CARD.score({**firm, change.feature: moved}).points == found.score.points + change.gain


def test_json_is_read_exactly_and_what_is_no_snapshot_is_refused() -> None:
    assert read_snapshot('{"a": 0.1, "b": null, "c": "x", "d": 3}') == {
        "a": Decimal("0.1"),
        "b": None,
        "c": "x",
        "d": 3,
    }
    for broken in ("", "[1]", '{"a": NaN}', '{"a": true}', '{"a": [1]}', "[" * 100_000):
        with pytest.raises(InvalidInput) as refused:
            read_snapshot(broken)
        assert refused.value.code == "scoring.input_invalid"


@pytest.mark.parametrize("card", [CARD, card_with_codes()], ids=["shipped", "codes"])
def test_pmml_gives_the_scorer_s_points_and_reasons(card: CompiledCard) -> None:
    read = Scorecard(export_pmml(card.card, card.id))
    if card is CARD:
        parties: list[dict[str, Any]] = [*FIRMS, {}, {"sector": "never seen"}]
    else:
        parties = [
            {"value": value, "level": level, "other": 3}
            for value in (Decimal(-9), Decimal("0.1"), Decimal("6.1"), None)
            for level in ('say "hi"', "a\\b", "two words", "never seen", None)
        ]
    edges = [
        {feature.name: cut}
        for feature in card.card.features
        if feature.kind == "number"
        for cut in feature.cuts
    ]
    for party in [*parties, *edges]:
        score = card.score(party)
        points, lost = read.score(party)
        assert points == score.points
        assert lost == {one.feature: one.lost for one in score.reasons}


def test_pmml_of_a_card_is_the_same_each_time_and_tells_that_it_is_synthetic() -> None:
    document = export_pmml(CARD.card, CARD.id)
    assert document == export_pmml(CARD.card, CARD.id)
    assert b"synthetic" in document
    assert CARD.id.encode() in document


def test_a_text_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        export_pmml(replace(CARD.card, name="bell\x07"), CARD.id)
    assert refused.value.code == "scoring.pmml_text"


class Scorecard:
    """A reader of PMML scorecards after the standard's text, which knows nothing of the platform."""

    def __init__(self, document: bytes) -> None:
        self._space = {"p": NAMESPACE}
        (self._model,) = etree.fromstring(document).findall("p:Scorecard", self._space)
        self.kinds = {
            one.get("name"): one.get("dataType")
            for one in etree.fromstring(document).iterfind("p:DataDictionary/p:DataField", self._space)
        }

    def score(self, party: Mapping[str, Any]) -> tuple[float, dict[str, float]]:
        """Return the score, and per reason code how far its partial score lies below the baseline."""
        total = float(self._model.get("initialScore"))
        lost = {}
        for characteristic in self._model.iterfind("p:Characteristics/p:Characteristic", self._space):
            first = next(
                one
                for one in characteristic.iterfind("p:Attribute", self._space)
                if self._holds(one[0] if len(one) else one, party) is True
            )
            partial = float(first.get("partialScore"))
            total += partial
            lost[characteristic.get("reasonCode")] = float(characteristic.get("baselineScore")) - partial
        return total, lost

    def _holds(self, predicate: Any, party: Mapping[str, Any]) -> bool | None:
        tag = etree.QName(predicate).localname
        if tag == "True":
            return True
        if tag == "CompoundPredicate":
            assert predicate.get("booleanOperator") == "and"
            inside = [self._holds(one, party) for one in predicate]
            return False if False in inside else None if None in inside else True
        value = party.get(predicate.get("field"))
        operator = predicate.get("operator")
        if operator == "isMissing":
            return value is None
        if value is None:
            return None
        if tag == "SimpleSetPredicate":
            return value in _array(predicate[0].text)
        number, bound = float(value), float(predicate.get("value"))
        assert math.isfinite(bound)
        return {"equal": number == bound, "lessThan": number < bound, "greaterOrEqual": number >= bound}[
            operator
        ]


def _array(text: str) -> list[str]:
    """Read a PMML array of texts: quoted, with backslash escapes."""
    texts, inside, escaped = [], False, False
    for letter in text:
        if escaped:
            texts[-1] += letter
            escaped = False
        elif inside and letter == "\\":
            escaped = True
        elif letter == '"':
            inside = not inside
            if inside:
                texts.append("")
        elif inside:
            texts[-1] += letter
    return texts


def test_the_features_of_the_contract_are_declared_with_their_types() -> None:
    kinds = Scorecard(export_pmml(CARD.card, CARD.id)).kinds
    weighed = {feature.name for feature in CARD.card.features}
    assert kinds == {
        one.name: "double" if one.kind == "number" else "string"
        for one in SME_FEATURES
        if one.name in weighed
    }
