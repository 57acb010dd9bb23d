"""Commands as their submitter sees them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import orjson
import strawberry

from core import ScfError
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.schema.cases import Case
from scf_api.schema.describe import enum, output, resolved
from scf_api.schema.relay import Node, global_id, one


@enum
class CommandState(Enum):
    """How far a command has come."""

    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"


@output
class UserError:
    """Why a command was not done: a stable code, the field, and what to do."""

    code: str
    field: str | None
    message: str
    hint: str | None

    @classmethod
    def of(cls, error: ScfError) -> UserError:
        """Tell an error of the platform."""
        return cls(code=error.code, field=error.where, message=error.message, hint=error.hint)

    @classmethod
    def from_outcome(cls, error: Mapping[str, Any]) -> UserError:
        """Tell the error that a command's outcome recorded."""
        return cls(
            code=error["code"], field=error.get("where"), message=error["message"], hint=error.get("hint")
        )


@output
class Command(Node):
    """What was asked for. While it is ACCEPTED it is certain to be decided; ask again."""

    kind: str
    state: CommandState
    user_errors: list[UserError]
    created_at: datetime
    decided_at: datetime | None
    case_key: strawberry.Private[object]

    @classmethod
    def from_row(cls, row: Row) -> Command:
        """Build it from a row of `workflows.command_view`."""
        outcome = orjson.loads(row["outcome"]) if row["outcome"] else {}
        error = outcome.get("error")
        return cls(
            id=global_id("Command", row["id"]),
            kind=row["kind"],
            state=CommandState(row["state"]),
            user_errors=[UserError.from_outcome(error)] if error else [],
            created_at=row["created_at"],
            decided_at=row["decided_at"],
            case_key=row["case_id"],
        )

    @resolved
    async def case(self, info: Info) -> Case | None:
        """The case that it is for."""
        return await one(info, views.CASE, self.case_key, Case.from_row)
