"""The tables of the finance room.

Rows are written through these models or by the repositories; other rooms read the views of the migration.
What the database itself must guarantee (checks, partial uniqueness, balanced and unchangeable postings)
stands in the migration, next to the tables.
"""

# ruff: noqa: D106  (Tortoise reads the inner classes; they hold nothing else)

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from finance.fields import NumericField


class LegalEntity(Model):
    """A company: seller, buyer or both. Created from the documents that name it."""

    id = fields.UUIDField(primary_key=True)
    identifier = fields.TextField()
    name = fields.TextField()
    name_key = fields.TextField()
    country = fields.TextField(null=True)
    sector = fields.TextField(default="other")
    state = fields.TextField(default="PROSPECT")
    created_at = fields.DatetimeField()

    class Meta:
        schema = "finance"
        table = "legal_entity"


class PartyIdentifier(Model):
    """One identifier (`scheme:id`) of a company. It belongs to one company only."""

    identifier = fields.CharField(max_length=200, primary_key=True)
    party_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "party_identifier"


class Document(Model):
    """A document as it came in: its bytes, what became of it, and why."""

    id = fields.UUIDField(primary_key=True)
    kind = fields.TextField()
    state = fields.TextField()
    filename = fields.TextField()
    number = fields.TextField(null=True)
    seller_id = fields.UUIDField(null=True)
    buyer_id = fields.UUIDField(null=True)
    content = fields.BinaryField()
    content_hash = fields.TextField()
    digest = fields.TextField()
    refers_to = fields.UUIDField(null=True)
    findings = fields.JSONField[list[dict[str, str | None]]]()
    summary = fields.JSONField[dict[str, str | None]]()
    imported_by = fields.TextField()
    imported_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "document"


class Order(Model):
    """A purchase order. A contradicting second version is kept as CONFLICT."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.UUIDField()
    number = fields.TextField()
    number_key = fields.TextField()
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    currency = fields.TextField()
    total = NumericField()
    charges = NumericField()
    issue_date = fields.DateField()
    state = fields.TextField()

    class Meta:
        schema = "finance"
        table = "order_"


class OrderLine(Model):
    """One line of an order; `unit_price` is per unit of quantity."""

    id = fields.UUIDField(primary_key=True)
    order_id = fields.UUIDField()
    position = fields.IntField()
    line_id = fields.TextField()
    items = fields.JSONField[list[str]]()
    description = fields.TextField()
    unit = fields.TextField()
    quantity = NumericField()
    unit_price = NumericField(null=True)
    amount = NumericField(null=True)
    adjustment = NumericField()

    class Meta:
        schema = "finance"
        table = "order_line"


class Despatch(Model):
    """A despatch advice: what the seller says it sent."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.UUIDField()
    number = fields.TextField()
    number_key = fields.TextField()
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    issue_date = fields.DateField()

    class Meta:
        schema = "finance"
        table = "despatch"


class DespatchLine(Model):
    """One line of a despatch advice."""

    id = fields.UUIDField(primary_key=True)
    despatch_id = fields.UUIDField()
    position = fields.IntField()
    line_id = fields.TextField()
    items = fields.JSONField[list[str]]()
    unit = fields.TextField()
    delivered = NumericField()
    order_key = fields.TextField(null=True)
    order_line = fields.TextField(null=True)

    class Meta:
        schema = "finance"
        table = "despatch_line"


