"""One PostgreSQL database for all rooms: a pool, transactions, reads and migrations.

Tortoise-ORM holds models, migrations and writes; hot reads and hot writes are asyncpg queries in the rooms'
`repository.py` modules. Both run on the same pool, and inside a transaction on the same connection.

Tortoise takes a second to import, so it is imported where a database is opened: the scorer and the auditor's
tools import `core` without ever opening one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from core.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from tortoise.backends.asyncpg.client import AsyncpgDBClient
    from tortoise.backends.base.client import BaseDBAsyncClient

# A connection may be dead and look alive: a firewall forgot it, or the machine at its other end is gone. So
# each statement of a service has its time (seconds), and so has the making of a connection.
_CONNECT_SECONDS = 10.0
_STATEMENT_SECONDS = 30.0
_SESSION_STATEMENT_SECONDS = 15.0
# The server looks after its end, too: what the session of a lost client has locked, nobody else can take.
_SERVER_SETTINGS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "30s",
}
# The advisory lock under which migrations run, so that processes that start together migrate once.
_MIGRATION_LOCK = 0x5CF0001
# A session says something at least this often, or the server ends it.
_SESSION_SILENCE = "30s"
_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
# What statements meet when the server goes away under them. asyncpg's InternalClientError is one of them: its
# protocol is in no known state when a connection ends in the middle of an answer.
LOST_DATABASE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


@dataclass(slots=True)
class _Savepoints:
    """How many savepoints of a transaction are open, and the number of one that is over but not released."""

    open: int = 0
    over: int | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction: `sql` is its asyncpg connection, `orm` goes into Tortoise's `using_db=`.

    `touched` holds names of what was written, so that a later part need not ask the database whether it was.
    """

    sql: asyncpg.Connection[asyncpg.Record]
    orm: BaseDBAsyncClient
    touched: set[str] = field(default_factory=set)
    _savepoints: _Savepoints = field(default_factory=_Savepoints)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what happens inside when it raises, and keep the transaction.

        One that is over is released with the statement of the next, or by the transaction's end: bursts have
        a savepoint for each job, and each way to the database costs.
        """
        marks = self._savepoints
        marks.open += 1
        name = f"s{marks.open}"
        release = f"RELEASE {name}; " if marks.over == marks.open else ""
        marks.over = None
        try:
            await self.sql.execute(f"{release}SAVEPOINT {name}")
            try:
                yield
            except BaseException:
                marks.over = None
                await self.sql.execute(f"ROLLBACK TO {name}; RELEASE {name}")
                raise
            marks.over = marks.open
        finally:
            marks.open -= 1


@dataclass(frozen=True, slots=True)
class Room:
    """A room with tables: its name is its Tortoise app label and its PostgreSQL schema."""

    name: str
    models: str
    migrations: str


class Database:
    """The pool of one process. Open it once; close it when the process ends."""

    def __init__(self, url: str, client: AsyncpgDBClient) -> None:
        self.url = url
        self._client = client

    @classmethod
    async def open(cls, url: str, rooms: Sequence[Room], *, pool_size: int = 4) -> Database:
        """Connect the rooms' models to the database at `url` (`postgresql://user:password@host:port/name`).

        Raises:
            InvalidInput: `database.url_invalid`.
            Unavailable: `database.unreachable` when no server answers there, `database.refused` when it lets
                nobody in under this name, with this password, or to this database.
        """
        from tortoise import Tortoise

        config = _config(url, rooms, pool_size, _STATEMENT_SECONDS)
        probe = await _connect(url)
        await probe.close()
        await Tortoise.init(config=config, use_tz=True, _enable_global_fallback=True)
        return cls(url, cast("AsyncpgDBClient", Tortoise.get_connection("default")))

    async def close(self) -> None:
        """Close every connection of this process."""
        from tortoise import Tortoise

        await Tortoise.close_connections()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit what happens inside as one, or nothing of it."""
        from tortoise.backends.asyncpg.client import TransactionWrapper

        # Tortoise's own `in_transaction` keeps the connection of a transaction that could not begin: the pool
        # never gets it back, and all later transactions of the task would be parts of the one that is dead.
        async with self.reading() as sql, sql.transaction():
            orm = TransactionWrapper(self._client)
            orm._connection = sql
            yield Transaction(sql=sql, orm=orm)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """Lend a connection for reads outside a transaction."""
        async with self._client.acquire_connection() as connection:
            yield connection


