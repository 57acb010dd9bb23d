"""Finance: parties, trade documents, matching, limits, pricing, receivables, accounting and payments.

Services take the caller's transaction, the business time `at` and the ledger entry `entry_id` that the change
is part of; called again with the same entry they change nothing.
"""

from core.database import Room
from finance import register
from finance.accounting import ACCOUNTS
from finance.claims import claims_statement, fingerprint_of, take_over_claims
from finance.documents import ImportOutcome, import_document
from finance.early_warnings import apply_measures, buyer_signals, judge_alert, lift_hold
from finance.erasure import erase_party, erase_requests
from finance.journal_tie import JournalReport, journal_payload, verify_journal
from finance.journals import reverse, verify_books
from finance.limit_proposals import LimitProposal, PartyScores, ScoreRun, propose_limits, score_parties
from finance.limits import ActiveLimit, activate_limits, release_limits, reserve_limits
from finance.loss_models import approve_loss_model, register_loss_model
from finance.match_service import MatchOutcome, ReleasedMatch, match_invoice, release_match
from finance.matching import MatchException
from finance.monitoring import PortfolioFigures, portfolio_figures, scored_outcomes
from finance.notices import Notice, register_assignment, remind, send_notice_of_assignment
from finance.party_checks import record_check
from finance.payments import (
    BankEntry,
    MatchedTo,
    PaymentOrder,
    confirm_payment,
    instruct_payment,
    record_bank_entry,
)
from finance.portfolio import portfolio
from finance.pricing import Price, PricingTerms
from finance.products import MANDATORY_CONTROLS, MandatoryControl, MandatoryVerdict, ProductFamily
from finance.purchases import Asset, Quote, QuoteLine, purchase, quote
from finance.requests import (
    FinancingRequest,
    InvoiceCheck,
    check_invoice,
    close_request,
    eligibility_facts,
    free_invoices,
    latest_issue_date,
    link_case,
    respond_to_invoice,
    submit_request,
)
from finance.senders import Sender, Side
from finance.servicing import accrue, collect, demand_recourse, release_reserve, settle
from finance.what_if import WhatIf, WhatIfLimit, what_if

ROOM = Room("finance", "finance.models", "finance.migrations")

__all__ = [
    "ACCOUNTS",
    "MANDATORY_CONTROLS",
    "ROOM",
    "ActiveLimit",
    "Asset",
    "BankEntry",
    "FinancingRequest",
    "ImportOutcome",
    "InvoiceCheck",
    "JournalReport",
    "LimitProposal",
    "MandatoryControl",
    "MandatoryVerdict",
    "MatchException",
    "MatchOutcome",
    "MatchedTo",
    "Notice",
    "PartyScores",
    "PaymentOrder",
    "PortfolioFigures",
    "Price",
    "PricingTerms",
    "ProductFamily",
    "Quote",
    "QuoteLine",
    "ReleasedMatch",
    "ScoreRun",
    "Sender",
    "Side",
    "WhatIf",
    "WhatIfLimit",
    "accrue",
    "activate_limits",
    "apply_measures",
    "approve_loss_model",
    "buyer_signals",
    "check_invoice",
    "claims_statement",
    "close_request",
    "collect",
    "confirm_payment",
    "demand_recourse",
    "eligibility_facts",
    "erase_party",
    "erase_requests",
    "fingerprint_of",
    "free_invoices",
    "import_document",
    "instruct_payment",
    "journal_payload",
    "judge_alert",
    "latest_issue_date",
    "lift_hold",
    "link_case",
    "match_invoice",
    "portfolio",
    "portfolio_figures",
    "propose_limits",
    "purchase",
    "quote",
    "record_bank_entry",
    "record_check",
    "register",
    "register_assignment",
    "register_loss_model",
    "release_limits",
    "release_match",
    "release_reserve",
    "remind",
    "reserve_limits",
    "respond_to_invoice",
    "reverse",
    "score_parties",
    "scored_outcomes",
    "send_notice_of_assignment",
    "settle",
    "submit_request",
    "take_over_claims",
    "verify_books",
    "verify_journal",
    "what_if",
]
