"""Parties, their limits and their scores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import orjson
import strawberry

from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.roles import Area
from scf_api.schema.describe import output, resolved
from scf_api.schema.lineage import ScoreLineage, lineage_of
from scf_api.schema.log import LedgerEntry
from scf_api.schema.relay import After, Connection, First, Node, children, global_id, one
from scf_api.schema.scalars import LEI, Hash, Money, valid_lei


@output
class ScoreReason:
    """One reason of a score: the bin that a figure fell into and its points."""

    feature: str
    bin: str
    points: int
    lost: int = strawberry.field(description="How many points it lies below the feature's best bin.")
    message: str


@output
class ScoreRun(Node):
    """A score of a party; `synthetic` when its card was trained on simulated data."""

    key: strawberry.Private[UUID]
    card_id: Hash
    points: int
    pd: Decimal = strawberry.field(description="Probability of default within a year, 0 to 1.")
    grade: str
    reasons: list[ScoreReason]
    inputs_hash: Hash
    at: datetime
    synthetic: bool
    entry_key: strawberry.Private[object]
    party_key: strawberry.Private[object]

    @classmethod
    def from_row(cls, row: Row) -> ScoreRun:
        """Build it from a row of `scoring.run_view`."""
        return cls(
            id=global_id("ScoreRun", row["id"]),
            key=row["id"],
            card_id=row["card_id"],
            points=row["points"],
            pd=row["pd"],
            grade=row["grade"],
            reasons=[
                ScoreReason(
                    feature=reason["feature"],
                    bin=str(reason["bin"]),
                    points=reason["points"],
                    lost=reason["lost"],
                    message=reason["message"],
                )
                for reason in orjson.loads(row["reasons"])
            ],
            inputs_hash=row["inputs_hash"],
            at=row["at"],
            synthetic=row["synthetic"],
            entry_key=row["entry_id"],
            party_key=row["party_id"],
        )

    @resolved
    async def party(self, info: Info) -> Party | None:
        """The company that was scored."""
        return await party(info, self.party_key)

    @resolved
    async def entry(self, info: Info) -> LedgerEntry | None:
        """The ledger entry in which it was given."""
        return await one(info, views.ENTRY, self.entry_key, LedgerEntry.from_row, column="entry_id")

    @resolved
    async def lineage(self, info: Info) -> ScoreLineage | None:
        """What it was computed from, figure by figure; null once that was erased."""
        row = await info.context.detail(views.SCORE_RUN, self.key, "inputs, inputs_hash, sources")
        return lineage_of(row) if row else None


@output
class LimitRaise:
    """What would raise a limit: this one input `needed` instead of `now`, and the limit there."""

    input: str
    now: str
    needed: str
    amount: Money
    binding_cap: str = strawberry.field(description="Which cap would make the amount then.")

    @classmethod
    def of(cls, told: Mapping[str, str], currency: str) -> LimitRaise:
        """Build it from what finance keeps of one."""
        return cls(
            input=told["input"],
            now=told["now"],
            needed=told["needed"],
            amount=Money.exactly(Decimal(told["amount"]), currency),
            binding_cap=told["bindingCap"],
        )


@output
class Limit(Node):
    """How much may be financed for a seller, a buyer or a pair of both."""

    scope: str = strawberry.field(description="SELLER, BUYER or PAIR.")
    party_name: str | None
    amount: Money
    reserved: Money
    utilised: Money
    headroom: Money
    state: str
    binding_cap: str | None = strawberry.field(description="Which of the caps made the amount.")
    review_on: date | None = strawberry.field(description="The day by which it is to be reviewed.")
    needs_second_person: bool = strawberry.field(
        description="Of a proposal: more than one officer may grant, and more than stands."
    )
    raises: list[LimitRaise] | None = strawberry.field(
        description="Of a proposal: what would raise it; empty when no single change does."
    )
    score_run_id: strawberry.Private[object]
    held_since: strawberry.Private[datetime | None]

    @classmethod
    def from_row(cls, row: Row) -> Limit:
        """Build it from a row of `finance.limit_view`."""
        currency = row["currency"]
        return cls(
            id=global_id("Limit", row["id"]),
            scope=row["scope"],
            party_name=row["party_name"],
            amount=Money.exactly(row["amount"], currency),
            reserved=Money.exactly(row["reserved"], currency),
            utilised=Money.exactly(row["utilised"], currency),
            headroom=Money.exactly(row["headroom"], currency),
            state=row["state"],
            binding_cap=row["binding_cap"],
            review_on=row["review_on"],
            held_since=row["on_hold_since"],
            needs_second_person=row["needs_second_person"],
            raises=None
            if row["raises"] is None
            else [LimitRaise.of(one, currency) for one in orjson.loads(row["raises"])],
            score_run_id=row["score_run_id"],
        )

    @resolved
    def on_hold_since(self, info: Info) -> datetime | None:
        """Since when nothing new may be drawn on it; for the bank's own people."""
        return self.held_since if info.context.scope(Area.LIMITS).everything else None

    @resolved
    async def score_run(self, info: Info) -> ScoreRun | None:
        """The score that the limit rests on, for those who may see scores."""
        return await one(info, views.SCORE_RUN, self.score_run_id, ScoreRun.from_row)


@output
class Party(Node):
    """A company that sells, buys, or both."""

    key: strawberry.Private[object]
    name: str
    identifier: str = strawberry.field(description="Scheme and identifier, for example 0088:4000001000005.")
    country: str | None
    sector: str | None
    state: str

    @classmethod
    def from_row(cls, row: Row) -> Party:
        """Build it from a row of `finance.party_view`."""
        return cls(
            id=global_id("Party", row["id"]),
            key=row["id"],
            name=row["name"],
            identifier=row["identifier"],
            country=row["country"],
            sector=row["sector"],
            state=row["state"],
        )

    @resolved
    def lei(self) -> LEI | None:
        """The legal entity identifier, when the party is known by one."""
        candidate = self.identifier.rpartition(":")[2].upper()
        return LEI(candidate) if valid_lei(candidate) else None

    @resolved
    async def score_runs(self, info: Info, first: First = None, after: After = None) -> Connection[ScoreRun]:
        """The party's scores, latest first."""
        return await children(info, views.SCORE_RUN, "party_id", self.key, ScoreRun.from_row, first, after)


async def party(info: Info, key: object) -> Party | None:
    """Return a party that the caller may see."""
    return await one(info, views.PARTY, key, Party.from_row)