class Receipt(Model):
    """A receipt advice: what the buyer says it took in."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.UUIDField()
    number = fields.TextField()
    number_key = fields.TextField()
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    despatch_key = fields.TextField(null=True)
    issue_date = fields.DateField()

    class Meta:
        schema = "finance"
        table = "receipt"


class ReceiptLine(Model):
    """One line of a receipt advice; `accepted` is what was received less what was rejected."""

    id = fields.UUIDField(primary_key=True)
    receipt_id = fields.UUIDField()
    position = fields.IntField()
    line_id = fields.TextField()
    items = fields.JSONField[list[str]]()
    unit = fields.TextField()
    accepted = NumericField()
    short = NumericField()
    rejected = NumericField()
    order_key = fields.TextField(null=True)
    order_line = fields.TextField(null=True)
    despatch_line = fields.TextField(null=True)

    class Meta:
        schema = "finance"
        table = "receipt_line"


class Invoice(Model):
    """An invoice whose document was accepted. `inclusive` is its total with tax, `total` what is payable."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.UUIDField()
    number = fields.TextField()
    number_key = fields.TextField()
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    currency = fields.TextField()
    charges = NumericField()
    exclusive = NumericField()
    inclusive = NumericField()
    total = NumericField()
    issue_date = fields.DateField()
    due_date = fields.DateField()
    type_code = fields.TextField(null=True)
    order_number = fields.TextField(null=True)
    state = fields.TextField()
    response = fields.TextField(null=True)
    match_decision = fields.TextField(null=True)
    eligible = NumericField(null=True)
    request_id = fields.UUIDField(null=True)

    class Meta:
        schema = "finance"
        table = "invoice"


class InvoiceLine(Model):
    """One line of an invoice."""

    id = fields.UUIDField(primary_key=True)
    invoice_id = fields.UUIDField()
    position = fields.IntField()
    line_id = fields.TextField()
    items = fields.JSONField[list[str]]()
    description = fields.TextField()
    unit = fields.TextField()
    quantity = NumericField()
    unit_price = NumericField(null=True)
    amount = NumericField()
    adjustment = NumericField()
    order_key = fields.TextField(null=True)
    order_line = fields.TextField(null=True)

    class Meta:
        schema = "finance"
        table = "invoice_line"


class CreditNote(Model):
    """A credit note: it lowers what can be financed of the invoice that it names."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.UUIDField()
    number = fields.TextField()
    number_key = fields.TextField()
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    currency = fields.TextField()
    total = NumericField()
    issue_date = fields.DateField()
    invoice_key = fields.TextField(null=True)

    class Meta:
        schema = "finance"
        table = "credit_note"


class FinancialStatement(Model):
    """Figures of a company at a period's end, as the scorecard takes them."""

    id = fields.UUIDField(primary_key=True)
    document_id = fields.UUIDField()
    party_id = fields.UUIDField()
    period_end = fields.DateField()
    currency = fields.TextField()
    synthetic = fields.BooleanField()
    figures = fields.JSONField[dict[str, str | None]]()
    # Known from this day on; without it, from the day on which the document came in.
    published_on = fields.DateField(null=True)

    class Meta:
        schema = "finance"
        table = "financial_statement"


class PartyCheck(Model):
    """What a check of a company found: `kind` is IDENTIFICATION, SANCTIONS or INSOLVENCY. Only ever added."""

    id = fields.UUIDField(primary_key=True)
    party_id = fields.UUIDField()
    kind = fields.TextField()
    passed = fields.BooleanField()
    valid_until = fields.DateField(null=True)
    checked_by = fields.TextField()
    checked_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "party_check"


class FingerprintKey(Model):
    """The platform's HMAC key for fingerprints: one row, made by the migration."""

    id = fields.IntField(primary_key=True)
    key = fields.BinaryField()

    class Meta:
        schema = "finance"
        table = "fingerprint_key"


class Fingerprint(Model):
    """A claim on an invoice's fingerprint. While it is not released, no other claim of `exact` can exist."""

    id = fields.UUIDField(primary_key=True)
    invoice_id = fields.UUIDField()
    request_id = fields.UUIDField()
    exact = fields.TextField()
    fuzzy = fields.TextField()
    claimed_at = fields.DatetimeField()
    released_at = fields.DatetimeField(null=True)
    # The entries of the log that tell of both; null for claims of releases whose entries did not.
    claimed_entry = fields.UUIDField(null=True)
    released_entry = fields.UUIDField(null=True)

    class Meta:
        schema = "finance"
        table = "fingerprint"


