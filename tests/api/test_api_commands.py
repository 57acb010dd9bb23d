"""Mutations: a command is committed, performed once by the worker, and its outcome told."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.api import Api
from support.domain_worker import domain_worker

DOCUMENTS = Path(__file__).resolve().parents[2] / "scf" / "demo_documents" / "retail"

IMPORT = """
mutation Import($input: ImportDocumentInput!) {
  importDocument(input: $input) {
    command { id state }
    userErrors { code field message hint }
    document { id kind state number findings { code } invoice { number } order { number } }
  }
}
"""
RECORD = """
mutation Record($input: RecordPaymentInput!) {
  recordPayment(input: $input) {
    command { state } userErrors { code field } bankEntry { bankRef state amount { amount currency } }
  }
}
"""

Working = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
async def clerk(api: Api) -> str:
    return await api.person("olivia", "operations")


@pytest.fixture(scope="module")
def working(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Working:
    """Work on commands while a test is inside."""
    keys = tmp_path_factory.mktemp("keys")
    return lambda: domain_worker(api.database, keys, api.clock)


def document(name: str) -> dict[str, str]:
    """Return the input that imports one of the demo's documents."""
    path = DOCUMENTS / name
    return {
        "idempotencyKey": f"import-{name}",
        "filename": name,
        "contentBase64": base64.b64encode(path.read_bytes()).decode(),
    }


async def imported(api: Api, token: str, given: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = (await api.ask(IMPORT, {"input": given}, token=token))["importDocument"]
    return data


async def test_a_document_is_imported_and_its_order_can_be_read(
    api: Api, clerk: str, working: Working
) -> None:
    async with working():
        answer = await imported(api, clerk, document("order.xml"))

    assert answer["userErrors"] == []
    assert answer["command"]["state"] == "DONE"
    assert (answer["document"]["kind"], answer["document"]["state"]) == ("order", "accepted")
    assert answer["document"]["order"]["number"] == answer["document"]["number"]


async def test_the_same_command_twice_is_performed_once(api: Api, clerk: str, working: Working) -> None:
    given = {**document("invoice.xml"), "idempotencyKey": "twice"}
    async with working():
        first = await imported(api, clerk, given)
        second = await imported(api, clerk, given)

    assert first == second
    assert first["document"]["state"] == "accepted"


async def test_another_command_with_the_same_key_is_refused(api: Api, clerk: str, working: Working) -> None:
    async with working():
        await imported(api, clerk, {**document("order.xml"), "idempotencyKey": "reused"})
        answer = await imported(api, clerk, {**document("invoice.xml"), "idempotencyKey": "reused"})

    assert answer["command"] is None
    assert (answer["userErrors"][0]["code"], answer["userErrors"][0]["field"]) == (
        "command.key_reused",
        "idempotencyKey",
    )


async def test_what_the_worker_refuses_is_a_user_error(api: Api, clerk: str, working: Working) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><Invoice>&b;</Invoice>'
    given = {
        "idempotencyKey": "bomb",
        "filename": "bomb.xml",
        "contentBase64": base64.b64encode(bomb).decode(),
    }
    async with working():
        answer = await imported(api, clerk, given)

    assert answer["command"]["state"] == "REFUSED"
    assert answer["document"] is None
    assert answer["userErrors"][0]["code"]
    assert answer["userErrors"][0]["message"]


async def test_without_a_worker_the_command_is_accepted_and_done_later(
    api: Api, clerk: str, working: Working
) -> None:
    given = {**document("receipt-advice.xml"), "idempotencyKey": "patience"}
    query = "query ($id: ID!) { command(id: $id) { kind state decidedAt } }"

    accepted = await imported(api, clerk, given)
    id_ = {"id": accepted["command"]["id"]}
    before = (await api.ask(query, id_, token=clerk))["command"]
    async with working():
        done = await imported(api, clerk, given)
    after = (await api.ask(query, id_, token=clerk))["command"]

    assert (accepted["command"]["state"], accepted["document"]) == ("ACCEPTED", None)
    assert before == {"kind": "document.import", "state": "ACCEPTED", "decidedAt": None}
    assert done["command"] == {"id": id_["id"], "state": "DONE"}
    assert after["state"] == "DONE"


async def test_outcomes_are_heard_again_after_the_listening_connection_was_lost(
    api: Api, clerk: str, working: Working
) -> None:
    listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    async with api.database.reading() as sql:
        (first,) = await sql.fetch(listening)
        await sql.execute("SELECT pg_terminate_backend($1)", first["pid"])
    async with asyncio.timeout(5):
        while True:
            async with api.database.reading() as sql:
                if await sql.fetchval(f"{listening} AND pid <> $1", first["pid"]):
                    break
            await asyncio.sleep(0.05)
    async with working():
        answer = await imported(api, clerk, {**document("despatch-advice.xml"), "idempotencyKey": "heard"})

    assert answer["command"]["state"] == "DONE"


async def test_a_role_that_may_not_give_a_command_is_told(api: Api, working: Working) -> None:
    auditor = await api.person("rita", "auditor")
    async with working():
        answer = await imported(api, auditor, document("order.xml"))

    assert answer["command"] is None
    assert answer["userErrors"][0]["code"] == "command.forbidden"


async def test_a_command_of_somebody_else_is_not_there_for_a_customer(
    api: Api, clerk: str, working: Working
) -> None:
    async with working():
        answer = await imported(api, clerk, {**document("order.xml"), "idempotencyKey": "private"})
    seller = await api.person("sam", "seller_maker", party_id=UUID(int=1))

    found = await api.ask(
        "query ($id: ID!) { command(id: $id) { state } }", {"id": answer["command"]["id"]}, token=seller
    )

    assert found == {"command": None}


async def test_nobody_gives_a_command_without_a_login(api: Api) -> None:
    refused = await api.refusal(IMPORT, {"input": document("order.xml") | {"contentBase64": ""}})

    assert refused["code"] == "auth.required"


async def test_a_payment_is_recorded_once_per_bank_reference(api: Api, clerk: str, working: Working) -> None:
    given = {
        "idempotencyKey": "pay-1",
        "reference": "unknown reference",
        "amount": "107.50",
        "currency": "GBP",
        "valueDate": "2026-11-23",
        "bankRef": "BANK-1",
        "payer": "Gamma Stores",
    }
    async with working():
        first = (await api.ask(RECORD, {"input": given}, token=clerk))["recordPayment"]
        again = await api.ask(RECORD, {"input": {**given, "idempotencyKey": "pay-2"}}, token=clerk)

    assert first["userErrors"] == []
    assert first["bankEntry"]["amount"] == {"amount": "107.50", "currency": "GBP"}
    assert again["recordPayment"]["bankEntry"] == first["bankEntry"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 107.5),
        ("amount", "1e3"),
        ("amount", "NaN"),
        ("amount", "٣.00"),
        ("valueDate", "23.11.2026"),
        ("valueDate", "2026-W01-1"),
        ("valueDate", 1),
    ],
)
async def test_an_amount_or_a_date_that_is_not_exact_is_refused(
    api: Api, clerk: str, field: str, value: object
) -> None:
    given = {
        "idempotencyKey": "odd",
        "reference": "r",
        "amount": "1.00",
        "currency": "EUR",
        "valueDate": "2026-11-23",
        "bankRef": "BANK-2",
        field: value,
    }

    refused = await api.refusal(RECORD, {"input": given}, token=clerk)

    assert refused["code"] == "graphql.invalid"
    assert f".{field}: " in refused["message"]


