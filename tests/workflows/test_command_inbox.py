"""The inbox: a command is accepted once, answered with a receipt, and never half stored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from conftest import NewDatabase

import workflows
from core import Conflict, Database, Forbidden, InvalidInput, NotFound, Transaction
from workflows import Actor

SELLER = Actor("sam", frozenset({"seller_maker"}), uuid4())
TREASURY = Actor("tess", frozenset({"treasury"}))
PAYMENT = {
    "reference": "INV-1",
    "amount": "107.50",
    "currency": "GBP",
    "value_date": "2026-11-23",
    "bank_ref": "B-1",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    opened = await Database.open(await new_database([workflows.ROOM]), [workflows.ROOM])
    yield opened
    await opened.close()


async def submit(
    database: Database,
    kind: str,
    payload: dict[str, Any],
    actor: Actor,
    key: str,
    case_id: UUID | None = None,
) -> workflows.Receipt:
    async with database.transaction() as tx:
        return await workflows.submit(
            tx, kind=kind, actor=actor, payload=payload, idempotency_key=key, case_id=case_id
        )


@contextlib.asynccontextmanager
async def abandoned(tx: Transaction) -> AsyncIterator[None]:
    """Undo what happens inside."""
    with contextlib.suppress(RuntimeError):
        async with tx.savepoint():
            yield
            raise RuntimeError


async def test_a_command_is_accepted_and_waits_for_its_outcome(database: Database) -> None:
    receipt = await submit(database, "payment.record", PAYMENT, TREASURY, "k1")
    assert not receipt.replayed
    async with database.reading() as sql:
        assert (await workflows.outcome(sql, receipt.command_id)).state == "accepted"


async def test_the_same_command_with_the_same_key_has_the_same_receipt(database: Database) -> None:
    first = await submit(database, "payment.record", PAYMENT, TREASURY, "k2")
    again = await submit(database, "payment.record", dict(reversed(PAYMENT.items())), TREASURY, "k2")
    assert again.command_id == first.command_id
    assert again.replayed


async def test_another_command_may_not_use_the_key(database: Database) -> None:
    await submit(database, "payment.record", PAYMENT, TREASURY, "k3")
    with pytest.raises(Conflict) as refusal:
        await submit(database, "payment.record", {**PAYMENT, "amount": "107.51"}, TREASURY, "k3")
    assert refusal.value.code == "command.key_reused"


async def test_two_actors_may_use_one_key(database: Database) -> None:
    other = Actor("theo", frozenset({"treasury"}))
    first = await submit(database, "payment.record", PAYMENT, TREASURY, "k4")
    second = await submit(database, "payment.record", PAYMENT, other, "k4")
    assert first.command_id != second.command_id


async def test_a_command_that_is_not_committed_was_never_accepted(database: Database) -> None:
    async with database.transaction() as tx, abandoned(tx):
        receipt = await workflows.submit(
            tx, kind="payment.record", actor=TREASURY, payload=PAYMENT, idempotency_key="k5"
        )
    async with database.reading() as sql:
        with pytest.raises(NotFound) as missing:
            await workflows.outcome(sql, receipt.command_id)
    assert missing.value.code == "command.unknown"


async def test_one_of_many_equal_commands_at_once_is_accepted(database: Database) -> None:
    receipts = await asyncio.gather(
        *(submit(database, "payment.record", PAYMENT, TREASURY, "k6") for _ in range(4))
    )
    assert len({receipt.command_id for receipt in receipts}) == 1
    assert sorted(receipt.replayed for receipt in receipts) == [False, True, True, True]


@pytest.mark.parametrize(
    ("kind", "payload", "code", "where"),
    [
        ("payment.steal", {}, "command.kind_unknown", None),
        ("payment.record", {**PAYMENT, "amount": 107.5}, "command.field_invalid", "payload.amount"),
        ("payment.record", {**PAYMENT, "amount": "107.505"}, "command.field_invalid", "payload.amount"),
        ("payment.record", {**PAYMENT, "amount": "-1"}, "command.field_invalid", "payload.amount"),
        ("payment.record", {**PAYMENT, "amount": "NaN"}, "money.amount_invalid", None),
        ("payment.record", {**PAYMENT, "currency": "XYZ"}, "money.currency_unknown", None),
        ("payment.record", {**PAYMENT, "value_date": "today"}, "command.field_invalid", "payload.value_date"),
        ("payment.record", {**PAYMENT, "direction": "up"}, "command.field_invalid", "payload.direction"),
        ("payment.record", {**PAYMENT, "note": "x"}, "command.field_unknown", "payload.note"),
        (
            "task.complete",
            {"task_id": str(UUID(int=7)), "statement": {"text": "x" * 20_000}},
            "command.field_invalid",
            "payload.statement",
        ),
        (
            "payment.record",
            {name: value for name, value in PAYMENT.items() if name != "bank_ref"},
            "command.field_missing",
            "payload.bank_ref",
        ),
        ("request.submit", {"invoice_ids": []}, "command.field_invalid", "payload.invoice_ids"),
        ("request.submit", {"invoice_ids": ["x"]}, "command.field_invalid", "payload.invoice_ids"),
        (
            "request.submit",
            {"invoice_ids": [str(UUID(int=1)), str(UUID(int=1))]},
            "command.field_invalid",
            "payload.invoice_ids",
        ),
        (
            "document.import",
            {"content_b64": "%%%", "filename": "a.xml"},
            "command.field_invalid",
            "payload.content_b64",
        ),
        ("case.cancel", {"reason": " "}, "command.field_invalid", "payload.reason"),
        (
            "case.start",
            {"product": "p", "business_key": "k", "clock": {"rate": "0"}},
            "clock.policy_invalid",
            "payload.clock",
        ),
        (
            "case.start",
            {"product": "p", "business_key": "k", "variables": {"size": 1.5}},
            "command.payload_invalid",
            "payload",
        ),
    ],
)
async def test_a_wrong_payload_is_refused_with_its_place(
    database: Database, kind: str, payload: dict[str, Any], code: str, where: str | None
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await submit(database, kind, payload, Actor.system("test"), f"wrong-{code}")
    assert refusal.value.code == code
    assert refusal.value.where == where


@pytest.mark.parametrize(
    "kind", ["payment.record", "definition.save", "definition.approve", "case.start", "case.cancel"]
)
async def test_a_role_that_does_not_allow_it_is_refused(database: Database, kind: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        await submit(database, kind, PAYMENT, SELLER, "f1")
    assert refusal.value.code == "command.forbidden"


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("task.claim", {"task_id": str(UUID(int=7))}, "task.unknown"),
        ("task.complete", {"task_id": str(UUID(int=7)), "variables": {}}, "task.unknown"),
        ("incident.retry", {"incident_id": str(UUID(int=7))}, "incident.unknown"),
        ("case.cancel", {"reason": "mistake"}, "case.unknown"),
    ],
)
async def test_a_command_for_nothing_is_refused(
    database: Database, kind: str, payload: dict[str, Any], code: str
) -> None:
    with pytest.raises(NotFound) as refusal:
        await submit(database, kind, payload, Actor("olga", frozenset({"operations"})), "n1")
    assert refusal.value.code == code


async def test_an_empty_key_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await submit(database, "payment.record", PAYMENT, TREASURY, "")
    assert refusal.value.code == "command.key_invalid"
