"""What the platform knows of a seller and a buyer at a moment, and what scoring makes of it.

Nothing that came later counts: a statement is known from its publication (or from the day on which it came
in), an invoice and a credit note from their date, a payment from its booking, a check from its time.
Pure but for `known_of`, which reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final
from uuid import UUID

import orjson

from core.database import Transaction
from finance import known_repository
from scoring.behaviour import Behaviour, CreditNote, Payment, behaviour
from scoring.behaviour import Invoice as TradedInvoice
from scoring.families import Receivable
from scoring.snapshot import AsOfSnapshot, Observation, snapshot

YEAR: Final = timedelta(days=365)
# A rate of fewer invoices that fell due is chance, and would let one new invoice stand for a clean record.
LEAST_HISTORY: Final = 5
_OF_A_PAYER: Final = ("days_late_12m", "late_share_12m", "overdue_share")


@dataclass(frozen=True, slots=True)
class KnownStatement:
    """A company's newest statement: figures by name as decimal text, the sector as it is."""

    document_id: UUID
    period_end: date
    known_on: date
    currency: str
    figures: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Company:
    """A company; what was not checked, or not told, is None."""

    id: UUID
    country: str | None
    sector: str
    statement: KnownStatement | None
    identified_until: date | None
    sanctioned: bool | None
    insolvent: bool | None


@dataclass(frozen=True, slots=True)
class KnownInvoice:
    """An invoice of either company. `face` is that of the bought receivable; None: it was not bought.

    `eligible` is what matching lets be financed; None before the match. `demanded_back`: the seller is to buy
    the receivable back.
    """

    id: UUID
    seller_id: UUID
    buyer_id: UUID
    total: Decimal
    eligible: Decimal | None
    issued_on: date
    due_on: date
    rejected: bool
    disputed: bool
    face: Decimal | None
    demanded_back: bool
    paid: tuple[Payment, ...]
    credited: tuple[CreditNote, ...]


@dataclass(frozen=True)
class Known:
    """What is known at `at` of two companies, in one currency."""

    at: datetime
    currency: str
    companies: Mapping[UUID, Company]
    invoices: tuple[KnownInvoice, ...]

    @cached_property
    def snapshots(self) -> Mapping[UUID, AsOfSnapshot]:
        """Return each company's figures as of the day; see `party_snapshot`."""
        return {party_id: party_snapshot(self, party_id) for party_id in self.companies}

    def between(self, seller_id: UUID | None, buyer_id: UUID | None) -> list[KnownInvoice]:
        """Return the invoices of a seller, of a buyer, or of the pair."""
        return [
            one
            for one in self.invoices
            if seller_id in (None, one.seller_id) and buyer_id in (None, one.buyer_id)
        ]


async def known_of(tx: Transaction, seller_id: UUID, buyer_id: UUID, currency: str, at: datetime) -> Known:
    """Read what is known of a pair at a moment, in at most four statements whatever its history."""
    pair = [seller_id, buyer_id]
    companies = await known_repository.companies(tx.sql, pair, at)
    rows = await known_repository.invoices(tx.sql, pair, currency, since=at.date() - YEAR, at=at)
    ids = [row["id"] for row in rows]
    paid: dict[UUID, list[Payment]] = {each: [] for each in ids}
    bought = [row["id"] for row in rows if row["face"] is not None]
    for row in await known_repository.payments(tx.sql, bought, at) if bought else ():
        paid[row["invoice_id"]].append(Payment(str(row["invoice_id"]), row["amount"], row["paid_on"]))
    credited: dict[UUID, list[CreditNote]] = {each: [] for each in ids}
    for row in await known_repository.credit_notes(tx.sql, ids, at.date()):
        credited[row["invoice_id"]].append(
            CreditNote(str(row["invoice_id"]), row["amount"], row["issued_on"])
        )
    return Known(
        at=at,
        currency=currency,
        companies={row["id"]: _company(row) for row in companies},
        invoices=tuple(_invoice(row, paid[row["id"]], credited[row["id"]]) for row in rows),
    )


