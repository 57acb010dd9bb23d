"""SQL of deployed processes and of the tags of their versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from core import derived_id
from workflows.repository.rows import Connection, DefinitionRow, VersionRow, definition_row, version_row

_DEFINITION_COLUMNS = "id, key, version, hash, process_id, sources, forms, state, requested_by"


async def definition(sql: Connection, definition_id: UUID) -> DefinitionRow | None:
    """Read one version of a process."""
    row = await sql.fetchrow(
        f"SELECT {_DEFINITION_COLUMNS} FROM workflows.definition WHERE id = $1",  # noqa: S608 - constant columns
        definition_id,
    )
    return definition_row(row) if row else None


async def definition_with_hash(sql: Connection, key: str, content_hash: str) -> DefinitionRow | None:
    """Read the first version of a process that has this content."""
    row = await sql.fetchrow(
        f"SELECT {_DEFINITION_COLUMNS} FROM workflows.definition"  # noqa: S608 - constant columns
        " WHERE key = $1 AND hash = $2 ORDER BY version LIMIT 1",
        key,
        content_hash,
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


async def versions(sql: Connection, key: str) -> list[VersionRow]:
    """Return the versions of a process with their tags, oldest first, without their sources."""
    rows = await sql.fetch(
        """
        SELECT d.id, d.version, d.state, d.hash,
               ARRAY(SELECT t.tag::text FROM workflows.definition_tag t WHERE t.definition_id = d.id) AS tags
          FROM workflows.definition d WHERE d.key = $1 ORDER BY d.version
        """,
        key,
    )
    return [version_row(row) for row in rows]


async def deployed_keys(sql: Connection) -> frozenset[str]:
    """Return the keys of the processes of which cases can be started."""
    rows = await sql.fetch("SELECT DISTINCT key FROM workflows.definition WHERE state = 'deployed'")
    return frozenset(row["key"] for row in rows)


async def lock_definitions(sql: Connection, key: str) -> None:
    """Let one transaction at a time change what there is of a process: draft, versions and tags."""
    await sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('workflows.definition:' || $1, 0))", key)


async def lock_definition(sql: Connection, definition_id: UUID) -> DefinitionRow | None:
    """Read a version of a process, its key being locked until the transaction ends."""
    key = await sql.fetchval("SELECT key FROM workflows.definition WHERE id = $1", definition_id)
    if key is None:
        return None
    await lock_definitions(sql, key)
    return await definition(sql, definition_id)


async def insert_definition(
    sql: Connection,
    row: DefinitionRow,
    *,
    name: str,
    findings: Sequence[dict[str, Any]],
    deployed_by: str,
    at: datetime,
) -> None:
    """Store a version."""
    await sql.execute(
        """
        INSERT INTO workflows.definition
            (id, key, version, hash, name, process_id, sources, forms, state, findings, requested_by,
             deployed_by, deployed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9, $10::jsonb, $11, $12, $13)
        """,
        row.id,
        row.key,
        row.version,
        row.hash,
        name,
        row.process_id,
        orjson.dumps(row.sources).decode(),
        orjson.dumps(row.forms).decode(),
        row.state,
        orjson.dumps(findings).decode(),
        row.requested_by,
        deployed_by,
        at,
    )


async def retire_untagged(sql: Connection, key: str, *, before: int) -> None:
    """Retire the versions before this one that no tag names; running cases stay on theirs."""
    await sql.execute(
        """
        UPDATE workflows.definition d SET state = 'retired'
         WHERE d.key = $1 AND d.version < $2
           AND NOT EXISTS (SELECT FROM workflows.definition_tag t WHERE t.definition_id = d.id)
        """,
        key,
        before,
    )


async def set_definition_state(sql: Connection, definition_id: UUID, state: str) -> None:
    """Retire a version, or put it into service again."""
    await sql.execute("UPDATE workflows.definition SET state = $2 WHERE id = $1", definition_id, state)


async def set_tag(
    sql: Connection, key: str, tag: str, definition_id: UUID, *, set_by: str, at: datetime
) -> None:
    """Let a tag name this version, whichever it named before."""
    await sql.execute(
        """
        INSERT INTO workflows.definition_tag (id, key, tag, definition_id, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (key, tag) DO UPDATE
           SET definition_id = excluded.definition_id, set_by = excluded.set_by, set_at = excluded.set_at
        """,
        derived_id("definition tag", key, tag),
        key,
        tag,
        definition_id,
        set_by,
        at,
    )


async def next_definition_entry(sql: Connection, definition_id: UUID) -> int:
    """Count a ledger entry of a version, and return its number."""
    number: int = await sql.fetchval(
        "UPDATE workflows.definition SET entries = entries + 1 WHERE id = $1 RETURNING entries", definition_id
    )
    return number


async def take_over_entries(sql: Connection, definition_id: UUID, entries: int) -> None:
    """Let a version go on with the ledger entries of the draft that it was."""
    await sql.execute("UPDATE workflows.definition SET entries = $2 WHERE id = $1", definition_id, entries)
