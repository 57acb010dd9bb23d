"""Who may do what with a user task. Checked inside the transaction that does it, under the case's lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core import Conflict, Forbidden
from workflows import repository
from workflows.actors import Actor
from workflows.repository import CaseRow, Connection, TaskRow

# The property by which the analyst says that tasks of one group need different persons.
FOUR_EYES = "fourEyes"
# What the platform itself says beside every answer: who gave it, and for whom.
COMPLETED_BY = "completedBy"
ON_BEHALF_OF = "onBehalfOf"
# The property by which the analyst names the groups that may do a task, too, once it is overdue.
ESCALATE_TO = "escalateTo"

# Whose tasks a role hands out. That gives nobody a task that is not for their own roles.
_HANDS_OUT: Mapping[str, frozenset[str]] = {
    "operations": frozenset({"operations", "treasury", "collections"}),
    "credit_officer_2": frozenset({"credit_analyst", "credit_officer", "credit_officer_2"}),
    "compliance": frozenset({"compliance"}),
    "product_owner": frozenset({"analyst", "product_owner"}),
    "seller_checker": frozenset({"seller_maker", "seller_checker"}),
    "buyer_checker": frozenset({"buyer_maker", "buyer_checker"}),
}

# The property by which the analyst says that a decision is signed with a key of the person's own.
SIGNED_DECISION = "signedDecision"

_OPEN = frozenset({"open", "claimed"})


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has a task, and on whose behalf: those who delegated it, the first one first."""

    assignee: str | None
    delegators: tuple[str, ...] = ()


def groups_handed_out(roles: Iterable[str]) -> frozenset[str]:
    """Return the candidate groups whose tasks these roles may assign to people."""
    return frozenset().union(*(_HANDS_OUT.get(role, frozenset()) for role in roles))


async def require_permission(sql: Connection, case: CaseRow, task: TaskRow, actor: Actor) -> None:
    """Refuse an actor who may not act on this task now.

    Raises:
        Conflict: `task.closed`, or `task.claimed` by somebody else.
        Forbidden: `task.not_yours` (role, party) or `task.four_eyes`.
    """
    require_open(task)
    require_candidate(case, task, actor)
    if task.assignee is not None and task.assignee != actor.name:
        raise Conflict(
            "task.claimed",
            f"{task.assignee} has the task {task.name!r}.",
            where=str(task.id),
            hint="Ask them to complete it, or to give it back.",
        )
    await _require_other_eyes(sql, case, task, (actor.name, *task.delegators))


async def delegated(sql: Connection, case: CaseRow, task: TaskRow, actor: Actor, to: Actor) -> Holding:
    """Return who has the task when its holder lets another person act.

    The holder stays accountable: under four eyes both count, and all from whom the holder has it.

    Raises:
        Conflict: `task.closed`, `task.claimed`, `task.not_held`, or `task.delegated_in_circle`.
        Forbidden: `task.not_yours` or `task.four_eyes`, of the actor or of the other person.
    """
    await require_permission(sql, case, task, actor)
    if task.assignee != actor.name:
        raise Conflict(
            "task.not_held",
            f"{actor.name} does not have the task {task.name!r}.",
            where=str(task.id),
            hint="Claim it first.",
        )
    delegators = (*task.delegators, actor.name)
    if to.name in delegators:
        raise Conflict(
            "task.delegated_in_circle",
            f"The task {task.name!r} comes from {to.name}.",
            where=str(task.id),
            hint="Name another person, or give the task back.",
        )
    require_candidate(case, task, to)
    await _require_other_eyes(sql, case, task, (to.name, *delegators))
    return Holding(to.name, delegators)


async def assigned(sql: Connection, case: CaseRow, task: TaskRow, actor: Actor, to: Actor) -> Holding:
    """Return who has the task when the one who hands out such tasks gives it to a person.

    A delegation ends with that. Under four eyes nobody who had a part in the case's other tasks of the group
    chooses who has this one.

    Raises:
        Conflict: `task.closed`.
        Forbidden: `task.not_assigner`, `task.not_yours` of the person, or `task.four_eyes` of either.
    """
    require_open(task)
    if not _may_assign(case, task, actor):
        raise Forbidden(
            "task.not_assigner",
            f"{actor.name} does not hand out the task {task.name!r}.",
            where=str(task.id),
            hint=f"It is for {_candidates(task)}; whoever has it may delegate it.",
        )
    require_candidate(case, task, to)
    await _require_other_eyes(sql, case, task, (actor.name, to.name))
    return Holding(to.name)


