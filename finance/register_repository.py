"""The SQL of the blind register."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Row = asyncpg.Record

# A claim that counts: of an invoice that is in a request, or was bought and is not paid back.
_LIVE = """
    f.released_at IS NULL AND NOT EXISTS (
        SELECT FROM finance.asset a WHERE a.invoice_id = f.invoice_id AND a.state = 'SETTLED')
"""


class SelfRow(NamedTuple):
    """What this platform publishes. `file` is that of the list of the number `published`."""

    contact: str
    number: int
    claims: bytes
    published: int


class PlatformRow(NamedTuple):
    """Another platform, and the newest list that was taken in of it."""

    name: str
    log_key: str
    url: str | None
    token: str | None
    contact: str | None
    number: int
    size: int
    taken_in_at: datetime | None


class ElsewhereRow(NamedTuple):
    """That another platform claims a fingerprint."""

    platform: str
    contact: str
    since: date


async def keys(sql: Connection) -> dict[str, bytes]:
    """Return the consortium's keys by period."""
    rows = await sql.fetch("SELECT period, key FROM finance.register_key ORDER BY period")
    return {row["period"]: row["key"] for row in rows}


async def insert_key(sql: Connection, period: str, key: bytes) -> bytes:
    """Store the key of a period, and return the one that is there."""
    await sql.execute(
        "INSERT INTO finance.register_key (period, key) VALUES ($1, $2) ON CONFLICT DO NOTHING", period, key
    )
    stored: bytes = await sql.fetchval("SELECT key FROM finance.register_key WHERE period = $1", period)
    return stored


async def delete_key(sql: Connection, period: str) -> bool:
    """Delete the key of a period with all that it blinded; False when there is none."""
    return bool(
        await sql.fetchval("DELETE FROM finance.register_key WHERE period = $1 RETURNING true", period)
    )


async def identifiers(sql: Connection, party_id: UUID) -> list[str]:
    """Return the identifiers of a company, each `scheme:id`."""
    rows = await sql.fetch(
        "SELECT identifier FROM finance.party_identifier WHERE party_id = $1 ORDER BY identifier", party_id
    )
    return [row["identifier"] for row in rows]


async def live_claims(sql: Connection) -> list[Row]:
    """Return (id, invoice_id) of this platform's claims that count."""
    return await sql.fetch(f"SELECT f.id, f.invoice_id FROM finance.fingerprint f WHERE {_LIVE}")  # noqa: S608 - constant


async def claim_of(sql: Connection, invoice_id: UUID, request_id: UUID) -> UUID | None:
    """Return the claim of an invoice for a request."""
    found: UUID | None = await sql.fetchval(
        "SELECT id FROM finance.fingerprint"
        " WHERE invoice_id = $1 AND request_id = $2 AND released_at IS NULL",
        invoice_id,
        request_id,
    )
    return found


async def insert_own(sql: Connection, claim_id: UUID, blinds: Collection[tuple[str, str]]) -> None:
    """Store the blind fingerprints of a claim: (period, fingerprint)."""
    await sql.executemany(
        "INSERT INTO finance.register_own (claim_id, period, blind) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        [(claim_id, *blind) for blind in blinds],
    )


async def own_claims(sql: Connection) -> list[tuple[str, str, date]]:
    """Return what this platform claims now: period, fingerprint, and the day since when."""
    rows = await sql.fetch(
        f"""
        SELECT o.period, o.blind, min((f.claimed_at AT TIME ZONE 'UTC')::date) AS since
          FROM finance.register_own o JOIN finance.fingerprint f ON f.id = o.claim_id
         WHERE {_LIVE} GROUP BY o.period, o.blind
        """  # noqa: S608 - constant
    )
    return [(row["period"], row["blind"], row["since"]) for row in rows]


async def elsewhere(sql: Connection, blinds: Collection[tuple[str, str]]) -> list[ElsewhereRow]:
    """Return which other platforms claim one of the fingerprints, each once."""
    rows = await sql.fetch(
        """
        SELECT f.platform, coalesce(p.contact, '') AS contact, min(f.since) AS since
          FROM finance.register_foreign f JOIN finance.register_platform p ON p.name = f.platform
          JOIN unnest($1::text[], $2::text[]) AS blind (period, blind) USING (period, blind)
         GROUP BY f.platform, p.contact ORDER BY f.platform
        """,
        [period for period, _ in blinds],
        [blind for _, blind in blinds],
    )
    return [ElsewhereRow(*row.values()) for row in rows]


