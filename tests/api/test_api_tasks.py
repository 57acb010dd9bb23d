"""Tasks through the API: lists in the order of what is urgent, and what people do with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import NewDatabase

import finance
import ledger
import scf_api
import scoring
import workflows
from scf_api import ApiSettings
from support.api import Api, HandClock, running
from support.by_hand import ByHand
from support.repeating import repeating

MODELS = Path(__file__).parents[1] / "workflows" / "models"
ROOMS = (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM, scf_api.ROOM)
SELLER, BUYER = UUID(int=21), UUID(int=22)

TASK = """
fragment task on Task {
  state assignee delegatedBy onBehalfOf priority due followUp overdue draft
  comments { edges { node { author text entry { kind } } } }
}
"""
LISTED = """
query ($filter: TaskFilter, $order: TaskOrder! = LATEST, $first: Int, $after: String) {
  tasks(filter: $filter, order: $order, first: $first, after: $after) {
    edges { node { id } } pageInfo { endCursor hasNextPage }
  }
}
"""
MANY = "results { taskId done code command { id state } } command { state } userErrors { code field }"


@pytest.fixture(scope="module")
async def api(new_database: NewDatabase) -> AsyncIterator[Api]:
    """An API whose mutations wait until their commands are decided."""
    clock = HandClock()
    settings = ApiSettings(
        await new_database(ROOMS), clock=clock, cookie_secure=False, command_wait=timedelta(seconds=20)
    )
    async with running(settings, clock) as started:
        yield started


@pytest.fixture(scope="module")
async def by_hand(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ByHand]:
    """A worker for the API's commands, on its database."""
    keys = ledger.load_or_create_keys(tmp_path_factory.mktemp("keys"))
    hand = ByHand(
        api.database, ledger.Recorder(keys.signing_key, keys.vault_key, "test.example/log"), keys.vault_key
    )
    for model in ("approval", "deadline", "pair", "party"):
        await hand.deploy(model, MODELS)
    async with repeating(hand.carry_out_all):
        yield hand


@pytest.fixture(scope="module")
async def people(api: Api) -> dict[str, str]:
    """Tokens by name."""
    return {
        "anna": await api.person("anna", "credit_analyst"),
        "otto": await api.person("otto", "credit_officer"),
        "olga": await api.person("olga", "credit_officer"),
        "sven": await api.person("sven", "credit_officer_2"),
        "selma": await api.person("selma", "seller_maker", party_id=SELLER),
        "stan": await api.person("stan", "seller_maker", party_id=SELLER),
        "sigrid": await api.person("sigrid", "seller_checker", party_id=SELLER),
        "bela": await api.person("bela", "seller_maker", party_id=BUYER),
    }


async def opened(by_hand: ByHand, product: str, element: str, **more: Any) -> str:
    """Start a case, and return the global id of its task."""
    case_id = await by_hand.start(product, **more)
    async with asyncio.timeout(10):
        while True:
            rows = await by_hand.rows(
                "SELECT id FROM workflows.task_view WHERE case_id = $1 AND element = $2", case_id, element
            )
            if rows:
                return f"Task:{rows[0]['id']}"
            await asyncio.sleep(0.02)


async def act(api: Api, token: str, name: str, **given: Any) -> dict[str, Any]:
    """Perform a mutation about one task, and return what it answers."""
    type_name = f"{name[0].upper()}{name[1:]}Input"
    query = (
        f"mutation ($input: {type_name}!) {{ {name}(input: $input) {{ command {{ state }}"
        f" userErrors {{ code field }} task {{ ...task }} }} }} {TASK}"
    )
    data = await api.ask(query, {"input": {"idempotencyKey": uuid4().hex, **given}}, token=token)
    answer: dict[str, Any] = data[name]
    return answer


async def done(api: Api, token: str, name: str, **given: Any) -> dict[str, Any]:
    answer = await act(api, token, name, **given)
    assert (answer["command"], answer["userErrors"]) == ({"state": "DONE"}, [])
    task: dict[str, Any] = answer["task"]
    return task


async def codes(api: Api, token: str, name: str, **given: Any) -> list[str]:
    return [error["code"] for error in (await act(api, token, name, **given))["userErrors"]]


async def listed(api: Api, token: str, **variables: Any) -> list[str]:
    data = await api.ask(LISTED, variables, token=token)
    return [edge["node"]["id"] for edge in data["tasks"]["edges"]]