def escalation_groups(properties: Mapping[str, str]) -> list[str]:
    """Return the groups that may do a task, too, once it is overdue."""
    return [name for part in properties.get(ESCALATE_TO, "").split(",") if (name := part.strip())]


def requires_signature(properties: Mapping[str, str]) -> bool:
    """Tell whether a task takes a decision that is signed with a key of the person's own."""
    return properties.get(SIGNED_DECISION) == "required"


def given_back(task: TaskRow, actor: Actor) -> Holding:
    """Return who has the task when its holder gives it back, or when who delegated it takes it back.

    A delegated task goes back to who delegated it; any other to all whom it is for. This takes no role: who
    may no longer do a task can still let go of it.

    Raises:
        Conflict: `task.closed`, or `task.not_held`.
    """
    require_open(task)
    if actor.name in task.delegators:
        return Holding(actor.name, task.delegators[: task.delegators.index(actor.name)])
    if task.assignee != actor.name:
        raise Conflict(
            "task.not_held", f"{actor.name} does not have the task {task.name!r}.", where=str(task.id)
        )
    if task.delegators:
        return Holding(task.delegators[-1], task.delegators[:-1])
    return Holding(None)


def require_open(task: TaskRow) -> None:
    """Refuse a task that is completed or cancelled.

    Raises:
        Conflict: `task.closed`.
    """
    if task.state not in _OPEN:
        raise Conflict("task.closed", f"The task {task.name!r} is {task.state}.", where=str(task.id))


def require_candidate(case: CaseRow, task: TaskRow, person: Actor) -> None:
    """Refuse a person whom the task is not for, by name or by a role that the person holds.

    Raises:
        Forbidden: `task.not_yours`.
    """
    if person.name in task.candidate_users:
        return
    for role in person.roles & task.candidate_groups:
        if _acts_for_its_party(role, case, person):
            return
    raise Forbidden(
        "task.not_yours",
        f"{person.name} may not act on the task {task.name!r}.",
        where=str(task.id),
        hint=f"It is for {_candidates(task)}.",
    )


def require_part(case: CaseRow, task: TaskRow, actor: Actor) -> None:
    """Refuse an actor who has nothing to do with a task: neither does it nor hands it out.

    Raises:
        Forbidden: `task.not_yours`.
    """
    if not _may_assign(case, task, actor):
        require_candidate(case, task, actor)


def _may_assign(case: CaseRow, task: TaskRow, actor: Actor) -> bool:
    """Tell whether an actor hands out such tasks, or an overdue one was escalated to the actor."""
    handing_out = {role for role in actor.roles if _HANDS_OUT.get(role, frozenset()) & task.candidate_groups}
    if task.overdue:
        handing_out |= actor.roles & task.escalate_to
    return any(_acts_for_its_party(role, case, actor) for role in handing_out)


def _candidates(task: TaskRow) -> str:
    return ", ".join(sorted(task.candidate_groups | task.candidate_users)) or "nobody"


def _acts_for_its_party(role: str, case: CaseRow, actor: Actor) -> bool:
    """A seller's or buyer's role counts only in the cases of their own company."""
    if role.startswith("seller_"):
        return actor.party_id is not None and actor.party_id == case.seller_id
    if role.startswith("buyer_"):
        return actor.party_id is not None and actor.party_id == case.buyer_id
    return True


async def _require_other_eyes(sql: Connection, case: CaseRow, task: TaskRow, people: tuple[str, ...]) -> None:
    """Refuse people who would act, or be acted for, on both sides of four eyes."""
    if task.four_eyes is None:
        return
    for person in people:
        if case.requested_by == Actor(person).label:
            raise Forbidden(
                "task.four_eyes",
                f"{person} requested this case and cannot approve it.",
                where=str(task.id),
                hint="Another person must complete this task.",
            )
    done = await repository.part_in_same_eyes(sql, case.id, task.four_eyes, people)
    if done is not None:
        person, element = done
        raise Forbidden(
            "task.four_eyes",
            f"{person} had a part in {element} of this case; {task.name!r} takes a second person.",
            where=str(task.id),
            hint="Another person must complete this task.",
        )
