"""What the database itself guarantees (keys, checks, unchangeable and balanced postings), and what others read."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FOREIGN_KEYS = [
    ("party_identifier", "party_id", "legal_entity"),
    ("document", "refers_to", "document"),
    ("document", "seller_id", "legal_entity"),
    ("document", "buyer_id", "legal_entity"),
    *[
        (table, column, target)
        for table in ("order_", "despatch", "receipt", "invoice", "credit_note")
        for column, target in (
            ("document_id", "document"),
            ("seller_id", "legal_entity"),
            ("buyer_id", "legal_entity"),
        )
    ],
    ("financial_statement", "document_id", "document"),
    ("financial_statement", "party_id", "legal_entity"),
    ("order_line", "order_id", "order_"),
    ("despatch_line", "despatch_id", "despatch"),
    ("receipt_line", "receipt_id", "receipt"),
    ("invoice_line", "invoice_id", "invoice"),
    ("invoice", "request_id", "financing_request"),
    ("fingerprint", "invoice_id", "invoice"),
    ("fingerprint", "request_id", "financing_request"),
    ("match_result", "invoice_id", "invoice"),
    ("match_allocation", "invoice_id", "invoice"),
    ("match_allocation", "invoice_line_id", "invoice_line"),
    ("match_allocation", "order_line_id", "order_line"),
    ("financing_request", "seller_id", "legal_entity"),
    ("financing_request", "buyer_id", "legal_entity"),
    ("request_item", "request_id", "financing_request"),
    ("request_item", "invoice_id", "invoice"),
    ("limit_proposal", "request_id", "financing_request"),
    ("limit_movement", "limit_id", "limit_"),
    ("limit_movement", "request_id", "financing_request"),
    ("quote_row", "request_id", "financing_request"),
    ("quote_row", "invoice_id", "invoice"),
    ("asset", "request_id", "financing_request"),
    ("asset", "invoice_id", "invoice"),
    ("payment_order", "request_id", "financing_request"),
    ("payment_order", "asset_id", "asset"),
    ("bank_entry", "asset_id", "asset"),
    ("bank_entry", "payment_order_id", "payment_order"),
    ("posting", "journal_id", "journal"),
    ("posting", "asset_id", "asset"),
    ("notice", "request_id", "financing_request"),
    ("notice", "asset_id", "asset"),
]

UNIQUE = [
    "document_entry ON finance.document (entry_id, content_hash)",
    "order_number ON finance.order_ (seller_id, buyer_id, number_key) WHERE state <> 'CONFLICT'",
    "despatch_number ON finance.despatch (seller_id, number_key)",
    "receipt_number ON finance.receipt (seller_id, buyer_id, number_key)",
    "invoice_number ON finance.invoice (seller_id, number_key)",
    "credit_note_number ON finance.credit_note (seller_id, number_key)",
    "fingerprint_claim ON finance.fingerprint (exact) WHERE released_at IS NULL",
    "match_current ON finance.match_result (invoice_id) WHERE NOT superseded",
    "request_item_live ON finance.request_item (invoice_id) WHERE live",
    "limit_current ON finance.limit_ (scope, currency, coalesce(seller_id::text, ''),"
    " coalesce(buyer_id::text, '')) WHERE state = 'ACTIVE'",
    "limit_movement_once ON finance.limit_movement (limit_id, request_id, kind, entry_id)",
    "quote_row_once ON finance.quote_row (request_id, invoice_id)",
    "asset_invoice ON finance.asset (invoice_id)",
    "payment_order_reference ON finance.payment_order (reference)",
    "bank_entry_ref ON finance.bank_entry (bank_ref)",
    "journal_event ON finance.journal (event, object_id)",
    "journal_reversal ON finance.journal (reverses) WHERE reverses IS NOT NULL",
    "posting_position ON finance.posting (journal_id, position)",
]

# Books are read in the order in which they were written, which several journals of one moment do not tell.
JOURNAL_POSITION = (
    "ALTER TABLE finance.journal ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY UNIQUE"
)

INDEXES = [
    "finance_journal_of_request ON finance.journal (request_id, position)",
    "document_digest ON finance.document (kind, digest) WHERE state = 'accepted'",
    "document_imported ON finance.document (imported_at, id)",
    "legal_entity_name ON finance.legal_entity (name_key)",
    "party_identifier_party ON finance.party_identifier (party_id)",
    "order_line_order ON finance.order_line (order_id, position)",
    "despatch_line_despatch ON finance.despatch_line (despatch_id, position)",
    "despatch_line_order ON finance.despatch_line (order_key)",
    "receipt_line_order ON finance.receipt_line (order_key)",
    "receipt_despatch ON finance.receipt (despatch_key)",
    "receipt_line_receipt ON finance.receipt_line (receipt_id, position)",
    "invoice_line_invoice ON finance.invoice_line (invoice_id, position)",
    "invoice_request ON finance.invoice (request_id)",
    "invoice_seller ON finance.invoice (seller_id)",
    "invoice_buyer ON finance.invoice (buyer_id)",
    "credit_note_invoice ON finance.credit_note (seller_id, invoice_key)",
    "financial_statement_party ON finance.financial_statement (party_id, period_end)",
    "fingerprint_fuzzy ON finance.fingerprint (fuzzy) WHERE released_at IS NULL",
    "fingerprint_request ON finance.fingerprint (request_id)",
    "match_allocation_order ON finance.match_allocation (order_line_id)",
    "match_allocation_invoice ON finance.match_allocation (invoice_id)",
    "request_item_request ON finance.request_item (request_id)",
    "limit_proposal_request ON finance.limit_proposal (request_id)",
    "limit_movement_request ON finance.limit_movement (request_id)",
    "asset_request ON finance.asset (request_id)",
    "asset_seller ON finance.asset (seller_id)",
    "payment_order_request ON finance.payment_order (request_id)",
    "journal_request ON finance.journal (request_id)",
    "journal_entry ON finance.journal (entry_id)",
    "posting_account ON finance.posting (account, asset_id)",
    "notice_request ON finance.notice (request_id)",
    # Lists are read in keyset pages by these columns.
    "legal_entity_page ON finance.legal_entity (name, id)",
    "order_page ON finance.order_ (issue_date, id)",
    "invoice_page ON finance.invoice (issue_date, id)",
    "financing_request_page ON finance.financing_request (requested_at, id)",
    "asset_page ON finance.asset (purchased_at, id)",
    "payment_order_page ON finance.payment_order (created_at, id)",
    "bank_entry_page ON finance.bank_entry (recorded_at, id)",
    "journal_page ON finance.journal (booked_at, id)",
]

CHECKS = [
    ("document", "state", "state IN ('accepted', 'duplicate', 'conflict', 'quarantined')"),
    ("limit_", "headroom", "reserved >= 0 AND utilised >= 0 AND reserved + utilised <= amount"),
    ("asset", "parts", "advance + reserve = face AND advance <= eligible AND eligible <= face"),
    ("asset", "amounts", "advance > 0 AND reserve >= 0 AND discount >= 0 AND fee >= 0"),
    ("asset", "accrual", "accrued >= 0 AND accrued <= discount AND collected >= 0 AND collected <= face"),
    ("posting", "side", "side IN ('Dr', 'Cr')"),
    ("posting", "amount", "amount > 0"),
    ("payment_order", "amount", "amount > 0"),
    ("bank_entry", "amount", "amount > 0"),
    ("bank_entry", "direction", "direction IN ('in', 'out')"),
    ("match_allocation", "received", "quantity >= 0 AND received >= 0 AND received <= quantity"),
    ("fingerprint_key", "one_row", "id = 1"),
]

# Two random UUIDs hold 244 random bits, from the operating system's source.
FINGERPRINT_KEY = """
INSERT INTO finance.fingerprint_key (id, key)
VALUES (1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
"""

ACCOUNTS = """
INSERT INTO finance.account (code, name, kind) VALUES
    ('1100', 'Bank', 'asset'),
    ('1190', 'Cash in transit', 'asset'),
    ('1200', 'Purchased receivables', 'asset'),
    ('1230', 'Claim on seller', 'asset'),
    ('2100', 'Reserve due to seller', 'liability'),
    ('2110', 'Payable to seller', 'liability'),
    ('2150', 'Unallocated receipts', 'liability'),
    ('2200', 'Unearned discount', 'liability'),
    ('2210', 'Deferred fee', 'liability'),
    ('4100', 'Discount income', 'income'),
    ('4110', 'Fee income', 'income'),
    ('4120', 'Late payment income', 'income'),
    ('9100', 'Commitments', 'memo'),
    ('9101', 'Commitments, contra', 'memo')
"""

FUNCTIONS = [
    """
    CREATE FUNCTION finance.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'finance.%: rows are only ever added', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    # Checked when the transaction commits, so that a journal may be written posting by posting.
    """
    CREATE FUNCTION finance.require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        difference numeric;
    BEGIN
        SELECT sum(CASE side WHEN 'Dr' THEN amount ELSE -amount END) INTO difference
        FROM finance.posting WHERE journal_id = NEW.journal_id;
        IF difference <> 0 THEN
            RAISE EXCEPTION 'finance.journal %: debits and credits differ by %', NEW.journal_id, difference
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER posting_balanced AFTER INSERT ON finance.posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION finance.require_balance()
    """,
    *[
        f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON finance.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION finance.refuse_change()"
        for table in ("posting", "journal", "limit_movement")
    ],
]

