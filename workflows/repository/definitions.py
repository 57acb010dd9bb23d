"""SQL of deployed processes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from workflows.repository.rows import Connection, DefinitionRow, definition_row

_DEFINITION_COLUMNS = "id, key, version, hash, process_id, sources, forms"


async def definition(sql: Connection, definition_id: UUID) -> DefinitionRow | None:
    """Read one version of a process."""
    row = await sql.fetchrow(
        f"SELECT {_DEFINITION_COLUMNS} FROM workflows.definition WHERE id = $1",  # noqa: S608 - constant columns
        definition_id,
    )
    return definition_row(row) if row else None


async def latest_definition(sql: Connection, key: str) -> DefinitionRow | None:
    """Read the newest version of a process."""
    row = await sql.fetchrow(
        f"SELECT {_DEFINITION_COLUMNS} FROM workflows.definition"  # noqa: S608 - constant columns
        " WHERE key = $1 ORDER BY version DESC LIMIT 1",
        key,
    )
    return definition_row(row) if row else None


async def latest_definition_id(sql: Connection, key: str) -> UUID | None:
    """Return the id of the newest version of a process, without its sources."""
    found: UUID | None = await sql.fetchval(
        "SELECT id FROM workflows.definition WHERE key = $1 ORDER BY version DESC LIMIT 1", key
    )
    return found


async def lock_definitions(sql: Connection, key: str) -> None:
    """Let one deployment of a process at a time choose the next version."""
    await sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('workflows.definition:' || $1, 0))", key)


async def insert_definition(
    sql: Connection, row: DefinitionRow, *, name: str, deployed_by: str, at: datetime
) -> None:
    """Store a version and retire the ones before it; running cases stay on theirs."""
    await sql.execute("UPDATE workflows.definition SET state = 'retired' WHERE key = $1", row.key)
    await sql.execute(
        """
        INSERT INTO workflows.definition
            (id, key, version, hash, name, process_id, sources, forms, state, deployed_by, deployed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, 'deployed', $9, $10)
        """,
        row.id,
        row.key,
        row.version,
        row.hash,
        name,
        row.process_id,
        orjson.dumps(row.sources).decode(),
        orjson.dumps(row.forms).decode(),
        deployed_by,
        at,
    )
