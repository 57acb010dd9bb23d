"""What a caller is told when something goes wrong.

An `ScfError` is told as it is: code, message, where, hint. A GraphQL error (a document that does not parse or
validate, a variable of the wrong type) is the caller's own and told too. Everything else is masked behind a
reference that the log repeats, because its text may hold what the caller must not see.
"""

from __future__ import annotations

import logging
from typing import Any

import asyncpg
from graphql import GraphQLError, GraphQLFormattedError

from core import Broken, InvalidInput, ScfError, Unavailable, random_id
from core.database import is_lost_database

logger = logging.getLogger("scf_api")

# What PostgreSQL answers to U+0000. Nothing else can be wrong with a text that came as valid UTF-8.
_NUL = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


def error_extensions(error: ScfError) -> dict[str, Any]:
    """Return the `extensions` of an error that is told as it is."""
    told = {"code": error.code, "where": error.where, "hint": error.hint}
    return {key: value for key, value in told.items() if value is not None}


def format_error(error: GraphQLError) -> GraphQLFormattedError:
    """Return the GraphQL response's form of an error, with a code in its extensions."""
    cause = _cause(error)
    formatted = error.formatted
    if cause is None:
        formatted["extensions"] = {"code": "graphql.invalid", **(error.extensions or {})}
        return formatted
    told = to_tell(cause)
    formatted["message"] = told.message
    formatted["extensions"] = error_extensions(told)
    return formatted


def to_tell(cause: BaseException) -> ScfError:
    """Return what the caller is told of an error, and log what an operator must know of it."""
    if isinstance(cause, ScfError):
        if isinstance(cause, Broken):
            logger.error("%s", cause, exc_info=cause)
        return cause
    if is_lost_database(cause):
        logger.warning("the database does not answer: %s", type(cause).__name__)
        return Unavailable(
            "database.unreachable", "The database does not answer now.", hint="Try again in a moment."
        )
    if isinstance(cause, _NUL):
        return InvalidInput(
            "request.text_invalid",
            "A text holds the character U+0000, which no text of the platform does.",
            hint="Leave it out.",
        )
    return _masked(cause)


def _masked(cause: BaseException) -> ScfError:
    """Log an unexpected error under a new reference and return what the caller is told instead.

    The log holds the place of the error, not its text: a database's message can quote values of the request.
    """
    reference = str(random_id())
    silent = Exception(type(cause).__name__).with_traceback(cause.__traceback__)
    logger.error("unexpected %s, reference %s", type(cause).__name__, reference, exc_info=silent)
    return Broken(
        "internal.unexpected",
        "Something went wrong inside the platform.",
        where=reference,
        hint="Give this reference to whoever operates the platform; the log tells more.",
    )


def _cause(error: GraphQLError) -> BaseException | None:
    """Return what a resolver raised, or None when the error is GraphQL's own."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause
