"""Which failures pass by themselves: those are tried again; all others are told to a person."""

from __future__ import annotations

import asyncpg
from tortoise.exceptions import BaseORMException

from core.database import is_lost_database
from ledger import Backlogged
from scoring.service import ServiceUnavailable

_PASSING = (
    Backlogged,
    ServiceUnavailable,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    TimeoutError,
)


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed when it is done again a moment later."""
    if isinstance(error, BaseORMException) and error.__cause__ is not None:
        return is_transient(error.__cause__)
    return isinstance(error, _PASSING) or is_lost_database(error)
