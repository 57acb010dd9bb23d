"""Four eyes: whoever had a part in one task of a group has none in another, also through delegation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.by_hand import ByHand
from workflows import Actor

ROLES = ("credit_analyst", "credit_officer", "credit_officer_2")
TASKS = ("make", "check")

ANNA = Actor("anna", frozenset({"credit_analyst"}))
OTTO = Actor("otto", frozenset({"credit_officer"}))
OLGA = Actor("olga", frozenset({"credit_officer"}))
SVEN = Actor("sven", frozenset({"credit_officer_2"}))


async def ids(by_hand: ByHand, case_id: UUID) -> dict[str, str]:
    return {element: str((await by_hand.task(case_id, element))["id"]) for element in TASKS}


def given_to(person: Actor, task_id: str) -> dict[str, object]:
    return {"task_id": task_id, "person": person.name, "roles": sorted(person.roles)}


async def test_who_delegated_the_making_cannot_check(by_hand: ByHand) -> None:
    task = await ids(by_hand, await by_hand.start("pair"))
    await by_hand.perform("task.claim", {"task_id": task["make"]}, OTTO)
    await by_hand.perform("task.delegate", given_to(OLGA, task["make"]), OTTO)
    await by_hand.perform("task.complete", {"task_id": task["make"]}, OLGA)
    for person in (OTTO, OLGA):
        for kind in ("task.claim", "task.complete"):
            assert await by_hand.refusal(kind, {"task_id": task["check"]}, person) == "task.four_eyes"
    await by_hand.perform("task.complete", {"task_id": task["check"]}, SVEN)


async def test_who_has_checked_is_not_acted_for_by_a_maker(by_hand: ByHand) -> None:
    case_id = await by_hand.start("pair")
    task = await ids(by_hand, case_id)
    await by_hand.perform("task.claim", {"task_id": task["make"]}, OTTO)
    await by_hand.perform("task.delegate", given_to(OLGA, task["make"]), OTTO)
    await by_hand.perform("task.complete", {"task_id": task["check"]}, OTTO)
    assert await by_hand.refusal("task.complete", {"task_id": task["make"]}, OLGA) == "task.four_eyes"
    # The way out: the task goes back to all, and somebody does it on nobody's behalf.
    await by_hand.perform("task.unclaim", {"task_id": task["make"]}, OLGA)
    assert (await by_hand.task(case_id, "make"))["assignee"] == "otto"
    await by_hand.perform("task.unclaim", {"task_id": task["make"]}, OTTO)
    await by_hand.perform("task.complete", {"task_id": task["make"]}, ANNA)


async def test_all_from_whom_a_task_comes_count(by_hand: ByHand) -> None:
    case_id = await by_hand.start("pair")
    task = await ids(by_hand, case_id)
    await by_hand.perform("task.claim", {"task_id": task["make"]}, OTTO)
    await by_hand.perform("task.delegate", given_to(OLGA, task["make"]), OTTO)
    assert await by_hand.refusal("task.delegate", given_to(OTTO, task["make"]), OLGA) == (
        "task.delegated_in_circle"
    )
    await by_hand.perform("task.delegate", given_to(ANNA, task["make"]), OLGA)
    await by_hand.perform("task.complete", {"task_id": task["make"]}, ANNA)
    made = await by_hand.task(case_id, "make")
    assert (made["completed_by"], made["on_behalf_of"], made["delegators"]) == (
        "anna",
        "otto",
        ["otto", "olga"],
    )
    for person in (OTTO, OLGA):
        assert await by_hand.refusal("task.complete", {"task_id": task["check"]}, person) == "task.four_eyes"


async def test_delegation_gives_nobody_a_role(by_hand: ByHand) -> None:
    task = await ids(by_hand, await by_hand.start("pair"))
    await by_hand.perform("task.claim", {"task_id": task["make"]}, OTTO)
    assert await by_hand.refusal("task.delegate", given_to(SVEN, task["make"]), OTTO) == "task.not_yours"
    # A role that was lost since is no role.
    await by_hand.perform("task.delegate", given_to(OLGA, task["make"]), OTTO)
    moved = Actor("olga", frozenset({"collections"}))
    assert await by_hand.refusal("task.complete", {"task_id": task["make"]}, moved) == "task.not_yours"


async def test_nobody_acts_for_who_requested_the_case(by_hand: ByHand) -> None:
    task = await ids(by_hand, await by_hand.start("pair", requester=OTTO))
    assert await by_hand.refusal("task.claim", {"task_id": task["make"]}, OTTO) == "task.four_eyes"
    await by_hand.perform("task.claim", {"task_id": task["make"]}, ANNA)
    assert await by_hand.refusal("task.delegate", given_to(OTTO, task["make"]), ANNA) == "task.four_eyes"


async def test_a_maker_does_not_choose_the_checker(by_hand: ByHand) -> None:
    lead = Actor("lena", frozenset({"credit_officer", "credit_officer_2"}))
    task = await ids(by_hand, await by_hand.start("pair"))
    await by_hand.perform("task.complete", {"task_id": task["make"]}, lead)
    assert await by_hand.refusal("task.assign", given_to(OLGA, task["check"]), lead) == "task.four_eyes"
    assert await by_hand.refusal("task.assign", given_to(lead, task["check"]), SVEN) == "task.four_eyes"
    await by_hand.perform("task.assign", given_to(OLGA, task["check"]), SVEN)


async def test_what_was_done_for_whom_enters_the_case(by_hand: ByHand) -> None:
    case_id = await by_hand.start("pair")
    task = await ids(by_hand, case_id)
    await by_hand.perform("task.claim", {"task_id": task["make"]}, OTTO)
    await by_hand.perform("task.delegate", given_to(ANNA, task["make"]), OTTO)
    await by_hand.perform("task.complete", {"task_id": task["make"]}, ANNA)
    (case,) = await by_hand.rows("SELECT state_json FROM workflows.case_ WHERE id = $1", case_id)
    assert '"anna"' in case["state_json"]
    assert '"otto"' in case["state_json"]


@dataclass(frozen=True)
class Deed:
    """Something that one person tries with one of the two tasks, perhaps about another person.

    `person` None is whoever has the task, who has the most to try.
    """

    kind: str
    person: int | None
    task: str
    other: int


_person = st.sampled_from((None, None, 0, 0, 1, 2))


def _deeds(*kinds: str) -> st.SearchStrategy[Deed]:
    return st.builds(Deed, st.sampled_from(kinds), _person, st.sampled_from(TASKS), st.integers(0, 2))


# First the tasks go from hand to hand, seldom completed on the way; then both are completed by whoever can.
_story = st.tuples(
    st.lists(
        _deeds(*("task.claim", "task.delegate") * 4, *("task.unclaim", "task.assign", "task.complete")),
        min_size=2,
        max_size=10,
    ),
    st.lists(_deeds("task.complete"), min_size=3, max_size=8),
).map(lambda parts: parts[0] + parts[1])
# Most can do both tasks: who can do one only is kept apart by the roles alone.
_roles = st.lists(
    st.one_of(
        st.just(frozenset({"credit_officer"})),
        st.just(frozenset({"credit_officer", "credit_officer_2"})),
        st.frozensets(st.sampled_from(ROLES), min_size=1),
    ),
    min_size=3,
    max_size=3,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=_story, roles=_roles, requester=st.integers(0, 12))
async def test_no_person_is_on_both_sides(
    by_hand: ByHand, deeds: list[Deed], roles: list[frozenset[str]], requester: int
) -> None:
    people = [Actor(f"person{number}", held) for number, held in enumerate(roles)]
    requested_by = Actor(f"person{requester}")
    case_id = await by_hand.start("pair", requester=requested_by)
    task = await ids(by_hand, case_id)
    # Who acted, and for whom, as this test knows it: a delegation counts until the task is given back.
    chain: dict[str, list[str]] = {element: [] for element in TASKS}
    sides: dict[str, set[str]] = {}
    for deed in deeds:
        before = await by_hand.task(case_id, deed.task)
        holder = next((one for one in people if one.name == before["assignee"]), people[0])
        actor, other = holder if deed.person is None else people[deed.person], people[deed.other]
        payload = {"task_id": task[deed.task]}
        if deed.kind in ("task.delegate", "task.assign"):
            payload |= {"person": other.name, "roles": sorted(other.roles)}  # type: ignore[dict-item]
        outcome = await by_hand.outcome(deed.kind, payload, actor)
        if outcome.state != "done":
            continue
        if deed.kind == "task.delegate":
            assert before["assignee"] == actor.name
            chain[deed.task].append(actor.name)
        elif deed.kind == "task.assign":
            chain[deed.task].clear()
        elif deed.kind == "task.unclaim":
            above = chain[deed.task]
            kept = above.index(actor.name) if actor.name in above else max(len(above) - 1, 0)
            del above[kept:]
        elif deed.kind == "task.complete":
            sides[deed.task] = {actor.name, *chain[deed.task]}
    assert not sides.get("make", set()) & sides.get("check", set())
    assert all(requested_by.name not in side for side in sides.values())
    for element, side in sides.items():
        row = await by_hand.task(case_id, element)
        assert {row["completed_by"], *row["delegators"]} == side


async def test_of_two_sides_at_once_one_is_refused(by_hand: ByHand) -> None:
    lead = Actor("lena", frozenset({"credit_officer"}))
    task = await ids(by_hand, await by_hand.start("pair"))
    outcomes = await asyncio.gather(
        *(by_hand.outcome("task.complete", {"task_id": task[element]}, lead) for element in TASKS)
    )
    assert sorted(outcome.state for outcome in outcomes) == ["done", "refused"]
