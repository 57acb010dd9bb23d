"""UBL 2.0 to 2.5 (OASIS Universal Business Language): trade documents into records.

Read: Order, DespatchAdvice, ReceiptAdvice, Invoice, CreditNote, RemittanceAdvice. Every other UBL document
kind is recognised and kept unread. The EN 16931 and Peppol BIS 3 profiles are subsets of the same vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from lxml import etree

from core.errors import InvalidInput
from core.money import MINOR_UNITS
from finance.standards import arithmetic
from finance.standards.reader import Reader
from finance.standards.trade import (
    Content,
    DespatchedLine,
    Finding,
    OtherDocument,
    ParsedDocument,
    ReceivedLine,
    TradeCreditNote,
    TradeDespatch,
    TradeInvoice,
    TradeLine,
    TradeOrder,
    TradeParty,
    TradeReceipt,
    TradeRemittance,
)
from finance.standards.xml import content_digest

_NAMESPACE = re.compile(r"urn:oasis:names:specification:ubl:schema:xsd:([A-Za-z]+)-2")
_LIBRARIES = {"CommonAggregateComponents", "CommonBasicComponents", "CommonExtensionComponents"}
_ZERO = Decimal(0)
_MAX_LINES = 2_000


def parse(root: etree._Element, *, filename: str) -> ParsedDocument:
    """Read a UBL document.

    What is wrong inside it is told as findings with their place; the content is None when an error finding
    left nothing that could be used.

    Raises:
        InvalidInput: `document.kind_unknown` when the root element is not that of a UBL 2 document.
    """
    name = etree.QName(root)
    match = _NAMESPACE.fullmatch(name.namespace or "")
    if match is None or match[1] != name.localname or match[1] in _LIBRARIES:
        raise InvalidInput(
            "document.kind_unknown",
            f"The root {name.localname!r} in namespace {name.namespace or ''!r} is no UBL 2 document.",
            where=filename,
            hint="Send UBL 2 documents (Order, DespatchAdvice, ReceiptAdvice, Invoice, …).",
        )
    findings: list[Finding] = []
    reader = Reader(root, f"/{name.localname}", findings)
    kind, read = _KINDS.get(name.localname, ("other", _other))
    content: Content | None = read(reader)
    if any(finding.severity == "error" for finding in findings):
        content = None
    return ParsedDocument(
        kind=kind,
        digest=content_digest(root),
        # What is wrong with the number was noted when the content was read.
        number=Reader(root, reader.place, []).identifier("cbc:ID"),
        content=content,
        findings=tuple(findings),
    )


def _other(document: Reader) -> OtherDocument:
    return OtherDocument(document.identifier("cbc:ID"))


def _order(document: Reader) -> TradeOrder:
    total_path = "cac:AnticipatedMonetaryTotal/cbc:PayableAmount"
    line_total = "cac:OrderLine/cac:LineItem/cbc:LineExtensionAmount"
    price = "cac:OrderLine/cac:LineItem/cac:Price/cbc:PriceAmount"
    currency = document.currency(total_path, line_total, price)
    lines = tuple(_order_line(line, currency) for line in _lines(document, "cac:OrderLine/cac:LineItem"))
    _, charges = _allowances(document, currency)
    total = document.amount(total_path, currency)
    order = TradeOrder(
        number=document.required_id("cbc:ID", "its number"),
        issue_date=document.required_date("cbc:IssueDate", "when it was issued"),
        seller=_party(document, "seller", "cac:SellerSupplierParty"),
        buyer=_party(document, "buyer", "cac:BuyerCustomerParty"),
        currency=currency,
        charges=sum(charges, _ZERO),
        total=total if total is not None else sum((line.amount or _ZERO for line in lines), _ZERO),
        lines=lines,
    )
    _require_two_parties(document, order.seller, order.buyer)
    return order


def _order_line(line: Reader, currency: str) -> TradeLine:
    allowances, charges = _allowances(line, currency)
    return TradeLine(
        line_id=line.required_id("cbc:ID", "the line's number"),
        items=_items(line),
        description=_description(line),
        unit=_unit(line, "cbc:Quantity"),
        quantity=_quantity(line, "cbc:Quantity"),
        unit_price=_unit_price(line, currency),
        amount=line.amount("cbc:LineExtensionAmount", currency),
        adjustment=sum(charges, _ZERO) - sum(allowances, _ZERO),
    )


def _despatch(document: Reader) -> TradeDespatch:
    order_number = document.identifier("cac:OrderReference/cbc:ID")
    despatch = TradeDespatch(
        number=document.required_id("cbc:ID", "its number"),
        issue_date=document.required_date("cbc:IssueDate", "when it was issued"),
        seller=_party(document, "seller", "cac:SellerSupplierParty", "cac:DespatchSupplierParty"),
        buyer=_party(document, "buyer", "cac:BuyerCustomerParty", "cac:DeliveryCustomerParty"),
        lines=tuple(
            DespatchedLine(
                line_id=line.required_id("cbc:ID", "the line's number"),
                items=_items(line),
                unit=_unit(line, "cbc:DeliveredQuantity"),
                delivered=line.decimal("cbc:DeliveredQuantity") or _ZERO,
                order_number=line.identifier("cac:OrderLineReference/cac:OrderReference/cbc:ID")
                or order_number,
                order_line=line.identifier("cac:OrderLineReference/cbc:LineID"),
            )
            for line in _lines(document, "cac:DespatchLine")
        ),
    )
    _require_two_parties(document, despatch.seller, despatch.buyer)
    return despatch


def _receipt(document: Reader) -> TradeReceipt:
    order_number = document.identifier("cac:OrderReference/cbc:ID")
    receipt = TradeReceipt(
        number=document.required_id("cbc:ID", "its number"),
        issue_date=document.required_date("cbc:IssueDate", "when it was issued"),
        seller=_party(document, "seller", "cac:SellerSupplierParty", "cac:DespatchSupplierParty"),
        buyer=_party(document, "buyer", "cac:BuyerCustomerParty", "cac:DeliveryCustomerParty"),
        despatch_number=document.identifier("cac:DespatchDocumentReference/cbc:ID"),
        lines=tuple(
            ReceivedLine(
                line_id=line.required_id("cbc:ID", "the line's number"),
                items=_items(line),
                unit=_unit(line, "cbc:ReceivedQuantity"),
                received=_quantity(line, "cbc:ReceivedQuantity"),
                short=line.decimal("cbc:ShortQuantity") or _ZERO,
                rejected=line.decimal("cbc:RejectedQuantity") or _ZERO,
                order_number=line.identifier("cac:OrderLineReference/cac:OrderReference/cbc:ID")
                or order_number,
                order_line=line.identifier("cac:OrderLineReference/cbc:LineID"),
                despatch_line=line.identifier("cac:DespatchLineReference/cbc:LineID"),
            )
            for line in _lines(document, "cac:ReceiptLine")
        ),
    )
    _require_two_parties(document, receipt.seller, receipt.buyer)
    return receipt


def _invoice(document: Reader) -> TradeInvoice:
    billing = _billing(document, line_path="cac:InvoiceLine", quantity_path="cbc:InvoicedQuantity")
    before = len(document.findings)
    due_date = document.date(
        "cbc:DueDate", "cac:PaymentMeans/cbc:PaymentDueDate", "cac:PaymentTerms/cbc:PaymentDueDate"
    )
    if due_date is None and len(document.findings) == before:
        document.findings.append(
            Finding(
                "invoice.due_date_missing",
                "The invoice does not tell when it is due.",
                f"{document.place}/cbc:DueDate",
                "Give cbc:DueDate, or a PaymentDueDate in the payment means or terms.",
            )
        )
    order_number = document.identifier("cac:OrderReference/cbc:ID")
    invoice = TradeInvoice(
        number=document.required_id("cbc:ID", "its number"),
        issue_date=document.required_date("cbc:IssueDate", "when it was issued"),
        due_date=due_date or document.required_date("cbc:IssueDate", "when it was issued"),
        type_code=document.identifier("cbc:InvoiceTypeCode"),
        seller=_party(document, "seller", "cac:AccountingSupplierParty", "cac:SellerSupplierParty"),
        buyer=_party(document, "buyer", "cac:AccountingCustomerParty", "cac:BuyerCustomerParty"),
        currency=billing.currency,
        charges=sum(billing.sums.charges, _ZERO),
        exclusive=billing.sums.exclusive,
        inclusive=billing.sums.inclusive,
        payable=billing.sums.payable,
        order_number=order_number,
        lines=tuple(replace(line, order_number=line.order_number or order_number) for line in billing.lines),
    )
    _require_two_parties(document, invoice.seller, invoice.buyer)
    return invoice


def _credit_note(document: Reader) -> TradeCreditNote:
    billing = _billing(document, line_path="cac:CreditNoteLine", quantity_path="cbc:CreditedQuantity")
    note = TradeCreditNote(
        number=document.required_id("cbc:ID", "its number"),
        issue_date=document.required_date("cbc:IssueDate", "when it was issued"),
        seller=_party(document, "seller", "cac:AccountingSupplierParty", "cac:SellerSupplierParty"),
        buyer=_party(document, "buyer", "cac:AccountingCustomerParty", "cac:BuyerCustomerParty"),
        currency=billing.currency,
        payable=billing.sums.payable,
        invoice_number=document.identifier("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
    )
    _require_two_parties(document, note.seller, note.buyer)
    return note


def _remittance(document: Reader) -> TradeRemittance:
    total_path = "cbc:TotalPaymentAmount"
    currency = document.currency(total_path, "cbc:TotalDebitAmount")
    remittance = TradeRemittance(
        number=document.required_id("cbc:ID", "its number"),
        issue_date=document.required_date("cbc:IssueDate", "when it was issued"),
        seller=_party(document, "seller", "cac:AccountingSupplierParty"),
        buyer=_party(document, "buyer", "cac:AccountingCustomerParty"),
        currency=currency,
        total=document.amount(total_path, currency)
        or document.amount("cbc:TotalDebitAmount", currency)
        or _ZERO,
    )
    _require_two_parties(document, remittance.seller, remittance.buyer)
    return remittance


@dataclass(frozen=True, slots=True)
class _Billing:
    """What invoices and credit notes have in common."""

    currency: str
    lines: tuple[TradeLine, ...]
    sums: arithmetic.InvoiceSums


def _billing(document: Reader, *, line_path: str, quantity_path: str) -> _Billing:
    """Read lines, taxes and totals, and note every sum that does not add up."""
    totals = "cac:LegalMonetaryTotal/cbc:"
    currency = document.currency(totals + "PayableAmount")
    lines: list[TradeLine] = []
    line_sums: list[arithmetic.LineSums] = []
    before = len(document.findings)
    for line in _lines(document, line_path):
        amount = line.required_amount("cbc:LineExtensionAmount", currency, "the line's net amount")
        # EN 16931 has the quantity of a credit in the same element; a line without one is one piece.
        quantity = line.decimal(quantity_path)
        quantity = Decimal(1) if quantity is None else quantity
        price = _unit_price(line, currency)
        allowances, charges = _allowances(line, currency)
        lines.append(
            TradeLine(
                line_id=line.required_id("cbc:ID", "the line's number"),
                items=_items(line),
                description=_description(line),
                unit=_unit(line, quantity_path),
                quantity=quantity,
                unit_price=price,
                amount=amount,
                adjustment=sum(charges, _ZERO) - sum(allowances, _ZERO),
                order_number=line.identifier("cac:OrderLineReference/cac:OrderReference/cbc:ID"),
                order_line=line.identifier("cac:OrderLineReference/cbc:LineID"),
            )
        )
        line_sums.append(
            arithmetic.LineSums(
                place=f"{line.place}/cbc:LineExtensionAmount",
                quantity=quantity,
                unit_price=price,
                allowances=sum(allowances, _ZERO),
                charges=sum(charges, _ZERO),
                amount=amount,
            )
        )
    allowances, charges = _allowances(document, currency)
    tax, tax_place, subtotals = _tax(document, currency)
    sums = arithmetic.InvoiceSums(
        place=document.place,
        currency=currency,
        lines=tuple(line_sums),
        line_total=document.amount(totals + "LineExtensionAmount", currency),
        allowances=allowances,
        charges=charges,
        allowance_total=document.amount(totals + "AllowanceTotalAmount", currency),
        charge_total=document.amount(totals + "ChargeTotalAmount", currency),
        tax_exclusive=document.amount(totals + "TaxExclusiveAmount", currency),
        tax=tax,
        tax_place=tax_place,
        tax_subtotals=subtotals,
        tax_inclusive=document.amount(totals + "TaxInclusiveAmount", currency),
        prepaid=document.amount(totals + "PrepaidAmount", currency) or _ZERO,
        rounding=document.amount(totals + "PayableRoundingAmount", currency) or _ZERO,
        payable=document.required_amount(totals + "PayableAmount", currency, "what is to be paid"),
    )
    # A sum of values that were not read says nothing.
    if len(document.findings) == before and currency in MINOR_UNITS:
        document.findings.extend(arithmetic.check(sums))
    return _Billing(currency, tuple(lines), sums)


def _tax(document: Reader, currency: str) -> tuple[Decimal, str, tuple[arithmetic.TaxSums, ...]]:
    """Return the tax in the document's currency; a second total in the accounting currency is passed over."""
    for total in document.each("cac:TaxTotal"):
        amount = total.first("cbc:TaxAmount")
        if amount is None or amount.element.get("currencyID", currency).strip() != currency:
            continue
        subtotals = tuple(
            arithmetic.TaxSums(
                place=f"{subtotal.place}/cbc:TaxAmount",
                taxable=subtotal.amount("cbc:TaxableAmount", currency) or _ZERO,
                percent=subtotal.decimal("cac:TaxCategory/cbc:Percent"),
                amount=subtotal.amount("cbc:TaxAmount", currency) or _ZERO,
            )
            for subtotal in total.each("cac:TaxSubtotal")
        )
        return amount.own_amount(currency) or _ZERO, amount.place, subtotals
    return _ZERO, f"{document.place}/cac:TaxTotal", ()


