"""Documents brought onto the platform: taken once, told apart, quarantined or refused, never half stored."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
import pytest

from core import Forbidden, InvalidInput, random_id
from finance import Sender, Side, import_document
from support.shared import shared_path

if TYPE_CHECKING:
    from conftest import Desk, Trade

NOW = datetime(2026, 1, 23, 9, 0, tzinfo=UTC)
TABLES = ("document", "legal_entity", "party_identifier", "order_", "invoice", "invoice_line", "credit_note")


async def counts(desk: Desk) -> dict[str, int]:
    async with desk.database.reading() as sql:
        return {table: await sql.fetchval(f"SELECT count(*) FROM finance.{table}") for table in TABLES}  # noqa: S608


async def test_an_accepted_invoice_is_stored_with_its_bytes_lines_and_parties(desk: Desk) -> None:
    trade = desk.trade("retail")
    outcome = await desk.bring(trade.read("invoice.xml"))
    assert (outcome.kind, outcome.state, outcome.refers_to) == ("invoice", "accepted", None)
    async with desk.database.reading() as sql:
        invoice = await sql.fetchrow(
            "SELECT * FROM finance.invoice_view WHERE document_id = $1", outcome.document_id
        )
        content = await sql.fetchval(
            "SELECT content FROM finance.document WHERE id = $1", outcome.document_id
        )
    assert invoice is not None
    assert content == trade.read("invoice.xml")
    assert (invoice["number"], invoice["state"], invoice["currency"]) == ("MV/2026/00318", "VALID", "EUR")
    assert str(invoice["total"]) == "29779.40"
    assert [line["quantity"] for line in orjson.loads(invoice["lines"])] == ["2400", "9000", "6000"]
    assert str(invoice["id"]) == outcome.summary["objectId"]


async def test_the_same_command_twice_stores_once(desk: Desk) -> None:
    content, entry = desk.trade("retail").read("invoice.xml"), random_id()
    first = await desk.bring(content, entry)
    before = await counts(desk)
    assert await desk.bring(content, entry) == first
    assert await counts(desk) == before


async def test_a_repeat_is_a_duplicate_also_with_other_prefixes(desk: Desk) -> None:
    trade = desk.trade("retail")
    first = await desk.bring(trade.read("invoice.xml"))
    before = await counts(desk)
    for name in ("invoice.xml", "invoice-sent-again.xml"):
        again = await desk.bring(trade.read(name))
        assert (again.state, again.refers_to) == ("duplicate", first.document_id)
    after = await counts(desk)
    assert after == {**before, "document": before["document"] + 2}  # kept, but nothing more is owed


async def test_an_invoice_typed_anew_is_a_duplicate(desk: Desk) -> None:
    trade = desk.trade("retail")
    first = await desk.bring(trade.read("invoice.xml"))
    typed = (
        trade.read("invoice.xml").replace(b"MV/2026/00318", b"mv-2026-00318").replace(b"Peeled", b"Skinned")
    )
    again = await desk.bring(typed)
    assert (again.state, again.refers_to) == ("duplicate", first.document_id)


async def test_another_amount_under_the_same_number_is_a_conflict(desk: Desk) -> None:
    trade = desk.trade("retail")
    first = await desk.bring(trade.read("invoice.xml"))
    other = trade.read("invoice.xml").replace(b"29779.40", b"29780.40").replace(b">350.00<", b">351.00<")
    again = await desk.bring(other)
    assert again.findings == ()
    assert (again.state, again.refers_to) == ("conflict", first.document_id)
    async with desk.database.reading() as sql:
        assert not await sql.fetchval(
            "SELECT count(*) FROM finance.invoice WHERE document_id = $1", again.document_id
        )


async def test_two_copies_that_arrive_together_become_one_invoice(desk: Desk) -> None:
    content = desk.trade("logistics").read("invoice.xml")
    outcomes = await asyncio.gather(*(desk.bring(content) for _ in range(4)))
    assert sorted(outcome.state for outcome in outcomes) == [
        "accepted",
        "duplicate",
        "duplicate",
        "duplicate",
    ]


async def test_new_companies_named_by_two_documents_at_once_are_one(desk: Desk) -> None:
    trade = desk.trade("manufacturing")
    names = ("order.xml", "invoice.xml", "despatch-advice.xml", "receipt-advice.xml")
    before = await counts(desk)
    outcomes = await asyncio.gather(*(desk.bring(trade.read(name)) for name in names))
    assert {outcome.state for outcome in outcomes} == {"accepted"}
    assert (await counts(desk))["legal_entity"] == before["legal_entity"] + 2


async def test_a_quarantined_document_is_kept_with_its_findings_and_nothing_else(desk: Desk) -> None:
    trade = desk.trade("retail")
    before = await counts(desk)
    wrong = trade.read("invoice.xml").replace(b"<cbc:DueDate>2026-03-23</cbc:DueDate>", b"")
    outcome = await desk.bring(wrong)
    assert outcome.state == "quarantined"
    assert [finding.code for finding in outcome.findings] == ["invoice.due_date_missing"]
    assert await counts(desk) == {**before, "document": before["document"] + 1}
    # The corrected invoice is no duplicate of the one that was never taken.
    assert (await desk.bring(trade.read("invoice.xml"))).state == "accepted"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Invoice/>",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"{}",
    ],
)
async def test_what_is_refused_leaves_nothing_behind(desk: Desk, content: bytes) -> None:
    before = await counts(desk)
    with pytest.raises(InvalidInput):
        await desk.bring(content)
    assert await counts(desk) == before


async def test_a_party_named_without_identifier_is_found_by_its_name(desk: Desk) -> None:
    trade = desk.trade("logistics")
    order = await desk.bring(trade.read("order.xml"))
    nameless = trade.read("receipt-advice.xml")
    start, end = nameless.index(b"<cac:PartyTaxScheme>"), nameless.index(b"</cac:PartyTaxScheme>")
    nameless = nameless[:start] + nameless[end + len(b"</cac:PartyTaxScheme>") :]
    receipt = await desk.bring(nameless)
    async with desk.database.reading() as sql:
        sides = await sql.fetch(
            "SELECT seller_id, buyer_id FROM finance.document_view WHERE id = ANY($1)",
            [order.document_id, receipt.document_id],
        )
    assert sides[0] == sides[1]


async def test_a_name_that_two_companies_have_is_quarantined_and_creates_none(desk: Desk) -> None:
    one, other, third = (desk.trade("retail") for _ in range(3))

    def named_as_one(trade: Trade) -> bytes:
        """Return the trade's order with the buyer's name of the first one."""
        return trade.read("order.xml").replace(f"{trade.mark} B.V.".encode(), f"{one.mark} B.V.".encode())

    for trade in (one, other):
        assert (await desk.bring(named_as_one(trade))).state == "accepted"
    before = await counts(desk)
    head, _, rest = named_as_one(third).partition(b"<cac:PartyTaxScheme>")
    without_identifier = head + rest.partition(b"</cac:PartyTaxScheme>")[2]
    outcome = await desk.bring(without_identifier)
    assert outcome.state == "quarantined"
    assert [finding.code for finding in outcome.findings] == ["party.ambiguous"]
    assert await counts(desk) == {**before, "document": before["document"] + 1}


async def test_a_file_name_is_short_and_printable(desk: Desk) -> None:
    for name in ("", "a" * 256, "invoice\x00.xml", "in\nvoice.xml"):
        with pytest.raises(InvalidInput) as error:
            async with desk.tx() as tx:
                await import_document(
                    tx,
                    b"<x/>",
                    filename=name,
                    imported_by="user:clerk",
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                    entry_id=random_id(),
                )
        assert error.value.code == "document.filename_invalid"


async def test_every_shared_document_finds_a_state(desk: Desk) -> None:
    """The examples of the standards packages, also in the order that matters least: as they lie there."""
    states: dict[str, int] = {}
    for path in sorted(shared_path("documents").rglob("*.xml")):
        try:
            outcome = (await desk.bring(path.read_bytes())).state
        except InvalidInput as error:
            outcome = error.code
        states[outcome] = states.get(outcome, 0) + 1
    assert set(states) <= {"accepted", "duplicate", "conflict", "quarantined", "document.kind_unknown"}
    assert states["accepted"] > 50
    async with desk.database.reading() as sql:
        invoice: UUID | None = await sql.fetchval(
            "SELECT id FROM finance.invoice_view WHERE number = 'A00095678'"
        )
    assert invoice is not None


async def test_a_company_cannot_give_another_one_identifiers(desk: Desk) -> None:
    trade = desk.trade("retail")
    order = await desk.bring(trade.read("order.xml"))
    head, party, tail = trade.read("invoice.xml").partition(b"<cac:AccountingCustomerParty>")
    number = (
        b'<cac:PartyIdentification><cbc:ID schemeID="0088">4000000000006</cbc:ID></cac:PartyIdentification>'
    )
    taught = head + party + tail.replace(b"<cac:PartyName>", number + b"<cac:PartyName>", 1)
    before = await counts(desk)
    async with desk.tx() as tx:
        parties = await tx.sql.fetchrow(
            "SELECT seller_id, buyer_id FROM finance.document_view WHERE id = $1", order.document_id
        )
        assert parties is not None
        outcome = await import_document(
            tx,
            taught,
            filename="invoice.xml",
            imported_by="sam",
            at=NOW,
            entry_id=random_id(),
            sender=Sender(frozenset({"seller"}), parties["seller_id"]),
        )
        buyer_id = await tx.sql.fetchval(
            "SELECT buyer_id FROM finance.document_view WHERE id = $1", outcome.document_id
        )
    after = await counts(desk)

    assert (outcome.state, buyer_id) == ("accepted", parties["buyer_id"])
    assert after["party_identifier"] == before["party_identifier"]


@pytest.mark.parametrize(
    ("kind", "side"), [("order.xml", "seller"), ("receipt-advice.xml", "seller"), ("invoice.xml", "buyer")]
)
async def test_no_side_brings_what_the_other_side_issues(desk: Desk, kind: str, side: Side) -> None:
    before = await counts(desk)

    with pytest.raises(Forbidden) as refused:
        async with desk.tx() as tx:
            await import_document(
                tx,
                desk.trade("retail").read(kind),
                filename=kind,
                imported_by="sam",
                at=NOW,
                entry_id=random_id(),
                sender=Sender(frozenset({side, "company"})),
            )

    assert refused.value.code == "document.not_yours"
    assert await counts(desk) == before
