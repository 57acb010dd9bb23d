"""What a party's score and limits would be if figures of it were others. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import scoring
from core.database import Transaction
from core.errors import InvalidInput
from finance import what_if_repository
from finance.known import known_of
from finance.limit_inputs import programme_at
from finance.limit_proposals import PartyScores, ScoreRun, inputs_of, scope_of
from finance.products import SOLE_AUTHORITY
from finance.what_if_repository import Row
from scoring import limits as scoring_limits
from scoring.limit_raises import LimitRaise, what_would_raise
from scoring.scorer import Value, read_number

LIMIT_FIGURES: Final = ("net_worth", "annual_volume", "terms_days", "eligible_receivables")
"""Figures that a limit knows beside those of the card."""
MOST_LIMITS: Final = 20


@dataclass(frozen=True, slots=True)
class WhatIfLimit:
    """A limit as it would be proposed, for the limit (or proposal) `standing_id` that there is now."""

    standing_id: UUID
    scope: str
    proposal: scoring.LimitProposal
    needs_second_person: bool
    raises: Sequence[LimitRaise]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The score that changed figures would give, and the limits that would be proposed on it.

    `figures` are all that the card weighs, with the changes; base points and reasons add up to the score.
    """

    score: scoring.Score
    base_points: int
    figures: Mapping[str, Value]
    limits: Sequence[WhatIfLimit]


async def what_if(tx: Transaction, run_id: UUID, changes: Mapping[str, str | None]) -> WhatIf:
    """Score a party of a run anew with the approved card, some figures changed, and propose its limits.

    What is not changed is as the run had it, and the limits' other inputs are as known when it was made. The
    transaction writes nothing from here on.

    Args:
        tx: a transaction of the caller.
        run_id: the score to start from.
        changes: figures of the card and `LIMIT_FIGURES` (a year's volume, terms and receivables of
            each limit, in its currency), decimals and categories as text, None for what is not known.

    Raises:
        NotFound: `scoring.no_approved_card`, `scoring.run_unknown`, `scoring.run_erased`.
        InvalidInput: `scoring.feature_unknown`, `scoring.value_type`, `scoring.value_not_finite` and
            `limit.input_invalid`; each names the figure.
    """
    await tx.sql.execute("SET TRANSACTION READ ONLY")
    card = await scoring.approved_card(tx.sql)
    run = await scoring.kept_run(tx.sql, run_id)
    _refuse_unknown(card, changes)
    held = {**run.inputs, **changes}
    figures: dict[str, Value] = {name: held.get(name) for name in card.features}
    score = card.score(figures)
    of_limits = {name: _limit_figure(name, changes[name]) for name in LIMIT_FIGURES if name in changes}
    mine = ScoreRun(run_id, run.party_id, score.card_id, score.points, score.pd, score.grade, score.synthetic)
    limits = await _limits(tx, mine, of_limits, run.at)
    return WhatIf(score, card.base_points, figures, limits)


async def _limits(
    tx: Transaction, mine: ScoreRun, changed: Mapping[str, Any], at: datetime
) -> list[WhatIfLimit]:
    """Propose each limit of the party anew; that of a pair whose other side has no score is left out."""
    standing = await what_if_repository.limits_of_party(tx.sql, mine.party_id, MOST_LIMITS)
    sides = {side for row in standing for side in (row["seller_id"], row["buyer_id"]) if side}
    others = await what_if_repository.newest_runs(tx.sql, sides - {mine.party_id}, at)
    scores = {mine.party_id: mine, **{party: _run(row) for party, row in others.items()}}
    limits = []
    for row in standing:
        # A limit of one side rests on that side's score alone.
        seller = scores.get(row["seller_id"] or mine.party_id)
        buyer = scores.get(row["buyer_id"] or mine.party_id)
        if seller and buyer:
            limits.append(await _limit(tx, row, PartyScores(seller, buyer), mine.party_id, changed, at))
    return limits


async def _limit(
    tx: Transaction,
    row: Row,
    scores: PartyScores,
    party_id: UUID,
    changed: Mapping[str, Any],
    at: datetime,
) -> WhatIfLimit:
    scope = scope_of(row["scope"])
    # A limit of one side alone is that of whoever stands on it.
    pair = row["seller_id"] or party_id, row["buyer_id"] or party_id
    known = await known_of(tx, *pair, row["currency"], at)
    programme = await programme_at(tx, *pair, row["currency"], at)
    standing = inputs_of(known, programme, scope, row["seller_id"], row["buyer_id"], scores)
    # The pair's limit rests on the buyer's net worth.
    others_worth = scope == "PAIR" and party_id != row["buyer_id"]
    counted = {name: value for name, value in changed.items() if name != "net_worth" or not others_worth}
    inputs = replace(standing, **counted)
    proposal = scoring_limits.propose(inputs)
    return WhatIfLimit(
        standing_id=row["id"],
        scope=scope,
        proposal=proposal,
        needs_second_person=proposal.amount > max(SOLE_AUTHORITY, row["granted"]),
        raises=what_would_raise(inputs, proposal),
    )


def _refuse_unknown(card: scoring.CompiledCard, changes: Mapping[str, str | None]) -> None:
    known = {*card.features, *LIMIT_FIGURES}
    for name in changes:
        if name not in known:
            raise InvalidInput(
                "scoring.feature_unknown",
                f"Neither the card {card.card.name} nor a limit weighs a figure {name[:80]!r}.",
                where=name[:80],
                hint=f"Change one of {', '.join(sorted(known))}.",
            )


def _limit_figure(name: str, text: str | None) -> object:
    """Return an input of limits as it is calculated with; `scoring.limits` tells whether it can be one."""
    if text is None:
        if name in ("net_worth", "eligible_receivables"):
            return None
        raise InvalidInput(
            "limit.input_invalid", f"{name} must be known for a limit.", where=name, hint="Give a figure."
        )
    number = read_number(name, text)
    is_days = name == "terms_days" and number == number.to_integral_value()
    return int(number) if is_days else number


def _run(row: Row) -> ScoreRun:
    return ScoreRun(
        row["id"],
        row["party_id"],
        row["card_id"],
        row["points"],
        row["pd"],
        row["grade"],
        row["synthetic"],
    )
