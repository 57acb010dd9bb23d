"""Which failures pass by themselves: those are tried again; all others are told to a person."""

from __future__ import annotations

import asyncpg
from tortoise.exceptions import BaseORMException

_TRANSIENT = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
)


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed when it is done again a moment later."""
    if isinstance(error, BaseORMException) and error.__cause__ is not None:
        return is_transient(error.__cause__)
    return isinstance(error, _TRANSIENT)
