"""The card is watched: what it scores is held beside what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from core.database import Database
from scoring import approved_card, install_shipped_card, record_run
from scoring.generator import generate_portfolio
from scoring.monitoring import CardWatch, watch_card

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Figures = Mapping[str, Decimal | str | None]


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.sql.execute("TRUNCATE scoring.run, scoring.card CASCADE")
        await install_shipped_card(tx, approved_by="user:ben", at=AT)


async def scored(database: Database, firms: list[Figures], at: datetime) -> None:
    async with database.transaction() as tx:
        card = await approved_card(tx.sql)
        for figures in firms:
            inputs = {name: figures.get(name) for name in card.features}
            await record_run(tx, uuid4(), card.score(inputs), inputs, at, uuid4())


async def watched(database: Database) -> CardWatch:
    async with database.reading() as connection:
        return await watch_card(connection, since=AT, upto=AT + DAY)


def firms(count: int, seed: int) -> list[Figures]:
    return [firm.figures for firm in generate_portfolio(count, seed)]


async def test_firms_like_those_of_training_do_not_alarm(database: Database) -> None:
    await scored(database, firms(400, 1), AT - DAY)
    await scored(database, firms(400, 2), AT)
    found = await watched(database)
    assert (found.scores, found.scores_before, found.synthetic) == (400, 400, True)
    assert found.features is not None
    assert found.grades is not None
    assert not found.grades.material
    assert not any(one.material for one in found.features.values())
    assert all(one.rows == 400 for one in found.features.values())


async def test_firms_that_pay_later_are_seen_in_that_feature_and_in_the_grades(database: Database) -> None:
    later = [
        {**figures, "days_late_12m": figures["days_late_12m"] + 15}  # type: ignore[operator]
        for figures in firms(600, 2)
        if figures["days_late_12m"] is not None
    ]
    await scored(database, firms(400, 1), AT - DAY)
    await scored(database, later, AT)
    found = await watched(database)
    assert found.features is not None
    assert found.grades is not None
    assert found.features["days_late_12m"].material
    assert found.grades.material
    assert max(found.features, key=lambda name: found.features[name].psi) == "days_late_12m"  # type: ignore[index]


async def test_under_a_hundred_scores_nothing_is_told(database: Database) -> None:
    await scored(database, firms(99, 2), AT)
    await scored(database, firms(5, 3), AT + DAY)
    found = await watched(database)
    assert (found.scores, found.features, found.grades) == (99, None, None)


async def test_scores_whose_inputs_were_erased_count_in_no_bin(database: Database) -> None:
    await scored(database, firms(150, 2), AT)
    async with database.transaction() as tx:
        await tx.sql.execute("UPDATE scoring.run SET inputs = '{}', inputs_hash = '', reasons = '[]'")
    found = await watched(database)
    assert (found.scores, found.features) == (150, {})
