"""What the people of the demo do with a case: decide their tasks, pay, and be paid."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.errors import Broken
from scf.demo.client import refusal
from scf.demo.queries import CASE, CLAIM_TASK, COMPLETE_TASK, RECORD_PAYMENT
from scf.demo.report import nodes
from scf.demo.staff import Staff

# What each person answers. A match exception is not here: it is left for a person to look into.
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "VerifyWithBuyer": {"decision": "confirmed"},
    "ApproveFinancing": {"decision": "approve"},
    "SecondApproval": {"decision": "approve"},
    "AcceptOffer": {"decision": "accept"},
}
_UNPAID = ("FUNDED", "DUE", "OVERDUE")
_ENDED = ("completed", "cancelled", "failed")
_UNDECIDED = ("open", "claimed")
_LOOK_AGAIN = 0.1  # seconds
_PATIENCE = 120.0  # for a whole case


@dataclass(frozen=True, slots=True)
class CaseParties:
    """Whose case it is, with the parties' ids on the platform."""

    case_id: str
    seller: UUID
    buyer: UUID
    buyer_name: str


async def run_to_its_end(staff: Staff, parties: CaseParties) -> None:
    """Act on a case until it ends, or until only a person outside the demo can go on.

    Raises:
        Broken: `demo.case_stuck` when nothing moves any more.
    """
    auditor = staff.bank["auditor"]
    done: set[str] = set()
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                case = (await auditor.ask(CASE, id=parties.case_id))["case"]
                await _settle_payments(staff, parties, case, done)
                if case["state"] in _ENDED or case["incidentCount"] or _waits_for_a_stranger(case):
                    return
                await _decide_tasks(staff, parties, case, done)
                await asyncio.sleep(_LOOK_AGAIN)
    except TimeoutError:
        raise Broken(
            "demo.case_stuck",
            f"The case {case['businessKey']} is {case['state']} at {', '.join(case['activeElements'])}.",
            hint="The worker's log in the data folder tells more.",
        ) from None


def _waits_for_a_stranger(case: Mapping[str, Any]) -> bool:
    waiting = [task for task in nodes(case["tasks"]) if task["state"] in _UNDECIDED]
    return bool(waiting) and all(task["element"] not in ANSWERS for task in waiting)


async def _decide_tasks(staff: Staff, parties: CaseParties, case: Mapping[str, Any], done: set[str]) -> None:
    for task in nodes(case["tasks"]):
        # One that is claimed already was so by the same person, whose connection was lost before the answer.
        if task["state"] not in _UNDECIDED or task["element"] not in ANSWERS or task["id"] in done:
            continue
        person = staff.who_may(task["candidateGroups"], parties.seller, parties.buyer)
        if person is None:
            continue
        done.add(task["id"])
        key = f"{parties.case_id}/{task['id']}"
        for document, mutation, fields in (
            (CLAIM_TASK, "claimTask", {}),
            (COMPLETE_TASK, "completeTask", {"variables": ANSWERS[task["element"]]}),
        ):
            payload = await person.do(
                document, mutation, idempotencyKey=f"{mutation}/{key}", taskId=task["id"], **fields
            )
            _require_done(payload, task["name"])


async def _settle_payments(
    staff: Staff, parties: CaseParties, case: Mapping[str, Any], done: set[str]
) -> None:
    """Play the bank: it confirms what was instructed, and the buyer pays each receivable when it is due."""
    for order in nodes(case["paymentOrders"]):
        if order["state"] == "SENT":
            await _record(
                staff,
                done,
                order["id"],
                reference=order["reference"],
                amount=order["amount"],
                value_date=case["businessNow"][:10],
                payer=order["payeeName"],
                direction="OUT",
            )
    for asset in nodes(case["assets"]):
        if asset["state"] in _UNPAID and case["businessNow"][:10] >= asset["dueDate"]:
            await _record(
                staff,
                done,
                asset["id"],
                reference=asset["invoiceNumber"],
                amount=asset["face"],
                value_date=asset["dueDate"],
                payer=parties.buyer_name,
                direction="IN",
            )


async def _record(
    staff: Staff,
    done: set[str],
    what: str,
    *,
    reference: str,
    amount: Mapping[str, str],
    value_date: str,
    payer: str,
    direction: str,
) -> None:
    if what in done:
        return
    done.add(what)
    payload = await staff.bank["treasury"].do(
        RECORD_PAYMENT,
        "recordPayment",
        idempotencyKey=f"payment/{what}",
        bankRef=f"DEMO-{what}",
        reference=reference,
        amount=amount["amount"],
        currency=amount["currency"],
        valueDate=value_date,
        payer=payer,
        direction=direction,
    )
    _require_done(payload, reference)


def _require_done(payload: Mapping[str, Any], what: str) -> None:
    error = refusal(payload)
    if error is not None:
        raise Broken(error["code"], error["message"], where=what, hint=error["hint"])
