"""The SQL of scoring."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]
    Record = asyncpg.Record


async def insert_card(
    connection: Connection,
    *,
    card_id: str,
    name: str,
    content: bytes,
    synthetic: bool,
    trained_by: str,
    at: datetime,
) -> None:
    """Store a card as registered; a card that is there already stays as it is."""
    await connection.execute(
        """
        INSERT INTO scoring.card (id, name, content, synthetic, state, trained_by, registered_at)
        VALUES ($1, $2, $3, $4, 'registered', $5, $6)
        ON CONFLICT (id) DO NOTHING
        """,
        card_id,
        name,
        content,
        synthetic,
        trained_by,
        at,
    )


async def lock_card(connection: Connection, card_id: str) -> Record | None:
    """Return state, trained_by and approved_by of a card, and lock all cards against a second approval."""
    await connection.execute("LOCK TABLE scoring.card IN SHARE ROW EXCLUSIVE MODE")
    return await connection.fetchrow(
        "SELECT state, trained_by, approved_by FROM scoring.card WHERE id = $1", card_id
    )


async def replace_approved(connection: Connection, card_id: str, *, approved_by: str, at: datetime) -> None:
    """Retire the approved card and approve this one."""
    await connection.execute(
        "UPDATE scoring.card SET state = 'retired', retired_at = $1 WHERE state = 'approved'", at
    )
    await connection.execute(
        "UPDATE scoring.card SET state = 'approved', approved_by = $2, approved_at = $3 WHERE id = $1",
        card_id,
        approved_by,
        at,
    )


async def approved_card_id(connection: Connection) -> str | None:
    """Return the id of the approved card, if there is one."""
    identifier: str | None = await connection.fetchval("SELECT id FROM scoring.card WHERE state = 'approved'")
    return identifier


async def card_content(connection: Connection, card_id: str) -> bytes | None:
    """Return a card's file."""
    content: bytes | None = await connection.fetchval(
        "SELECT content FROM scoring.card WHERE id = $1", card_id
    )
    return content


async def insert_run(connection: Connection, run: dict[str, Any]) -> bool:
    """Store a run unless its id is there already; tell whether it was stored."""
    inserted = await connection.fetchval(
        """
        INSERT INTO scoring.run
            (id, party_id, card_id, points, pd, grade, reasons, inputs, inputs_hash, at, entry_id, synthetic,
             sources)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO NOTHING
        RETURNING id
        """,
        run["id"],
        run["party_id"],
        run["card_id"],
        run["points"],
        run["pd"],
        run["grade"],
        run["reasons"],
        run["inputs"],
        run["inputs_hash"],
        run["at"],
        run["entry_id"],
        run["synthetic"],
        run["sources"],
    )
    return inserted is not None


async def run_identity(connection: Connection, run_id: UUID) -> tuple[str, str]:
    """Return the card and the inputs' hash of a run."""
    row = await connection.fetchrow("SELECT card_id, inputs_hash FROM scoring.run WHERE id = $1", run_id)
    if row is None:
        raise LookupError(run_id)
    return row["card_id"], row["inputs_hash"]


async def run_inputs(connection: Connection, run_id: UUID) -> Record | None:
    """Return party_id, at, inputs and inputs_hash of a run."""
    return await connection.fetchrow(
        "SELECT party_id, at, inputs, inputs_hash FROM scoring.run WHERE id = $1", run_id
    )


async def insert_challenger(
    connection: Connection,
    *,
    challenger_id: str,
    kind: str,
    name: str,
    content: bytes,
    trained_by: str,
    at: datetime,
) -> None:
    """Store a challenger; one that is there already stays as it is."""
    await connection.execute(
        """
        INSERT INTO scoring.challenger (id, kind, name, content, trained_by, registered_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO NOTHING
        """,
        challenger_id,
        kind,
        name,
        content,
        trained_by,
        at,
    )


async def lock_challenger(connection: Connection, challenger_id: str) -> Record | None:
    """Return trained_by, appointed_at and dismissed_at of a challenger, and lock it."""
    return await connection.fetchrow(
        "SELECT trained_by, appointed_at, dismissed_at FROM scoring.challenger WHERE id = $1 FOR UPDATE",
        challenger_id,
    )


async def appoint_challenger(connection: Connection, challenger_id: str, *, by: str, at: datetime) -> None:
    """Let a challenger score in shadow from now on."""
    await connection.execute(
        "UPDATE scoring.challenger SET appointed_by = $2, appointed_at = $3 WHERE id = $1",
        challenger_id,
        by,
        at,
    )


async def dismiss_challenger(connection: Connection, challenger_id: str, *, at: datetime) -> None:
    """Let a challenger score no longer."""
    await connection.execute(
        "UPDATE scoring.challenger SET dismissed_at = $2 WHERE id = $1", challenger_id, at
    )


async def challengers_in_office(connection: Connection) -> list[str]:
    """Return the ids of the challengers that score in shadow now."""
    rows = await connection.fetch(
        """
        SELECT id FROM scoring.challenger
        WHERE appointed_at IS NOT NULL AND dismissed_at IS NULL ORDER BY id
        """
    )
    return [row["id"] for row in rows]


async def challenger_file(connection: Connection, challenger_id: str) -> tuple[str, bytes]:
    """Return the kind and the file of a challenger that is registered."""
    row = await connection.fetchrow(
        "SELECT kind, content FROM scoring.challenger WHERE id = $1", challenger_id
    )
    if row is None:
        raise LookupError(challenger_id)
    return row["kind"], row["content"]


async def insert_shadow_score(connection: Connection, said: dict[str, Any]) -> None:
    """Store what a challenger said of a run, unless it said it already."""
    await connection.execute(
        """
        INSERT INTO scoring.shadow_score (id, run_id, challenger_id, pd, reasons, failure, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (run_id, challenger_id) DO NOTHING
        """,
        said["id"],
        said["run_id"],
        said["challenger_id"],
        said["pd"],
        said["reasons"],
        said["failure"],
        said["at"],
    )
