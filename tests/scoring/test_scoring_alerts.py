"""An alert stands until a person has said whether it was true; false ones are counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from scoring import erase_runs
from scoring.models import AlertRecord
from scoring.monitoring import Alert, Measure, acknowledge, misjudgements, raise_alerts

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DRIFT = Measure(
    "drift", "human_task", UUID(int=7), "EUR", Decimal("9.0000"), Decimal(7), None, "Nine days later."
)


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.sql.execute("TRUNCATE scoring.alert")


async def raised(
    database: Database, *measures: Measure, entry_id: UUID | None = None, at: datetime = AT
) -> list[Alert]:
    async with database.transaction() as tx:
        found = await raise_alerts(tx, measures, at=at, entry_id=entry_id or uuid4())
    return [alert for _, alert in found]


async def judged(database: Database, alert: Alert, verdict: str, by: str = "user:ana") -> Alert:
    async with database.transaction() as tx:
        return await acknowledge(tx, alert.id, verdict=verdict, note="", by=by, at=AT, entry_id=uuid4())


async def test_a_standing_alert_is_not_raised_again_and_a_judged_one_is(database: Database) -> None:
    entry = uuid4()
    (first,) = await raised(database, DRIFT, entry_id=entry)
    assert await raised(database, DRIFT, entry_id=entry) == [first]
    assert await raised(database, DRIFT) == [first]
    (other,) = await raised(database, replace(DRIFT, subject=UUID(int=8)))
    (rule,) = await raised(database, replace(DRIFT, rule="dilution"))
    assert len({first.id, other.id, rule.id}) == 3
    await judged(database, first, "true")
    assert await raised(database, DRIFT, entry_id=entry) == [replace(first, verdict="true")]
    (again,) = await raised(database, DRIFT)
    assert again.id != first.id


async def test_what_was_called_false_is_not_said_again_for_a_month(database: Database) -> None:
    (first,) = await raised(database, DRIFT)
    await judged(database, first, "false")
    assert await raised(database, DRIFT, at=AT + timedelta(days=29)) == []
    assert len(await raised(database, replace(DRIFT, rule="dilution"))) == 1
    (later,) = await raised(database, DRIFT, at=AT + timedelta(days=31))
    assert later.id != first.id


async def test_false_alerts_are_the_rule_s_misjudgements(database: Database) -> None:
    for number, verdict in enumerate(("true", "false", "true", None)):
        (alert,) = await raised(database, replace(DRIFT, subject=UUID(int=number)))
        if verdict:
            await judged(database, alert, verdict)
    async with database.reading() as connection:
        (found,) = await misjudgements(connection, since=AT)
        assert await misjudgements(connection, since=AT + timedelta(seconds=1)) == []
    assert (found.rule, found.raised) == ("drift", 4)
    assert (found.false.hits, found.false.cases) == (1, 3)


async def test_a_verdict_is_given_once(database: Database) -> None:
    (alert,) = await raised(database, DRIFT)
    assert await judged(database, alert, "false") == await judged(database, alert, "false")
    for verdict, by in (("true", "user:ana"), ("false", "user:ben")):
        with pytest.raises(Conflict) as conflict:
            await judged(database, alert, verdict, by)
        assert conflict.value.code == "scoring.alert_judged"


async def test_wrong_verdicts_are_refused(database: Database) -> None:
    (alert,) = await raised(database, DRIFT)
    for one, verdict, by, kind, code in (
        (alert, "perhaps", "user:ana", InvalidInput, "scoring.verdict_invalid"),
        (alert, "true", " ", InvalidInput, "scoring.person_missing"),
        (replace(alert, id=uuid4()), "true", "user:ana", NotFound, "scoring.alert_unknown"),
    ):
        with pytest.raises(kind) as refused:
            await judged(database, one, verdict, by)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scoring.alert SET verdict = 'true'",
        "UPDATE scoring.alert SET kind = 'shout'",
        "UPDATE scoring.alert SET verdict = 'maybe', judged_by = 'a', judged_at=now(), judged_entry_id=id",
    ],
)
async def test_the_database_itself_holds_what_an_alert_is(database: Database, statement: str) -> None:
    await raised(database, DRIFT)
    async with database.reading() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(statement)


async def test_models_and_migration_describe_the_same_table(database: Database) -> None:
    (alert,) = await raised(database, DRIFT)
    async with database.transaction() as tx:
        stored = await AlertRecord.get(id=alert.id).using_db(tx.orm)
        shown = await tx.sql.fetchrow("SELECT * FROM scoring.alert_view")
    assert (stored.rule, stored.value, stored.message) == ("drift", Decimal("9.0000"), "Nine days later.")
    assert shown["party_id"] == DRIFT.subject


async def test_erasing_a_company_takes_the_words_of_its_warnings_and_leaves_the_verdicts(
    database: Database,
) -> None:
    entry = uuid4()
    (ours,) = await raised(database, DRIFT)
    await judged(database, ours, "false")
    (other,) = await raised(database, replace(DRIFT, subject=UUID(int=8)), entry_id=entry)
    (third,) = await raised(database, replace(DRIFT, subject=UUID(int=9)))
    async with database.transaction() as tx:
        await erase_runs(tx, entries=[entry], party_id=DRIFT.subject)
        rows = await tx.sql.fetch("SELECT id, message, note, verdict FROM scoring.alert")
    assert {row["id"]: (row["message"], row["note"], row["verdict"]) for row in rows} == {
        ours.id: ("", None, "false"),
        other.id: ("", None, None),
        third.id: (DRIFT.message, None, None),
    }
