"""What can be asked."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

import strawberry

import ledger
from scf_api import views
from scf_api.context import Info
from scf_api.repository import equals
from scf_api.schema.alerts import Alert, AlertQueries
from scf_api.schema.cases import Case, Incident, Task
from scf_api.schema.commands import Command
from scf_api.schema.definitions import DefinitionQueries, ProcessDefinition, ProcessDraft
from scf_api.schema.describe import output, resolved
from scf_api.schema.documents import Document, Invoice, Order
from scf_api.schema.erasures import Erasure, ErasureQueries
from scf_api.schema.financing import Asset, BankEntry, FinancingRequest, Journal, PaymentOrder
from scf_api.schema.keys import KeyQueries
from scf_api.schema.log import Checkpoint, EntryState, LedgerEntry, Proof
from scf_api.schema.migration import Migration, MigrationQueries
from scf_api.schema.parties import Limit, Party, ScoreRun
from scf_api.schema.relay import After, Connection, First, Node, key_of, listed, one, split_id
from scf_api.schema.search import CaseFilter, CaseSort, ElementCount, count_elements, search_cases
from scf_api.schema.tasks import TaskQueries
from scf_api.schema.what_if import WhatIfQueries
from scf_api.schema.witnesses import WitnessQueries
from scf_api.views import View

T = TypeVar("T")

# Every type that has an id, with the view and the column where it is found.
_NODES: dict[str, tuple[View, str, Any]] = {
    "Party": (views.PARTY, "id", Party),
    "Order": (views.ORDER, "id", Order),
    "Invoice": (views.INVOICE, "id", Invoice),
    "Document": (views.DOCUMENT, "id", Document),
    "FinancingRequest": (views.REQUEST, "id", FinancingRequest),
    "Asset": (views.ASSET, "id", Asset),
    "Limit": (views.LIMIT, "id", Limit),
    "ScoreRun": (views.SCORE_RUN, "id", ScoreRun),
    "Alert": (views.ALERT, "id", Alert),
    "Journal": (views.JOURNAL, "id", Journal),
    "PaymentOrder": (views.PAYMENT_ORDER, "id", PaymentOrder),
    "BankEntry": (views.BANK_ENTRY, "id", BankEntry),
    "Case": (views.CASE, "id", Case),
    "Task": (views.TASK, "id", Task),
    "Incident": (views.INCIDENT, "id", Incident),
    "ProcessDefinition": (views.DEFINITION, "id", ProcessDefinition),
    "ProcessDraft": (views.DRAFT, "id", ProcessDraft),
    "Migration": (views.MIGRATION, "id", Migration),
    "Erasure": (views.ERASURE, "id", Erasure),
    "Command": (views.COMMAND, "id", Command),
    "LedgerEntry": (views.ENTRY, "entry_id", LedgerEntry),
}
NODE_TYPES = [node_type for _, _, node_type in _NODES.values()]


@output
class Me:
    """The person who asks."""

    name: str
    roles: list[str]
    party_key: strawberry.Private[UUID | None]

    @resolved
    async def party(self, info: Info) -> Party | None:
        """The seller or buyer that the person works for; null for the bank's people."""
        return await one(info, views.PARTY, self.party_key, Party.from_row)


