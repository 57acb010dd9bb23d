"""The shipped factoring product with a control drawn away: each drawing is refused, at the right element."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

import bpmn
from workflows.definitions import catalogue, product_sources
from workflows.effects.platform import platform_effects

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"


class Drawing:
    """The process in factoring.bpmn, to be changed as an analyst could."""

    def __init__(self) -> None:
        self.sources = dict(product_sources("factoring"))
        self.root = etree.fromstring(self.sources["factoring.bpmn"].encode())

    def findings(self) -> set[tuple[str, str | None]]:
        content = etree.tostring(self.root)
        sources = {name: text.encode() for name, text in self.sources.items()} | {"factoring.bpmn": content}
        known = catalogue(self.sources, platform_effects().job_types)
        return {
            (finding.code, finding.element)
            for finding in bpmn.lint(sources, catalogue=known, process="factoring")
            if finding.severity == "error"
        }

    def find(self, identifier: str) -> etree._Element:
        (found,) = self.root.xpath(f'//*[@id="{identifier}"]')
        return found

    def add(self, scope: str, text: str) -> None:
        content = etree.fromstring(
            f'<x xmlns="{MODEL}" xmlns:zeebe="{ZEEBE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"{text}</x>"
        )
        self.find(scope).extend(content)

    def lead(self, flow: str, *, to: str | None = None, source: str | None = None) -> None:
        """Change an end of a flow; the lists of incoming and outgoing flows go, they are optional."""
        for each in self.root.xpath("//*[local-name() = 'incoming' or local-name() = 'outgoing']"):
            each.getparent().remove(each)
        if to is not None:
            self.find(flow).set("targetRef", to)
        if source is not None:
            self.find(flow).set("sourceRef", source)

    def drop(self, *identifiers: str) -> None:
        for identifier in identifiers:
            found = self.find(identifier)
            found.getparent().remove(found)
            for shape in self.root.xpath(f'//*[@bpmnElement="{identifier}"]'):
                shape.getparent().remove(shape)

    def cut(self, task: str, before: str, after: str) -> None:
        """Delete a task between two flows."""
        self.lead(before, to=self.find(after).get("targetRef"))
        self.drop(task, after)

    def output(self, task: str, target: str) -> etree._Element:
        (found,) = self.find(task).iterfind(f".//{{{ZEEBE}}}output[@target='{target}']")
        return found


def job(identifier: str, kind: str) -> str:
    return (
        f'<serviceTask id="{identifier}"><extensionElements><zeebe:taskDefinition type="{kind}"/>'
        "</extensionElements></serviceTask>"
    )


def sequence(identifier: str, source: str, target: str, condition: str = "") -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return f'<sequenceFlow id="{identifier}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def gateway_around(drawing: Drawing, before: str, task: str, after: str, condition: str) -> None:
    """An exclusive gateway before a task, with a way around it that is taken on a condition."""
    drawing.lead(before, to="Around")
    drawing.add(
        "factoring",
        '<exclusiveGateway id="Around" default="Through"/>'
        + sequence("Past", "Around", after, condition)
        + sequence("Through", "Around", task),
    )


def timer(task: str, target: str, *, interrupting: str = "true") -> str:
    return (
        f'<boundaryEvent id="Late" attachedToRef="{task}" cancelActivity="{interrupting}">'
        "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>"
        + sequence("LateOn", "Late", target)
    )


# Each changes the drawing; what it must be refused for stands beside it below.


def no_fingerprint_check(drawing: Drawing) -> None:
    drawing.lead("DuplicateFound_to_ExcludeInvoice", source="MatchInvoice")
    drawing.drop("DuplicateFound", "DuplicateFound_to_ExcludeInvoice")
    drawing.cut("CheckAuthenticity", "InvoiceStart_to_CheckAuthenticity", "CheckAuthenticity_to_MatchInvoice")


def duplicates_go_on(drawing: Drawing) -> None:
    drawing.lead("DuplicateFound_to_ExcludeInvoice", to="MatchInvoice")


def nobody_checks_invoices_late(drawing: Drawing) -> None:
    drawing.lead("DuplicateFound_to_ExcludeInvoice")
    drawing.add("CheckInvoice", timer("CheckAuthenticity", "MatchInvoice"))


def checking_of_no_invoices(drawing: Drawing) -> None:
    (loop,) = drawing.find("CheckInvoice").iterfind(f".//{{{ZEEBE}}}loopCharacteristics")
    loop.set("inputCollection", "=[]")


def a_way_around_checking(drawing: Drawing) -> None:
    gateway_around(drawing, "RequestSubmitted_to_CheckInvoice", "CheckInvoice", "LimitReview", "=trusted")


def no_reservation(drawing: Drawing) -> None:
    drawing.drop("NoHeadroom", "NoHeadroom_to_DeclineRequest")
    drawing.cut("ReserveLimits", "ActivateLimits_to_ReserveLimits", "ReserveLimits_to_Pricing")


def without_headroom_all_the_same(drawing: Drawing) -> None:
    drawing.lead("NoHeadroom_to_DeclineRequest", to="Pricing")


def reservation_by_condition(drawing: Drawing) -> None:
    gateway_around(
        drawing, "ActivateLimits_to_ReserveLimits", "ReserveLimits", "Pricing", "=offer.amount &lt; 1000"
    )


def reservation_after_paying(drawing: Drawing) -> None:
    drawing.lead("ActivateLimits_to_ReserveLimits", to="Pricing")
    drawing.lead("InstructPayment_to_PaymentConfirmed", to="ReserveLimits")
    drawing.lead("ReserveLimits_to_Pricing", to="PaymentConfirmed")


def reservation_beside_paying(drawing: Drawing) -> None:
    drawing.lead("ActivateLimits_to_ReserveLimits", to="Both")
    drawing.lead("ReserveLimits_to_Pricing", to="Reserved")
    drawing.add(
        "factoring",
        '<parallelGateway id="Both"/><endEvent id="Reserved"/>'
        + sequence("Both1", "Both", "ReserveLimits")
        + sequence("Both2", "Both", "Pricing"),
    )


def reservation_by_an_event(drawing: Drawing) -> None:
    no_reservation(drawing)
    drawing.add(
        "factoring",
        '<subProcess id="Later" triggeredByEvent="true"><startEvent id="LaterStart" isInterrupting="false">'
        "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></startEvent>"
        + job("LaterReserve", "finance.reserve-limits")
        + '<endEvent id="LaterEnd"/>'
        + sequence("Later1", "LaterStart", "LaterReserve")
        + sequence("Later2", "LaterReserve", "LaterEnd")
        + "</subProcess>",
    )


def no_approval(drawing: Drawing) -> None:
    drawing.cut("ApproveFinancing", "LimitReview_to_ApproveFinancing", "ApproveFinancing_to_IsApproved")


def approval_by_silence(drawing: Drawing) -> None:
    drawing.lead("ApproveFinancing_to_IsApproved")
    drawing.add("factoring", timer("ApproveFinancing", "ActivateLimits"))


def approval_while_others_go_on(drawing: Drawing) -> None:
    drawing.lead("ApproveFinancing_to_IsApproved")
    drawing.add("factoring", timer("ApproveFinancing", "ActivateLimits", interrupting="false"))


def refusal_does_not_count(drawing: Drawing) -> None:
    drawing.lead("NotApproved", to="ApprovalBand")


def every_answer_is_approval(drawing: Drawing) -> None:
    drawing.output("ApproveFinancing", "approval.decision").set("source", '="approve"')


def approval_by_anybody(drawing: Drawing) -> None:
    (groups,) = drawing.find("ApproveFinancing").iterfind(f".//{{{ZEEBE}}}assignmentDefinition")
    groups.set("candidateGroups", "seller_maker")


def no_second_approval(drawing: Drawing) -> None:
    drawing.lead("TwoAreNeeded", to="ApprovalDone")
    drawing.drop("SecondApproval", "IsSeconded", "SecondApproval_to_IsSeconded", "WasSeconded", "NotSeconded")


def second_approval_the_other_way_round(drawing: Drawing) -> None:
    drawing.lead("TwoAreNeeded", to="ApprovalDone")
    drawing.lead("OneIsEnough", to="SecondApproval")


def second_approval_never(drawing: Drawing) -> None:
    (condition,) = drawing.find("TwoAreNeeded").iterfind(f"{{{MODEL}}}conditionExpression")
    condition.text = "=false"


def another_band(drawing: Drawing) -> None:
    drawing.lead("ApprovalBand_to_SecondNeeded", to="Rewrite")
    drawing.add(
        "factoring",
        '<scriptTask id="Rewrite"><extensionElements><zeebe:script expression="={second: false}" '
        'resultVariable="band"/></extensionElements></scriptTask>'
        + sequence("Rewritten", "Rewrite", "SecondNeeded"),
    )


def no_band(drawing: Drawing) -> None:
    gateway_around(drawing, "WasApproved", "ApprovalBand", "ApprovalDone", "=offer.amount &lt; 10")


def the_same_person_twice(drawing: Drawing) -> None:
    (eyes,) = drawing.find("SecondApproval").iterfind(f".//{{{ZEEBE}}}property")
    eyes.getparent().remove(eyes)


def a_wider_band(drawing: Drawing) -> None:
    rules = drawing.sources["approval-band.dmn"]
    drawing.sources["approval-band.dmn"] = rules.replace("&gt; 100000", "&gt; 1000000")


def a_band_for_a_small_amount(drawing: Drawing) -> None:
    (amount,) = drawing.find("ApprovalBand").iterfind(f".//{{{ZEEBE}}}input[@target='amount']")
    amount.set("source", "=1")


def no_booking(drawing: Drawing) -> None:
    drawing.cut("ConfirmPayment", "PaymentConfirmed_to_ConfirmPayment", "ConfirmPayment_to_CollectAsset")


def booking_by_condition(drawing: Drawing) -> None:
    gateway_around(drawing, "PaymentConfirmed_to_ConfirmPayment", "ConfirmPayment", "CollectAsset", "=quick")


def booking_that_may_fail(drawing: Drawing) -> None:
    drawing.lead("ConfirmPayment_to_CollectAsset")
    drawing.add(
        "factoring",
        '<boundaryEvent id="NotBooked" attachedToRef="ConfirmPayment"><errorEventDefinition/></boundaryEvent>'
        + sequence("NotBookedOn", "NotBooked", "CollectAsset"),
    )


def an_end_before_the_booking(drawing: Drawing) -> None:
    drawing.lead("ConfirmPayment_to_CollectAsset")
    drawing.add(
        "factoring",
        '<subProcess id="Stop" triggeredByEvent="true"><startEvent id="StopStart">'
        "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></startEvent>"
        '<endEvent id="StopEnd"/>' + sequence("Stop1", "StopStart", "StopEnd") + "</subProcess>",
    )


def paying_on_the_side(drawing: Drawing) -> None:
    drawing.lead("AcceptOffer_to_OfferAccepted")
    drawing.add(
        "factoring",
        timer("VerifyWithBuyer", "PayNow", interrupting="false")
        + job("PayNow", "finance.instruct-payment")
        + '<endEvent id="Paid"/>'
        + sequence("PaidNow", "PayNow", "Paid"),
    )


def paying_from_a_called_process(drawing: Drawing) -> None:
    review = drawing.sources["limit-review.bpmn"]
    drawing.sources["limit-review.bpmn"] = review.replace("finance.score-parties", "finance.instruct-payment")


def limits_that_stay_reserved(drawing: Drawing) -> None:
    drawing.lead("NotAccepted", to="DeclineRequest")
    drawing.drop("ReleaseDeclined", "ReleaseDeclined_to_DeclineRequest")


BYPASSED, MISSING = "family.control-bypassed", "family.missing-control"

DRAWINGS: list[tuple[Callable[[Drawing], None], str, str]] = [
    (no_fingerprint_check, MISSING, "factoring"),
    (duplicates_go_on, BYPASSED, "MatchInvoice"),
    (nobody_checks_invoices_late, BYPASSED, "MatchInvoice"),
    (checking_of_no_invoices, BYPASSED, "Purchase"),
    (a_way_around_checking, BYPASSED, "Purchase"),
    (no_reservation, MISSING, "factoring"),
    (without_headroom_all_the_same, BYPASSED, "Quote"),
    (reservation_by_condition, BYPASSED, "Purchase"),
    (reservation_after_paying, BYPASSED, "InstructPayment"),
    (reservation_beside_paying, BYPASSED, "InstructPayment"),
    (reservation_by_an_event, BYPASSED, "InstructPayment"),
    (no_approval, MISSING, "factoring"),
    (approval_by_silence, BYPASSED, "ActivateLimits"),
    (approval_while_others_go_on, BYPASSED, "InstructPayment"),
    (refusal_does_not_count, BYPASSED, "ActivateLimits"),
    (every_answer_is_approval, BYPASSED, "ActivateLimits"),
    (approval_by_anybody, MISSING, "factoring"),
    (no_second_approval, MISSING, "factoring"),
    (second_approval_the_other_way_round, BYPASSED, "ActivateLimits"),
    (second_approval_never, BYPASSED, "ActivateLimits"),
    (another_band, BYPASSED, "ActivateLimits"),
    (no_band, BYPASSED, "ActivateLimits"),
    (the_same_person_twice, MISSING, "factoring"),
    (a_wider_band, "family.decision-weakened", "ApprovalBand"),
    (a_band_for_a_small_amount, "family.decision-weakened", "ApprovalBand"),
    (no_booking, MISSING, "factoring"),
    (booking_by_condition, BYPASSED, "InstructPayment"),
    (booking_that_may_fail, BYPASSED, "InstructPayment"),
    (an_end_before_the_booking, BYPASSED, "InstructPayment"),
    (paying_on_the_side, BYPASSED, "PayNow"),
    (paying_from_a_called_process, BYPASSED, "ScoreParties"),
    (limits_that_stay_reserved, BYPASSED, "ReserveLimits"),
]


@pytest.mark.parametrize(
    ("change", "code", "element"), DRAWINGS, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_control_that_is_drawn_away_is_refused(
    change: Callable[[Drawing], None], code: str, element: str
) -> None:
    drawing = Drawing()
    change(drawing)
    found = drawing.findings()
    assert (code, element) in found
    assert {each for each, _ in found} <= {BYPASSED, MISSING, "family.decision-weakened"}


def harmless_flow(drawing: Drawing) -> None:
    gateway_around(drawing, "ActivateLimits_to_ReserveLimits", "ReserveLimits", "Pricing", "=false")


def approval_inside_a_subprocess(drawing: Drawing) -> None:
    """The same work in another shape: the reservation stands in a subprocess, and its error leads out."""
    drawing.lead("ActivateLimits_to_ReserveLimits", to="Reserving")
    drawing.lead("ReserveLimits_to_Pricing", source="Reserving")
    reserve, event = drawing.find("ReserveLimits"), drawing.find("NoHeadroom")
    drawing.add(
        "factoring",
        '<subProcess id="Reserving"><startEvent id="R1"/><endEvent id="R2"/>'
        + sequence("R3", "R1", "ReserveLimits")
        + sequence("R4", "ReserveLimits", "R2")
        + "</subProcess>",
    )
    drawing.find("Reserving").insert(1, reserve)
    event.set("attachedToRef", "Reserving")


@pytest.mark.parametrize("change", [harmless_flow, approval_inside_a_subprocess])
def test_other_drawings_of_the_same_controls_are_accepted(change: Callable[[Drawing], None]) -> None:
    drawing = Drawing()
    change(drawing)
    assert drawing.findings() == set()


def test_the_way_around_is_told() -> None:
    drawing = Drawing()
    without_headroom_all_the_same(drawing)
    known = catalogue(drawing.sources, platform_effects().job_types)
    sources = {name: text.encode() for name, text in drawing.sources.items()}
    findings = bpmn.lint(
        {**sources, "factoring.bpmn": etree.tostring(drawing.root)}, catalogue=known, process="factoring"
    )
    told = next(finding for finding in findings if finding.element == "Quote")
    assert "Quote begins without the limit reservation" in told.message
    assert "ReserveLimits > NoHeadroom > Pricing > Quote" in told.message
    assert told.hint == "Lead every way through a job of type finance.reserve-limits."
