"""The life of a task: from hand to hand, overdue, remarked upon, drafted, and many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

import ledger
from support.by_hand import ByHand
from workflows import Actor
from workflows.replay import replay_case

ANNA = Actor("anna", frozenset({"credit_analyst"}))
ADAM = Actor("adam", frozenset({"credit_analyst"}))
OTTO = Actor("otto", frozenset({"credit_officer"}))
OLGA = Actor("olga", frozenset({"credit_officer"}))
SVEN = Actor("sven", frozenset({"credit_officer_2"}))
OONA = Actor("oona", frozenset({"operations"}))
APPROVE = {"decision": "approve"}


def given_to(person: Actor, task_id: str) -> dict[str, Any]:
    return {"task_id": task_id, "person": person.name, "roles": sorted(person.roles)}


async def opened(by_hand: ByHand, product: str = "approval", element: str = "first") -> tuple[UUID, str]:
    """Start a case, and return its id with that of its task."""
    case_id = await by_hand.start(product)
    return case_id, str((await by_hand.task(case_id, element))["id"])


# --- from hand to hand ---


async def test_a_task_that_is_given_back_is_for_all_again(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    assert await by_hand.refusal("task.unclaim", {"task_id": task_id}, OLGA) == "task.not_held"
    result = await by_hand.perform("task.unclaim", {"task_id": task_id}, OTTO)
    assert result["assignee"] is None
    assert (await by_hand.task(case_id, "first"))["state"] == "open"
    await by_hand.perform("task.claim", {"task_id": task_id}, OLGA)
    assert await by_hand.entries(case_id) == ["case.start", "task.claim", "task.unclaim", "task.claim"]


async def test_a_delegated_task_goes_back_to_who_delegated_it(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    await by_hand.perform("task.delegate", given_to(OLGA, task_id), OTTO)
    delegated = await by_hand.task(case_id, "first")
    assert (delegated["assignee"], delegated["delegators"], delegated["on_behalf_of"]) == (
        "olga",
        ["otto"],
        None,
    )
    payload = {"task_id": task_id, "variables": APPROVE}
    assert await by_hand.refusal("task.complete", payload, OTTO) == "task.claimed"
    await by_hand.perform("task.unclaim", {"task_id": task_id}, OLGA)
    await by_hand.perform("task.complete", payload, OTTO)
    assert (await by_hand.task(case_id, "first"))["on_behalf_of"] is None


async def test_who_delegated_a_task_can_take_it_back(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    otmar = Actor("otmar", frozenset({"credit_officer"}))
    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    await by_hand.perform("task.delegate", given_to(OLGA, task_id), OTTO)
    await by_hand.perform("task.delegate", given_to(otmar, task_id), OLGA)
    await by_hand.perform("task.unclaim", {"task_id": task_id}, OTTO)
    task = await by_hand.task(case_id, "first")
    assert (task["assignee"], task["delegators"]) == ("otto", [])


async def test_only_who_has_a_task_delegates_it(by_hand: ByHand) -> None:
    _, task_id = await opened(by_hand)
    assert await by_hand.refusal("task.delegate", given_to(OLGA, task_id), OTTO) == "task.not_held"
    await by_hand.perform("task.claim", {"task_id": task_id}, OLGA)
    assert await by_hand.refusal("task.delegate", given_to(OTTO, task_id), OTTO) == "task.claimed"


async def test_who_hands_out_the_work_of_a_group_assigns_it(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    assert await by_hand.refusal("task.assign", given_to(OLGA, task_id), OTTO) == "task.not_assigner"
    assert await by_hand.refusal("task.assign", given_to(OLGA, task_id), OONA) == "task.not_assigner"
    assert await by_hand.refusal("task.assign", given_to(ANNA, task_id), SVEN) == "task.not_yours"
    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    await by_hand.perform("task.assign", given_to(OLGA, task_id), SVEN)
    assert (await by_hand.task(case_id, "first"))["assignee"] == "olga"
    payload = {"task_id": task_id, "variables": APPROVE}
    assert await by_hand.refusal("task.complete", payload, OTTO) == "task.claimed"
    await by_hand.perform("task.complete", payload, OLGA)


async def test_to_whom_a_task_was_given_is_committed_to_and_not_told(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    await by_hand.perform("task.delegate", given_to(OLGA, task_id), OTTO)
    rows = await by_hand.rows(
        "SELECT entry_id, body::text FROM ledger.entry_view WHERE stream = $1 AND kind = 'task.delegate'",
        str(case_id),
    )
    (entry,) = rows
    assert "olga" not in entry["body"]
    async with by_hand.database.reading() as sql:
        revealed = await ledger.reveal(sql, entry["entry_id"], by_hand.vault_key)
    assert orjson.loads(revealed["request"]) == given_to(OLGA, task_id)


async def test_the_entries_of_a_task_do_not_disturb_re_execution(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand, "deadline", "review")
    await by_hand.perform("task.claim", {"task_id": task_id}, ANNA)
    await by_hand.perform("task.comment", {"task_id": task_id, "text": "I look at it."}, ANNA)
    by_hand.turn(timedelta(hours=3))
    await by_hand.tick(case_id)
    await by_hand.perform("task.delegate", given_to(ADAM, task_id), ANNA)
    await by_hand.perform("task.complete", {"task_id": task_id, "variables": APPROVE}, ADAM)
    assert await by_hand.entries(case_id) == [
        "case.start",
        "task.claim",
        "task.comment",
        "task.escalate",
        "task.delegate",
        "task.complete",
    ]
    assert (await replay_case(by_hand.database, case_id, by_hand.vault_key)).agrees


# --- dates ---


async def test_a_task_tells_its_priority_and_its_dates(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand, "deadline", "review")
    task = await by_hand.task(case_id, "review")
    assert task["priority"] == 80
    assert task["due"] == by_hand.now() + timedelta(hours=2)
    assert task["follow_up"] == by_hand.now() + timedelta(hours=1)
    later = by_hand.now() + timedelta(days=3)
    await by_hand.perform("task.schedule", {"task_id": task_id, "follow_up": later.isoformat()}, ANNA)
    assert (await by_hand.task(case_id, "review"))["follow_up"] == later
    await by_hand.perform("task.schedule", {"task_id": task_id}, ANNA)
    assert (await by_hand.task(case_id, "review"))["follow_up"] is None
    assert await by_hand.refusal("task.schedule", {"task_id": task_id}, OTTO) == "task.not_yours"


async def test_an_overdue_task_is_escalated_once(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand, "deadline", "review")
    started = by_hand.now()
    due = started + timedelta(hours=2)
    assert await by_hand.refusal("task.claim", {"task_id": task_id}, OTTO) == "task.not_yours"
    by_hand.time = due - timedelta(seconds=1)
    waits = await by_hand.tick(case_id)
    assert waits.due is not None
    assert due <= waits.due < due + timedelta(seconds=1)
    assert (await by_hand.task(case_id, "review"))["overdue"] is False

    by_hand.time = due + timedelta(minutes=7)  # the machine is late; the task is overdue since it was due
    waits = await by_hand.tick(case_id)
    again = await by_hand.tick(case_id)
    task = await by_hand.task(case_id, "review")
    assert (task["overdue"], task["overdue_since"]) == (True, due)
    assert task["candidate_groups"] == ["credit_analyst", "credit_officer"]
    assert await by_hand.entries(case_id) == ["case.start", "task.escalate"]
    # What the case waits for next is the timer, a day after its start.
    assert waits == again
    assert waits.due is not None
    assert waits.due - started > timedelta(hours=23)

    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    await by_hand.perform("task.complete", {"task_id": task_id, "variables": APPROVE}, OTTO)
    assert (await by_hand.task(case_id, "review"))["overdue"] is False


async def test_an_escalation_is_a_signed_entry_that_says_to_whom(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand, "deadline", "review")
    due = by_hand.now() + timedelta(hours=2)
    by_hand.turn(timedelta(hours=5))
    await by_hand.tick(case_id)
    (entry,) = await by_hand.rows(
        "SELECT actor, occurred_at, body FROM ledger.entry_view WHERE stream = $1 AND kind = 'task.escalate'",
        str(case_id),
    )
    assert (entry["actor"], entry["occurred_at"]) == ("system:clock", due)
    (told,) = orjson.loads(entry["body"])["statement"]["tasks"]
    assert (told["task"], told["escalated_to"]) == (task_id, ["credit_officer", "credit_analyst"])


async def test_those_to_whom_a_task_was_escalated_may_assign_it(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand, "deadline", "review")
    await by_hand.perform("task.claim", {"task_id": task_id}, ANNA)
    assert await by_hand.refusal("task.assign", given_to(ADAM, task_id), OTTO) == "task.not_assigner"
    by_hand.turn(timedelta(hours=3))
    await by_hand.tick(case_id)
    assert (await by_hand.task(case_id, "review"))["assignee"] == "anna"
    await by_hand.perform("task.assign", given_to(ADAM, task_id), OTTO)


async def test_a_task_that_a_timer_ends_before_the_machine_wakes_is_not_escalated(by_hand: ByHand) -> None:
    case_id, _ = await opened(by_hand, "deadline", "review")
    by_hand.turn(timedelta(days=2))
    waits = await by_hand.tick(case_id)
    task = await by_hand.task(case_id, "review")
    assert (waits.ended, task["state"], task["overdue_since"]) == (True, "cancelled", None)
    assert await by_hand.entries(case_id) == ["case.start", "timer.fire"]


async def test_a_task_is_not_overdue_while_the_clock_of_its_case_stands_still(by_hand: ByHand) -> None:
    case_id = await by_hand.start("deadline", clock={"pause_on": ["task"]})
    by_hand.turn(timedelta(days=2))
    assert (await by_hand.tick(case_id)).due is None
    assert (await by_hand.task(case_id, "review"))["overdue"] is False


# --- remarks and drafts ---


async def test_a_remark_is_kept_with_its_author_and_its_entry(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    await by_hand.perform("task.claim", {"task_id": task_id}, OTTO)
    await by_hand.perform("task.comment", {"task_id": task_id, "text": "Call the buyer first."}, OLGA)
    (remark,) = await by_hand.rows(
        "SELECT * FROM workflows.task_comment_view WHERE task_id = $1", UUID(task_id)
    )
    assert (remark["author"], remark["text"]) == ("olga", "Call the buyer first.")
    (entry,) = await by_hand.rows(
        "SELECT kind, body::text FROM ledger.entry_view WHERE entry_id = $1", remark["entry_id"]
    )
    assert entry["kind"] == "task.comment"
    assert "buyer" not in entry["body"]
    assert await by_hand.refusal("task.comment", {"task_id": task_id, "text": "?"}, OONA) == "task.not_yours"
    await by_hand.perform("task.complete", {"task_id": task_id, "variables": APPROVE}, OTTO)
    assert await by_hand.refusal("task.comment", {"task_id": task_id, "text": "Late."}, OLGA) == "task.closed"
    assert len(await by_hand.entries(case_id)) == 4


async def test_a_draft_is_each_persons_own_and_ends_with_the_task(by_hand: ByHand) -> None:
    case_id, task_id = await opened(by_hand)
    # Half a form, and a number that is none: a draft is not an answer yet.
    await by_hand.perform("task.save-draft", {"task_id": task_id, "draft": {"amount": "12."}}, OTTO)
    await by_hand.perform("task.save-draft", {"task_id": task_id, "draft": {"amount": "12.50"}}, OTTO)
    await by_hand.perform("task.save-draft", {"task_id": task_id, "draft": {"reason": "sound"}}, OLGA)
    drafts = "SELECT person, answers FROM workflows.task_draft_view WHERE task_id = $1 ORDER BY person"
    assert [
        (draft["person"], orjson.loads(draft["answers"]))
        for draft in await by_hand.rows(drafts, UUID(task_id))
    ] == [("olga", {"reason": "sound"}), ("otto", {"amount": "12.50"})]
    assert await by_hand.refusal(
        "task.save-draft", {"task_id": task_id, "draft": {"completedBy": "olga"}}, OTTO
    ) == ("task.answer_unknown")
    assert await by_hand.entries(case_id) == ["case.start"]
    kept = await by_hand.rows("SELECT payload FROM workflows.command WHERE kind = 'task.save-draft'")
    assert all("draft" not in orjson.loads(command["payload"]) for command in kept)
    await by_hand.perform("task.complete", {"task_id": task_id, "variables": APPROVE}, OTTO)
    assert await by_hand.rows(drafts, UUID(task_id)) == []


# --- many at once ---


async def test_many_are_claimed_and_each_tells_what_became_of_it(by_hand: ByHand) -> None:
    (_, free), (_, taken) = await opened(by_hand), await opened(by_hand)
    _, other = await opened(by_hand, "deadline", "review")
    unknown = str(uuid4())
    await by_hand.perform("task.claim", {"task_id": taken}, OLGA)
    payload = {"task_ids": [free, taken, unknown, other]}
    first = await by_hand.outcome("task.claim-many", payload, OTTO, key="many")
    assert first.state == "done"
    assert first.result is not None
    told = [await _told(by_hand, item) for item in first.result["items"]]
    assert told == [
        (free, "done"),
        (taken, "task.claimed"),
        (unknown, "task.unknown"),
        (other, "task.not_yours"),
    ]
    again = await by_hand.outcome("task.claim-many", payload, OTTO, key="many")
    assert again.result == first.result
    commands = await by_hand.rows(
        "SELECT id FROM workflows.command WHERE kind = 'task.claim' AND actor = 'user:otto'"
        " AND payload ->> 'task_id' = ANY ($1)",
        [free, taken, unknown, other],
    )
    assert len(commands) == 3


async def test_many_are_completed_and_one_refusal_holds_no_other(by_hand: ByHand) -> None:
    (one_case, one), (other_case, other), (_, last) = [await opened(by_hand) for _ in range(3)]
    payload = {
        "items": [
            {"task_id": one, "variables": APPROVE},
            {"task_id": other, "variables": {"decision": "perhaps"}},
            {"task_id": last, "variables": APPROVE, "statement": {"seen": "all"}},
        ]
    }
    outcome = await by_hand.outcome("task.complete-many", payload, OTTO)
    assert outcome.result is not None
    assert [await _told(by_hand, item) for item in outcome.result["items"]] == [
        (one, "done"),
        (other, "task.answer_invalid"),
        (last, "done"),
    ]
    assert await by_hand.entries(one_case) == ["case.start", "task.complete"]
    assert await by_hand.entries(other_case) == ["case.start"]


@pytest.mark.parametrize(
    "task_ids", [[], ["x"], [str(UUID(int=1))] * 2, [str(UUID(int=n)) for n in range(101)]]
)
async def test_a_request_for_many_that_cannot_be_is_refused_as_one(
    by_hand: ByHand, task_ids: list[str]
) -> None:
    with pytest.raises(Exception, match=r"task_ids") as refusal:
        await by_hand.outcome("task.claim-many", {"task_ids": task_ids}, OTTO)
    assert getattr(refusal.value, "code", None) == "command.field_invalid"


async def _told(by_hand: ByHand, item: dict[str, Any]) -> tuple[str, str]:
    """Return what became of one task of many: done, or the code of its refusal."""
    if "error" in item:
        return item["task_id"], item["error"]["code"]
    outcome = await by_hand.outcome_of(UUID(item["command_id"]))
    return item["task_id"], (outcome.error or {"code": outcome.state})["code"]


async def test_people_who_act_side_by_side_do_not_contradict_each_other(by_hand: ByHand) -> None:
    case_id = await by_hand.start("side_by_side")
    for element, person in (("left", "olga"), ("right", "otto")):
        task = await by_hand.task(case_id, element)
        officer = Actor(person, frozenset({"credit_officer"}))
        await by_hand.perform("task.complete", {"task_id": str(task["id"]), "variables": {}}, officer)
    (case,) = await by_hand.rows("SELECT state, incidents FROM workflows.case_view WHERE id = $1", case_id)
    assert (case["state"], case["incidents"]) == ("completed", 0)
