"""The jobs that ask scoring: scores and limit proposals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import finance
from bpmn.values import Value
from scoring.service import ScoringService
from workflows.effects.registry import Effects, JobContext


def proposal_effects(service: ScoringService | None = None) -> Effects:
    """Return the jobs that ask a scoring service; without one the scores are computed in this process."""
    effects = Effects()

    @effects.job("finance.score-parties")
    async def score_parties(job: JobContext) -> Mapping[str, Value]:
        """Score seller and buyer."""
        scores = await finance.score_parties(
            job.tx, job.request, at=job.at, entry_id=job.entry_id, service=service
        )
        return {"scores": {"seller": _score(scores.seller), "buyer": _score(scores.buyer)}}

    @effects.job("finance.propose-limits")
    async def propose_limits(job: JobContext) -> Mapping[str, Value]:
        """Propose the seller's, the buyer's and the pair's limit."""
        proposals = await finance.propose_limits(
            job.tx, job.request, at=job.at, entry_id=job.entry_id, service=service
        )
        return {
            "limits": [
                {
                    "scope": proposal.scope,
                    "amount": proposal.amount.amount,
                    "currency": proposal.amount.currency,
                    "bindingCap": proposal.binding_cap,
                    "caps": dict(proposal.caps),
                    "reviewOn": proposal.review_on,
                    "needsSecondPerson": proposal.needs_second_person,
                    "alone": proposal.alone.amount,
                    "raises": [dict(one) for one in proposal.raises],
                    "stops": list(proposal.stops),
                    "leftOut": list(proposal.left_out),
                }
                for proposal in proposals
            ]
        }

    return effects


def _score(run: finance.ScoreRun) -> Value:
    return {
        "runId": str(run.run_id),
        "grade": run.grade,
        "points": Decimal(run.points),
        "pd": run.pd,
        "synthetic": run.synthetic,
    }
