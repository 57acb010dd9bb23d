"""Cards are approved by another person than the trainer; every score is kept once, with its inputs."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import asyncpg
import orjson
import pytest

from core.database import Database
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from scoring import erase_runs, load_card
from scoring.card_file import decode, encode
from scoring.registry import (
    approve,
    approved_card,
    card_by_id,
    install_shipped_card,
    record_run,
    register,
    shipped_card,
)
from scoring.snapshot import canonical_inputs, inputs_hash

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
INPUTS = {"equity_ratio": Decimal("0.40"), "sector": "retail", "days_late_12m": None}


def another_card(name: str) -> bytes:
    return encode(replace(decode(shipped_card()), name=name))


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.sql.execute("TRUNCATE scoring.run, scoring.card CASCADE")


async def test_nothing_is_scored_before_a_card_is_approved(database: Database) -> None:
    async with database.transaction() as tx:
        await register(tx, shipped_card(), trained_by="user:ana", at=AT)
        with pytest.raises(NotFound) as missing:
            await approved_card(tx.sql)
    assert missing.value.code == "scoring.no_approved_card"


async def test_another_person_approves_and_the_next_card_retires_it(database: Database) -> None:
    async with database.transaction() as tx:
        first = await register(tx, shipped_card(), trained_by="user:ana", at=AT)
        assert first == await register(tx, shipped_card(), trained_by="user:eve", at=AT)
        with pytest.raises(Forbidden) as own:
            await approve(tx, first, approved_by="user:ana", at=AT)
        assert own.value.code == "scoring.self_approval"
        await approve(tx, first, approved_by="user:ben", at=AT)
        await approve(tx, first, approved_by="user:ben", at=AT)
        assert (await approved_card(tx.sql)).id == first

        second = await register(tx, another_card("second"), trained_by="user:ana", at=AT)
        await approve(tx, second, approved_by="user:ben", at=AT)
        assert (await approved_card(tx.sql)).id == second
        assert (await card_by_id(tx.sql, first)).id == first
        with pytest.raises(Conflict) as retired:
            await approve(tx, first, approved_by="user:ben", at=AT)
        assert retired.value.code == "scoring.card_retired"
        rows = await tx.sql.fetch("SELECT name, state FROM scoring.card_view ORDER BY name")
    assert [tuple(row) for row in rows] == [("second", "approved"), ("sme-synthetic-2", "retired")]


async def test_what_is_no_card_is_not_registered(database: Database) -> None:
    async with database.transaction() as tx:
        for content, person in ((b"{}", "user:ana"), (shipped_card(), " ")):
            with pytest.raises(InvalidInput):
                await register(tx, content, trained_by=person, at=AT)
        with pytest.raises(NotFound):
            await approve(tx, "0" * 64, approved_by="user:ben", at=AT)
        assert await tx.sql.fetchval("SELECT count(*) FROM scoring.card") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scoring.card SET approved_by = trained_by, approved_at = now()",
        "UPDATE scoring.card SET state = 'approved', approved_by = NULL, approved_at = NULL",
        "UPDATE scoring.card SET content = content || '\\x00'",
        "UPDATE scoring.card SET state = 'live'",
    ],
)
async def test_the_database_itself_holds_the_four_eyes(database: Database, statement: str) -> None:
    async with database.transaction() as tx:
        await install_shipped_card(tx, approved_by="user:ben", at=AT)
    async with database.reading() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(statement)


async def test_the_shipped_card_is_installed_once_and_never_over_another(database: Database) -> None:
    async with database.transaction() as tx:
        other = await register(tx, another_card("other"), trained_by="user:ana", at=AT)
        await approve(tx, other, approved_by="user:ben", at=AT)
        assert await install_shipped_card(tx, approved_by="user:ben", at=AT) == other
        await tx.sql.execute("TRUNCATE scoring.card CASCADE")
        shipped = await install_shipped_card(tx, approved_by="user:ben", at=AT)
        assert shipped == await install_shipped_card(tx, approved_by="user:ben", at=AT)
        assert shipped == load_card(shipped_card()).id


async def test_a_run_is_kept_once_with_its_card_and_inputs(database: Database) -> None:
    party, entry = uuid4(), uuid4()
    async with database.transaction() as tx:
        await install_shipped_card(tx, approved_by="user:ben", at=AT)
        card = await approved_card(tx.sql)
        score = card.score(INPUTS)
        run = await record_run(tx, party, score, INPUTS, AT, entry)
        assert run == await record_run(tx, party, score, INPUTS, AT, entry)
        changed = {**INPUTS, "equity_ratio": Decimal("0.41")}
        with pytest.raises(Conflict) as conflict:
            await record_run(tx, party, card.score(changed), changed, AT, entry)
        assert conflict.value.code == "scoring.run_conflict"
        rows = await tx.sql.fetch("SELECT * FROM scoring.run_view")
    (row,) = rows
    assert row["id"] == run
    assert (row["party_id"], row["card_id"], row["at"]) == (party, card.id, AT)
    assert (row["points"], row["pd"], row["grade"]) == (score.points, score.pd, score.grade)
    assert row["synthetic"] is True
    assert row["inputs_hash"] == inputs_hash(INPUTS)
    reasons = orjson.loads(row["reasons"])
    assert reasons[0] == {
        "feature": score.reasons[0].feature,
        "bin": score.reasons[0].bin,
        "points": score.reasons[0].points,
        "lost": score.reasons[0].lost,
        "message": score.reasons[0].message,
    }


async def test_a_run_of_a_card_that_is_not_registered_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(NotFound) as missing:
            await record_run(tx, uuid4(), load_card(shipped_card()).score(INPUTS), INPUTS, AT, uuid4())
    assert missing.value.code == "scoring.card_unknown"


def test_the_hash_of_inputs_does_not_depend_on_their_order() -> None:
    assert inputs_hash(INPUTS) == inputs_hash(dict(reversed(INPUTS.items())))
    assert inputs_hash(INPUTS) != inputs_hash({**INPUTS, "sector": None})


async def test_models_and_migration_describe_the_same_tables(database: Database) -> None:
    from scoring.models import CardRecord, RunRecord

    async with database.transaction() as tx:
        await install_shipped_card(tx, approved_by="user:ben", at=AT)
        card = await approved_card(tx.sql)
        await record_run(tx, uuid4(), card.score(INPUTS), INPUTS, AT, uuid4())
        stored = await CardRecord.get(id=card.id).using_db(tx.orm)
        run = await RunRecord.get(card_id=card.id).using_db(tx.orm)
    assert bytes(stored.content) == shipped_card()
    assert run.inputs == {"equity_ratio": "0.40", "sector": "retail", "days_late_12m": None}


async def test_a_score_keeps_where_each_figure_came_from_until_it_is_erased(database: Database) -> None:
    async with database.transaction() as tx:
        await install_shipped_card(tx, approved_by="user:ben", at=AT)
        score = (await approved_card(tx.sql)).score(INPUTS)
        sources = {"sector": ("document 1", AT.date())}
        run_id = await record_run(tx, uuid4(), score, INPUTS, AT, uuid4(), sources)
        told = "SELECT inputs, sources FROM scoring.run_view WHERE id = $1"
        row = await tx.sql.fetchrow(told, run_id)
        assert row is not None
        assert orjson.loads(row["sources"]) == {
            "sector": {"source": "document 1", "observedOn": "2026-11-23"}
        }
        plain = orjson.loads(row["inputs"])
        assert canonical_inputs(plain) == canonical_inputs(INPUTS)
        assert inputs_hash(plain) == hashlib.sha256(canonical_inputs(INPUTS)).hexdigest()
        entry_id = await tx.sql.fetchval("SELECT entry_id FROM scoring.run WHERE id = $1", run_id)
        await erase_runs(tx, entries=[entry_id])
        erased = await tx.sql.fetchrow(told, run_id)
    assert erased is not None
    assert (erased["inputs"], erased["sources"]) == ("{}", None)