def _allowances(place: Reader, currency: str) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """Return the amounts of the allowances and those of the charges directly below an element."""
    allowances: list[Decimal] = []
    charges: list[Decimal] = []
    for entry in place.each("cac:AllowanceCharge"):
        amount = entry.required_amount("cbc:Amount", currency, "the amount of the allowance or charge")
        indicator = entry.identifier("cbc:ChargeIndicator")
        if indicator not in ("true", "false", "1", "0"):
            entry.note(
                "document.indicator_invalid",
                "It is not told whether this is an allowance or a charge.",
                "Give cbc:ChargeIndicator true or false.",
            )
        (charges if indicator in ("true", "1") else allowances).append(amount)
    return tuple(allowances), tuple(charges)


def _lines(document: Reader, path: str) -> list[Reader]:
    lines = list(document.each(path))
    if not lines:
        document.missing(path, "any line")
    if len(lines) > _MAX_LINES:
        document.note(
            "document.too_many_lines",
            f"The document has {len(lines):,} lines; at most {_MAX_LINES:,} are taken.",
            "Split the document.",
        )
        return []
    return lines


def _quantity(line: Reader, path: str) -> Decimal:
    before = len(line.findings)
    quantity = line.decimal(path)
    if quantity is None and len(line.findings) == before:
        line.missing(path, "the quantity")
    return quantity or _ZERO


