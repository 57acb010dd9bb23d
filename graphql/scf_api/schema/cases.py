"""Cases: a product's process on its way, with its steps, tasks, incidents and everything that hangs on it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson
import strawberry
from strawberry.scalars import JSON

import workflows
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.roles import Area
from scf_api.schema.definitions import ProcessDefinition
from scf_api.schema.describe import output, resolved
from scf_api.schema.financing import Asset, FinancingRequest, Journal, PaymentOrder
from scf_api.schema.log import LedgerEntry
from scf_api.schema.relay import After, Connection, First, Node, children, global_id, one
from scf_api.schema.scalars import Hash


@output
class Step:
    """An element step of a case; `seq` counts them from 1."""

    seq: int
    element: str
    element_name: str
    element_type: str
    kind: str = strawberry.field(description="What happened, for example element.activated.")
    actor: str
    at: datetime = strawberry.field(description="Business time.")
    entry_key: strawberry.Private[object]
    data_text: strawberry.Private[str]

    @classmethod
    def from_row(cls, row: Row) -> Step:
        """Build it from a row of `workflows.step_view`."""
        return cls(
            seq=row["seq"],
            element=row["element"],
            element_name=row["element_name"],
            element_type=row["element_type"],
            kind=row["kind"],
            actor=row["actor"],
            at=row["at"],
            entry_key=row["entry_id"],
            data_text=row["data"],
        )

    @resolved
    def data(self, info: Info) -> JSON | None:
        """What the step carried, for the bank's own people."""
        return orjson.loads(self.data_text) if info.context.scope(Area.CASES).everything else None

    @resolved
    async def entry(self, info: Info) -> LedgerEntry | None:
        """The ledger entry that proves the step."""
        return await one(info, views.ENTRY, self.entry_key, LedgerEntry.from_row, column="entry_id")


@output
class TaskComment:
    """A remark about a task."""

    author: str
    text: str
    at: datetime = strawberry.field(description="Business time.")
    entry_key: strawberry.Private[object]

    @classmethod
    def from_row(cls, row: Row) -> TaskComment:
        """Build it from a row of `workflows.task_comment_view`."""
        return cls(author=row["author"], text=row["text"], at=row["at"], entry_key=row["entry_id"])

    @resolved
    async def entry(self, info: Info) -> LedgerEntry | None:
        """The ledger entry that commits to it."""
        return await one(info, views.ENTRY, self.entry_key, LedgerEntry.from_row, column="entry_id")


@output
class Task(Node):
    """Something that a person has to do in a case."""

    key: strawberry.Private[UUID]
    case_key: strawberry.Private[object]
    element: str
    name: str
    state: str = strawberry.field(description="open, claimed, completed or cancelled.")
    candidate_groups: list[str] = strawberry.field(description="The roles that may do it.")
    assignee: str | None = strawberry.field(description="Who has it.")
    delegated_by: list[str] = strawberry.field(
        description="On whose behalf the assignee has it: everybody who delegated it, the first one first."
    )
    priority: int = strawberry.field(description="0 to 100; 50 when the process says nothing.")
    due: datetime | None = strawberry.field(description="Business time.")
    follow_up: datetime | None = strawberry.field(
        description="When to come back to it, in business time; until then it is put off."
    )
    overdue: bool = strawberry.field(description="Whether it is open beyond its due date.")
    overdue_since: datetime | None
    created_at: datetime
    completed_at: datetime | None
    completed_by: str | None
    on_behalf_of: str | None = strawberry.field(
        description="Who delegated it first, and answers for it, when somebody else completed it."
    )
    form_id: str | None
    requires_signature: bool = strawberry.field(
        description="Whether the decision must be signed with a key of the person's own; see statementFor."
    )

    @classmethod
    def from_row(cls, row: Row) -> Task:
        """Build it from a row of `workflows.task_view`."""
        return cls(
            id=global_id("Task", row["id"]),
            key=row["id"],
            case_key=row["case_id"],
            element=row["element"],
            name=row["name"],
            state=row["state"],
            candidate_groups=row["candidate_groups"],
            assignee=row["assignee"],
            delegated_by=row["delegators"],
            priority=row["priority"],
            due=row["due"],
            follow_up=row["follow_up"],
            overdue=row["overdue"],
            overdue_since=row["overdue_since"],
            created_at=row["created_at"],
            completed_at=row["completed_at"],
            completed_by=row["completed_by"],
            on_behalf_of=row["on_behalf_of"],
            form_id=row["form_id"],
            requires_signature=row["requires_signature"],
        )

    @resolved
    async def form(self, info: Info) -> JSON | None:
        """The form's schema (form-js, or a JSON Schema)."""
        row = await info.context.detail(views.TASK, self.key, "form")
        return orjson.loads(row["form"]) if row and row["form"] else None

    @resolved
    async def variables(self, info: Info) -> JSON:
        """What the task shows."""
        row = await info.context.detail(views.TASK, self.key, "variables")
        return JSON(orjson.loads(row["variables"]) if row else {})

    @resolved
    async def draft(self, info: Info) -> JSON | None:
        """What the caller has filled in and saved so far."""
        key = workflows.draft_id(self.key, info.context.person.name)
        row = await info.context.one(views.TASK_DRAFT, key)
        return orjson.loads(row["answers"]) if row else None

    @resolved
    async def comments(self, info: Info, first: First = None, after: After = None) -> Connection[TaskComment]:
        """The remarks, from the first."""
        return await children(
            info, views.TASK_COMMENT, "task_id", self.key, TaskComment.from_row, first, after
        )

    @resolved
    async def case(self, info: Info) -> Case | None:
        """The case that waits for it."""
        return await case(info, self.case_key)


