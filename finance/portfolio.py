"""The portfolio that scoring stresses: each pair's limit, what is drawn, and both sides' newest scores."""

from __future__ import annotations

from datetime import datetime

from core.database import Transaction
from finance import repository
from finance.known import known_of
from finance.limit_inputs import programme_at
from finance.limit_proposals import PartyScores, ScoreRun, inputs_of
from scoring.stress import Position, StandingLimit


async def portfolio(tx: Transaction, currency: str, *, at: datetime) -> list[Position]:
    """Return a position for each active pair limit in a currency, by name.

    The exposure is what is reserved and utilised; the limit is proposed anew from what is known at `at`.
    """
    positions = []
    for row in await repository.pairs_with_scores(tx.sql, currency):
        scores = PartyScores(_run(row, "seller"), _run(row, "buyer"))
        known = await known_of(tx, row["seller_id"], row["buyer_id"], currency, at)
        programme = await programme_at(tx, row["seller_id"], row["buyer_id"], currency, at)
        inputs = inputs_of(known, programme, "PAIR", row["seller_id"], row["buyer_id"], scores)
        positions.append(
            Position(
                name=row["name"],
                exposure=row["reserved"] + row["utilised"],
                pd=inputs.pd,
                recourse_pd=inputs.recourse_pd,
                lgd=inputs.lgd,
                limit=StandingLimit(row["amount"], inputs),
            )
        )
    return positions


def _run(row: repository.Row, side: str) -> ScoreRun:
    return ScoreRun(
        row[f"{side}_run_id"],
        row[f"{side}_id"],
        row[f"{side}_card_id"],
        row[f"{side}_points"],
        row[f"{side}_pd"],
        row[f"{side}_grade"],
        row[f"{side}_synthetic"],
    )
