"""A challenger scores beside the champion and never decides, nor ever stops a decision."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import asyncpg
import orjson
import pytest

from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from scoring import SME_FEATURES, shadow
from scoring.card_file import decode, encode
from scoring.erasure import erase_runs
from scoring.generator import generate_portfolio
from scoring.registry import approved_card, install_shipped_card, record_run, shipped_card
from scoring.scorer import MICRO, load_card, probability
from scoring.shadow import appoint, dismiss, register_challenger
from scoring.table import table_of_portfolio

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
INPUTS = {"equity_ratio": Decimal("0.40"), "sector": "retail", "days_late_12m": None}


@pytest.fixture(autouse=True)
async def champion(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.sql.execute("TRUNCATE scoring.run, scoring.card, scoring.challenger CASCADE")
        await install_shipped_card(tx, approved_by="user:ben", at=AT)


@pytest.fixture(scope="module")
def trees() -> bytes:
    from scoring.challengers import artifact, gradient_trees, tuning

    table = table_of_portfolio(SME_FEATURES, generate_portfolio(1500, 3))
    with pytest.MonkeyPatch.context() as patch:
        for module in (tuning, gradient_trees):
            patch.setattr(module, "ROUNDS", (20, 40))
        model = gradient_trees.fit_gradient_trees(table)
    return artifact.encode(model, name="rival", target="default", data_sha256=table.digest())


def milder_card() -> bytes:
    """The shipped card, one unit of log odds milder."""
    card = decode(shipped_card())
    return encode(replace(card, name="milder", fit=replace(card.fit, intercept=card.fit.intercept - 1)))


async def in_office(tx: Transaction, content: bytes) -> str:
    identifier = await register_challenger(tx, content, trained_by="user:ana", at=AT)
    await appoint(tx, identifier, appointed_by="user:ben", at=AT)
    return identifier


async def run(tx: Transaction, **changed: object) -> list[asyncpg.Record]:
    inputs = {**INPUTS, **changed}
    card = await approved_card(tx.sql)
    identifier = await record_run(tx, uuid4(), card.score(inputs), inputs, AT, uuid4())  # type: ignore[arg-type]
    return await tx.sql.fetch("SELECT * FROM scoring.shadow_view WHERE run_id = $1", identifier)


async def test_without_a_challenger_a_run_has_no_shadow(database: Database) -> None:
    async with database.transaction() as tx:
        await register_challenger(tx, milder_card(), trained_by="user:ana", at=AT)
        assert await run(tx) == []


async def test_a_card_scores_in_shadow_and_the_champion_decides(database: Database) -> None:
    async with database.transaction() as tx:
        identifier = await in_office(tx, milder_card())
        (said,) = await run(tx)
    champion, rival = load_card(shipped_card()).score(INPUTS), load_card(milder_card()).score(INPUTS)
    assert (said["challenger_id"], said["kind"], said["failure"]) == (identifier, "card", None)
    assert (said["champion_pd"], said["pd"]) == (champion.pd, rival.pd)
    assert rival.pd < champion.pd


async def test_trees_score_in_shadow_with_their_exact_reasons(database: Database, trees: bytes) -> None:
    from scoring.challengers.artifact import decode as decode_trees

    async with database.transaction() as tx:
        await in_office(tx, trees)
        (said,) = await run(tx)
    log_odds, contributions = decode_trees(trees).explain(INPUTS)
    assert said["pd"] == probability(round(log_odds * MICRO))
    reasons = orjson.loads(said["reasons"])
    assert {one["feature"]: one["log_odds"] for one in reasons} == {
        one.feature: round(one.log_odds, 6) for one in contributions
    }


async def test_a_challenger_that_cannot_score_leaves_its_failure_and_the_decision_stands(
    database: Database, trees: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as tx:
        await in_office(tx, trees)
    shadow._ready.clear()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    async with database.transaction() as tx:
        (said,) = await run(tx)
        assert said["pd"] is None
        assert said["failure"].startswith("scoring.challenger_extra")
        assert await tx.sql.fetchval("SELECT count(*) FROM scoring.run") == 1


async def test_a_repeated_run_is_not_scored_again(database: Database) -> None:
    party, entry = uuid4(), uuid4()
    async with database.transaction() as tx:
        score = (await approved_card(tx.sql)).score(INPUTS)
        await record_run(tx, party, score, INPUTS, AT, entry)
        await in_office(tx, milder_card())
        await record_run(tx, party, score, INPUTS, AT, entry)
        assert await tx.sql.fetchval("SELECT count(*) FROM scoring.shadow_score") == 0


async def test_who_trained_a_challenger_may_not_appoint_it(database: Database) -> None:
    async with database.transaction() as tx:
        identifier = await register_challenger(tx, milder_card(), trained_by="user:ana", at=AT)
        with pytest.raises(Forbidden) as own:
            await appoint(tx, identifier, appointed_by="user:ana", at=AT)
        assert own.value.code == "scoring.self_approval"
    async with database.reading() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "UPDATE scoring.challenger SET appointed_by = trained_by, appointed_at = now()"
            )


async def test_a_dismissed_challenger_is_silent_and_stays_dismissed(database: Database) -> None:
    async with database.transaction() as tx:
        identifier = await in_office(tx, milder_card())
        assert len(await run(tx)) == 1
        await dismiss(tx, identifier, at=AT)
        await dismiss(tx, identifier, at=AT)
        assert await run(tx) == []
        with pytest.raises(Conflict) as gone:
            await appoint(tx, identifier, appointed_by="user:ben", at=AT)
        assert gone.value.code == "scoring.challenger_dismissed"


async def test_what_is_not_there_or_not_a_model_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(NotFound) as unknown:
            await appoint(tx, "0" * 64, appointed_by="user:ben", at=AT)
        assert unknown.value.code == "scoring.challenger_unknown"
        identifier = await register_challenger(tx, milder_card(), trained_by="user:ana", at=AT)
        with pytest.raises(Conflict) as early:
            await dismiss(tx, identifier, at=AT)
        assert early.value.code == "scoring.challenger_not_appointed"
        with pytest.raises(InvalidInput) as nobody:
            await register_challenger(tx, milder_card(), trained_by=" ", at=AT)
        assert nobody.value.code == "scoring.person_missing"
        with pytest.raises(InvalidInput) as broken:
            await register_challenger(tx, b"{}", trained_by="user:ana", at=AT)
        assert broken.value.code == "scoring.card_invalid"


async def test_erasing_a_party_erases_the_reasons_in_shadow_too(database: Database) -> None:
    async with database.transaction() as tx:
        await in_office(tx, milder_card())
        (said,) = await run(tx)
        assert orjson.loads(said["reasons"])
        await erase_runs(tx, party_id=said["party_id"])
        left = await tx.sql.fetchrow("SELECT reasons, pd FROM scoring.shadow_view")
    assert left is not None
    assert (orjson.loads(left["reasons"]), left["pd"]) == ([], said["pd"])


async def test_models_and_migration_describe_the_same_tables(database: Database) -> None:
    from scoring.models import ChallengerRecord, ShadowScoreRecord

    async with database.transaction() as tx:
        identifier = await in_office(tx, milder_card())
        (said,) = await run(tx)
        stored = await ChallengerRecord.get(id=identifier).using_db(tx.orm)
        score = await ShadowScoreRecord.get(run_id=said["run_id"]).using_db(tx.orm)
    assert bytes(stored.content) == milder_card()
    assert score.pd == said["pd"]
