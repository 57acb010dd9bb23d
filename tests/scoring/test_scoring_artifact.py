"""A card is a canonical file whose hash is its id; what is no card is refused with the place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.errors import InvalidInput
from scoring.card_file import card_id, decode, encode
from scoring.registry import shipped_card
from scoring.scorer import load_card


def test_reading_and_writing_a_card_gives_the_same_bytes() -> None:
    content = shipped_card()
    assert encode(decode(content)) == content
    assert card_id(content) == hashlib.sha256(content).hexdigest() == load_card(content).id


def test_a_card_of_the_first_format_keeps_its_bytes_and_its_scores() -> None:
    """Scores in databases refer to it by the hash of its file."""
    content = (Path(__file__).parent / "cards" / "sme-synthetic-1.json").read_bytes()
    card = load_card(content)
    assert encode(decode(content)) == content
    assert card.id == "3124f44794989dc14372a6171b49e27c55f3f7092f2d6cf49d0288590e643e48"
    score = card.score({"years_trading": 12, "sector": "retail", "equity_ratio": "0.35"})
    assert score.points == card.base_points + sum(reason.points for reason in score.reasons)


def test_the_shipped_card_says_that_it_is_synthetic() -> None:
    card = decode(shipped_card())
    assert card.data.synthetic
    assert "not real firms" in card.data.source
    assert "synthetic" in card.name


def test_other_bytes_of_the_same_card_are_refused() -> None:
    spaced = orjson.dumps(orjson.loads(shipped_card()), option=orjson.OPT_INDENT_2)
    with pytest.raises(InvalidInput) as refused:
        load_card(spaced)
    assert refused.value.code == "scoring.card_not_canonical"


Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, tuple[Edit, str]] = {
    "another format": (lambda c: c.update(format="scf-card/9"), "format"),
    "a float": (lambda c: c["fit"].update(intercept=1.5), "fit.intercept"),
    "not a number": (lambda c: c["fit"].update(intercept="NaN"), "fit.intercept"),
    "gigabytes of zeros": (lambda c: c["fit"].update(intercept="1E+999999999"), "fit.intercept"),
    "a missing field": (lambda c: c.pop("base_points"), "base_points"),
    "a bool for an integer": (lambda c: c.update(base_points=True), "base_points"),
    "cuts that fall": (lambda c: c["features"][0]["cuts"].reverse(), "features[0].cuts"),
    "a bin too few": (lambda c: c["features"][0]["bins"].pop(), "features[0]"),
    "a feature twice": (lambda c: c["features"].append(c["features"][0]), "features"),
    "a level twice": (
        lambda c: c["features"][1]["levels"][0].append(c["features"][1]["levels"][1][0]),
        "features[1].levels",
    ),
    "grades that fall": (lambda c: c["grades"].reverse(), "grades"),
    "no grades": (lambda c: c["grades"].clear(), "grades"),
    "a level that is no text": (lambda c: c["features"][1]["levels"][0].append(1), "features[1].levels[0]"),
    "a feature that is no object": (lambda c: c["features"].append(7), "features[10]"),
    "a special code twice": (
        lambda c: c["features"][0].update(specials=[{"code": "1", "bin": c["features"][0]["missing"]}] * 2),
        "features[0].specials",
    ),
    "a special code of a category": (
        lambda c: c["features"][1].update(specials=[{"code": "1", "bin": c["features"][1]["missing"]}]),
        "features[1].specials",
    ),
    "an unknown kind": (lambda c: c["features"][0].update(kind="date"), "features[0].kind"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_damaged_card_is_refused_with_the_place(name: str) -> None:
    edit, where = EDITS[name]
    document = orjson.loads(shipped_card())
    edit(document)
    with pytest.raises(InvalidInput) as refused:
        load_card(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    assert refused.value.code == "scoring.card_invalid"
    assert refused.value.where == where


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff\xfe", b"{}"])
def test_what_is_no_card_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_card(content)
    assert refused.value.code == "scoring.card_invalid"
