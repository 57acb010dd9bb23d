"""Lists of tasks: what waits for whom, and in which order."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from scf_api import views
from scf_api.context import Info
from scf_api.repository import Filter, equals
from scf_api.schema.cases import Task
from scf_api.schema.describe import argument, enum, output, resolved
from scf_api.schema.relay import After, Connection, First, key_of, listed, one
from scf_api.views import View

_CANDIDATE = "(candidate_groups && ? OR ? = ANY(candidate_users))"


@enum
class TaskOrder(Enum):
    """The order of a list of tasks."""

    LATEST = "latest"
    PRIORITY = "priority"
    DUE = "due"


_ORDERED: dict[TaskOrder, View] = {
    TaskOrder.LATEST: views.TASK,
    TaskOrder.PRIORITY: views.TASK_BY_PRIORITY,
    TaskOrder.DUE: views.TASK_BY_DUE,
}


@argument
class TaskFilter:
    """Which tasks are wanted; what is left out filters nothing."""

    pool: bool = strawberry.field(
        default=False, description="Only tasks that nobody has and that the caller may do."
    )
    held: bool = strawberry.field(default=False, description="Only tasks that the caller has.")
    overdue: bool | None = None
    due_before: datetime | None = strawberry.field(default=None, description="Business time.")
    priority_from: int | None = None
    hide_put_off: bool = strawberry.field(
        default=False, description="Leave out tasks whose follow-up date is yet to come."
    )
    case_id: strawberry.ID | None = None


@output
class TaskQueries:
    """What can be asked about tasks."""

    @resolved
    async def task(self, info: Info, id: strawberry.ID) -> Task | None:
        """Return a task."""
        return await one(info, views.TASK, key_of(id, "Task", "id"), Task.from_row)

    @resolved
    async def tasks(
        self,
        info: Info,
        state: str | None = None,
        mine: bool = False,
        filter: TaskFilter | None = None,
        order: TaskOrder = TaskOrder.LATEST,
        first: First = None,
        after: After = None,
    ) -> Connection[Task]:
        """Tasks, latest first unless told else; `mine` keeps those that the caller may do or has claimed."""
        filters = (*equals("state", state), *(_filters(info, filter) if filter else ()))
        if mine:
            person = info.context.person
            filters += (
                (f"({_CANDIDATE} OR assignee = ?)", (sorted(person.roles), person.name, person.name)),
            )
        return await listed(info, _ORDERED[order], Task.from_row, first, after, filters)


def _filters(info: Info, wanted: TaskFilter) -> tuple[Filter, ...]:
    person = info.context.person
    filters: list[Filter] = [
        *equals("overdue", wanted.overdue),
        *equals("case_id", key_of(wanted.case_id, "Case", "filter.caseId")),
    ]
    if wanted.pool:
        filters += [
            ("state = 'open' AND assignee IS NULL", ()),
            (_CANDIDATE, (sorted(person.roles), person.name)),
        ]
    if wanted.held:
        filters.append(("state IN ('open', 'claimed') AND assignee = ?", (person.name,)))
    if wanted.due_before is not None:
        filters.append(("due < ?", (wanted.due_before,)))
    if wanted.priority_from is not None:
        filters.append(("priority >= ?", (wanted.priority_from,)))
    if wanted.hide_put_off:
        filters.append(("NOT put_off", ()))
    return tuple(filters)