def party_snapshot(known: Known, party_id: UUID) -> AsOfSnapshot:
    """Return a company's figures as of the day, each with its source.

    The statement tells; what it does not tell comes from how the company behaved on the platform. A net worth
    in another currency than the request's is left out.

    Raises:
        InvalidInput: `scoring.observed_after` when a figure was observed after the day.
    """
    observations = statement_observations(known.companies[party_id].statement, known.currency)
    told = {one.name for one in observations if one.value is not None}
    behaved = [
        one
        for one in behaviour_observations(known, party_id)
        if one.value is not None and one.name not in told
    ]
    filled = {one.name for one in behaved}
    kept = [one for one in observations if one.name not in filled]
    return snapshot(str(party_id), known.at.date(), [*kept, *behaved])


def statement_observations(statement: KnownStatement | None, currency: str) -> list[Observation]:
    """Return what a statement tells, observed when it was known: numbers as decimals, the sector as text."""
    if statement is None:
        return []
    source = f"statement of {statement.period_end}, document {statement.document_id}"
    return [
        Observation(
            name,
            value if value is None or name == "sector" else Decimal(value),
            statement.known_on,
            source,
        )
        for name, value in statement.figures.items()
        if name != "net_worth" or statement.currency == currency
    ]


def behaviour_observations(known: Known, party_id: UUID) -> list[Observation]:
    """Return how a company behaved on the platform, as far as enough of its invoices fell due.

    How late it pays is seen on the receivables that were bought, as only their payments are seen. Dilution is
    of the invoices that it issued, or where it issues none, of those that it has to pay.
    """
    owed = [one for one in known.between(None, party_id) if one.face is not None]
    issued = known.between(party_id, None) or known.between(None, party_id)
    paying = _behaviour(known, owed, bought=True)
    issuing = _behaviour(known, issued, bought=False)
    found = [
        *(one for one in (paying.observations() if paying else ()) if one.name in _OF_A_PAYER),
        *(one for one in (issuing.observations() if issuing else ()) if one.name == "dilution_rate"),
    ]
    return [one for one in found if one.value is not None]


def open_receivables(known: Known, invoices: Sequence[KnownInvoice]) -> list[Receivable]:
    """Return what of invoices is still open and could be financed, by debtor.

    Of a bought one what is owed, at most its eligible part; one that the seller is to buy back secures
    nothing. Of another its eligible part (before the match its total) less credits until it falls due:
    whether it was paid after that, nobody tells.
    """
    found = []
    for one in invoices:
        credited = sum((note.amount for note in one.credited), Decimal(0))
        if one.face is None:
            gone = one.rejected or one.due_on < known.at.date()
            owed = one.total - credited
        else:
            gone = one.demanded_back
            owed = one.face - credited - sum((paid.amount for paid in one.paid), Decimal(0))
        could_be = owed if one.eligible is None else min(owed, one.eligible)
        if could_be > 0 and not gone:
            found.append(Receivable(str(one.buyer_id), could_be, one.due_on, one.disputed))
    return found


def _behaviour(known: Known, invoices: Sequence[KnownInvoice], *, bought: bool) -> Behaviour | None:
    """Return the behaviour in invoices: all of them where they were bought, else those that fell due."""
    day = known.at.date()
    due = [one for one in invoices if one.due_on <= day]
    if len(due) < LEAST_HISTORY:
        return None
    counted = invoices if bought else due
    return behaviour(
        day,
        [
            TradedInvoice(str(one.id), one.total if one.face is None else one.face, one.issued_on, one.due_on)
            for one in counted
        ],
        [paid for one in counted for paid in one.paid] if bought else (),
        [note for one in counted for note in one.credited],
    )


def _company(row: known_repository.Row) -> Company:
    statement = None
    if row["document_id"] is not None:
        statement = KnownStatement(
            row["document_id"],
            row["period_end"],
            row["known_on"],
            row["currency"],
            orjson.loads(row["figures"]),
        )
    return Company(
        id=row["id"],
        country=row["country"],
        sector=row["sector"],
        statement=statement,
        identified_until=row["identified_until"],
        sanctioned=row["sanctioned"],
        insolvent=row["insolvent"],
    )


def _invoice(
    row: known_repository.Row, paid: Sequence[Payment], credited: Sequence[CreditNote]
) -> KnownInvoice:
    return KnownInvoice(
        id=row["id"],
        seller_id=row["seller_id"],
        buyer_id=row["buyer_id"],
        total=row["total"],
        eligible=row["eligible"],
        issued_on=row["issue_date"],
        due_on=row["due_date"],
        rejected=row["state"] == "REJECTED",
        disputed=row["disputed"],
        face=row["face"],
        demanded_back=row["demanded_back"],
        paid=tuple(paid),
        credited=tuple(credited),
    )
