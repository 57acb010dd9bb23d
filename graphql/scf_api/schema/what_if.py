"""What a score and limits would be if figures were others: a question that stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import strawberry

import finance
import scoring
from core import InvalidInput
from scf_api import views
from scf_api.context import Info
from scf_api.pagination import Page
from scf_api.schema.describe import argument, output, resolved
from scf_api.schema.parties import Limit, LimitRaise, ScoreReason, ScoreRun
from scf_api.schema.relay import key_of, one
from scf_api.schema.scalars import Hash, Money

MOST_FIGURES: Final = 50
# A question reads about as much as lists of so many rows: a request may ask ten.
_COST_IN_ROWS: Final = 1_000


@argument
class FigureInput:
    """A figure and what it would be: a decimal or a category as text; null is not known."""

    name: str
    value: str | None = None


@argument
class WhatIfInput:
    """The score to start from, or the party, whose newest score it is then; and up to 50 changed figures.

    Figures are those of the card, and what limits know: `net_worth`, `annual_volume`, `terms_days` and
    `eligible_receivables`.
    """

    score_run_id: strawberry.ID | None = None
    party_id: strawberry.ID | None = None
    figures: list[FigureInput] = strawberry.field(default_factory=list)


@output
class Figure:
    """A figure as it was weighed; null is not known."""

    name: str
    value: str | None


@output
class WhatIfLimit:
    """A limit as it would be proposed."""

    standing_key: strawberry.Private[object]
    scope: str = strawberry.field(description="SELLER, BUYER or PAIR.")
    amount: Money
    binding_cap: str
    left_out: list[str] = strawberry.field(description="Caps of which an input is not known.")
    review_on: date
    needs_second_person: bool
    raises: list[LimitRaise] = strawberry.field(description="What would raise it further.")

    @classmethod
    def of(cls, limit: finance.WhatIfLimit) -> WhatIfLimit:
        """Build it from what finance answers."""
        proposal = limit.proposal
        return cls(
            standing_key=limit.standing_id,
            scope=limit.scope,
            amount=Money.exactly(proposal.amount, proposal.currency),
            binding_cap=proposal.binding_cap,
            left_out=list(proposal.left_out),
            review_on=proposal.review_on,
            needs_second_person=limit.needs_second_person,
            raises=[
                LimitRaise(
                    input=one.input,
                    now=str(one.now),
                    needed=str(one.needed),
                    amount=Money.exactly(one.amount, proposal.currency),
                    binding_cap=one.binding_cap,
                )
                for one in limit.raises
            ],
        )

    @resolved
    async def present(self, info: Info) -> Limit | None:
        """The limit in force, or what is proposed now."""
        return await one(info, views.LIMIT, self.standing_key, Limit.from_row)


@output
class WhatIf:
    """What a score and the party's limits would be, by the approved card."""

    present: ScoreRun = strawberry.field(description="The score that the question starts from.")
    card_id: Hash
    points: int
    base_points: int = strawberry.field(description="With the points of the reasons they add up to points.")
    pd: Decimal = strawberry.field(description="Probability of default within a year, 0 to 1.")
    grade: str
    synthetic: bool
    reasons: list[ScoreReason] = strawberry.field(description="Points of every feature, the costliest first.")
    figures: list[Figure] = strawberry.field(
        description="All figures that the card weighs, changes included."
    )
    limits: list[WhatIfLimit] = strawberry.field(
        description="The limits of the party that there are, 20 at most, as they would be proposed."
    )


@output
class WhatIfQueries:
    """Questions about scores."""

    @resolved
    async def what_if(self, info: Info, input: WhatIfInput) -> WhatIf | None:
        """What score and limits would be with changed figures; nothing is stored.

        Null where the caller may see no such score.
        """
        changes = _changes(input.figures)
        info.context.spend(_COST_IN_ROWS)
        present = await _present(info, input)
        if present is None:
            return None
        async with info.context.database.transaction() as tx:
            answer = await finance.what_if(tx, present.key, changes)
        return _told(present, answer)


async def _present(info: Info, input: WhatIfInput) -> ScoreRun | None:
    if (input.score_run_id is None) == (input.party_id is None):
        raise InvalidInput("scoring.what_if_of", "Give either scoreRunId or partyId.", where="scoreRunId")
    if input.score_run_id is not None:
        key = key_of(input.score_run_id, "ScoreRun", "scoreRunId")
        return await one(info, views.SCORE_RUN, key, ScoreRun.from_row)
    party_key = key_of(input.party_id, "Party", "partyId")
    newest = await info.context.page_of(views.SCORE_RUN, "party_id", party_key, Page.of(1, None))
    return ScoreRun.from_row(newest.rows[0][1]) if newest.rows else None


def _changes(figures: Sequence[FigureInput]) -> dict[str, str | None]:
    if len(figures) > MOST_FIGURES:
        raise InvalidInput(
            "scoring.figures_too_many",
            f"At most {MOST_FIGURES} figures are changed at once, not {len(figures)}.",
            where="figures",
        )
    changes: dict[str, str | None] = {}
    for figure in figures:
        if figure.name in changes:
            raise InvalidInput(
                "scoring.figure_twice",
                f"{figure.name[:80]!r} is given twice.",
                where=figure.name[:80],
                hint="Give each figure once.",
            )
        changes[figure.name] = figure.value
    return changes


def _told(present: ScoreRun, answer: finance.WhatIf) -> WhatIf:
    score: scoring.Score = answer.score
    return WhatIf(
        present=present,
        card_id=Hash(score.card_id),
        points=score.points,
        base_points=answer.base_points,
        pd=score.pd,
        grade=score.grade,
        synthetic=score.synthetic,
        reasons=[
            ScoreReason(
                feature=one.feature, bin=one.bin, points=one.points, lost=one.lost, message=one.message
            )
            for one in score.reasons
        ],
        figures=[
            Figure(name=name, value=None if value is None else str(value))
            for name, value in answer.figures.items()
        ],
        limits=[WhatIfLimit.of(limit) for limit in answer.limits],
    )