class Match(Model):
    """One run of the three-way match of an invoice; the one that is not superseded counts."""

    id = fields.UUIDField(primary_key=True)
    invoice_id = fields.UUIDField()
    decision = fields.TextField()
    invoiced = NumericField()
    eligible = NumericField()
    exceptions = fields.JSONField[list[dict[str, str | None]]]()
    superseded = fields.BooleanField(default=False)
    matched_at = fields.DatetimeField()
    entry_id = fields.UUIDField()
    released_by = fields.TextField(null=True)
    release_reason = fields.TextField(null=True)
    release_entry_id = fields.UUIDField(null=True)

    class Meta:
        schema = "finance"
        table = "match_result"


class MatchAllocation(Model):
    """What an invoice line consumes of an order line, and how much of that was received."""

    id = fields.UUIDField(primary_key=True)
    invoice_id = fields.UUIDField()
    invoice_line_id = fields.UUIDField()
    order_line_id = fields.UUIDField()
    quantity = NumericField()
    received = NumericField()

    class Meta:
        schema = "finance"
        table = "match_allocation"


class FinancingRequest(Model):
    """A seller's request to have invoices on one buyer financed."""

    id = fields.UUIDField(primary_key=True)
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    currency = fields.TextField()
    face = NumericField()
    state = fields.TextField()
    case_id = fields.UUIDField(null=True)
    requested_by = fields.TextField()
    requested_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "financing_request"


class RequestItem(Model):
    """An invoice in a request. While `live`, the invoice is in no other one."""

    id = fields.UUIDField(primary_key=True)
    request_id = fields.UUIDField()
    invoice_id = fields.UUIDField()
    position = fields.IntField()
    live = fields.BooleanField(default=True)

    class Meta:
        schema = "finance"
        table = "request_item"


class LimitProposal(Model):
    """A limit that scoring proposes for a request; it counts once it is activated."""

    id = fields.UUIDField(primary_key=True)
    request_id = fields.UUIDField()
    scope = fields.TextField()
    seller_id = fields.UUIDField(null=True)
    buyer_id = fields.UUIDField(null=True)
    currency = fields.TextField()
    amount = NumericField()
    binding_cap = fields.TextField()
    caps = fields.JSONField[dict[str, str]]()
    score_run_id = fields.UUIDField(null=True)
    state = fields.TextField(default="PROPOSED")
    proposed_at = fields.DatetimeField()
    entry_id = fields.UUIDField()
    review_on = fields.DateField(null=True)
    needs_second_person = fields.BooleanField(db_default=False)
    alone = NumericField(db_default=0)
    raises = fields.JSONField[list[dict[str, str]]](null=True)
    stops = fields.JSONField[list[str]](null=True)
    left_out = fields.JSONField[list[str]](null=True)

    class Meta:
        schema = "finance"
        table = "limit_proposal"


class LossModel(Model):
    """A model of the loss given default for a product; of those approved the last one counts."""

    id = fields.UUIDField(primary_key=True)
    model_id = fields.TextField()
    product = fields.TextField()
    content = fields.BinaryField()
    registered_by = fields.TextField()
    registered_at = fields.DatetimeField()
    approved_by = fields.TextField(null=True)
    approved_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "finance"
        table = "loss_model"


class Limit(Model):
    """An active credit limit. The database refuses reserved + utilised above the amount."""

    id = fields.UUIDField(primary_key=True)
    scope = fields.TextField()
    seller_id = fields.UUIDField(null=True)
    buyer_id = fields.UUIDField(null=True)
    currency = fields.TextField()
    amount = NumericField()
    reserved = NumericField()
    utilised = NumericField()
    state = fields.TextField(default="ACTIVE")
    binding_cap = fields.TextField()
    score_run_id = fields.UUIDField(null=True)
    approved_by = fields.TextField()
    second_by = fields.TextField(null=True)
    activated_at = fields.DatetimeField()
    review_on = fields.DateField(null=True)
    on_hold_since = fields.DatetimeField(null=True)

    class Meta:
        schema = "finance"
        table = "limit_"