async def double_pledges(sql: Connection) -> list[Row]:
    """Return (invoice_id, platform, contact, since) of own claims that another platform has, too."""
    return await sql.fetch(
        f"""
        SELECT f.invoice_id, e.platform, coalesce(p.contact, '') AS contact, min(e.since) AS since
          FROM finance.register_own o
          JOIN finance.fingerprint f ON f.id = o.claim_id
          JOIN finance.register_foreign e USING (period, blind)
          JOIN finance.register_platform p ON p.name = e.platform
         WHERE {_LIVE} GROUP BY f.invoice_id, e.platform, p.contact ORDER BY f.invoice_id, e.platform
        """  # noqa: S608 - constant
    )


async def set_contact(sql: Connection, contact: str) -> None:
    """Store whom others are to ask; from then on this platform publishes."""
    await sql.execute(
        "INSERT INTO finance.register_self (id, contact) VALUES (1, $1)"
        " ON CONFLICT (id) DO UPDATE SET contact = excluded.contact",
        contact,
    )


async def lock_self(sql: Connection) -> SelfRow | None:
    """Return what this platform publishes, and keep others from it; None before it has a contact."""
    row = await sql.fetchrow(
        "SELECT contact, number, claims, published FROM finance.register_self WHERE id = 1 FOR UPDATE"
    )
    return SelfRow(*row.values()) if row else None


async def store_list(sql: Connection, number: int, claims: bytes) -> None:
    """Store the newest list, whose entry is on its way to the log."""
    await sql.execute("UPDATE finance.register_self SET number = $1, claims = $2", number, claims)


async def store_file(sql: Connection, number: int, file: bytes) -> None:
    """Store the file of a list whose entry is in the log."""
    await sql.execute("UPDATE finance.register_self SET published = $1, file = $2", number, file)


async def own_file(sql: Connection) -> bytes | None:
    """Return the newest file of this platform."""
    file: bytes | None = await sql.fetchval("SELECT file FROM finance.register_self")
    return file


async def may_fetch(sql: Connection, access_hash: str) -> bool:
    """Tell whether a platform has the token of this hash."""
    known: bool = await sql.fetchval(
        "SELECT EXISTS (SELECT FROM finance.register_platform WHERE access_hash = $1)", access_hash
    )
    return known


async def put_platform(
    sql: Connection, name: str, *, log_key: str, url: str | None, token: str | None, access_hash: str
) -> bool:
    """Store another platform; of one that is known only how it is fetched, and then return False."""
    return bool(
        await sql.fetchval(
            """
            INSERT INTO finance.register_platform (name, log_key, url, token, access_hash)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (name) DO UPDATE SET url = excluded.url, token = excluded.token
            RETURNING access_hash = $5
            """,
            name,
            log_key,
            url,
            token,
            access_hash,
        )
    )


async def delete_platform(sql: Connection, name: str) -> bool:
    """Delete another platform with what it claims; False when there is none of this name."""
    return bool(
        await sql.fetchval("DELETE FROM finance.register_platform WHERE name = $1 RETURNING true", name)
    )


async def platforms(sql: Connection) -> Sequence[PlatformRow]:
    """Return the other platforms, by name."""
    rows = await sql.fetch(
        "SELECT name, log_key, url, token, contact, number, size, taken_in_at"
        " FROM finance.register_platform ORDER BY name"
    )
    return [PlatformRow(*row.values()) for row in rows]


async def lock_platform(sql: Connection, log_key: str) -> PlatformRow | None:
    """Return the platform whose log has this key, and keep others from taking in a list of it."""
    row = await sql.fetchrow(
        "SELECT name, log_key, url, token, contact, number, size, taken_in_at"
        " FROM finance.register_platform WHERE log_key = $1 FOR UPDATE",
        log_key,
    )
    return PlatformRow(*row.values()) if row else None


async def replace_foreign(
    sql: Connection,
    name: str,
    *,
    number: int,
    size: int,
    contact: str,
    claims: Collection[tuple[str, str, date]],
    at: datetime,
) -> None:
    """Let a platform claim exactly this."""
    await sql.execute("DELETE FROM finance.register_foreign WHERE platform = $1", name)
    await sql.copy_records_to_table(
        "register_foreign",
        schema_name="finance",
        columns=["platform", "period", "blind", "since"],
        records=[(name, *claim) for claim in claims],
    )
    await sql.execute(
        "UPDATE finance.register_platform SET number = $2, size = $3, contact = $4, taken_in_at = $5"
        " WHERE name = $1",
        name,
        number,
        size,
        contact,
        at,
    )
