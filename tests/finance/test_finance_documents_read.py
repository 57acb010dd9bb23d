"""Reading trade documents: what is understood, what is found wrong and where, what is refused outright."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import InvalidInput, ScfError
from finance import documents
from finance.standards.trade import ParsedDocument, TradeInvoice, TradeOrder, TradeReceipt
from support.shared import shared_path

DEMO = Path(__file__).parents[2] / "scf" / "demo_documents"
INVOICE = (DEMO / "retail" / "invoice.xml").read_text("utf-8")
FINANCIALS = (DEMO / "retail" / "financials-seller.json").read_text("utf-8")


# The shared files that are no UBL document: a bare signature, a CII invoice, the folder's description.
REFUSED = {"UBL-Invoice-2.0-Detached-Signature.xml", "XRechnung-O.xml", "README.md"}


def read(text: str | bytes) -> ParsedDocument:
    return documents.parse(text.encode() if isinstance(text, str) else text, filename="document.xml")


def errors(text: str) -> list[tuple[str, str]]:
    return [(found.code, found.where) for found in read(text).findings if found.severity == "error"]


def stated(total: str, amount: str) -> str:
    """Return the invoice with another amount in one of its totals."""
    return changed(f'<cbc:{total} currencyID="EUR">29779.40<', f'<cbc:{total} currencyID="EUR">{amount}<')


TOTALS = "/Invoice/cac:LegalMonetaryTotal"


def changed(old: str, new: str, count: int = 1) -> str:
    assert old in INVOICE
    return INVOICE.replace(old, new, count)


def test_the_shipped_documents_are_read_without_a_finding() -> None:
    for path in sorted(DEMO.rglob("*.*")):
        parsed = documents.parse(path.read_bytes(), filename=path.name)
        assert parsed.findings == (), path
        assert not parsed.quarantined


def test_an_invoice_tells_parties_dates_totals_and_lines() -> None:
    invoice = read(INVOICE).content
    assert isinstance(invoice, TradeInvoice)
    assert (invoice.number, invoice.order_number) == ("MV/2026/00318", "4500081932")
    assert (invoice.issue_date, invoice.due_date) == (date(2026, 1, 22), date(2026, 3, 23))
    assert invoice.seller.identifiers == ("vat:IT99900010301",)
    assert (invoice.payable, invoice.inclusive, invoice.currency) == (
        Decimal("29779.40"),
        Decimal("29779.40"),
        "EUR",
    )
    assert [(line.line_id, line.quantity, line.unit_price) for line in invoice.lines] == [
        ("1", Decimal(2400), Decimal("6.20")),
        ("2", Decimal(9000), Decimal("0.95")),
        ("3", Decimal(6000), Decimal("1.10")),
    ]


def test_the_price_is_per_unit_whatever_its_base_quantity() -> None:
    text = (DEMO / "manufacturing" / "order.xml").read_text("utf-8")
    text = text.replace(">520.00<", ">52000.00<").replace(
        '<cbc:BaseQuantity unitCode="C62">1<', '<cbc:BaseQuantity unitCode="C62">100<', 1
    )
    order = read(text).content
    assert isinstance(order, TradeOrder)
    assert order.lines[0].unit_price == Decimal("520")


def test_a_rejected_quantity_is_not_accepted() -> None:
    text = (DEMO / "manufacturing" / "receipt-advice.xml").read_text("utf-8")
    text = text.replace(
        ">600</cbc:ReceivedQuantity>",
        '>600</cbc:ReceivedQuantity><cbc:RejectedQuantity unitCode="C62">25</cbc:RejectedQuantity>',
    )
    receipt = read(text).content
    assert isinstance(receipt, TradeReceipt)
    assert receipt.lines[0].accepted == 575


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (
            changed(">29779.40</cbc:PayableAmount>", ">29779.42</cbc:PayableAmount>"),
            "invoice.payable_wrong",
            f"{TOTALS}/cbc:PayableAmount",
        ),
        (
            changed(">30030.00</cbc:LineExtensionAmount>", ">30031.00</cbc:LineExtensionAmount>"),
            "invoice.lines_sum_wrong",
            f"{TOTALS}/cbc:LineExtensionAmount",
        ),
        (
            changed(">600.60</cbc:AllowanceTotalAmount>", ">60.06</cbc:AllowanceTotalAmount>"),
            "invoice.allowances_sum_wrong",
            f"{TOTALS}/cbc:AllowanceTotalAmount",
        ),
        (
            changed(">350.00</cbc:ChargeTotalAmount>", ">35.00</cbc:ChargeTotalAmount>"),
            "invoice.charges_sum_wrong",
            f"{TOTALS}/cbc:ChargeTotalAmount",
        ),
        (
            stated("TaxExclusiveAmount", "1"),
            "invoice.tax_exclusive_wrong",
            f"{TOTALS}/cbc:TaxExclusiveAmount",
        ),
        (
            stated("TaxInclusiveAmount", "1"),
            "invoice.tax_inclusive_wrong",
            f"{TOTALS}/cbc:TaxInclusiveAmount",
        ),
        (
            changed("<cbc:Percent>0</cbc:Percent>", "<cbc:Percent>19</cbc:Percent>", 4),
            "invoice.tax_wrong",
            "/Invoice/cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount",
        ),
        (
            INVOICE.replace(">EUR<", ">XTS<").replace('"EUR"', '"XTS"'),
            "document.currency_unknown",
            "/Invoice/cbc:DocumentCurrencyCode",
        ),
        (
            changed(
                'currencyID="EUR">29779.40</cbc:PayableAmount>',
                'currencyID="USD">29779.40</cbc:PayableAmount>',
            ),
            "document.currency_mixed",
            f"{TOTALS}/cbc:PayableAmount",
        ),
        (
            changed("<cbc:DueDate>2026-03-23</cbc:DueDate>", ""),
            "invoice.due_date_missing",
            "/Invoice/cbc:DueDate",
        ),
        (
            changed("<cbc:DueDate>2026-03-23</cbc:DueDate>", "<cbc:DueDate>2026-02-30</cbc:DueDate>"),
            "document.date_invalid",
            "/Invoice/cbc:DueDate",
        ),
        (
            changed("<cbc:ID>MV/2026/00318</cbc:ID>", "<cbc:ID> </cbc:ID>"),
            "document.element_missing",
            "/Invoice/cbc:ID",
        ),
        (
            changed("<cbc:ID>MV/2026/00318</cbc:ID>", f"<cbc:ID>{'9' * 121}</cbc:ID>"),
            "document.text_too_long",
            "/Invoice/cbc:ID",
        ),
        (
            changed(">2400</cbc:InvoicedQuantity>", ">2.4E3</cbc:InvoicedQuantity>"),
            "document.number_invalid",
            "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity",
        ),
        (
            changed("NL999000104B01", "IT99900010301"),
            "document.parties_same",
            "/Invoice",
        ),
        (
            changed("<cbc:ChargeIndicator>false", "<cbc:ChargeIndicator>perhaps"),
            "document.indicator_invalid",
            "/Invoice/cac:AllowanceCharge[1]",
        ),
    ],
)
def test_a_contradiction_is_found_with_its_place(text: str, code: str, place: str) -> None:
    parsed = read(text)
    assert parsed.quarantined
    assert (code, place) in errors(text)
    assert all(finding.message and finding.hint for finding in parsed.findings)


@pytest.mark.parametrize(
    ("element", "amount", "code"),
    [
        ("PayableRoundingAmount", "6", "invoice.rounding_implausible"),
        ("PrepaidAmount", "-6", "invoice.prepaid_negative"),
    ],
)
def test_what_adds_up_but_cannot_be_meant_is_found(element: str, amount: str, code: str) -> None:
    added = f'<cbc:{element} currencyID="EUR">{amount}</cbc:{element}><cbc:PayableAmount'
    text = changed("<cbc:PayableAmount", added).replace(
        "29779.40</cbc:PayableAmount>", "29785.40</cbc:PayableAmount>"
    )
    assert [found for found, _ in errors(text)] == [code]


def test_a_difference_of_one_cent_is_rounding() -> None:
    assert errors(changed(">29779.40</cbc:PayableAmount>", ">29779.41</cbc:PayableAmount>")) == []


def test_the_due_date_may_stand_in_the_payment_means_or_terms() -> None:
    bare = changed("<cbc:DueDate>2026-03-23</cbc:DueDate>", "")
    for text in (
        bare.replace(
            "<cbc:PaymentMeansCode>58</cbc:PaymentMeansCode>",
            "<cbc:PaymentMeansCode>58</cbc:PaymentMeansCode><cbc:PaymentDueDate>2026-03-20</cbc:PaymentDueDate>",
        ),
        bare.replace(
            "<cbc:Note>60 days net</cbc:Note>",
            "<cbc:Note>60 days net</cbc:Note><cbc:PaymentDueDate>2026-03-20Z</cbc:PaymentDueDate>",
        ),
    ):
        invoice = read(text).content
        assert isinstance(invoice, TradeInvoice)
        assert invoice.due_date == date(2026, 3, 20)


def test_a_line_that_contradicts_itself_is_a_warning() -> None:
    parsed = read(changed(">6.20</cbc:PriceAmount>", ">6.30</cbc:PriceAmount>"))
    assert [(found.code, found.severity) for found in parsed.findings] == [
        ("invoice.line_total_wrong", "warning")
    ]
    assert not parsed.quarantined


BOMB = "".join(f'<!ENTITY b{level} "{f"&b{level - 1};" * 10 if level else "beeswax"}">' for level in range(9))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document.malformed"),
        (b"not xml at all", "document.malformed"),
        (b"<Invoice><unclosed></Invoice>", "document.malformed"),
        (INVOICE.encode()[:2000], "document.malformed"),
        (b"\x00\x01\x02\xff", "document.malformed"),
        (
            INVOICE.replace("ubl:schema:xsd:Invoice-2", "ubl:schema:xsd:Invoice-3").encode(),
            "document.kind_unknown",
        ),
        (INVOICE.replace("schema:xsd:Invoice-2", "schema:xsd:Order-2").encode(), "document.kind_unknown"),
        (b"<Invoice/>", "document.kind_unknown"),
        (
            b'<x xmlns="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>',
            "document.kind_unknown",
        ),
        (f"<!DOCTYPE bomb [{BOMB}]><Invoice>&b8;</Invoice>".encode(), "document.dtd_refused"),
        (
            b'<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]><Invoice>&secret;</Invoice>',
            "document.dtd_refused",
        ),
        (b'<!DOCTYPE Invoice SYSTEM "http://127.0.0.1:1/invoice.dtd"><Invoice/>', "document.dtd_refused"),
        (f"<!DOCTYPE bomb [{BOMB}]><a b='&b8;'/>".encode("utf-16"), "document.dtd_refused"),
        (b"<a>" * 300 + b"</a>" * 300, "document.malformed"),
        (b"<a>" + b"<b/>" * 200_001 + b"</a>", "document.too_large"),
        (b"<a>" + b" " * (10 * 1024 * 1024) + b"</a>", "document.too_large"),
        (b"{", "document.malformed"),
        (b"[1]", "document.malformed"),
        (b'{"format": "other"}', "document.kind_unknown"),
        (b'{"format": "scf-financials/1", "x": ' + b"[" * 900 + b"]" * 900 + b"}", "document.malformed"),
        (b'{"format": "scf-financials/1", "x": "' + b"x" * 300_000 + b'"}', "document.too_large"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "document.malformed"),
    ],
)
def test_what_is_no_document_or_hostile_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read(content)
    assert error.value.code == code
    assert error.value.where


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"vat:IT99900010301"', '"IT99900010301"', "financials.identifier_invalid"),
        ('"2025-12-31"', '"2025-13-31"', "financials.period_invalid"),
        ('"2026-01-15"', '"2026-01-32"', "financials.publication_invalid"),
        ('"2026-01-15"', '"2025-12-30"', "financials.publication_invalid"),
        ('"EUR"', '"EURO"', "financials.currency_unknown"),
        ('"EUR"', '["EUR"]', "financials.currency_unknown"),
        ('"1.38"', "1.38", "financials.figure_invalid"),
        ('"1.38"', '"1.38e9"', "financials.figure_invalid"),
        ('"manufacturing"', '"banking"', "financials.sector_unknown"),
        ('"synthetic": true', '"synthetic": "yes"', "financials.label_missing"),
        ('"IT"', '"Italy"', "financials.country_invalid"),
    ],
)
def test_financials_are_quarantined_with_their_place(old: str, new: str, code: str) -> None:
    assert old in FINANCIALS
    parsed = read(FINANCIALS.replace(old, new))
    assert parsed.quarantined
    assert [finding.code for finding in parsed.findings] == [code]
    assert parsed.findings[0].where.startswith("/")


def test_signed_and_reserialised_copies_have_one_digest() -> None:
    folder = shared_path("documents", "ubl")
    names = ("Example", "Detached", "Enveloped")
    copies = {read((folder / f"UBL-Invoice-2.0-{name}.xml").read_bytes()).digest for name in names}
    assert len(copies) == 1
    again = (DEMO / "retail" / "invoice-sent-again.xml").read_text("utf-8")
    assert "<a:InvoiceLine>" in again
    assert read(again).digest == read(INVOICE).digest
    assert read(changed("<cbc:Name>Peeled", "<cbc:Name>Pealed")).digest != read(INVOICE).digest


def outcome(content: bytes) -> str:
    """Return the kind of a document, or the code with which it is refused; no other error passes."""
    try:
        return documents.parse(content, filename="document.xml").kind
    except ScfError as error:
        return error.code


def test_every_shared_document_is_read_or_refused_by_name() -> None:
    files = [path for path in shared_path("documents").rglob("*") if path.is_file()]
    outcomes = {path.name: outcome(path.read_bytes()) for path in files}
    assert len(files) > 100
    refused = {name for name, result in outcomes.items() if result.startswith("document.")}
    assert all("cii" in name.lower() or name in REFUSED for name in refused), refused


@settings(max_examples=150, deadline=None)
@given(
    cut=st.integers(0, len(INVOICE)),
    length=st.integers(0, 200),
    junk=st.text(max_size=30),
)
@example(cut=0, length=0, junk="\ufeff")
@example(cut=211, length=45, junk="")  # leaves a namespace that is a relative URI
def test_no_damage_gives_an_untyped_error(cut: int, length: int, junk: str) -> None:
    damaged = INVOICE[:cut] + junk + INVOICE[cut + length :]
    assert outcome(damaged.encode("utf-8", "surrogatepass"))
