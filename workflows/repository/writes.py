"""What one burst writes, sent to the database as one statement."""

from __future__ import annotations

import re
from functools import lru_cache

from workflows.repository.rows import Connection

_PARAMETER = re.compile(r"\$(\d+)")


class Writes:
    """Collects statements that write different rows, and sends them together.

    The way to the database and back costs more than most of these statements do. All of them see the tables
    as they were before, so that none may count on what another one writes.
    """

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._values: list[object] = []

    def add(self, statement: str, *values: object) -> None:
        """Add a statement with the values of its parameters `$1`, `$2` and so on."""
        self._statements.append(_renumbered(statement, len(self._values)))
        self._values += values

    async def send(self, sql: Connection) -> None:
        """Carry out all statements, or none if one of them fails."""
        if not self._statements:
            return
        parts = ", ".join(f"part{number} AS ({each})" for number, each in enumerate(self._statements))
        await sql.execute(f"WITH {parts} SELECT", *self._values)


@lru_cache(maxsize=1024)
def _renumbered(statement: str, before: int) -> str:
    return _PARAMETER.sub(lambda parameter: f"${int(parameter[1]) + before}", statement)
