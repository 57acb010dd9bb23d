"""Sessions: login, the token that proves it, and logout.

A token is 256 random bits. The browser keeps it in an HttpOnly, SameSite=Strict cookie, programs send it as a
bearer token; the database holds its SHA-256 only.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from core import Database, Forbidden
from scf_api.accounts import MAXIMUM_PASSWORD, password_matches
from scf_api.roles import Viewer

COOKIE = "scf_session"

# After this many failures in a row a subject waits; the wait doubles with each further failure.
_FREE_FAILURES = {"account": 5, "address": 20}
_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=15)
# Failures older than this no longer count.
_FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Login:
    """A fresh session: its token is shown once and never stored."""

    viewer: Viewer
    token: str
    expires_at: datetime


async def log_in(
    database: Database, *, name: str, password: str, address: str, now: datetime, lasts: timedelta
) -> Login:
    """Open a session for the account `name`.

    Raises:
        Forbidden: what `authenticate` raises.
    """
    viewer = await authenticate(database, name=name, password=password, address=address, now=now)
    token = secrets.token_urlsafe(32)
    expires_at = now + lasts
    async with database.transaction() as tx:
        await tx.sql.execute("DELETE FROM api.session WHERE expires_at <= $1", now)
        await tx.sql.execute(
            "INSERT INTO api.session (token_hash, account_id, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4)",
            _hash(token),
            viewer.account_id,
            now,
            expires_at,
        )
    return Login(viewer, token, expires_at)


async def authenticate(
    database: Database, *, name: str, password: str, address: str, now: datetime
) -> Viewer:
    """Return the person of the account `name`, whose password this is.

    Raises:
        Forbidden: `auth.wrong` for an unknown name, a wrong password and a disabled account alike, or
            `auth.throttled` after too many failures of this account or from this address.
    """
    login = name.strip().lower()[:80]
    subjects = (f"account:{login}", f"address:{address[:64]}")
    async with database.transaction() as tx:
        throttled = await _count_attempt(tx.sql, subjects, now)
        account = await tx.sql.fetchrow(
            "SELECT id, name, password_hash, roles, party_id, disabled FROM api.account WHERE name = $1",
            login,
        )
    if throttled:
        raise throttled
    matches = len(password) <= MAXIMUM_PASSWORD and await password_matches(
        account["password_hash"] if account else None, password
    )
    if account is None or not matches or account["disabled"]:
        raise Forbidden(
            "auth.wrong",
            "The name or the password is wrong.",
            hint="Check both; an administrator can set a new password.",
        )
    async with database.transaction() as tx:
        await _forgive_attempt(tx.sql, subjects)
    return _viewer(account)


async def log_out(database: Database, token: str) -> None:
    """End the session of a token; an unknown token ends nothing."""
    async with database.transaction() as tx:
        await tx.sql.execute("DELETE FROM api.session WHERE token_hash = $1", _hash(token))


async def viewer_of(database: Database, token: str, now: datetime) -> Viewer | None:
    """Return who holds the token, or None when it is unknown, expired, or its account is disabled.

    The account is read each time, so that a change of its roles counts at once.
    """
    async with database.reading() as sql:
        account = await sql.fetchrow(
            """
            SELECT account.id, account.name, account.roles, account.party_id
            FROM api.session JOIN api.account ON account.id = session.account_id
            WHERE session.token_hash = $1 AND session.expires_at > $2 AND NOT account.disabled
            """,
            _hash(token),
            now,
        )
    return _viewer(account) if account else None


async def _count_attempt(
    sql: asyncpg.Connection[asyncpg.Record], subjects: tuple[str, ...], now: datetime
) -> Forbidden | None:
    """Count an attempt as failed before it is tried, so that guesses sent all at once are throttled too.

    Returns the refusal when a subject has to wait; a refused attempt is not counted, so that waiting ends.
    """
    for subject in sorted(subjects):
        await sql.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", subject)
    rows = await sql.fetch(
        "SELECT subject, failures, last_at FROM api.login_failure WHERE subject = ANY($1)", list(subjects)
    )
    until = max((row["last_at"] + _wait_after(row["subject"], row["failures"]) for row in rows), default=now)
    if until > now:
        seconds = max(1, round((until - now).total_seconds()))
        return Forbidden("auth.throttled", "Too many logins failed.", hint=f"Try again in {seconds} seconds.")
    for subject in subjects:
        await sql.execute(
            """
            INSERT INTO api.login_failure AS failure (subject, failures, last_at) VALUES ($1, 1, $2)
            ON CONFLICT (subject) DO UPDATE
            SET failures = CASE WHEN failure.last_at < $3 THEN 1 ELSE failure.failures + 1 END, last_at = $2
            """,
            subject,
            now,
            now - _FORGET_AFTER,
        )
    return None


async def _forgive_attempt(sql: asyncpg.Connection[asyncpg.Record], subjects: tuple[str, str]) -> None:
    account, address = subjects
    await sql.execute("DELETE FROM api.login_failure WHERE subject = $1", account)
    await sql.execute(
        "UPDATE api.login_failure SET failures = greatest(failures - 1, 0) WHERE subject = $1", address
    )


def _wait_after(subject: str, failures: int) -> timedelta:
    beyond = failures - _FREE_FAILURES[subject.partition(":")[0]]
    if beyond < 0:
        return timedelta(0)
    return min(_FIRST_WAIT * (1 << min(beyond, 16)), _LONGEST_WAIT)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _viewer(account: asyncpg.Record) -> Viewer:
    return Viewer(account["id"], account["name"], frozenset(account["roles"]), account["party_id"])
