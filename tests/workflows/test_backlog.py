"""While too many entries wait to be logged, commands wait too: none is refused, and none happens in part."""

from __future__ import annotations

from typing import Any

import pytest

from core import Unavailable
from ledger.backlog import Backlog
from support.by_hand import ByHand

START = {"product": "approval", "business_key": "waits", "variables": {}}
PAYMENT = {
    "reference": "INV-1",
    "amount": "107.50",
    "currency": "GBP",
    "value_date": "2026-03-02",
    "bank_ref": "B-1",
}


@pytest.mark.parametrize(("kind", "payload"), [("case.start", START), ("payment.record", PAYMENT)])
async def test_a_command_stays_accepted_until_there_is_room(
    by_hand: ByHand, monkeypatch: pytest.MonkeyPatch, kind: str, payload: dict[str, Any]
) -> None:
    await by_hand.start("approval")  # its entry waits: no sequencer runs
    monkeypatch.setattr(by_hand.recorder, "_backlog", Backlog(limit=0))
    with pytest.raises(Unavailable, match=r"ledger\.backlog"):
        await by_hand.outcome(kind, payload, key=kind)
    waiting = await by_hand.rows("SELECT state FROM workflows.command WHERE kind = $1", kind)
    assert "accepted" in [row["state"] for row in waiting]

    monkeypatch.setattr(by_hand.recorder, "_backlog", Backlog())
    outcome = await by_hand.outcome(kind, payload, key=kind)
    assert outcome.state == "done", outcome.error
