"""Savepoints: what happens inside one that raises is undone, and nothing else, however they nest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest
from conftest import NewDatabase

import ledger
from core.database import Database, Transaction


class Undo(Exception):
    """Raised to have the work of a savepoint undone."""


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    opened = await Database.open(await new_database([]), [ledger.ROOM])
    async with opened.transaction() as tx:
        await tx.sql.execute("CREATE TABLE note (number int)")
    yield opened
    await opened.close()


async def notes(database: Database) -> list[int]:
    async with database.reading() as sql:
        return [row["number"] for row in await sql.fetch("SELECT number FROM note ORDER BY number")]


async def wander(tx: Transaction, chance: Random, depth: int, kept: list[int], counter: list[int]) -> None:
    """Write, and open savepoints of which some are undone; `kept` is what is to be there at the end."""
    for _ in range(chance.randint(0, 4)):
        counter[0] += 1
        if depth == 4 or chance.random() < 0.4:
            await tx.sql.execute("INSERT INTO note VALUES ($1)", counter[0])
            kept.append(counter[0])
            continue
        inside: list[int] = []
        undone = chance.random() < 0.4
        try:
            async with tx.savepoint():
                await wander(tx, chance, depth + 1, inside, counter)
                if undone and chance.random() < 0.5:
                    await tx.sql.execute("SELECT 1 / 0")
                if undone:
                    raise Undo
        except (Undo, asyncpg.DivisionByZeroError):
            continue
        kept += inside


@pytest.mark.parametrize("seed", range(40))
async def test_only_what_raised_is_undone(database: Database, seed: int) -> None:
    kept: list[int] = []
    async with database.transaction() as tx:
        await tx.sql.execute("DELETE FROM note")
        await wander(tx, Random(seed), 0, kept, [0])
        await wander(tx, Random(seed + 1000), 0, kept, [1000])
    assert await notes(database) == sorted(kept)


async def test_an_error_that_ends_the_transaction_undoes_all(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.sql.execute("DELETE FROM note")
    with pytest.raises(Undo):
        await write_and_fail(database)
    assert await notes(database) == []


async def write_and_fail(database: Database) -> None:
    async with database.transaction() as tx:
        async with tx.savepoint():
            await tx.sql.execute("INSERT INTO note VALUES (1)")
        async with tx.savepoint():
            raise Undo


async def test_many_in_a_row_do_not_pile_up(database: Database) -> None:
    """PostgreSQL slows down when a transaction has more than 64 open ones."""
    async with database.transaction() as tx:
        for number in range(200):
            async with tx.savepoint():
                await tx.sql.execute("INSERT INTO note VALUES ($1)", number)
        with pytest.raises(asyncpg.PostgresError, match="s2"):
            await tx.sql.execute("RELEASE s2")
        await tx.sql.execute("ROLLBACK TO s1")
