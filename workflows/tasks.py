"""Who may do what with a user task. Checked inside the transaction that does it, under the case's lock."""

from __future__ import annotations

from core import Conflict, Forbidden
from workflows import repository
from workflows.actors import Actor
from workflows.repository import CaseRow, Connection, TaskRow

# The property by which the analyst says that tasks of one group need different persons.
FOUR_EYES = "fourEyes"
# What the platform adds to every answer: who gave it.
COMPLETED_BY = "completedBy"

_OPEN = frozenset({"open", "claimed"})


async def require_permission(sql: Connection, case: CaseRow, task: TaskRow, actor: Actor) -> None:
    """Refuse an actor who may not act on this task now.

    Raises:
        Conflict: `task.closed`, or `task.claimed` by somebody else.
        Forbidden: `task.not_yours` (role, party) or `task.four_eyes`.
    """
    if task.state not in _OPEN:
        raise Conflict("task.closed", f"The task {task.name!r} is {task.state}.", where=str(task.id))
    _require_candidate(case, task, actor)
    if task.assignee is not None and task.assignee != actor.name:
        raise Conflict(
            "task.claimed",
            f"{task.assignee} has the task {task.name!r}.",
            where=str(task.id),
            hint="Ask them to complete it.",
        )
    if task.four_eyes is not None:
        await _require_other_eyes(sql, case, task, task.four_eyes, actor)


def _require_candidate(case: CaseRow, task: TaskRow, actor: Actor) -> None:
    if actor.name in task.candidate_users:
        return
    for role in actor.roles & task.candidate_groups:
        if _acts_for_its_party(role, case, actor):
            return
    raise Forbidden(
        "task.not_yours",
        f"{actor.name} may not act on the task {task.name!r}.",
        where=str(task.id),
        hint=f"It is for {', '.join(sorted(task.candidate_groups | task.candidate_users))}.",
    )


def _acts_for_its_party(role: str, case: CaseRow, actor: Actor) -> bool:
    """A seller's or buyer's role counts only in the cases of their own company."""
    if role.startswith("seller_"):
        return actor.party_id is not None and actor.party_id == case.seller_id
    if role.startswith("buyer_"):
        return actor.party_id is not None and actor.party_id == case.buyer_id
    return True


async def _require_other_eyes(
    sql: Connection, case: CaseRow, task: TaskRow, group: str, actor: Actor
) -> None:
    if case.requested_by == actor.label:
        raise Forbidden(
            "task.four_eyes",
            f"{actor.name} requested this case and cannot approve it.",
            where=str(task.id),
            hint="Another person must complete this task.",
        )
    done = await repository.completed_same_eyes(sql, case.id, group, actor.name)
    if done is not None:
        raise Forbidden(
            "task.four_eyes",
            f"{actor.name} has completed {done} in this case; {task.name!r} takes a second person.",
            where=str(task.id),
            hint="Another person must complete this task.",
        )