VIEWS = [
    """
    CREATE VIEW finance.party_view AS
    SELECT id, name, identifier, country, sector, state FROM finance.legal_entity
    """,
    """
    CREATE VIEW finance.order_view AS
    SELECT o.id, o.number, o.seller_id, o.buyer_id, s.name AS seller_name, b.name AS buyer_name,
           o.currency, o.total, o.issue_date, o.state,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'line', l.line_id, 'description', l.description, 'quantity', l.quantity::text,
                       'unit', l.unit, 'unitPrice', l.unit_price::text, 'amount', l.amount::text)
                       ORDER BY l.position), '[]')
            FROM finance.order_line l WHERE l.order_id = o.id) AS lines,
           o.document_id
    FROM finance.order_ o
    JOIN finance.legal_entity s ON s.id = o.seller_id
    JOIN finance.legal_entity b ON b.id = o.buyer_id
    """,
    """
    CREATE VIEW finance.invoice_view AS
    SELECT i.id, i.number, i.seller_id, i.buyer_id, s.name AS seller_name, b.name AS buyer_name,
           i.currency, i.total, i.due_date, i.issue_date, i.state, i.match_decision,
           coalesce(m.exceptions, '[]') AS exceptions, i.order_number, i.request_id,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'line', l.line_id, 'description', l.description, 'quantity', l.quantity::text,
                       'unit', l.unit, 'unitPrice', l.unit_price::text, 'amount', l.amount::text)
                       ORDER BY l.position), '[]')
            FROM finance.invoice_line l WHERE l.invoice_id = i.id) AS lines,
           i.document_id, i.eligible
    FROM finance.invoice i
    JOIN finance.legal_entity s ON s.id = i.seller_id
    JOIN finance.legal_entity b ON b.id = i.buyer_id
    LEFT JOIN finance.match_result m ON m.invoice_id = i.id AND NOT m.superseded
    """,
    """
    CREATE VIEW finance.document_view AS
    SELECT id, kind, state, filename, number, seller_id, buyer_id, findings, imported_at,
           refers_to, content_hash, imported_by, entry_id
    FROM finance.document
    """,
    """
    CREATE VIEW finance.asset_view AS
    SELECT a.id, a.request_id, a.invoice_id, i.number AS invoice_number, a.seller_id, a.buyer_id, a.currency,
           a.face, a.eligible, a.advance, a.reserve, a.discount, a.fee, a.state, a.due_date, a.purchased_at,
           a.accrued, a.collected
    FROM finance.asset a
    JOIN finance.invoice i ON i.id = a.invoice_id
    """,
    # An active limit and a proposal have one shape, so that a reader sees both sides of a decision.
    """
    CREATE VIEW finance.limit_view AS
    SELECT l.id, l.scope, l.seller_id, l.buyer_id, concat_ws(' / ', s.name, b.name) AS party_name,
           l.currency, l.amount, l.reserved, l.utilised, l.headroom, l.state, l.binding_cap, l.score_run_id,
           l.request_id, l.caps
    FROM (
        SELECT id, scope, seller_id, buyer_id, currency, amount, reserved, utilised,
               amount - reserved - utilised AS headroom, state, binding_cap, score_run_id,
               NULL::uuid AS request_id, NULL::jsonb AS caps
        FROM finance.limit_
        UNION ALL
        SELECT id, scope, seller_id, buyer_id, currency, amount, 0, 0, 0, state, binding_cap, score_run_id,
               request_id, caps
        FROM finance.limit_proposal WHERE state = 'PROPOSED'
    ) l
    LEFT JOIN finance.legal_entity s ON s.id = l.seller_id
    LEFT JOIN finance.legal_entity b ON b.id = l.buyer_id
    """,
    """
    CREATE VIEW finance.journal_view AS
    SELECT j.id, j.entry_id, j.request_id, j.event, j.booked_at, j.currency,
           (SELECT jsonb_agg(jsonb_build_object(
                       'account', p.account, 'name', a.name, 'side', p.side, 'amount', p.amount::text,
                       'assetId', p.asset_id)
                       ORDER BY p.position)
            FROM finance.posting p JOIN finance.account a ON a.code = p.account
            WHERE p.journal_id = j.id) AS postings,
           j.object_id, j.reverses, j.position
    FROM finance.journal j
    """,
    """
    CREATE VIEW finance.request_view AS
    SELECT r.id, r.seller_id, r.buyer_id, s.name AS seller_name, b.name AS buyer_name, r.currency, r.face,
           r.state, r.case_id, r.requested_by, r.requested_at,
           (SELECT jsonb_agg(t.invoice_id ORDER BY t.position)
            FROM finance.request_item t WHERE t.request_id = r.id) AS invoices
    FROM finance.financing_request r
    JOIN finance.legal_entity s ON s.id = r.seller_id
    JOIN finance.legal_entity b ON b.id = r.buyer_id
    """,
    """
    CREATE VIEW finance.payment_order_view AS
    SELECT p.id, p.request_id, p.asset_id, p.purpose, p.payee_id, e.name AS payee_name, p.reference, p.currency,
           p.amount, p.state, p.created_at
    FROM finance.payment_order p
    JOIN finance.legal_entity e ON e.id = p.payee_id
    """,
    """
    CREATE VIEW finance.bank_entry_view AS
    SELECT id, bank_ref, direction, reference, payer, currency, amount, value_date, state, asset_id,
           payment_order_id, recorded_at
    FROM finance.bank_entry
    """,
    """
    CREATE VIEW finance.notice_view AS
    SELECT n.id, n.kind, n.request_id, n.asset_id, n.party_id, e.name AS party_name, n.text, n.state, n.sent_at,
           n.entry_id
    FROM finance.notice n
    JOIN finance.legal_entity e ON e.id = n.party_id
    """,
]


class Migration(migrations.Migration):
    dependencies = [("finance", "0001_initial")]

    operations = [
        ops.RunSQL(
            [
                *[
                    f"ALTER TABLE finance.{table} ADD FOREIGN KEY ({column}) REFERENCES finance.{target} (id)"
                    for table, column, target in FOREIGN_KEYS
                ],
                "ALTER TABLE finance.posting ADD FOREIGN KEY (account) REFERENCES finance.account (code)",
                "ALTER TABLE finance.journal ADD FOREIGN KEY (reverses) REFERENCES finance.journal (id)",
                JOURNAL_POSITION,
                *[f"CREATE UNIQUE INDEX {definition}" for definition in UNIQUE],
                *[f"CREATE INDEX {definition}" for definition in INDEXES],
                *[
                    f"ALTER TABLE finance.{table} ADD CONSTRAINT {table}_{name} CHECK ({rule})"
                    for table, name, rule in CHECKS
                ],
                FINGERPRINT_KEY,
                ACCOUNTS,
                *FUNCTIONS,
                *VIEWS,
            ]
        )
    ]
