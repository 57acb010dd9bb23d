"""One contract for scoring: in the process that asks and over HTTP in another, to the byte."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import Broken, Conflict, Forbidden, InvalidInput, ScfError
from scoring import SME_FEATURES, LimitInputs, LimitPolicy, load_card, shipped_card
from scoring.generator import generate_portfolio
from scoring.service import (
    InProcess,
    Proposed,
    Scored,
    ScoreRequest,
    ScoringService,
    ServiceAddress,
    ServiceUnavailable,
)
from scoring.service.app import MOST_BYTES, create_app
from scoring.service.client import OverHttp, opened
from scoring.service.wire import answer_json, read_limit_inputs, read_score_request, request_json
from scoring.snapshot import Observation, inputs_hash, snapshot
from support.scoring_process import TOKEN, ScoringProcess, scoring_process

CARD = load_card(shipped_card())
DAY = date(2026, 3, 31)
FIRMS = [firm.figures for firm in generate_portfolio(40, seed=3)]
LIMIT = LimitInputs(
    as_of=DAY,
    currency="EUR",
    annual_volume=Decimal(3_650_000),
    terms_days=60,
    pd=Decimal("0.02"),
    lgd=Decimal("0.45"),
    grade="C",
    net_worth=Decimal(1_000_000),
)


def asked(card_id: str = CARD.id, **figures: Any) -> ScoreRequest:
    observed = [Observation(name, value, DAY, "statement 7") for name, value in figures.items()]
    return ScoreRequest(card_id, "party", DAY, tuple(observed))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringProcess]:
    with scoring_process(tmp_path_factory.mktemp("scoring")) as running:
        yield running


@pytest.fixture(params=["in process", "over HTTP"])
async def service(request: pytest.FixtureRequest) -> AsyncIterator[ScoringService]:
    if request.param == "in process":
        yield InProcess([CARD])
        return
    process: ScoringProcess = request.getfixturevalue("process")
    async with opened(process.address) as over_http:
        assert over_http is not None
        yield over_http


class TestContract:
    async def test_a_score_names_its_card_and_the_hash_of_its_inputs(self, service: ScoringService) -> None:
        for figures in FIRMS:
            given_ = asked(**figures)
            scored = await service.score(given_)
            values = snapshot("party", DAY, given_.observations).values()
            assert scored == Scored(CARD.score(values), inputs_hash(figures))
            assert answer_json(scored) == answer_json(await InProcess([CARD]).score(given_))
            assert scored.score.card_id == CARD.id

    async def test_texts_that_write_decimals_and_whole_numbers_are_figures_too(
        self, service: ScoringService
    ) -> None:
        scored = await service.score(asked(equity_ratio="0.40", payables_days=30, sector=None))
        assert scored.score == CARD.score({"equity_ratio": Decimal("0.4"), "payables_days": 30})

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"net_worth": None},
            {"recourse_pd": Decimal("0.05")},
            {"hard_stops": ("sanctions hit",)},
            {"grade": "E"},
            {"currency": "JPY"},
            {"pd": Decimal(0)},
            {"portfolio": Decimal(1_000_000), "exposure_elsewhere": Decimal("50000.50")},
            {"policy": LimitPolicy(review_months={"C": 5}, steps=((Decimal(0), Decimal("0.01")),))},
        ],
    )
    async def test_a_limit_tells_its_caps_and_what_would_raise_it(
        self, service: ScoringService, change: dict[str, Any]
    ) -> None:
        inputs = replace(LIMIT, **change)
        proposed = await service.propose(inputs)
        here = await InProcess().propose(inputs)
        assert proposed == here
        assert answer_json(proposed) == answer_json(here)
        assert list(proposed.proposal.caps) == list(here.proposal.caps)

    @pytest.mark.parametrize(
        ("request_", "family", "code", "where"),
        [
            (asked(shoe_size=Decimal(44)), InvalidInput, "scoring.feature_unknown", "shoe_size"),
            (asked(net_margin=Decimal("Infinity")), InvalidInput, "scoring.value_not_finite", "net_margin"),
            (asked(net_margin=Decimal("NaN")), InvalidInput, "scoring.value_not_finite", "net_margin"),
            (asked(net_margin="Infinity"), InvalidInput, "scoring.value_type", "net_margin"),
            (asked(net_margin=float("inf")), InvalidInput, "scoring.value_type", "net_margin"),
            (asked(net_margin=float("nan")), InvalidInput, "scoring.value_type", "net_margin"),
            (asked(net_margin=0.1), InvalidInput, "scoring.value_type", "net_margin"),
            (asked(net_margin=True), InvalidInput, "scoring.value_type", "net_margin"),
            (asked(net_margin="a tenth"), InvalidInput, "scoring.value_type", "net_margin"),
            (asked(sector=Decimal(7)), InvalidInput, "scoring.value_type", "sector"),
            (asked(sector=7), InvalidInput, "scoring.value_type", "sector"),
            (asked(sector=["retail"]), InvalidInput, "scoring.value_type", "sector"),
            (asked(sector=b"retail"), InvalidInput, "scoring.value_type", "sector"),
            (asked(card_id="f" * 64), Conflict, "scoring.card_not_served", "f" * 64),
            (
                replace(asked(net_margin=None), as_of=DAY - timedelta(days=1)),
                InvalidInput,
                "scoring.observed_after",
                "net_margin",
            ),
            (
                replace(asked(), observations=(Observation("net_margin", None, DAY, " "),)),
                InvalidInput,
                "scoring.source_missing",
                "net_margin",
            ),
            (
                replace(
                    asked(),
                    observations=tuple(
                        Observation("net_margin", Decimal(value), DAY, f"source {value}") for value in (1, 2)
                    ),
                ),
                InvalidInput,
                "scoring.observed_twice",
                "net_margin",
            ),
        ],
    )
    async def test_a_score_is_refused_with_one_code(
        self,
        service: ScoringService,
        request_: ScoreRequest,
        family: type[ScfError],
        code: str,
        where: str,
    ) -> None:
        with pytest.raises(family) as refused:
            await service.score(request_)
        assert (refused.value.code, refused.value.where) == (code, where)

    @pytest.mark.parametrize(
        ("change", "code", "where"),
        [
            ({"annual_volume": Decimal(-1)}, "limit.input_invalid", "annual_volume"),
            ({"annual_volume": Decimal("NaN")}, "limit.input_invalid", "annual_volume"),
            ({"annual_volume": 1.5}, "limit.input_invalid", "annual_volume"),
            ({"annual_volume": "10"}, "limit.input_invalid", "annual_volume"),
            ({"terms_days": 30.5}, "limit.input_invalid", "terms_days"),
            ({"pd": Decimal("1.01")}, "limit.input_invalid", "pd"),
            ({"lgd": Decimal("Infinity")}, "limit.input_invalid", "lgd"),
            ({"lgd": float("inf")}, "limit.input_invalid", "lgd"),
            ({"net_worth": Decimal("-Infinity")}, "limit.input_invalid", "net_worth"),
            ({"grade": "Z"}, "limit.grade_unknown", "grade"),
            ({"currency": "XXX"}, "money.currency_unknown", None),
            ({"policy": LimitPolicy(steps=())}, "limit.input_invalid", "policy.steps"),
            (
                {"policy": LimitPolicy(grade_caps={"C": Decimal(-1)})},
                "limit.input_invalid",
                "policy.grade_caps.C",
            ),
        ],
    )
    async def test_a_limit_is_refused_with_one_code(
        self, service: ScoringService, change: dict[str, Any], code: str, where: str | None
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await service.propose(replace(LIMIT, **change))
        assert (refused.value.code, refused.value.where) == (code, where)

    async def test_a_refusal_says_the_same(self, service: ScoringService) -> None:
        for wrong in (asked(shoe_size=1), asked(net_margin=0.1), asked(sector=7)):
            with pytest.raises(InvalidInput) as here:
                await InProcess([CARD]).score(wrong)
            with pytest.raises(InvalidInput) as there:
                await service.score(wrong)
            assert str(there.value) == str(here.value)


values = st.none() | st.text() | st.integers() | st.decimals() | st.floats() | st.booleans()
days = st.dates()
requests = st.builds(
    ScoreRequest,
    st.text(),
    st.text(),
    days,
    st.lists(
        st.builds(
            Observation, st.sampled_from([f.name for f in SME_FEATURES]) | st.text(), values, days, st.text()
        ),
        max_size=6,
    ).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(request_=requests)
def test_a_request_arrives_as_it_was_sent(request_: ScoreRequest) -> None:
    assert repr(read_score_request(request_json(request_))) == repr(request_)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=60) | st.recursive(values, st.lists).map(lambda v: repr(v).encode()))
def test_what_is_no_request_is_refused(body: bytes) -> None:
    for read in (read_score_request, read_limit_inputs):
        with pytest.raises(InvalidInput) as refused:
            read(body)
        assert refused.value.code == "scoring.request_invalid"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace('"2026-03-31"', '"31.3.2026"', 1), "as_of"),
        (lambda text: text.replace('"card_id"', '"card"'), "lacks card_id"),
        (lambda text: text.replace('"source"', '"sauce"'), "lacks source"),
        (lambda text: text.replace('{"decimal": "1"}', '{"decimal": "one"}'), "'one'"),
        (lambda text: text.replace('{"decimal": "1"}', '{"decimal": 1}'), "str"),
        (lambda text: text[:-1] + ', "why": 1}', "'why'"),
        (lambda text: "[" * 50_000, "recursion"),
    ],
)
def test_a_wrong_request_is_told_with_its_place(change: Callable[[str], str], told: str) -> None:
    text = request_json(asked(net_margin=Decimal(1))).decode()
    assert change(text) != text
    with pytest.raises(InvalidInput) as refused:
        read_score_request(change(text).encode())
    assert refused.value.code == "scoring.request_invalid"
    assert told in refused.value.message


async def test_who_does_not_know_the_token_gets_nothing(process: ScoringProcess) -> None:
    async with opened(replace(process.address, token="guessed")) as stranger:
        assert stranger is not None
        with pytest.raises(Forbidden) as refused:
            await stranger.score(asked())
    assert refused.value.code == "scoring.token_refused"
    assert "guessed" not in repr(replace(process.address, token="guessed"))
    for headers in ({}, {"authorization": TOKEN}, {"authorization": f"Basic {TOKEN}"}):
        answer = httpx.post(f"{process.address.url}/limit", content=b"{}", headers=headers, trust_env=False)
        assert answer.status_code == 401


def test_a_request_that_is_too_large_is_cut_off(process: ScoringProcess) -> None:
    answer = httpx.post(
        f"{process.address.url}/score",
        content=b"x" * (MOST_BYTES + 1),
        headers={"authorization": f"Bearer {TOKEN}"},
        trust_env=False,
    )
    assert answer.json()["error"]["code"] == "scoring.request_too_large"


def test_the_process_holds_nothing_of_what_trains() -> None:
    code = (
        "import sys; from scf.cli import build; import click\n"
        "build('score', 'serve'); import scoring.service.app\n"
        "print(*sorted(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"uvicorn", "starlette", "scoring"} <= loaded
    assert not loaded & {"statsmodels", "pandas", "numpy", "scipy", "tortoise", "strawberry", "temporalio"}


@asynccontextmanager
async def asking(app: Starlette, timeout: float = 5.0) -> AsyncIterator[OverHttp]:
    """A client of an application in this process."""
    address = ServiceAddress("http://scoring", TOKEN, timeout)
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), headers=headers) as http:
        yield OverHttp(http, address)


def answering(content: bytes, status: int = 200, wait: float = 0) -> Starlette:
    async def answer(_request: Request) -> Response:
        await asyncio.sleep(wait)
        return Response(content, status)

    return Starlette(routes=[Route("/{path}", answer, methods=["POST"])])


async def test_a_service_that_is_away_or_too_slow_is_unavailable() -> None:
    for address in ("http://127.0.0.1:9", "no url", "http://"):
        async with opened(ServiceAddress(address, TOKEN)) as away:
            assert away is not None
            with pytest.raises(ServiceUnavailable) as refused:
                await away.score(asked())
            assert refused.value.code == "scoring.service_unavailable"
    async with asking(answering(b"{}", wait=60), timeout=0.05) as slow:
        with pytest.raises(ServiceUnavailable):
            await slow.propose(LIMIT)
    for status in (429, 502, 503, 504):
        async with asking(answering(b"busy", status)) as busy:
            with pytest.raises(ServiceUnavailable):
                await busy.propose(LIMIT)


async def test_an_answer_that_is_none_is_refused_for_good() -> None:
    for content, status in ((b"<html>", 200), (b"{}", 200), (b"Not Found", 404), (b'{"error": {}}', 500)):
        async with asking(answering(content, status)) as stranger:
            with pytest.raises(Broken) as refused:
                await stranger.score(asked())
            assert refused.value.code == "scoring.service_answer"
            with pytest.raises(Broken):
                await stranger.propose(LIMIT)
    async with asking(answering(b"x" * 2_000_000)) as endless:
        with pytest.raises(Broken):
            await endless.score(asked())


async def test_a_score_by_another_card_or_of_other_inputs_is_refused() -> None:
    scored = await InProcess([CARD]).score(asked(net_margin=Decimal(1)))
    other = replace(scored, score=replace(scored.score, card_id="e" * 64))
    async with asking(answering(answer_json(other))) as strange:
        with pytest.raises(Conflict) as refused:
            await strange.score(asked(net_margin=Decimal(1)))
        assert refused.value.code == "scoring.card_not_served"
    async with asking(answering(answer_json(scored))) as mistaken:
        assert await mistaken.score(asked(net_margin=Decimal(1))) == scored
        with pytest.raises(Broken) as broken:
            await mistaken.score(asked(net_margin=Decimal(2)))
        assert broken.value.code == "scoring.service_answer"


async def test_what_breaks_the_scorer_is_no_reason_to_try_again() -> None:
    class Failing(InProcess):
        async def propose(self, inputs: LimitInputs) -> Proposed:
            raise ZeroDivisionError(inputs.currency)

    async with asking(create_app(Failing(), TOKEN)) as failing:
        with pytest.raises(Broken) as refused:
            await failing.propose(LIMIT)
    assert refused.value.code == "scoring.service_failed"


def test_the_command_needs_a_token_and_cards_that_are_there(tmp_path: Path) -> None:
    def serve(*words: object, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "scf", "score", "serve", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment,
        )
        assert done.returncode != 0
        return done.stderr

    assert "scoring.token_missing" in serve()
    assert "scoring.token_missing" in serve("--scoring-token-file", tmp_path / "gone")
    assert "scoring.token_unusable" in serve(SCF_SCORING_TOKEN="short")
    assert "scoring.file_missing" in serve("--card", tmp_path / "gone", SCF_SCORING_TOKEN=TOKEN)
    (tmp_path / "card.json").write_text("{}")
    assert "scoring.card_invalid" in serve("--card", tmp_path / "card.json", SCF_SCORING_TOKEN=TOKEN)
