"""Factoring from the first document to settlement, and the ways in which a request can end otherwise."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from conftest import NewDatabase

import finance
from support.cases import Platform
from support.factoring import (
    OFFICER,
    OPERATIONS,
    SECOND_OFFICER,
    bring_trade,
    marked_content,
    shipped_platform,
)
from support.shared import shared_path
from workflows import Actor
from workflows.domain_commands import NewCaseClock
from workflows.replay import replay_case
from workflows.worker import WorkerSettings, rooms

# Two months pass in about three seconds; the clock stands still while people and banks act.
CLOCK = NewCaseClock(Decimal(2_000_000), frozenset({"task", "message"}), from_documents=True)
SHORT_RECEIPT = 'unitCode="C62">600<|unitCode="C62">500<'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Platform]:
    """A platform as it is shipped, on a fast business clock."""
    url, keys = await new_database(rooms()), tmp_path_factory.mktemp("keys")
    settings = WorkerSettings(url, temporal_target, keys, task_queue="test-factoring", case_clock=CLOCK)
    async with shipped_platform(settings) as platform, platform.running():
        yield platform


async def test_an_invoice_is_financed_paid_and_settled(platform: Platform) -> None:
    trade = await bring_trade(platform, "manufacturing", "11")
    case_id = await trade.request()
    await trade.approve(case_id)
    await trade.fund(case_id)
    case = await platform.case_at(case_id, "WaitForPayment")
    assert case["business_now"].isoformat() == "2026-03-23T09:00:00+00:00"
    await trade.pay()
    case = await platform.case_in(case_id, "completed")

    completed = await platform.steps(case_id)
    for element in (
        "VerifyWithBuyer",
        "limit-review/ScoreParties",
        "SecondApproval",
        "Purchase",
        "SettleAsset",
    ):
        assert element in completed
    assert completed[-1] == "Settled"
    (request,) = await platform.rows(
        "SELECT state FROM finance.request_view WHERE id = $1", case["request_id"]
    )
    assert request["state"] == "SETTLED"
    journals = await platform.rows(
        "SELECT event, entry_id FROM finance.journal_view WHERE request_id = $1", case["request_id"]
    )
    assert {journal["event"] for journal in journals} >= {"purchase", "payment-sent", "payment-settled"}
    entries = await platform.rows("SELECT entry_id FROM ledger.entry_view")
    assert {journal["entry_id"] for journal in journals} <= {entry["entry_id"] for entry in entries}
    async with platform.database.transaction() as tx:
        assert await finance.verify_books(tx) == []
    tied = await finance.verify_journal(platform.database, platform.vault_key)
    assert tied.ok, tied.findings
    assert tied.agreeing == tied.journals >= len(journals)


async def test_a_settled_case_re_executes_to_its_signed_roots(platform: Platform) -> None:
    (case,) = await platform.rows("SELECT id FROM workflows.case_view WHERE state = 'completed' LIMIT 1")
    report = await replay_case(platform.database, case["id"], platform.vault_key)
    assert report.agrees, report.mismatches
    assert report.entries >= 8


async def test_a_second_officer_is_asked_only_above_the_threshold(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "12")
    case_id = await trade.request()
    await trade.approve(case_id)
    await platform.task(case_id, "AcceptOffer")
    assert "SecondApproval" not in await platform.steps(case_id, "element.activated")


async def test_a_second_officer_is_asked_when_small_requests_add_up(platform: Platform) -> None:
    """One officer may grant a limit of 100,000: three invoices of 29,779.40 fit into it, no fourth."""
    asked = []
    for series in ("", "-2", "-3", "-4"):
        trade = await bring_trade(platform, "retail", "19", series=series)
        case_id = await trade.request()
        if series:  # the same amount of the same two companies looks like the first invoice
            await platform.complete(
                case_id, "ReviewMatch", OPERATIONS, decision="accept", reason="another one"
            )
        await trade.approve(case_id)
        await platform.task(case_id, "AcceptOffer")
        asked.append("SecondApproval" in await platform.steps(case_id))
    assert asked == [False, False, False, True]
    limits = await platform.rows(
        "SELECT amount FROM finance.limit_view WHERE party_name LIKE '%19%' AND state = 'ACTIVE'"
    )
    assert {row["amount"] > 100_000 for row in limits} == {True}


async def test_the_first_officer_cannot_be_the_second(platform: Platform) -> None:
    trade = await bring_trade(platform, "manufacturing", "13")
    case_id = await trade.request()
    await platform.complete(case_id, "VerifyWithBuyer", trade.buyer, decision="confirmed")
    await platform.complete(case_id, "ApproveFinancing", OFFICER, decision="approve")
    task = {
        "task_id": str(await platform.task(case_id, "SecondApproval")),
        "variables": {"decision": "approve"},
    }
    both = Actor(OFFICER.name, frozenset({"credit_officer", "credit_officer_2"}))
    assert await platform.refusal("task.complete", task, actor=both) == "task.four_eyes"
    await platform.perform("task.complete", task, actor=SECOND_OFFICER)


async def test_another_buyer_cannot_verify(platform: Platform) -> None:
    trade = await bring_trade(platform, "manufacturing", "14")
    case_id = await trade.request()
    task_id = str(await platform.task(case_id, "VerifyWithBuyer"))
    stranger = Actor("stan", frozenset({"buyer_checker"}))
    payload = {"task_id": task_id, "variables": {"decision": "confirmed"}}
    assert await platform.refusal("task.complete", payload, actor=stranger) == "task.not_yours"


async def test_only_the_seller_may_offer_its_invoice(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "15")
    other = Actor("sid", frozenset({"seller_maker"}), UUID(int=5))
    code = await platform.refusal("request.submit", {"invoice_ids": [str(trade.invoice_id)]}, actor=other)
    assert code == "invoice.unknown"
    await trade.request()


async def test_a_company_imports_only_what_it_issues(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "31")
    analyst = Actor("ana", frozenset({"credit_analyst"}))
    stranger = Actor("sid-31", frozenset({"seller_maker"}), UUID(int=5))
    kinds = ("order", "receipt-advice", "despatch-advice", "invoice", "financials-seller", "financials-buyer")
    may = {
        trade.seller: {"despatch-advice", "invoice", "financials-seller"},
        trade.buyer: {"order", "receipt-advice", "financials-buyer"},
        stranger: set(),
        analyst: {"financials-seller", "financials-buyer"},
    }
    before = await platform.rows("SELECT count(*) AS n FROM finance.document")
    for actor, allowed in may.items():
        for kind in kinds:
            name = f"{kind}.json" if kind.startswith("financials") else f"{kind}.xml"
            payload = {"content_b64": marked_content("retail", name, "31"), "filename": name}
            if kind in allowed:
                outcome = await platform.perform("document.import", payload, actor=actor)
                assert outcome["state"] == "duplicate", (actor, kind)
            else:
                code = await platform.refusal("document.import", payload, actor=actor)
                assert code == "document.not_yours", (actor, kind)
    after = await platform.rows("SELECT count(*) AS n FROM finance.document")
    assert after[0]["n"] - before[0]["n"] == sum(map(len, may.values()))


async def test_a_match_exception_opens_the_review_task(platform: Platform) -> None:
    trade = await bring_trade(platform, "manufacturing", "16", receipt_advice=SHORT_RECEIPT)
    case_id = await trade.request()
    task_id = await platform.task(case_id, "ReviewMatch")
    (task,) = await platform.rows("SELECT variables FROM workflows.task_view WHERE id = $1", task_id)
    match = orjson.loads(task["variables"])["match"]
    assert match["decision"] == "exception"
    assert match["exceptions"]
    assert Decimal(match["eligible"]) < Decimal(match["invoiced"])
    assert (await platform.case(case_id))["state"] == "waiting"
    await platform.complete(
        case_id, "ReviewMatch", OPERATIONS, decision="accept", reason="the rest is on back order"
    )
    await platform.task(case_id, "VerifyWithBuyer")


async def test_a_rejected_match_exception_ends_the_request(platform: Platform) -> None:
    trade = await bring_trade(platform, "manufacturing", "17", receipt_advice=SHORT_RECEIPT)
    case_id = await trade.request()
    await platform.complete(case_id, "ReviewMatch", OPERATIONS, decision="reject", reason="not delivered")
    case = await platform.case_in(case_id, "completed")
    assert (await platform.steps(case_id))[-1] == "Declined"
    (request,) = await platform.rows(
        "SELECT state FROM finance.request_view WHERE id = $1", case["request_id"]
    )
    assert request["state"] == "DECLINED"


async def test_without_headroom_the_request_is_declined(platform: Platform) -> None:
    trade = await bring_trade(
        platform, "manufacturing", "18", financials_buyer='"net_worth": "185000000"|"net_worth": "1000"'
    )
    case_id = await trade.request()
    await trade.approve(case_id)
    await platform.case_in(case_id, "completed")
    assert (await platform.steps(case_id))[-1] == "Declined"


async def test_invoices_of_one_request_are_checked_and_collected_side_by_side(platform: Platform) -> None:
    first = await bring_trade(platform, "retail", "23")
    second = await bring_trade(platform, "retail", "23", series="-2")
    case_id = await first.request(second)
    # The same amount between the same companies on the same day: a person has to tell the two apart.
    await platform.complete(case_id, "ReviewMatch", OPERATIONS, decision="accept", reason="two deliveries")
    await first.approve(case_id)
    await first.fund(case_id)
    await platform.case_at(case_id, "WaitForPayment")
    await first.pay()
    assert (await platform.case(case_id))["state"] != "completed"
    await second.pay()
    await platform.case_in(case_id, "completed")
    assert (await platform.steps(case_id)).count("SettleAsset") == 2
    assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_a_request_can_be_withdrawn_until_it_is_funded(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "26")
    cancel = {"reason": "the seller withdraws"}
    first = await trade.request()
    await trade.approve(first)
    await platform.task(first, "AcceptOffer")
    await platform.perform("case.cancel", cancel, actor=OPERATIONS, case_id=first)
    case = await platform.case(first)
    assert case["state"] == "cancelled"
    assert await request_state(platform, case["request_id"]) == "WITHDRAWN"

    again = await trade.request()
    await trade.approve(again)
    await trade.fund(again)
    assert await platform.refusal("case.cancel", cancel, actor=OPERATIONS, case_id=again) == "case.funded"
    assert await request_state(platform, (await platform.case(again))["request_id"]) == "FUNDED"


async def test_an_offer_may_be_declined(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "24")
    case_id = await trade.request()
    await trade.approve(case_id)
    await platform.complete(case_id, "AcceptOffer", trade.seller, decision="decline")
    case = await platform.case_in(case_id, "completed")
    assert await request_state(platform, case["request_id"]) == "DECLINED"
    limits = await platform.rows(
        "SELECT reserved FROM finance.limit_view WHERE seller_id = $1", case["seller_id"]
    )
    assert {limit["reserved"] for limit in limits} == {Decimal(0)}


async def test_an_invoice_is_in_one_request_at_a_time(platform: Platform) -> None:
    trade = await bring_trade(platform, "retail", "25")
    case_id = await trade.request()
    payload = {"invoice_ids": [str(trade.invoice_id)]}
    assert await platform.refusal("request.submit", payload, actor=trade.seller) == "request.invoice_taken"
    await trade.approve(case_id)
    await platform.complete(case_id, "AcceptOffer", trade.seller, decision="decline")
    await platform.case_in(case_id, "completed")
    again = await trade.request()
    assert again != case_id
    await trade.approve(again)


async def test_the_shared_chain_of_documents_waits_for_its_review(platform: Platform) -> None:
    folder = shared_path("documents", "ubl")
    outcomes = [
        await platform.outcome(await submit_document(platform, path)) for path in sorted(folder.glob("*.xml"))
    ]
    states = Counter(outcome.result["state"] for outcome in outcomes if outcome.result)
    assert (states["conflict"], states["duplicate"]) == (1, 2)
    (invoice,) = await platform.rows("SELECT * FROM finance.invoice_view WHERE number = 'A00095678'")
    seller = Actor("sheila", frozenset({"seller_maker"}), invoice["seller_id"])
    result = await platform.perform("request.submit", {"invoice_ids": [str(invoice["id"])]}, actor=seller)
    case_id = UUID(result["case_id"])
    task_id = await platform.task(case_id, "ReviewMatch")
    (task,) = await platform.rows("SELECT variables FROM workflows.task_view WHERE id = $1", task_id)
    exceptions = orjson.loads(task["variables"])["match"]["exceptions"]
    assert any(
        Decimal(found["invoiced"] or 0) - Decimal(found["received"] or 0) == 10 for found in exceptions
    )
    case = await platform.case(case_id)
    assert case["state"] == "waiting"
    assert case["business_now"].year == 2005


async def submit_document(platform: Platform, path: Path) -> UUID:
    content = base64.b64encode(path.read_bytes()).decode()
    return await platform.submit(
        "document.import", {"content_b64": content, "filename": path.name}, actor=OPERATIONS
    )


async def request_state(platform: Platform, request_id: UUID) -> str:
    (request,) = await platform.rows("SELECT state FROM finance.request_view WHERE id = $1", request_id)
    state: str = request["state"]
    return state