@output
class Query(
    AlertQueries,
    DefinitionQueries,
    ErasureQueries,
    KeyQueries,
    MigrationQueries,
    TaskQueries,
    WhatIfQueries,
    WitnessQueries,
):
    """What can be asked. Lists hold only what the caller may see; the rest is null."""

    @resolved
    def me(self, info: Info) -> Me | None:
        """The person who asks; null without a login."""
        viewer = info.context.viewer
        return Me(name=viewer.name, roles=sorted(viewer.roles), party_key=viewer.party_id) if viewer else None

    @resolved
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Any thing by its id."""
        type_name, key = split_id(id, "id")
        if type_name not in _NODES:
            return None
        view, column, node_type = _NODES[type_name]
        found: Node | None = await one(info, view, key, node_type.from_row, column)
        return found

    @resolved
    async def party(self, info: Info, id: strawberry.ID) -> Party | None:
        """Return a party."""
        return await one(info, views.PARTY, key_of(id, "Party", "id"), Party.from_row)

    @resolved
    async def parties(self, info: Info, first: First = None, after: After = None) -> Connection[Party]:
        """Parties, by name."""
        return await listed(info, views.PARTY, Party.from_row, first, after)

    @resolved
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        """Return an order."""
        return await one(info, views.ORDER, key_of(id, "Order", "id"), Order.from_row)

    @resolved
    async def orders(
        self, info: Info, state: str | None = None, first: First = None, after: After = None
    ) -> Connection[Order]:
        """Orders, latest first."""
        return await listed(info, views.ORDER, Order.from_row, first, after, equals("state", state))

    @resolved
    async def invoice(self, info: Info, id: strawberry.ID) -> Invoice | None:
        """Return an invoice."""
        return await one(info, views.INVOICE, key_of(id, "Invoice", "id"), Invoice.from_row)

    @resolved
    async def invoices(
        self,
        info: Info,
        state: str | None = None,
        match_decision: str | None = None,
        seller_id: strawberry.ID | None = None,
        buyer_id: strawberry.ID | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Invoice]:
        """Invoices, latest first."""
        filters = (
            *equals("state", state),
            *equals("match_decision", match_decision),
            *equals("seller_id", key_of(seller_id, "Party", "sellerId")),
            *equals("buyer_id", key_of(buyer_id, "Party", "buyerId")),
        )
        return await listed(info, views.INVOICE, Invoice.from_row, first, after, filters)

    @resolved
    async def document(self, info: Info, id: strawberry.ID) -> Document | None:
        """Return a document."""
        return await one(info, views.DOCUMENT, key_of(id, "Document", "id"), Document.from_row)

    @resolved
    async def documents(
        self,
        info: Info,
        kind: str | None = None,
        state: str | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Document]:
        """Documents, latest import first."""
        filters = (*equals("kind", kind), *equals("state", state))
        return await listed(info, views.DOCUMENT, Document.from_row, first, after, filters)

    @resolved
    async def asset(self, info: Info, id: strawberry.ID) -> Asset | None:
        """Return a purchased receivable."""
        return await one(info, views.ASSET, key_of(id, "Asset", "id"), Asset.from_row)

    @resolved
    async def assets(
        self, info: Info, state: str | None = None, first: First = None, after: After = None
    ) -> Connection[Asset]:
        """Purchased receivables, latest first."""
        return await listed(info, views.ASSET, Asset.from_row, first, after, equals("state", state))

    @resolved
    async def limits(
        self,
        info: Info,
        scope: str | None = None,
        state: str | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Limit]:
        """Limits, proposed ones included for the bank's own people."""
        filters = (*equals("scope", scope), *equals("state", state))
        return await listed(info, views.LIMIT, Limit.from_row, first, after, filters)

    @resolved
    async def score_runs(self, info: Info, first: First = None, after: After = None) -> Connection[ScoreRun]:
        """Scores, latest first."""
        return await listed(info, views.SCORE_RUN, ScoreRun.from_row, first, after)

    @resolved
    async def journals(self, info: Info, first: First = None, after: After = None) -> Connection[Journal]:
        """Journals, from the first."""
        return await listed(info, views.JOURNAL, Journal.from_row, first, after)

    @resolved
    async def bank_entries(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[BankEntry]:
        """Movements on the bank account, latest first."""
        return await listed(info, views.BANK_ENTRY, BankEntry.from_row, first, after)

    @resolved
    async def payment_orders(
        self, info: Info, state: str | None = None, first: First = None, after: After = None
    ) -> Connection[PaymentOrder]:
        """Payments that the platform instructed, latest first."""
        return await listed(
            info, views.PAYMENT_ORDER, PaymentOrder.from_row, first, after, equals("state", state)
        )

    @resolved
    async def case(self, info: Info, id: strawberry.ID) -> Case | None:
        """Return a case."""
        return await one(info, views.CASE, key_of(id, "Case", "id"), Case.from_row)

    @resolved
    async def cases(
        self,
        info: Info,
        state: str | None = None,
        product: str | None = None,
        filter: CaseFilter | None = None,
        sort: CaseSort = CaseSort.LAST_STARTED,
        first: First = None,
        after: After = None,
    ) -> Connection[Case]:
        """Cases, latest first unless sorted otherwise; all that is asked for must hold."""
        narrowed = (*equals("state", state), *equals("product", product))
        return await search_cases(info, narrowed, filter, sort, first, after)

    @resolved
    async def element_counts(
        self,
        info: Info,
        definition: str,
        version: int | None = None,
        states: list[str] | None = None,
        completed: bool = False,
    ) -> list[ElementCount]:
        """How many tokens stand at each element of a process, over the cases that the caller may see.

        Without a version it counts those of all versions. `completed` also counts how often each element was
        completed, over all cases of the process that ever were; that takes longer the more there are.
        """
        return await count_elements(info, definition, version, states or [], completed)

    @resolved
    async def command(self, info: Info, id: strawberry.ID) -> Command | None:
        """A command that the caller gave."""
        return await one(info, views.COMMAND, key_of(id, "Command", "id"), Command.from_row)

    @resolved
    async def ledger_entries(
        self,
        info: Info,
        stream: str | None = None,
        state: EntryState = EntryState.LOGGED,
        first: First = None,
        after: After = None,
    ) -> Connection[LedgerEntry]:
        """Entries of the signed log, latest first; with a stream, that stream's, whatever their state."""
        if stream is not None:
            view, filters = views.ENTRY, equals("stream", stream)
        else:
            view, filters = (views.LOG if state is EntryState.LOGGED else views.OUTBOX), ()
        return await listed(info, view, LedgerEntry.from_row, first, after, filters)

    @resolved
    async def ledger_entry(self, info: Info, entry_id: strawberry.ID) -> LedgerEntry | None:
        """An entry of the signed log, by its entry id."""
        return await one(
            info,
            views.ENTRY,
            key_of(f"LedgerEntry:{entry_id}", "LedgerEntry", "entryId"),
            LedgerEntry.from_row,
            column="entry_id",
        )

    @resolved
    async def checkpoints(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Checkpoint]:
        """Signed checkpoints of the log, latest first."""
        return await listed(info, views.CHECKPOINT, Checkpoint.from_row, first, after)

    @resolved
    async def proof(self, info: Info, entry_id: strawberry.ID) -> Proof | None:
        """The proof that an entry is in the log; null until it is appended."""
        key = key_of(f"LedgerEntry:{entry_id}", "LedgerEntry", "entryId")
        row = await info.context.one(views.ENTRY, key, column="entry_id")
        if row is None or row["state"] != "logged":
            return None
        content = await ledger.prove(info.context.database, row["entry_id"])
        return Proof(
            entry_id=strawberry.ID(str(row["entry_id"])),
            file_name=f"{row['entry_id']}.proof.json",
            text=content.decode(),
        )