class LimitMovement(Model):
    """One change of a limit. Movements are only ever added."""

    id = fields.UUIDField(primary_key=True)
    limit_id = fields.UUIDField()
    request_id = fields.UUIDField()
    kind = fields.TextField()
    reserved = NumericField()
    utilised = NumericField()
    moved_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "limit_movement"


class QuoteRow(Model):
    """The newest offer for one invoice of a request."""

    id = fields.UUIDField(primary_key=True)
    request_id = fields.UUIDField()
    invoice_id = fields.UUIDField()
    position = fields.IntField()
    value_date = fields.DateField()
    due_date = fields.DateField()
    currency = fields.TextField()
    face = NumericField()
    eligible = NumericField()
    advance = NumericField()
    reserve = NumericField()
    discount = NumericField()
    fee = NumericField()
    payable = NumericField()
    terms = fields.JSONField[dict[str, str]]()

    class Meta:
        schema = "finance"
        table = "quote_row"


class Asset(Model):
    """A purchased receivable."""

    id = fields.UUIDField(primary_key=True)
    request_id = fields.UUIDField()
    invoice_id = fields.UUIDField()
    seller_id = fields.UUIDField()
    buyer_id = fields.UUIDField()
    currency = fields.TextField()
    face = NumericField()
    eligible = NumericField()
    advance = NumericField()
    reserve = NumericField()
    discount = NumericField()
    fee = NumericField()
    accrued = NumericField()
    late_charged = NumericField()
    collected = NumericField()
    released = NumericField()
    terms = fields.JSONField[dict[str, str]]()
    value_date = fields.DateField()
    due_date = fields.DateField()
    state = fields.TextField()
    purchased_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "asset"


class PaymentOrder(Model):
    """An instruction to pay out: the advance of a request, or the reserve of a receivable."""

    id = fields.UUIDField(primary_key=True)
    request_id = fields.UUIDField()
    asset_id = fields.UUIDField(null=True)
    purpose = fields.TextField()
    payee_id = fields.UUIDField()
    reference = fields.TextField()
    currency = fields.TextField()
    amount = NumericField()
    state = fields.TextField()
    created_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "payment_order"


class BankEntry(Model):
    """One movement on the platform's bank account, as the bank tells it. `bank_ref` is the bank's own id."""

    id = fields.UUIDField(primary_key=True)
    bank_ref = fields.TextField()
    direction = fields.TextField()
    reference = fields.TextField()
    payer = fields.TextField(null=True)
    currency = fields.TextField()
    amount = NumericField()
    value_date = fields.DateField()
    state = fields.TextField()
    asset_id = fields.UUIDField(null=True)
    payment_order_id = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "bank_entry"


class Account(Model):
    """An account of the general ledger."""

    code = fields.CharField(max_length=8, primary_key=True)
    name = fields.TextField()
    kind = fields.TextField()

    class Meta:
        schema = "finance"
        table = "account"


class Journal(Model):
    """A balanced set of postings for one event on one object. Never changed; a mistake is reversed."""

    id = fields.UUIDField(primary_key=True)
    event = fields.TextField()
    object_id = fields.UUIDField()
    request_id = fields.UUIDField(null=True)
    currency = fields.TextField()
    booked_at = fields.DatetimeField()
    reverses = fields.UUIDField(null=True)
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "journal"


class Posting(Model):
    """One debit or credit of a journal, in the sub-ledger of an asset where it has one."""

    id = fields.UUIDField(primary_key=True)
    journal_id = fields.UUIDField()
    position = fields.IntField()
    account = fields.TextField()
    side = fields.TextField()
    amount = NumericField()
    asset_id = fields.UUIDField(null=True)

    class Meta:
        schema = "finance"
        table = "posting"


class Notice(Model):
    """A notice that was sent or filed: assignment, registration, reminder or demand."""

    id = fields.UUIDField(primary_key=True)
    kind = fields.TextField()
    request_id = fields.UUIDField()
    asset_id = fields.UUIDField(null=True)
    party_id = fields.UUIDField()
    text = fields.TextField()
    content = fields.JSONField[dict[str, str]]()
    state = fields.TextField()
    sent_at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        schema = "finance"
        table = "notice"