async def test_a_task_that_does_not_exist_cannot_be_claimed(api: Api, clerk: str) -> None:
    answer = await api.ask(
        """mutation ($input: ClaimTaskInput!) { claimTask(input: $input) {
             command { state } userErrors { code } task { id } } }""",
        {"input": {"idempotencyKey": "claim", "taskId": f"Task:{UUID(int=7)}"}},
        token=clerk,
    )

    assert answer["claimTask"] == {"command": None, "userErrors": [{"code": "task.unknown"}], "task": None}


@pytest.mark.parametrize(
    ("field", "value", "code", "where"),
    [
        ("amount", "0.00", "command.field_invalid", "payload.amount"),
        ("amount", "-1.00", "command.field_invalid", "payload.amount"),
        ("amount", "0.001", "command.field_invalid", "payload.amount"),
        ("amount", "9" * 30, "money.amount_invalid", None),
        ("valueDate", "0001-01-01", "command.field_invalid", "payload.value_date"),
        ("valueDate", "9999-12-31", "command.field_invalid", "payload.value_date"),
        ("reference", "a\0b", "command.text_invalid", "payload.reference"),
        ("payer", "a\0b", "command.text_invalid", "payload.payer"),
        ("idempotencyKey", "a\0b", "command.key_invalid", "idempotencyKey"),
    ],
)
async def test_a_payment_that_cannot_be_is_refused_with_its_place(
    api: Api, clerk: str, field: str, value: str, code: str, where: str | None
) -> None:
    given = {
        "idempotencyKey": "impossible",
        "reference": "r",
        "amount": "1.00",
        "currency": "EUR",
        "valueDate": "2026-11-23",
        "bankRef": "BANK-3",
        field: value,
    }

    answer = (await api.ask(RECORD, {"input": given}, token=clerk))["recordPayment"]

    assert answer["bankEntry"] is None
    assert (answer["userErrors"][0]["code"], answer["userErrors"][0]["field"]) == (code, where)


@pytest.mark.parametrize("content", ["%%%", "é", "PGE+\n", "a"])
async def test_a_content_that_is_no_base64_is_refused(api: Api, clerk: str, content: str) -> None:
    given = {"idempotencyKey": "no-base64", "filename": "a.xml", "contentBase64": content}

    answer = await imported(api, clerk, given)

    assert answer["userErrors"][0]["field"] == "payload.content_b64"


async def test_who_brought_a_document_that_cannot_be_taken_sees_why(api: Api, working: Working) -> None:
    seller = await api.person("selma", "seller_maker", party_id=UUID(int=11))
    other = await api.person("oscar", "seller_maker", party_id=UUID(int=11))
    text = (DOCUMENTS / "invoice.xml").read_text("utf-8")
    wrong = re.sub(r"(<cbc:PayableAmount[^>]*>)[^<]*", r"\g<1>1.00", text)
    given = {
        "idempotencyKey": "wrong-total",
        "filename": "invoice.xml",
        "contentBase64": base64.b64encode(wrong.encode()).decode(),
    }
    async with working():
        document = (await imported(api, seller, given))["document"]
    query = "query ($id: ID!) { document(id: $id) { state } }"

    assert document["state"] == "quarantined"
    assert [finding["code"] for finding in document["findings"]] == ["invoice.payable_wrong"]
    assert await api.ask(query, {"id": document["id"]}, token=other) == {"document": None}


async def test_a_seller_cannot_bring_the_order_that_its_invoice_is_matched_with(
    api: Api, working: Working
) -> None:
    seller = await api.person("stella", "seller_maker", party_id=UUID(int=12))
    async with working():
        answer = await imported(api, seller, {**document("order.xml"), "idempotencyKey": "own-order"})

    assert (answer["command"]["state"], answer["document"]) == ("REFUSED", None)
    assert answer["userErrors"][0]["code"] == "document.not_yours"
    assert answer["userErrors"][0]["hint"]
