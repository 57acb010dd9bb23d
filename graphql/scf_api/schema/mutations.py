"""What can be done: each mutation but login and logout commits a command and waits a moment for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

import strawberry

from core import ScfError
from scf_api import sessions, views
from scf_api.context import Info
from scf_api.schema.alerts import AlertMutations
from scf_api.schema.cases import Case
from scf_api.schema.commands import UserError
from scf_api.schema.deployments import DeploymentMutations
from scf_api.schema.describe import argument, enum, mutation, output
from scf_api.schema.disclosures import DisclosureMutations
from scf_api.schema.documents import Document
from scf_api.schema.erasures import ErasureMutations
from scf_api.schema.events import EventMutations
from scf_api.schema.financing import BankEntry, FinancingRequest
from scf_api.schema.keys import KeyMutations
from scf_api.schema.migration_mutations import MigrationMutations
from scf_api.schema.performing import CommandStatus, perform, row_of, started_case, told
from scf_api.schema.queries import Me
from scf_api.schema.relay import key_of
from scf_api.schema.repair import RepairMutations
from scf_api.schema.task_mutations import TaskMutations


@argument
class LoginInput:
    """Name and password of a local account."""

    name: str
    password: str


@output
class LoginPayload:
    """A session. Programs send the token as a bearer; browsers have it in a cookie."""

    me: Me | None
    token: str | None
    user_errors: list[UserError]


@output
class LogoutPayload:
    """The end of a session."""

    user_errors: list[UserError]


@argument
class ImportDocumentInput:
    """A document: UBL 2.1 XML or a financial statement in JSON, at most 10 MB, as base64."""

    idempotency_key: str
    filename: str
    content_base64: str


@argument
class SubmitFinancingRequestInput:
    """Invoices of one seller on one buyer in one currency."""

    idempotency_key: str
    invoice_ids: list[strawberry.ID]


@enum
class Direction(Enum):
    """Whether money came in or went out."""

    IN = "in"
    OUT = "out"


@argument
class RecordPaymentInput:
    """A movement on the platform's bank account; a bank reference that is known already changes nothing."""

    idempotency_key: str
    reference: str
    amount: Decimal
    currency: str
    value_date: date
    bank_ref: str
    payer: str | None = None
    direction: Direction = Direction.IN


@output
class ImportDocumentPayload:
    """What became of an import."""

    command: CommandStatus | None
    user_errors: list[UserError]
    document: Document | None


@output
class SubmitFinancingRequestPayload:
    """What became of a request; `case` is null as long as the case has not started."""

    command: CommandStatus | None
    user_errors: list[UserError]
    request: FinancingRequest | None
    case: Case | None


@output
class RecordPaymentPayload:
    """What became of a payment."""

    command: CommandStatus | None
    user_errors: list[UserError]
    bank_entry: BankEntry | None


@output
class Mutation(
    AlertMutations,
    DeploymentMutations,
    DisclosureMutations,
    ErasureMutations,
    EventMutations,
    KeyMutations,
    MigrationMutations,
    RepairMutations,
    TaskMutations,
):
    """What can be done. Repeat a mutation with the same idempotencyKey as often as needed."""

    @mutation
    async def login(self, info: Info, input: LoginInput) -> LoginPayload:
        """Open a session; too many failures make the next attempt wait."""
        context = info.context
        lasts = timedelta(hours=context.settings.session_hours)
        try:
            login = await sessions.log_in(
                context.database,
                name=input.name,
                password=input.password,
                address=context.address,
                now=context.settings.clock.now(),
                lasts=lasts,
            )
        except ScfError as error:
            return LoginPayload(me=None, token=None, user_errors=[told(error)])
        context.response.set_cookie(
            sessions.COOKIE,
            login.token,
            max_age=int(lasts.total_seconds()),
            path="/",
            secure=context.settings.cookie_secure,
            httponly=True,
            samesite="strict",
        )
        viewer = login.viewer
        context.viewer = viewer
        return LoginPayload(
            me=Me(name=viewer.name, roles=sorted(viewer.roles), party_key=viewer.party_id),
            token=login.token,
            user_errors=[],
        )

    @mutation
    async def logout(self, info: Info) -> LogoutPayload:
        """End the session."""
        context = info.context
        if context.session_token is not None:
            await sessions.log_out(context.database, context.session_token)
        context.viewer = None
        context.response.delete_cookie(
            sessions.COOKIE,
            path="/",
            secure=context.settings.cookie_secure,
            httponly=True,
            samesite="strict",
        )
        return LogoutPayload(user_errors=[])

    @mutation
    async def import_document(self, info: Info, input: ImportDocumentInput) -> ImportDocumentPayload:
        """Import a trade document or a financial statement."""
        answer = await perform(
            info,
            "document.import",
            lambda: {"filename": input.filename, "content_b64": input.content_base64},
            input.idempotency_key,
        )
        row = await row_of(info, views.DOCUMENT, answer, "document_id")
        return ImportDocumentPayload(
            command=answer.status,
            user_errors=answer.errors,
            document=Document.from_row(row) if row else None,
        )

    @mutation
    async def submit_financing_request(
        self, info: Info, input: SubmitFinancingRequestInput
    ) -> SubmitFinancingRequestPayload:
        """Offer invoices for financing; this starts a case."""
        answer = await perform(
            info,
            "request.submit",
            lambda: {"invoice_ids": [str(key_of(one, "Invoice", "invoiceIds")) for one in input.invoice_ids]},
            input.idempotency_key,
        )
        request = await row_of(info, views.REQUEST, answer, "request_id")
        case = await started_case(info, answer)
        return SubmitFinancingRequestPayload(
            command=answer.status,
            user_errors=answer.errors,
            request=FinancingRequest.from_row(request) if request else None,
            case=Case.from_row(case) if case else None,
        )

    @mutation
    async def record_payment(self, info: Info, input: RecordPaymentInput) -> RecordPaymentPayload:
        """Record a movement on the platform's bank account."""
        payload = {
            "reference": input.reference,
            "amount": f"{input.amount:f}",
            "currency": input.currency,
            "value_date": input.value_date.isoformat(),
            "bank_ref": input.bank_ref,
            "direction": input.direction.value,
            **({"payer": input.payer} if input.payer else {}),
        }
        answer = await perform(info, "payment.record", lambda: payload, input.idempotency_key)
        row = await row_of(info, views.BANK_ENTRY, answer, "bank_entry_id")
        return RecordPaymentPayload(
            command=answer.status,
            user_errors=answer.errors,
            bank_entry=BankEntry.from_row(row) if row else None,
        )
