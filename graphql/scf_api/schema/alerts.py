"""Alerts of the early-warning rules: who sees scores sees them, an officer says whether they were true."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from scf_api import views
from scf_api.context import Info
from scf_api.repository import Filter, Row, equals
from scf_api.roles import Area
from scf_api.schema.commands import UserError
from scf_api.schema.describe import argument, enum, mutation, output, resolved
from scf_api.schema.log import LedgerEntry
from scf_api.schema.parties import Party, party
from scf_api.schema.performing import CommandStatus, perform, row_of
from scf_api.schema.relay import After, Connection, First, Node, global_id, key_of, listed, one
from scoring import monitoring


@enum
class AlertVerdict(Enum):
    """Whether an alert was true."""

    TRUE = "true"
    FALSE = "false"


@enum
class AlertState(Enum):
    """OPEN until a person has said whether the alert was true."""

    OPEN = "open"
    TRUE = "true"
    FALSE = "false"


@output
class Alert(Node):
    """A warning about a buyer: the rule that raised it, what it saw, and the measure."""

    party_key: strawberry.Private[object]
    entry_key: strawberry.Private[object]
    judged_entry_key: strawberry.Private[object]
    rule: str = strawberry.field(description="dilution, drift, concentration or utilisation.")
    measure: str = strawberry.field(description="hold, reserve_up, limit_cut or human_task.")
    message: str
    currency: str
    value: Decimal
    threshold: Decimal
    amount: Decimal | None = strawberry.field(
        description="The share to add to the reserve, or the limit to cut to."
    )
    raised_at: datetime
    state: AlertState
    note: str | None
    judged_by: str | None
    judged_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> Alert:
        """Build it from a row of `scoring.alert_view`."""
        told = ("rule", "message", "currency", "value", "threshold", "amount", "raised_at")
        return cls(
            id=global_id("Alert", row["id"]),
            party_key=row["party_id"],
            entry_key=row["entry_id"],
            judged_entry_key=row["judged_entry_id"],
            measure=row["kind"],
            state=AlertState(row["verdict"] or "open"),
            note=row["note"] or None,
            judged_by=row["judged_by"],
            judged_at=row["judged_at"],
            **{name: row[name] for name in told},
        )

    @resolved
    async def party(self, info: Info) -> Party | None:
        """The buyer that it is about."""
        return await party(info, self.party_key)

    @resolved
    async def entry(self, info: Info) -> LedgerEntry | None:
        """The ledger entry that raised it."""
        return await one(info, views.ENTRY, self.entry_key, LedgerEntry.from_row, column="entry_id")

    @resolved
    async def judged_entry(self, info: Info) -> LedgerEntry | None:
        """The ledger entry with the verdict."""
        return await one(info, views.ENTRY, self.judged_entry_key, LedgerEntry.from_row, column="entry_id")


@output
class Misjudgement:
    """How often a rule was wrong: its alerts that people called false, of those that they judged."""

    rule: str
    raised: int
    judged: int
    false: int
    rate: float | None = strawberry.field(description="Null where none was judged.")
    low: float = strawberry.field(description="The lower end of Wilson's 95 % interval.")
    high: float = strawberry.field(description="Its upper end.")


@output
class AlertQueries:
    """What can be asked about alerts, for those who may see scores."""

    @resolved
    async def alerts(
        self,
        info: Info,
        party_id: strawberry.ID | None = None,
        state: AlertState | None = None,
        rule: str | None = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Alert]:
        """Alerts, the latest first."""
        filters = (
            *equals("party_id", key_of(party_id, "Party", "partyId")),
            *equals("rule", rule),
            *_in_state(state),
        )
        return await listed(info, views.ALERT, Alert.from_row, first, after, filters)

    @resolved
    async def misjudgements(self, info: Info, since: datetime) -> list[Misjudgement]:
        """How often each rule was wrong, of the alerts that it raised since a moment; by rule."""
        if not info.context.scope(Area.SCORES).everything:
            return []
        async with info.context.database.reading() as sql:
            found = await monitoring.misjudgements(sql, since=since)
        return [
            Misjudgement(
                rule=one.rule,
                raised=one.raised,
                judged=one.false.cases,
                false=one.false.hits,
                rate=one.false.value,
                low=one.false.low,
                high=one.false.high,
            )
            for one in found
        ]


@argument
class JudgeAlertInput:
    """An alert, whether it was true, and why, in 500 characters at most."""

    idempotency_key: str
    alert_id: strawberry.ID
    verdict: AlertVerdict
    note: str | None = None


@output
class JudgeAlertPayload:
    """What became of a verdict."""

    command: CommandStatus | None
    user_errors: list[UserError]
    alert: Alert | None


@output
class AlertMutations:
    """Mutations for credit officers."""

    @mutation
    async def judge_alert(self, info: Info, input: JudgeAlertInput) -> JudgeAlertPayload:
        """Say whether an alert was true; calling a hold false lets the limit be drawn again."""

        def payload() -> dict[str, str | None]:
            return {
                "alert_id": str(key_of(input.alert_id, "Alert", "alertId")),
                "verdict": input.verdict.value,
                "note": input.note or None,
            }

        answer = await perform(info, "alert.judge", payload, input.idempotency_key)
        row = await row_of(info, views.ALERT, answer, "alert_id")
        return JudgeAlertPayload(
            command=answer.status,
            user_errors=answer.errors,
            alert=Alert.from_row(row) if row else None,
        )


def _in_state(state: AlertState | None) -> tuple[Filter, ...]:
    if state is AlertState.OPEN:
        return (("verdict IS NULL", ()),)
    return equals("verdict", state.value if state else None)