async def connect_session(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """Open a connection of its own, for one that listens or holds session locks.

    The server ends it after half a minute without a statement, so that the locks of a client that is gone
    without a word come free; whoever keeps it must use it more often, and learns by that when it is dead.

    Raises:
        OSError, TimeoutError, asyncpg.PostgresError: no connection can be made now.
    """
    return await asyncpg.connect(
        url,
        timeout=_CONNECT_SECONDS,
        command_timeout=_SESSION_STATEMENT_SECONDS,
        server_settings={**_SERVER_SETTINGS, "idle_session_timeout": _SESSION_SILENCE},
    )


async def migrate(url: str, rooms: Sequence[Room]) -> None:
    """Bring every room's tables to this release. Safe to call from several processes at once.

    Raises:
        InvalidInput, Unavailable: what `Database.open` raises.
    """
    from tortoise import Tortoise
    from tortoise.migrations.api import migrate as run_migrations

    config = _config(url, rooms, 1, None)  # a migration takes as long as it takes
    lock = await _connect(url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        await run_migrations(config=config)
    finally:
        await Tortoise.close_connections()
        await lock.close()


def is_lost_database(error: BaseException) -> bool:
    """Tell whether the database server went away; a statement that is wrong is another matter."""
    from tortoise.exceptions import BaseORMException

    if isinstance(error, BaseORMException) and error.__cause__ is not None:
        return is_lost_database(error.__cause__)
    return isinstance(error, LOST_DATABASE) and not isinstance(error, asyncpg.DataError)


async def _connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    try:
        return await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
    except _REFUSED as error:
        raise Unavailable(
            "database.refused",
            f"PostgreSQL lets nobody in there: {error}.",
            where=_without_password(url),
            hint="Check user, password and database name in the URL.",
        ) from error
    except (*LOST_DATABASE, TimeoutError) as error:
        raise Unavailable(
            "database.unreachable",
            f"PostgreSQL does not answer: {error}.",
            where=_without_password(url),
            hint="Start it, or leave out --database to use the embedded server.",
        ) from error


async def _keep_session(connection: Any) -> None:
    """Leave a returned connection as it is: the platform sets nothing outside transactions."""


def _config(
    url: str, rooms: Sequence[Room], pool_size: int, statement_seconds: float | None
) -> dict[str, Any]:
    wrong = InvalidInput(
        "database.url_invalid",
        "The database must be a PostgreSQL URL.",
        hint="Give postgresql://user:password@host:port/name.",
    )
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:  # told without the URL: where its password stands is what cannot be read
        raise wrong from None
    if parts.scheme not in ("postgres", "postgresql"):
        wrong.where = _without_password(url)
        raise wrong
    query = parse_qs(parts.query)
    return {
        "connections": {
            "default": {
                "engine": "tortoise.backends.asyncpg",
                "credentials": {
                    "host": query["host"][0] if "host" in query else (parts.hostname or "127.0.0.1"),
                    "port": port,
                    "user": unquote(parts.username or "postgres"),
                    "password": unquote(parts.password or ""),
                    "database": unquote(parts.path.lstrip("/") or "postgres"),
                    "minsize": 1,
                    "maxsize": pool_size,
                    "reset": _keep_session,
                    "timeout": _CONNECT_SECONDS,
                    "command_timeout": statement_seconds,
                    "server_settings": _SERVER_SETTINGS,
                },
            }
        },
        "apps": {
            room.name: {
                "models": [room.models],
                "migrations": room.migrations,
                "default_connection": "default",
            }
            for room in rooms
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":…@", 1)
