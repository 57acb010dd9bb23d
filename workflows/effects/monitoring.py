"""The jobs of watching the portfolio: warnings with their measures, and what people say of them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import finance
from bpmn.values import Value
from core import InvalidInput
from scoring import monitoring
from workflows.effects.registry import Effects, JobContext

effects = Effects()


@effects.job("scoring.early-warnings")
async def early_warnings(job: JobContext) -> Mapping[str, Value]:
    """Look at all buyers with a limit in `currency`, or at `buyerId`; raise alerts and act on limits.

    Returns `warnings`: the alerts that nobody has judged, each with its measure.
    """
    buyer = job.optional_text("buyerId")
    signals = await finance.buyer_signals(
        job.tx, job.text("currency"), at=job.at, buyer_id=UUID(buyer) if buyer else None
    )
    measures = [measure for one in signals for measure in monitoring.early_warnings(one)]
    raised = await monitoring.raise_alerts(job.tx, measures, at=job.at, entry_id=job.entry_id)
    await finance.apply_measures(job.tx, [measure for measure, _ in raised], at=job.at)
    return {
        "warnings": [
            {
                "alertId": str(alert.id),
                "rule": measure.rule,
                "measure": measure.kind,
                "partyId": str(measure.subject),
                "currency": measure.currency,
                "value": measure.value,
                "threshold": measure.threshold,
                "amount": measure.amount,
                "message": measure.message,
            }
            for measure, alert in raised
        ]
    }


@effects.job("scoring.judge-alert")
async def judge_alert(job: JobContext) -> Mapping[str, Value]:
    """Record whether an alert was true; a hold that was raised by mistake ends."""
    warning = job.variables.get("warning")
    if not isinstance(warning, Mapping):
        raise InvalidInput("job.variable_invalid", "warning must be one of the warnings.", where="warning")
    await finance.judge_alert(
        job.tx,
        UUID(str(warning["alertId"])),
        verdict=job.text("verdict"),
        note=job.optional_text("note") or "",
        by=job.text("judgedBy"),
        at=job.at,
        entry_id=job.entry_id,
    )
    return {}
