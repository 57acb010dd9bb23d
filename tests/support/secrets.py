"""Where a database holds a text: every column of every table, whatever its type."""

from __future__ import annotations

import base64

from core import Database

_COLUMNS = """
    SELECT format('%I.%I', n.nspname, c.relname) AS table, format('%I', a.attname) AS column,
           t.typname = 'bytea' AS bytes
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid
     WHERE c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""


async def places_of(database: Database, *secrets: str) -> set[str]:
    """Return `schema.table.column` of each column with a value that holds a secret, in any case of letters.

    Also as base64, in which a document travels inside a command.
    """
    found: set[str] = set()
    async with database.reading() as sql:
        for table, column, is_bytes in await sql.fetch(_COLUMNS):
            for secret in secrets:
                for form in (secret, *_base64(secret)):
                    test = (
                        f"position($1 in {column}) > 0"
                        if is_bytes
                        else f"position(lower(convert_from($1, 'UTF8')) in lower({column}::text)) > 0"
                    )
                    query = f"SELECT EXISTS (SELECT FROM {table} WHERE {test})"  # noqa: S608 - catalog names
                    if await sql.fetchval(query, form.encode()):
                        found.add(f"{table}.{column}")
    return found


def _base64(secret: str) -> list[str]:
    """Return what is the same in every base64 of a text that holds the secret, for its three alignments."""
    content = secret.encode()
    forms: list[str] = []
    for before in range(3):
        whole = base64.b64encode(bytes(before) + content).decode()
        forms.append(whole[-(-8 * before // 6) : 8 * (before + len(content)) // 6])
    return forms
