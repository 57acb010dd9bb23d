"""The database: one transaction for everything, savepoints within it, and typed errors around it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import asyncpg
import pytest

import ledger
from core import Database, InvalidInput, Room, Transaction, Unavailable
from core.database import is_lost_database, migrate

NewDatabase = Callable[[Sequence[Room]], Awaitable[str]]


@pytest.fixture(scope="module")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    opened = await Database.open(await new_database([]), [ledger.ROOM])
    async with opened.transaction() as tx:
        await tx.sql.execute("CREATE TABLE kept (number int)")
    yield opened
    await opened.close()


async def kept(database: Database) -> list[int]:
    async with database.reading() as sql:
        return [row["number"] for row in await sql.fetch("SELECT number FROM kept ORDER BY number")]


async def test_a_transaction_that_raises_leaves_nothing_behind(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.transaction() as tx:
            await tx.sql.execute("INSERT INTO kept VALUES (1)")
            raise LookupError

    with pytest.raises(LookupError):
        await write_and_fail()
    assert await kept(database) == []


async def test_a_savepoint_undoes_its_own_part_in_both_ways_of_writing(database: Database) -> None:
    async def write_and_fail(tx: Transaction) -> None:
        async with tx.savepoint():
            await tx.orm.execute_query("INSERT INTO kept VALUES (3)")
            await tx.sql.execute("SELECT 1 / 0")

    async with database.transaction() as tx:
        await tx.sql.execute("INSERT INTO kept VALUES (2)")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await write_and_fail(tx)
        await tx.orm.execute_query("INSERT INTO kept VALUES (4)")
    assert await kept(database) == [2, 4]


async def test_processes_that_start_together_migrate_once(new_database: NewDatabase) -> None:
    url = await new_database([])
    script = (
        "import asyncio, ledger; from core.database import migrate;"
        f" asyncio.run(migrate({url!r}, [ledger.ROOM]))"
    )
    started = [await asyncio.create_subprocess_exec(sys.executable, "-c", script) for _ in range(3)]
    assert [await process.wait() for process in started] == [0, 0, 0]
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM ledger.entry_view") == 0
    finally:
        await connection.close()


async def test_a_server_that_is_not_there_is_a_typed_error_without_the_password() -> None:
    url = "postgresql://scf:secret@127.0.0.1:1/scf"
    with pytest.raises(Unavailable) as caught:
        await migrate(url, [ledger.ROOM])
    assert caught.value.code == "database.unreachable"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["sqlite://file", "", "file", "postgresql://u:secret@h:99999/x", "postgresql://u:secret@[/x"]
)
async def test_what_is_no_url_of_postgresql_is_refused(url: str) -> None:
    for opening in (migrate(url, [ledger.ROOM]), Database.open(url, [ledger.ROOM])):
        with pytest.raises(InvalidInput) as caught:
            await opening
        assert caught.value.code == "database.url_invalid"
        assert "secret" not in str(caught.value)


async def test_a_server_that_lets_nobody_in_is_a_typed_error(postgres_url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await migrate(postgres_url.replace("/postgres?", "/no_such_database?"), [ledger.ROOM])
    assert caught.value.code == "database.refused"
    with pytest.raises(Unavailable) as caught:
        await Database.open(postgres_url.replace("/postgres?", "/no_such_database?"), [ledger.ROOM])
    assert caught.value.code == "database.refused"


def test_a_lost_server_is_told_from_a_wrong_statement() -> None:
    assert is_lost_database(ConnectionResetError())
    assert is_lost_database(asyncpg.AdminShutdownError())
    assert is_lost_database(asyncpg.InternalClientError())
    assert not is_lost_database(asyncpg.UniqueViolationError())
    assert not is_lost_database(asyncpg.InvalidTextRepresentationError())
