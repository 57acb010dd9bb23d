"""The loss given default: a share between 0 and 1, from a file that gives the same number everywhere."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.lgd import decode, encode, lgd_id, predict
from scoring.lgd_training import LgdReport, LossRow, read_sba, train_lgd
from support.shared import shared_path


def losses(count: int, seed: int = 7) -> list[LossRow]:
    """Losses of a known law: log odds = 1 − 0.3·ln(1 + amount) + 2·share, less 0.5 when secured."""
    draw = Random(seed)
    rows = []
    for number in range(count):
        amount, share = draw.randint(1_000, 200_000), draw.choice((50, 75, 90))
        secured = draw.choice(("yes", "no", "no"))
        log_odds = 1 - 0.3 * math.log1p(amount) + 2 * share / 100 - 0.5 * (secured == "yes")
        mean = 1 / (1 + math.exp(-log_odds))
        rows.append(
            LossRow(
                rate=Decimal(f"{draw.betavariate(4 * mean, 4 * (1 - mean)):.4f}"),
                lost_on=date(2006, 1, 1) + timedelta(days=number % 2000),
                numbers={"amount": Decimal(amount), "share": Decimal(share) / 100},
                categories={"secured": secured},
            )
        )
    return rows


@lru_cache
def trained() -> LgdReport:
    return train_lgd(losses(3_000), name="made up", source="a law", logs=frozenset({"amount"}))


def test_the_law_behind_the_losses_is_found_within_two_standard_errors() -> None:
    amount, share = trained().model.numbers
    assert abs(amount.coefficient - Decimal("-0.3")) < 2 * amount.standard_error
    assert abs(share.coefficient - 2) < 2 * share.standard_error
    (secured,) = trained().model.categories
    assert [level.value for level in secured.levels] == ["no", "yes"]
    assert abs(secured.levels[1].coefficient + Decimal("0.5")) < 2 * secured.levels[1].standard_error
    assert trained().slope.low < 1 < trained().slope.high
    assert trained().r2.low > 0


def test_a_refit_gives_the_same_bytes() -> None:
    again = train_lgd(losses(3_000), name="made up", source="a law", logs=frozenset({"amount"}))
    assert again.content == trained().content
    assert again.model_id == lgd_id(trained().content)


@settings(max_examples=100, deadline=None)
@given(
    amount=st.none() | st.decimals(0, 10**9, places=2),
    share=st.none() | st.decimals(-5, 5, places=3),
    secured=st.none() | st.sampled_from(["yes", "no", "never met"]),
)
def test_silence_never_pays_and_a_downturn_never_loses_less(
    amount: Decimal | None, share: Decimal | None, secured: str | None
) -> None:
    known = {"amount": amount, "share": share, "secured": secured}
    found = predict(trained().model, known)
    assert 0 < found.expected <= found.downturn <= 1
    for name in known:
        assert predict(trained().model, {**known, name: None}).expected >= found.expected


def test_the_scorer_is_the_formula() -> None:
    model = trained().model
    amount, share = (float(one.coefficient) for one in model.numbers)
    log_odds = float(model.intercept) + amount * math.log1p(50_000) + share * 0.75
    expected = predict(model, {"amount": Decimal(50_000), "share": Decimal("0.75"), "secured": "no"}).expected
    assert float(expected) == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-6)


def test_beyond_what_training_knew_the_number_is_held() -> None:
    model = trained().model
    known = {"share": Decimal("0.75"), "secured": "no"}
    edge = predict(model, {**known, "amount": model.numbers[0].high})
    assert predict(model, {**known, "amount": Decimal(10) ** 15}) == edge


def test_the_file_is_read_back_and_nothing_else_is_read() -> None:
    content = trained().content
    assert decode(content) == trained().model
    document = orjson.loads(content)
    broken = [
        b"{}",
        b"[]",
        b"no json",
        content + b" ",
        orjson.dumps({**document, "format": "scf-lgd/9"}, option=orjson.OPT_SORT_KEYS),
        orjson.dumps({**document, "intercept": "NaN"}, option=orjson.OPT_SORT_KEYS),
        orjson.dumps({**document, "intercept": 1.5}, option=orjson.OPT_SORT_KEYS),
        orjson.dumps({**document, "more": 1}, option=orjson.OPT_SORT_KEYS),
        encode(replace(trained().model, categories=(replace(trained().model.categories[0], levels=()),))),
    ]
    for content in broken:
        with pytest.raises(InvalidInput) as refused:
            decode(content)
        assert refused.value.code == "scoring.lgd_invalid"


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        ({"amonut": Decimal(1)}, "amonut"),
        ({"amount": "1"}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"secured": Decimal(1)}, "secured"),
    ],
)
def test_wrong_inputs_are_refused_and_named(inputs: dict[str, Decimal | str], where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        predict(trained().model, inputs)
    assert (refused.value.code, refused.value.where) == ("scoring.lgd_input", where)


def test_too_few_losses_and_none_in_the_downturn_are_refused() -> None:
    late = [replace(row, lost_on=date(2020, 1, 1)) for row in losses(200)]
    for rows in (losses(99), late):
        with pytest.raises(InvalidInput) as refused:
            train_lgd(rows, name="few", source="a law")
        assert refused.value.code == "scoring.lgd_too_few"


def test_on_the_sba_s_charge_offs_it_takes_a_sixth_of_the_error_away_out_of_sample() -> None:
    rows = read_sba(shared_path("datasets/sba_case_ca_realestate.csv.gz"))
    assert len(rows) == 686
    assert float(np.mean([float(row.rate) for row in rows])) == pytest.approx(0.628, abs=0.001)
    report = train_lgd(rows, name="sba", source="sba_case_ca_realestate.csv.gz")
    assert report.r2.low > 1 / 6
    assert report.slope.low < 1 < report.slope.high
    assert report.bias.low < 0 < report.bias.high
    assert report.mae < report.mae_of_mean
    assert report.model.downturn.add_on > report.model.downturn.observed > 0