@output
class Incident(Node):
    """Something that failed in a case and waits for a person's decision."""

    element: str
    code: str
    message: str
    state: str
    raised_at: datetime
    resolved_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> Incident:
        """Build it from a row of `workflows.incident_view`."""
        return cls(
            id=global_id("Incident", row["id"]),
            element=row["element"],
            code=row["code"],
            message=row["message"],
            state=row["state"],
            raised_at=row["raised_at"],
            resolved_at=row["resolved_at"],
        )


@output
class Case(Node):
    """A case: one run of a product's process (a process instance)."""

    key: strawberry.Private[object]
    request_key: strawberry.Private[object]
    definition_key: strawberry.Private[str]
    definition_version: strawberry.Private[int]
    business_key: str
    product: str
    state: str = strawberry.field(description="running, waiting, incident, completed, cancelled or failed.")
    model_hash: Hash
    state_root: Hash
    started_at: datetime
    ended_at: datetime | None
    business_now: datetime = strawberry.field(description="The case's business time at its last burst.")
    active_elements: list[str] = strawberry.field(description="The elements at which the case stands.")
    incident_count: int = strawberry.field(description="How many incidents are open.")

    @classmethod
    def from_row(cls, row: Row) -> Case:
        """Build it from a row of `workflows.case_view`."""
        return cls(
            id=global_id("Case", row["id"]),
            key=row["id"],
            request_key=row["request_id"],
            definition_key=row["definition_key"],
            definition_version=row["definition_version"],
            business_key=row["business_key"],
            product=row["product"],
            state=row["state"],
            model_hash=Hash(row["model_hash"]),
            state_root=Hash(row["state_root"]),
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            business_now=row["business_now"],
            active_elements=orjson.loads(row["active_elements"]),
            incident_count=row["incidents"],
        )

    @resolved
    async def definition(self, info: Info) -> ProcessDefinition | None:
        """The version of the process that it runs on."""
        name = f"{self.definition_key}:{self.definition_version}"
        return await one(
            info, views.DEFINITION, name, ProcessDefinition.from_row, column=views.DEFINITION_NAME
        )

    @resolved
    async def steps(self, info: Info, first: First = None, after: After = None) -> Connection[Step]:
        """The steps, from the first."""
        return await children(info, views.STEP, "case_id", self.key, Step.from_row, first, after)

    @resolved
    async def tasks(self, info: Info, first: First = None, after: After = None) -> Connection[Task]:
        """The tasks that the caller may see, latest first."""
        return await children(info, views.TASK, "case_id", self.key, Task.from_row, first, after)

    @resolved
    async def incidents(self, info: Info, first: First = None, after: After = None) -> Connection[Incident]:
        """The incidents, latest first, for the bank's own people."""
        return await children(info, views.INCIDENT, "case_id", self.key, Incident.from_row, first, after)

    @resolved
    async def parent(self, info: Info) -> Case | None:
        """The case that called it, by a call activity that runs as a case of its own."""
        return await one(info, views.PARENT_CASE, self.key, Case.from_row, column="child_id")

    @resolved
    async def children(self, info: Info, first: First = None, after: After = None) -> Connection[Case]:
        """The cases that it has called, latest first."""
        return await children(info, views.CHILD_CASE, "parent_id", self.key, Case.from_row, first, after)

    @resolved
    async def request(self, info: Info) -> FinancingRequest | None:
        """The financing request that it works on."""
        return await one(info, views.REQUEST, self.request_key, FinancingRequest.from_row)

    @resolved
    async def assets(self, info: Info, first: First = None, after: After = None) -> Connection[Asset]:
        """The receivables that it purchased."""
        return await children(info, views.ASSET, "request_id", self.request_key, Asset.from_row, first, after)

    @resolved
    async def journals(self, info: Info, first: First = None, after: After = None) -> Connection[Journal]:
        """The journals that it booked, for those who may see the books."""
        return await children(
            info, views.JOURNAL, "request_id", self.request_key, Journal.from_row, first, after
        )

    @resolved
    async def payment_orders(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[PaymentOrder]:
        """The payments that it instructed, for those who may see them."""
        return await children(
            info, views.PAYMENT_ORDER, "request_id", self.request_key, PaymentOrder.from_row, first, after
        )

    @resolved
    async def entries(self, info: Info, first: First = None, after: After = None) -> Connection[LedgerEntry]:
        """The ledger entries of the case, latest first."""
        return await children(info, views.ENTRY, "stream", str(self.key), LedgerEntry.from_row, first, after)


async def case(info: Info, key: object) -> Case | None:
    """Return a case that the caller may see."""
    return await one(info, views.CASE, key, Case.from_row)
