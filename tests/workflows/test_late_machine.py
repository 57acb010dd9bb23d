"""A simulated clock runs far ahead of people, so a late machine must not let what they do come too late."""

from __future__ import annotations

from datetime import timedelta

from support.by_hand import ByHand
from workflows import Actor

ANALYST = Actor("ana", frozenset({"credit_analyst"}))
A_DAY_A_SECOND = {"rate": "86400", "pause_on": ["task"]}


async def test_the_clock_stops_where_a_person_is_asked_however_late_the_machine_is(by_hand: ByHand) -> None:
    started = by_hand.now()
    case_id = await by_hand.start("late_machine", clock=A_DAY_A_SECOND)
    by_hand.turn(timedelta(seconds=10))
    # Ten days have passed: the task that opened after an hour would have lapsed nine days ago.
    waits = await by_hand.tick(case_id)
    (case,) = await by_hand.rows("SELECT state, business_now FROM workflows.case_view WHERE id = $1", case_id)
    assert (case["state"], case["business_now"]) == ("waiting", started + timedelta(hours=1))
    assert waits.due is None
    by_hand.turn(timedelta(seconds=10))
    await by_hand.tick(case_id)
    task = await by_hand.task(case_id, "review")
    assert task["state"] == "open"
    await by_hand.perform("task.complete", {"task_id": str(task["id"]), "variables": {}}, ANALYST)
    (case,) = await by_hand.rows("SELECT state FROM workflows.case_view WHERE id = $1", case_id)
    assert case["state"] == "completed"
    assert (await by_hand.task(case_id, "review"))["state"] == "completed"


async def test_without_a_pause_the_time_goes_on(by_hand: ByHand) -> None:
    case_id = await by_hand.start("late_machine", clock={"rate": "86400"})
    by_hand.turn(timedelta(seconds=10))
    await by_hand.tick(case_id)
    (case,) = await by_hand.rows("SELECT state FROM workflows.case_view WHERE id = $1", case_id)
    assert case["state"] == "completed"
    ends = await by_hand.rows(
        "SELECT 1 FROM workflows.step WHERE case_id = $1 AND element = 'lapsed'", case_id
    )
    assert ends
