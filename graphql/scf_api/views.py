"""The views of the other rooms, as the API reads them: columns, order, and which rows are a party's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scf_api.pagination import Kind
from scf_api.roles import Area


@dataclass(frozen=True, slots=True)
class View:
    """One view.

    `own` is the condition under which a person of a seller or a buyer sees a row; `:party`, `:roles` and
    `:name` stand for the person's. Without one such a person sees nothing of the view. `key` and `id` give
    the rows their order; both are never null. `column_types` names the types of the columns by which children
    are found.
    """

    name: str
    area: Area
    columns: str
    own: str | None
    key: str
    key_kind: Kind
    id: str = "id"
    id_kind: Kind = Kind.UUID
    descending: bool = True
    condition: str = "true"
    column_types: Mapping[str, Kind] = field(default_factory=dict)


_OWN = "(seller_id = :party OR buyer_id = :party)"
_OWN_CASE = (
    "case_id IN (SELECT own.id FROM workflows.case_view own"
    " WHERE own.seller_id = :party OR own.buyer_id = :party)"
)

# A role counts on its own side of the case only: a company that buys here may sell elsewhere.
_OWN_TASK = (
    f"{_OWN} AND (:name = ANY(candidate_users) OR assignee = :name"
    " OR EXISTS (SELECT FROM unnest(candidate_groups) AS role WHERE role = ANY(:roles)"
    " AND (seller_id = :party OR NOT starts_with(role, 'seller_'))"
    " AND (buyer_id = :party OR NOT starts_with(role, 'buyer_'))))"
)

PARTY = View(
    "finance.party_view",
    Area.PARTIES,
    "id, name, identifier, country, sector, state",
    own="id = :party",
    key="name",
    key_kind=Kind.TEXT,
    descending=False,
)

ORDER = View(
    "finance.order_view",
    Area.DOCUMENTS,
    "id, number, seller_id, buyer_id, seller_name, buyer_name, currency, total, issue_date, state",
    own=_OWN,
    key="issue_date",
    key_kind=Kind.DATE,
)

INVOICE = View(
    "finance.invoice_view",
    Area.DOCUMENTS,
    "id, number, seller_id, buyer_id, seller_name, buyer_name, currency, total, due_date, issue_date, state,"
    " match_decision, order_number, request_id, document_id, eligible",
    own=_OWN,
    key="issue_date",
    key_kind=Kind.DATE,
    column_types={"request_id": Kind.UUID},
)

DOCUMENT = View(
    "finance.document_view",
    Area.DOCUMENTS,
    "id, kind, state, filename, number, seller_id, buyer_id, findings, imported_at, refers_to, content_hash,"
    " entry_id",
    # A document that could not be read belongs to no party; who brought it sees what is wrong with it.
    own=f"({_OWN} OR imported_by = :name)",
    key="imported_at",
    key_kind=Kind.TIME,
)

REQUEST = View(
    "finance.request_view",
    Area.CASES,
    "id, seller_id, buyer_id, seller_name, buyer_name, currency, face, state, case_id,"
    " requested_at, invoices",
    own=_OWN,
    key="requested_at",
    key_kind=Kind.TIME,
)

ASSET = View(
    "finance.asset_view",
    Area.CASES,
    "id, request_id, invoice_id, invoice_number, seller_id, buyer_id, currency, face, eligible, advance,"
    " reserve, discount, fee, state, due_date, purchased_at",
    own=_OWN,
    key="purchased_at",
    key_kind=Kind.TIME,
    column_types={"request_id": Kind.UUID},
)

LIMIT = View(
    "finance.limit_view",
    Area.LIMITS,
    "id, scope, seller_id, buyer_id, party_name, currency, amount, reserved, utilised, headroom, state,"
    " binding_cap, score_run_id, review_on, needs_second_person, raises, on_hold_since",
    # What is only proposed is the bank's own deliberation.
    own=f"{_OWN} AND state <> 'PROPOSED'",
    key="id",
    key_kind=Kind.UUID,
    column_types={"seller_id": Kind.UUID, "buyer_id": Kind.UUID},
)

PAYMENT_ORDER = View(
    "finance.payment_order_view",
    Area.PAYMENTS,
    "id, request_id, payee_name, purpose, reference, currency, amount, state, created_at",
    own=None,
    key="created_at",
    key_kind=Kind.TIME,
    column_types={"request_id": Kind.UUID},
)

BANK_ENTRY = View(
    "finance.bank_entry_view",
    Area.PAYMENTS,
    "id, bank_ref, direction, reference, payer, currency, amount, value_date, state, asset_id,"
    " payment_order_id, recorded_at",
    own=None,
    key="recorded_at",
    key_kind=Kind.TIME,
)

JOURNAL = View(
    "finance.journal_view",
    Area.JOURNALS,
    "id, entry_id, request_id, event, booked_at, currency, postings, position",
    own=None,
    key="position",
    key_kind=Kind.NUMBER,
    descending=False,
    column_types={"request_id": Kind.UUID},
)

SCORE_RUN = View(
    "scoring.run_view",
    Area.SCORES,
    "id, party_id, card_id, points, pd, grade, reasons, inputs_hash, at, synthetic, entry_id",
    own=None,
    key="at",
    key_kind=Kind.TIME,
    column_types={"party_id": Kind.UUID},
)

ALERT = View(
    "scoring.alert_view",
    Area.SCORES,
    "id, party_id, rule, kind, currency, value, threshold, amount, message, raised_at, verdict, note,"
    " judged_by, judged_at, entry_id, judged_entry_id",
    own=None,
    key="raised_at",
    key_kind=Kind.TIME,
)

CASE = View(
    "workflows.case_view",
    Area.CASES,
    "id, business_key, product, definition_key, definition_version, model_hash, state, request_id, seller_id,"
    " buyer_id, started_at, ended_at, business_now, active_elements, incidents, state_root",
    own=_OWN,
    key="started_at",
    key_kind=Kind.TIME,
)

# What a case has called, and by which case it was.
CHILD_CASE = replace(
    CASE,
    name="workflows.child_case_view",
    columns=f"{CASE.columns}, parent_id",
    column_types={"parent_id": Kind.UUID},
)
PARENT_CASE = replace(CASE, name="workflows.parent_case_view", columns=f"{CASE.columns}, child_id")

# The other orders in which cases are searched; what has not ended has no place in the order of ends.
CASE_FIRST_STARTED = replace(CASE, descending=False)
CASE_ENDED = replace(CASE, key="ended_at", condition="ended_at IS NOT NULL")
CASE_KEY = replace(CASE, key='business_key COLLATE "C"', key_kind=Kind.TEXT, descending=False)

# Where cases stand now.
ELEMENT = View(
    "workflows.element_view",
    Area.CASES,
    "case_id, element, active, incidents",
    own=_OWN,
    key="element",
    key_kind=Kind.TEXT,
    id="case_id",
)

STEP = View(
    "workflows.step_view",
    Area.CASES,
    "case_id, seq, element, element_name, element_type, kind, actor, at, entry_id, data",
    own=_OWN_CASE,
    key="seq",
    key_kind=Kind.NUMBER,
    id="case_id",
    descending=False,
    column_types={"case_id": Kind.UUID},
)

TASK = View(
    "workflows.task_view",
    Area.CASES,
    "id, case_id, element, name, state, candidate_groups, assignee, delegators, priority, due, follow_up,"
    " overdue, overdue_since, created_at, completed_at, completed_by, on_behalf_of, form_id,"
    " requires_signature",
    # A seller or a buyer sees the tasks that are its own to do or hand out, not the bank's on the same case.
    own=_OWN_TASK,
    key="created_at",
    key_kind=Kind.TIME,
    column_types={"case_id": Kind.UUID},
)
# The same tasks in the order of what is urgent; those that are never due come last.
TASK_BY_PRIORITY = replace(TASK, key="priority", key_kind=Kind.NUMBER)
TASK_BY_DUE = replace(TASK, key="due_key", descending=False)

TASK_COMMENT = View(
    "workflows.task_comment_view",
    Area.CASES,
    "id, task_id, author, text, at, entry_id",
    own=f"task_id IN (SELECT own.id FROM workflows.task_view own WHERE {_OWN_TASK})",  # noqa: S608 - constant
    key="position",
    key_kind=Kind.NUMBER,
    descending=False,
    column_types={"task_id": Kind.UUID},
)

# A draft is found by an id that its task and its writer give.
TASK_DRAFT = View(
    "workflows.task_draft_view",
    Area.CASES,
    "id, answers",
    own="person = :name",
    key="saved_at",
    key_kind=Kind.TIME,
)

COMMAND = View(
    "workflows.command_view",
    Area.CASES,
    "id, case_id, kind, actor, state, outcome, created_at, decided_at",
    own="actor = 'user:' || :name",
    key="created_at",
    key_kind=Kind.TIME,
)

INCIDENT = View(
    "workflows.incident_view",
    Area.CASES,
    "id, case_id, element, code, message, state, raised_at, resolved_at",
    own=None,
    key="raised_at",
    key_kind=Kind.TIME,
    column_types={"case_id": Kind.UUID},
)

# What became of each incident of a batch of retries.
RETRY_ITEM = View(
    "workflows.retry_item_view",
    Area.CASES,
    "id, batch_id, position, incident_id, result, refusal, raised",
    own=None,
    key="position",
    key_kind=Kind.NUMBER,
    descending=False,
)

# Batches of migrations, and what became of each of their cases.
MIGRATION = View(
    "workflows.migration_batch_view",
    Area.CASES,
    "id, product, version, plan, reason, state, cases, left_out, planned_by, planned_at, started_by,"
    " started_at, finished_at, untried, possible, waiting, migrated, refused, cancelled",
    own=None,
    key="planned_at",
    key_kind=Kind.TIME,
)

MIGRATION_ITEM = View(
    "workflows.migration_item_view",
    Area.CASES,
    "batch_id, position, case_id, result, reasons",
    own=None,
    key="position",
    key_kind=Kind.NUMBER,
    id="case_id",
    descending=False,
)

# What is to be erased, and was. Reasons may name people: they are for those who know the parties.
ERASURE = View(
    "ledger.erasure_view",
    Area.PARTIES,
    "id, subject, subject_id, reason, state, requested_by, requested_at, decided_by, decided_at, streams",
    own=None,
    key="requested_at",
    key_kind=Kind.TIME,
)

DEFINITION = View(
    "workflows.definition_view",
    Area.DEFINITIONS,
    "id, key, version, tags, hash, name, state, requested_by, deployed_by, deployed_at",
    own="true",
    key="deployed_at",
    key_kind=Kind.TIME,
    column_types={"key": Kind.TEXT},
)

DRAFT = View(
    "workflows.draft_view",
    Area.DEFINITIONS,
    "id, key, revision, state, hash, authors, saved_by, saved_at, requested_by, requested_at, rejected_by,"
    " rejection",
    # What is not deployed yet is the bank's own deliberation.
    own=None,
    key="saved_at",
    key_kind=Kind.TIME,
)

# By this a case names the version of the process that it runs on.
DEFINITION_NAME = "(key || ':' || version)"

# An entry by its id, and the entries of one stream in their order.
ENTRY = View(
    "ledger.entry_view",
    Area.LEDGER,
    "index, entry_id, stream, seq, kind, actor, occurred_at, body, body_hash, leaf_hash, chain,"
    " key_id, state",
    own="(stream IN (SELECT own.id::text FROM workflows.case_view own"
    " WHERE own.seller_id = :party OR own.buyer_id = :party)"
    " OR entry_id IN (SELECT own.entry_id FROM finance.document_view own"
    " WHERE own.seller_id = :party OR own.buyer_id = :party)"
    " OR stream IN (SELECT 'command:' || own.id FROM workflows.command_view own"
    " WHERE own.actor = 'user:' || :name)"
    " OR stream IN (SELECT 'key:' || own.key_id FROM ledger.key_view own"
    " WHERE own.holder = 'user:' || :name))",
    key="seq",
    key_kind=Kind.NUMBER,
    id="entry_id",
    column_types={"stream": Kind.TEXT},
)
# The log in its order, and what the sequencer has not moved there yet: two lists, so that each has an index.
LOG = replace(ENTRY, condition="index IS NOT NULL", key="index")
OUTBOX = replace(ENTRY, condition="index IS NULL", key="occurred_at", key_kind=Kind.TIME)

# People's keys and the platform's, as their entries tell them. All of the bank sees whose is whose.
KEY = View(
    "ledger.key_view",
    Area.LEDGER,
    "key_id, holder, public_key, protection, state, registered_by, registered_at, endorsed_by, valid_by,"
    " valid_at, revoked_by, revoked_at, revoked_for",
    own="holder = 'user:' || :name",
    key="registered_at",
    key_kind=Kind.TIME,
    id="key_id",
    id_kind=Kind.TEXT,
    column_types={"key_id": Kind.TEXT},
)

CHECKPOINT = View(
    "ledger.checkpoint_view",
    Area.LEDGER,
    "size, root, note, created_at",
    own="true",
    key="size",
    key_kind=Kind.NUMBER,
    id="root",
    id_kind=Kind.TEXT,
)
