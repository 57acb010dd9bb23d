"""The selected card keeps what adds evidence, has the right sign and pays for itself; it tells why the rest
fell."""

from __future__ import annotations

import numpy as np

from scoring.prebins import Flags, Floats
from scoring.selection import Selected, inflated, repeated, select


def world(rows: int = 4_000) -> tuple[dict[str, Floats], Flags]:
    """Two WOEs that matter, one that repeats the first, one that the two explain, and one of pure noise."""
    random = np.random.default_rng(11)
    first, second = random.normal(size=rows), random.normal(size=rows)
    woe = {
        "first": first,
        "second": second,
        "like first": first + 0.1 * random.normal(size=rows),
        "noise": random.normal(size=rows),
    }
    bad = random.random(rows) < 1 / (1 + np.exp(1 + first + 0.5 * second))
    return woe, bad


INFORMATION = {"first": 0.8, "second": 0.3, "like first": 0.7, "noise": 0.03, "sum": 0.5}


def chosen() -> Selected:
    woe, bad = world()
    found = select(INFORMATION, woe, bad, None)
    assert found is not None
    return found


def test_what_matters_stays_with_the_sign_of_its_evidence() -> None:
    found = chosen()
    assert found.names == ("first", "second")
    assert (found.weights.params[1:] > 0).all()
    assert not found.penalised


def test_each_that_falls_has_its_reason() -> None:
    dropped = chosen().dropped
    assert "same as first" in dropped["like first"]
    assert "AIC" in dropped["noise"] or "oppose" in dropped["noise"]


def test_of_two_alike_the_one_with_more_information_stays() -> None:
    woe, _ = world()
    assert set(repeated(INFORMATION | {"like first": 0.9}, woe, 0.9)) == {"first"}


def test_a_feature_that_two_others_add_up_to_is_inflated() -> None:
    """No pair correlates 0.9, and yet the three say the same: only the variance inflation sees it."""
    woe, _ = world()
    three = {
        "first": woe["first"],
        "second": woe["second"],
        "sum": woe["first"] + woe["second"] + 0.01 * woe["noise"],
    }
    assert not repeated(INFORMATION, three, 0.9)
    assert list(inflated(INFORMATION, three)) == ["second"]


def test_no_feature_stands_where_none_has_the_right_sign() -> None:
    woe, bad = world()
    assert select(INFORMATION, {"first": -woe["first"]}, bad, None) is None
