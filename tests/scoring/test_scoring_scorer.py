"""The one-row scorer: pure, exact, strict about what it is given."""

from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scoring
from core.errors import InvalidInput
from scoring.contract import SECTORS, SME_FEATURES
from scoring.registry import shipped_card
from scoring.scorer import CompiledCard, Snapshot, load_card

CARD: CompiledCard = load_card(shipped_card())
TYPICAL: Snapshot = {
    "years_trading": Decimal("8"),
    "sector": "manufacturing",
    "current_ratio": Decimal("1.45"),
    "equity_ratio": Decimal("0.55"),
    "interest_cover": Decimal("3.2"),
    "net_margin": Decimal("0.035"),
    "asset_turnover": Decimal("1.5"),
    "payables_days": Decimal("38"),
    "days_late_12m": Decimal("6"),
    "dilution_rate": Decimal("0.03"),
}

NUMBERS = [spec for spec in SME_FEATURES if spec.kind == "number"]
figure = st.none() | st.decimals(-1000, 1000, places=3)
snapshots = st.fixed_dictionaries(
    {
        spec.name: (st.none() | st.sampled_from([*SECTORS, "fishing"])) if spec.kind == "category" else figure
        for spec in SME_FEATURES
    }
)


@settings(max_examples=100, deadline=None)
@given(snapshot=snapshots)
def test_points_are_the_base_and_what_each_feature_gives(snapshot: dict[str, Any]) -> None:
    score = CARD.score(snapshot)
    assert score.points == CARD.base_points + sum(reason.points for reason in score.reasons)
    assert {reason.feature for reason in score.reasons} == set(CARD.features)
    assert [reason.lost for reason in score.reasons] == sorted(
        (reason.lost for reason in score.reasons), reverse=True
    )
    assert all(reason.lost >= 0 and reason.points >= 0 for reason in score.reasons)


@settings(max_examples=100, deadline=None)
@given(snapshot=snapshots)
def test_points_and_probability_tell_the_same_within_rounding(snapshot: dict[str, Any]) -> None:
    score, scale = CARD.score(snapshot), CARD.card.scale
    log_odds = (scale.points - score.points) * math.log(2) / scale.pdo - math.log(scale.odds)
    reach = (len(CARD.features) + 1) * 0.5 * math.log(2) / scale.pdo + 1e-5
    assert abs(math.log(float(score.pd) / (1 - float(score.pd))) - log_odds) <= reach + 1e-6 / float(score.pd)


@settings(max_examples=60, deadline=None)
@given(
    snapshot=snapshots, spec=st.sampled_from([s for s in SME_FEATURES if s.kind == "number"]), data=st.data()
)
def test_a_figure_moves_the_risk_only_the_declared_way(
    snapshot: dict[str, Any], spec: Any, data: Any
) -> None:
    low, high = sorted(data.draw(st.tuples(*[st.decimals(-100, 100, places=2)] * 2)))
    lower = CARD.score({**snapshot, spec.name: low}).pd
    higher = CARD.score({**snapshot, spec.name: high}).pd
    assert higher >= lower if spec.trend == "ascending" else higher <= lower


def test_the_same_snapshot_gives_the_same_score() -> None:
    assert CARD.score(TYPICAL) == load_card(shipped_card()).score(dict(reversed(TYPICAL.items())))


def test_a_score_tells_its_card_and_that_it_is_synthetic() -> None:
    score = CARD.score(TYPICAL)
    assert score.card_id == CARD.id
    assert score.synthetic
    assert score.grade in "ABCDEF"
    assert "points below the best bin" in score.reasons[0].message


def test_absent_and_null_figures_take_the_bin_for_what_is_not_known() -> None:
    known = {name: value for name, value in TYPICAL.items() if name != "interest_cover"}
    score = CARD.score(known)
    assert score == CARD.score({**known, "interest_cover": None})
    assert {r.feature: r.bin for r in score.reasons}["interest_cover"] == "not known"


def test_an_unseen_category_is_priced_at_the_worst() -> None:
    unseen = CARD.score({**TYPICAL, "sector": "fishing"})
    assert {r.feature: r.bin for r in unseen.reasons}["sector"] == "not seen in training"
    assert unseen.pd == max(CARD.score({**TYPICAL, "sector": sector}).pd for sector in SECTORS)


def test_decimal_texts_and_integers_are_read_as_documents_write_them() -> None:
    assert CARD.score({**TYPICAL, "equity_ratio": "0.55", "payables_days": 38}) == CARD.score(TYPICAL)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("equity_ratio", Decimal("Infinity"), "scoring.value_not_finite"),
        ("equity_ratio", Decimal("-Infinity"), "scoring.value_not_finite"),
        ("equity_ratio", Decimal("NaN"), "scoring.value_not_finite"),
        ("equity_ratio", Decimal("sNaN"), "scoring.value_not_finite"),
        ("equity_ratio", "inf", "scoring.value_type"),
        ("equity_ratio", "1_000", "scoring.value_type"),
        ("equity_ratio", "٣", "scoring.value_type"),
        ("equity_ratio", "", "scoring.value_type"),
        ("equity_ratio", "high", "scoring.value_type"),
        ("equity_ratio", 0.55, "scoring.value_type"),
        ("equity_ratio", True, "scoring.value_type"),
        ("equity_ratio", [Decimal(1)], "scoring.value_type"),
        ("sector", Decimal(1), "scoring.value_type"),
        ("sector", ["retail"], "scoring.value_type"),
        ("equityratio", Decimal(1), "scoring.feature_unknown"),
    ],
)
def test_a_wrong_value_is_refused_and_named(name: str, value: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        CARD.score({**TYPICAL, name: value})
    assert refused.value.code == code
    assert refused.value.where == name
    assert refused.value.hint
    if code != "scoring.feature_unknown" and value != "":
        shown = str(value)
        assert shown in refused.value.message


def test_a_score_takes_a_handful_of_calls_per_feature() -> None:
    """What keeps one score fast on any machine: its work is counted, not timed."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        CARD.score(TYPICAL)
    finally:
        sys.setprofile(None)
    assert calls <= 8 * len(CARD.features) + 20


def test_the_scorer_loads_nothing_that_trains() -> None:
    script = (
        "import sys; import scoring; scoring.load_card(open(sys.argv[1], 'rb').read()); "
        "heavy = [m for m in ('numpy', 'pandas', 'statsmodels', 'scipy') if m in sys.modules]; "
        "assert not heavy, heavy"
    )
    card = str(files("scoring").joinpath("cards/sme-synthetic-2.json"))
    subprocess.run([sys.executable, "-c", script, card], check=True, timeout=60)


def test_every_public_name_of_the_room_is_there() -> None:
    assert all(getattr(scoring, name) is not None for name in scoring.__all__)
    with pytest.raises(AttributeError):
        _ = scoring.nothing_of_that_name