async def test_a_task_goes_from_hand_to_hand(api: Api, by_hand: ByHand, people: dict[str, str]) -> None:
    task_id = await opened(by_hand, "approval", "first")
    assert (await done(api, people["otto"], "claimTask", taskId=task_id))["assignee"] == "otto"
    delegated = await done(api, people["otto"], "delegateTask", taskId=task_id, person=" Olga ")
    assert (delegated["assignee"], delegated["delegatedBy"]) == ("olga", ["otto"])
    assert (await done(api, people["olga"], "unclaimTask", taskId=task_id))["assignee"] == "otto"
    assert (await done(api, people["otto"], "unclaimTask", taskId=task_id))["state"] == "open"
    assigned = await done(api, people["sven"], "assignTask", taskId=task_id, person="otto")
    assert assigned["assignee"] == "otto"
    await done(api, people["otto"], "delegateTask", taskId=task_id, person="olga")
    completed = await done(
        api, people["olga"], "completeTask", taskId=task_id, variables={"decision": "approve"}
    )
    assert (completed["state"], completed["onBehalfOf"]) == ("completed", "otto")


async def test_work_is_given_only_to_whom_it_is_for(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    task_id = await opened(by_hand, "approval", "first")
    await done(api, people["otto"], "claimTask", taskId=task_id)
    given = {"name": "delegateTask", "taskId": task_id}
    assert await codes(api, people["otto"], person="anna", **given) == ["task.not_yours"]
    # Nobody, and somebody of another company, cannot be told apart.
    assert await codes(api, people["otto"], person="nobody", **given) == ["task.person_unknown"]
    assert await codes(api, people["otto"], person="selma", **given) == ["task.person_unknown"]


async def test_people_of_a_party_hand_on_only_within_it(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    task_id = await opened(by_hand, "party", "offer", seller_id=str(SELLER), buyer_id=str(BUYER))
    assert await codes(api, people["bela"], "claimTask", taskId=task_id) == ["task.not_yours"]
    await done(api, people["selma"], "claimTask", taskId=task_id)
    assert await codes(api, people["selma"], "delegateTask", taskId=task_id, person="bela") == [
        "task.person_unknown"
    ]
    await done(api, people["selma"], "commentOnTask", taskId=task_id, text="Please look.")
    # The checker does no maker's task, but hands it out, and so sees it.
    assert task_id in await listed(api, people["sigrid"])
    assert await codes(api, people["sigrid"], "claimTask", taskId=task_id) == ["task.not_yours"]
    assigned = await done(api, people["sigrid"], "assignTask", taskId=task_id, person="stan")
    assert assigned["assignee"] == "stan"
    assert [edge["node"]["text"] for edge in assigned["comments"]["edges"]] == ["Please look."]
    query = f"query ($id: ID!) {{ task(id: $id) {{ ...task }} }} {TASK}"
    assert await api.ask(query, {"id": task_id}, token=people["bela"]) == {"task": None}


async def test_remarks_are_for_all_and_a_draft_is_for_its_writer(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    task_id = await opened(by_hand, "approval", "first")
    await done(api, people["olga"], "commentOnTask", taskId=task_id, text="First.")
    await done(api, people["otto"], "commentOnTask", taskId=task_id, text="Second.")
    saved = await done(api, people["otto"], "saveTaskDraft", taskId=task_id, draft={"amount": "1"})
    assert saved["draft"] == {"amount": "1"}
    assert [edge["node"] for edge in saved["comments"]["edges"]] == [
        {"author": "olga", "text": "First.", "entry": {"kind": "task.comment"}},
        {"author": "otto", "text": "Second.", "entry": {"kind": "task.comment"}},
    ]
    query = f"query ($id: ID!) {{ task(id: $id) {{ ...task }} }} {TASK}"
    assert (await api.ask(query, {"id": task_id}, token=people["olga"]))["task"]["draft"] is None
    assert await codes(api, people["otto"], "commentOnTask", taskId=task_id, text="x" * 4001) == [
        "command.field_invalid"
    ]
    assert await codes(api, people["otto"], "saveTaskDraft", taskId=task_id, draft={"x": 1}) == [
        "task.answer_unknown"
    ]


async def test_lists_show_what_is_urgent_and_hide_what_is_put_off(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    plain = await opened(by_hand, "pair", "make")
    urgent = await opened(by_hand, "deadline", "review")  # priority 80, put off for an hour, due in two
    anna = people["anna"]
    pool = await listed(api, anna, filter={"pool": True}, order="PRIORITY")
    assert pool.index(urgent) < pool.index(plain)
    by_due = await listed(api, anna, filter={"pool": True}, order="DUE")
    assert by_due.index(urgent) < by_due.index(plain)
    assert urgent in await listed(api, anna, filter={"priorityFrom": 80})
    assert plain not in await listed(api, anna, filter={"priorityFrom": 80})
    far = (by_hand.now() + timedelta(days=1)).isoformat()
    assert plain not in await listed(api, anna, filter={"dueBefore": far})

    by_hand.turn(timedelta(hours=3))
    (task,) = await by_hand.rows("SELECT case_id FROM workflows.task_view WHERE id = $1", UUID(urgent[5:]))
    await by_hand.tick(task["case_id"])
    assert urgent in await listed(api, anna, filter={"overdue": True})
    assert plain not in await listed(api, anna, filter={"overdue": True})

    later = (by_hand.now() + timedelta(days=36500)).isoformat()
    put_off = await done(api, anna, "scheduleTask", taskId=urgent, followUp=later)
    assert put_off["followUp"] is not None
    assert urgent not in await listed(api, anna, filter={"hidePutOff": True})
    await done(api, anna, "scheduleTask", taskId=urgent)
    assert urgent in await listed(api, anna, filter={"hidePutOff": True})

    await done(api, anna, "claimTask", taskId=urgent)
    assert await listed(api, anna, filter={"held": True}) == [urgent]
    assert urgent not in await listed(api, anna, filter={"pool": True})
    assert await listed(api, people["sven"], filter={"held": True}) == []


@pytest.mark.parametrize("order", ["LATEST", "PRIORITY", "DUE"])
async def test_pages_hold_every_task_once_in_each_order(
    api: Api, by_hand: ByHand, people: dict[str, str], order: str
) -> None:
    for product, element in (("pair", "make"), ("deadline", "review"), ("approval", "first")):
        await opened(by_hand, product, element)
    whole = await listed(api, people["sven"], order=order, first=100)
    paged: list[str] = []
    after = None
    while True:
        data = await api.ask(LISTED, {"order": order, "first": 2, "after": after}, token=people["sven"])
        paged += [edge["node"]["id"] for edge in data["tasks"]["edges"]]
        after = data["tasks"]["pageInfo"]["endCursor"]
        if not data["tasks"]["pageInfo"]["hasNextPage"]:
            break
    assert paged == whole
    assert len(set(whole)) == len(whole) >= 4


async def test_many_tasks_are_claimed_with_a_result_for_each(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    free = await opened(by_hand, "approval", "first")
    taken = await opened(by_hand, "approval", "first")
    await done(api, people["olga"], "claimTask", taskId=taken)
    unknown = f"Task:{uuid4()}"
    query = f"mutation ($input: ClaimTasksInput!) {{ claimTasks(input: $input) {{ {MANY} }} }}"
    given = {"idempotencyKey": "claim-many", "taskIds": [free, taken, unknown]}
    first = (await api.ask(query, {"input": given}, token=people["otto"]))["claimTasks"]
    assert first["command"] == {"state": "DONE"}
    assert [(one["taskId"], one["done"], one["code"]) for one in first["results"]] == [
        (free, True, None),
        (taken, False, "task.claimed"),
        (unknown, False, "task.unknown"),
    ]
    # What has happened since changes nothing about what the request did.
    await done(api, people["olga"], "unclaimTask", taskId=taken)
    again = (await api.ask(query, {"input": given}, token=people["otto"]))["claimTasks"]
    assert again == first
    other = {**given, "taskIds": [free]}
    refused = (await api.ask(query, {"input": other}, token=people["otto"]))["claimTasks"]
    assert refused == {
        "command": None,
        "results": [],
        "userErrors": [{"code": "command.key_reused", "field": "idempotencyKey"}],
    }


async def test_many_tasks_are_completed_and_one_refusal_holds_no_other(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    tasks = [await opened(by_hand, "approval", "first") for _ in range(3)]
    query = f"mutation ($input: CompleteTasksInput!) {{ completeTasks(input: $input) {{ {MANY} }} }}"
    decisions = ("approve", "perhaps", "reject")
    items = [
        {"taskId": task_id, "variables": {"decision": decision}}
        for task_id, decision in zip(tasks, decisions, strict=True)
    ]
    data = await api.ask(
        query, {"input": {"idempotencyKey": "complete-many", "items": items}}, token=people["otto"]
    )
    assert [(one["done"], one["code"]) for one in data["completeTasks"]["results"]] == [
        (True, None),
        (False, "task.answer_invalid"),
        (True, None),
    ]