def _unit(line: Reader, path: str) -> str:
    found = line.first(path)
    return ((found.element.get("unitCode") or "") if found else "").strip()[:20]


def _unit_price(line: Reader, currency: str) -> Decimal | None:
    """Return the price per unit: the stated price over its base quantity (1 when none is stated)."""
    price = line.amount("cac:Price/cbc:PriceAmount", currency)
    base = line.decimal("cac:Price/cbc:BaseQuantity")
    if price is None or base == 1 or base is None:
        return price
    if base <= 0:
        line.note(
            "document.base_quantity_invalid",
            "The price's base quantity must be positive.",
            "Give the number of units that the price is for, or leave it out.",
        )
        return None
    return price / base


def _items(line: Reader) -> tuple[str, ...]:
    """Return the item's identifiers: the standard one, the buyer's, the seller's."""
    paths = {
        "standard": "cac:Item/cac:StandardItemIdentification/cbc:ID",
        "buyer": "cac:Item/cac:BuyersItemIdentification/cbc:ID",
        "seller": "cac:Item/cac:SellersItemIdentification/cbc:ID",
    }
    found = ((scheme, line.identifier(path)) for scheme, path in paths.items())
    return tuple(f"{scheme}:{value}" for scheme, value in found if value)


def _description(line: Reader) -> str:
    return line.text("cac:Item/cbc:Name", "cac:Item/cbc:Description", limit=5000) or ""


