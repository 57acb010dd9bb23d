"""What a migrated case keeps under another name: its rows follow the kernel's ids, which hold element names.

Whoever has a task, decides an incident or makes a call must not notice a migration. So the rows of what goes
on keep their own ids, and with them who has them, remarks, drafts and the identity of a call outside.
"""

from __future__ import annotations

from collections.abc import Mapping

from workflows import repository
from workflows.burst import Burst
from workflows.repository import CaseRow, Connection
from workflows.tasks import FOUR_EYES, escalation_groups, requires_signature

_KINDS = ("job", "task", "subscription", "timer", "incident")
_TOLD = frozenset(f"{kind}.migrated" for kind in _KINDS)


def renamed(burst: Burst) -> Mapping[str, str]:
    """Return what goes on under another id: its id before the burst → its id now."""
    if not burst.migrated:
        return {}
    return {
        event.data["from"]: event.data[event.kind.partition(".")[0]]
        for event in burst.events
        if event.kind in _TOLD
    }


async def carry_over(sql: Connection, case: CaseRow, burst: Burst) -> None:
    """Let the rows of a case follow a migration that has just been executed; `case` is as it was before.

    A task keeps its form as it was deployed when the task was opened, its four eyes and whether it takes a
    signature; its name, four eyes and signatures that are new and the groups of its escalation are the new
    model's.
    """
    ids = renamed(burst)
    await repository.rename_waits(sql, case.id, ids)
    await repository.keep_forms(sql, case.id, case.definition_id)
    was_open = {ids.get(task.id, task.id) for task in burst.before.tasks}
    tasks = [
        {
            "kernel_id": task.id,
            "name": task.name,
            "four_eyes": task.properties.get(FOUR_EYES),
            "requires_signature": requires_signature(task.properties),
            "escalate_to": escalation_groups(task.properties),
        }
        for task in burst.state.tasks
        if task.id in was_open
    ]
    await repository.retell_tasks(sql, case.id, tasks)
