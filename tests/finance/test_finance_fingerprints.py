"""Fingerprints: what is one invoice, what looks like it, and that only one request can claim it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import finance
from core import random_id
from finance.fingerprints import Identity, exact, fuzzy, look_alike, number_key, within_one_edit

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
KEY = bytes(range(32))
INVOICE = Identity(uuid4(), uuid4(), "MV/2026/00318", date(2026, 1, 22), "EUR", Decimal("29779.40"))


@pytest.mark.parametrize("number", ["MV/2026/00318", "mv 2026-00318", "MV.2026.00318"])
def test_a_number_is_its_letters_and_digits(number: str) -> None:
    assert exact(KEY, replace(INVOICE, number=number)) == exact(KEY, INVOICE)


def test_every_part_counts_and_so_does_the_key() -> None:
    changes = (
        {"seller_id": uuid4()},
        {"buyer_id": uuid4()},
        {"number": "MV/2026/00319"},
        {"issue_date": date(2026, 1, 23)},
        {"currency": "USD"},
        {"gross": Decimal("29779.41")},
    )
    prints = {exact(KEY, INVOICE), exact(bytes(32), INVOICE)}
    prints |= {exact(KEY, replace(INVOICE, **change)) for change in changes}  # type: ignore[arg-type]
    assert len(prints) == len(changes) + 2
    assert exact(KEY, replace(INVOICE, gross=Decimal("29779.400"))) == exact(KEY, INVOICE)


@pytest.mark.parametrize(
    ("number", "days", "alike"),
    [
        ("MV/2026/00319", 30, True),  # one character, a month later: the rent of the next month, or a trick
        ("MV/2026/0318", 30, True),
        ("OTHER-1", 3, True),
        ("OTHER-1", 30, False),
    ],
)
def test_a_look_alike_has_a_near_number_or_a_near_date(number: str, days: int, alike: bool) -> None:
    other = replace(INVOICE, number=number, issue_date=INVOICE.issue_date + timedelta(days=days))
    assert fuzzy(KEY, other) == fuzzy(KEY, INVOICE)
    assert look_alike(INVOICE, other) is look_alike(other, INVOICE) is alike


_text = st.text("AB1", max_size=6)


def edits(text: str) -> set[str]:
    cuts = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    return (
        {text}
        | {left + right[1:] for left, right in cuts if right}
        | {left + new + right[1:] for left, right in cuts if right for new in "AB1"}
        | {left + new + right for left, right in cuts for new in "AB1"}
    )


@settings(deadline=None)
@given(one=_text, other=_text)
def test_one_edit_is_one_edit(one: str, other: str) -> None:
    assert within_one_edit(one, other) == (other in edits(one))


@settings(deadline=None)
@given(st.text(max_size=30))
def test_number_keys_are_stable(number: str) -> None:
    assert number_key(number_key(number)) == number_key(number)


async def check(desk: Desk, invoice_id: UUID, request_id: UUID) -> finance.InvoiceCheck:
    async with desk.tx() as tx:
        return await finance.check_invoice(
            tx, invoice_id, request_id=request_id, at=NOW, entry_id=random_id()
        )


async def test_a_second_request_cannot_claim_the_same_invoice(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    first = await desk.request([invoice_id])
    other = await desk.request([await desk.trade("logistics").bring_all()])
    for _ in range(2):
        assert (await check(desk, invoice_id, first)).fingerprint_state == "clear"
    again = await check(desk, invoice_id, other)
    assert again.fingerprint_state == "exact"
    assert [finding.code for finding in again.findings] == ["fingerprint.exact"]
    assert again.authentic


async def test_of_requests_at_once_exactly_one_gets_the_claim(desk: Desk) -> None:
    invoice_id = await desk.trade("retail").bring_all()
    requests = [await desk.request([await desk.trade("logistics").bring_all()]) for _ in range(4)]
    checks = await asyncio.gather(*(check(desk, invoice_id, request_id) for request_id in requests))
    assert sorted(done.fingerprint_state for done in checks) == ["clear", "exact", "exact", "exact"]


async def test_a_look_alike_of_a_claimed_invoice_is_told(desk: Desk) -> None:
    trade = desk.trade("retail")
    first = await trade.bring_all()
    near = await desk.bring(trade.read("invoice.xml").replace(b"MV/2026/00318", b"MV/2026/00319"))
    await check(desk, first, await desk.request([first]))
    second = UUID(near.summary["objectId"])
    done = await check(desk, second, await desk.request([second]))
    assert done.fingerprint_state == "fuzzy"
    assert "MV/2026/00318" in done.findings[0].message
    assert random_id() != second