def _party(document: Reader, role: str, *paths: str) -> TradeParty:
    """Read the party at the first of the paths that is there."""
    for path in paths:
        holder = document.first(f"{path}/cac:Party")
        if holder is not None:
            break
    else:
        document.missing(f"{paths[0]}/cac:Party", f"the {role}")
        return TradeParty("", (), None)
    name = holder.text(
        "cac:PartyName/cbc:Name",
        "cac:PartyLegalEntity/cbc:RegistrationName",
        "cac:PartyTaxScheme/cbc:RegistrationName",
    )
    country = holder.identifier("cac:PostalAddress/cac:Country/cbc:IdentificationCode")
    identifiers = _identifiers(holder, country)
    if name is None and not identifiers:
        holder.missing("cac:PartyName/cbc:Name", f"the name of the {role}")
    return TradeParty(name or next(iter(identifiers), ""), identifiers, country)


def _identifiers(party: Reader, country: str | None) -> tuple[str, ...]:
    """Return a party's identifiers, the strongest first.

    A legal registration or VAT number, or an identifier with a scheme, names one company everywhere. An
    identifier without a scheme is what the sender calls it, and an endpoint is a mailbox: they count only
    when there is nothing better.
    """
    strong: list[str] = []
    for tax in party.each("cac:PartyTaxScheme"):
        value = tax.identifier("cbc:CompanyID")
        schemes = (
            tax.identifier("cac:TaxScheme/cbc:ID"),
            tax.identifier("cac:TaxScheme/cbc:TaxTypeCode"),
        )
        if value and any("VAT" in scheme.upper() for scheme in schemes if scheme):
            strong.append(f"vat:{_vat(value, country)}")
    for legal in party.each("cac:PartyLegalEntity/cbc:CompanyID"):
        strong.append(_scheme_id(legal, f"legal-{country}" if country else "legal"))
    weak: list[str] = []
    for identification in party.each("cac:PartyIdentification/cbc:ID"):
        (strong if identification.element.get("schemeID") else weak).append(
            _scheme_id(identification, "party")
        )
    for endpoint in party.each("cbc:EndpointID"):
        weak.append(_scheme_id(endpoint, "endpoint"))
    chosen = [value for value in strong if value] or [value for value in weak if value]
    return tuple(dict.fromkeys(chosen))


def _scheme_id(identifier: Reader, default_scheme: str) -> str:
    value = identifier.identifier(".") or ""
    scheme = (identifier.element.get("schemeID") or default_scheme).strip()[:40].lower()
    key = _key(value)
    return f"{scheme}:{key}" if key else ""


def _vat(value: str, country: str | None) -> str:
    key = _key(value)
    return key if key[:2].isalpha() or not country else f"{country.upper()}{key}"


def _key(value: str) -> str:
    return "".join(character for character in value.upper() if character.isalnum())


def _require_two_parties(document: Reader, seller: TradeParty, buyer: TradeParty) -> None:
    if not set(seller.identifiers).isdisjoint(buyer.identifiers):
        document.note(
            "document.parties_same",
            "Seller and buyer are the same company.",
            "A company cannot trade with itself; correct the parties.",
        )


_KINDS: dict[str, tuple[str, Callable[[Reader], Content]]] = {
    "Order": ("order", _order),
    "DespatchAdvice": ("despatch-advice", _despatch),
    "ReceiptAdvice": ("receipt-advice", _receipt),
    "Invoice": ("invoice", _invoice),
    "CreditNote": ("credit-note", _credit_note),
    "RemittanceAdvice": ("remittance-advice", _remittance),
}
