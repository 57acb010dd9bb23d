"""What every process of a product family must contain, whatever analysts change: its mandatory controls.

The deployment check takes these as an argument. It refuses a process in which some way leads around a
control; the rule for each stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from scoring.limits import Product

FACTORING = "factoring"
# Factoring demands recourse when the buyer does not pay: the pair loses money only when both default.
RISK_PRODUCT: Product = "factoring_with_recourse"

Answer = str | bool | Decimal


@dataclass(frozen=True, slots=True)
class MandatoryControl:
    """A control of a product family.

    It is a job of one of the types `jobs`, a user task for the candidate group `group` (of the four-eyes
    group `four_eyes`, if that is given), or the decision `decision`. It must be done before a job of a
    type in `before` begins, and after each job of a type in `follows`. With `errors_count` a business
    error of the job is a result of the control too. `refusal` is a person's answer that forbids what
    `before` names. `when` limits the control to cases in which a decision gave this result.
    """

    name: str
    jobs: frozenset[str] = frozenset()
    group: str = ""
    four_eyes: str = ""
    decision: str = ""
    before: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    errors_count: bool = False
    refusal: Mapping[str, Answer] = field(default_factory=dict)
    when: tuple[str, Mapping[str, Answer]] | None = None


@dataclass(frozen=True, slots=True)
class MandatoryVerdict:
    """What a decision must say, given these inputs: the bands of authority that analysts cannot widen."""

    decision: str
    given: Mapping[str, Answer]
    result: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class ProductFamily:
    """A product family with all that its processes must contain."""

    name: str
    controls: tuple[MandatoryControl, ...]
    verdicts: tuple[MandatoryVerdict, ...] = ()


def _jobs(*types: str) -> frozenset[str]:
    return frozenset(f"finance.{each}" for each in types)


PAYING_OUT = _jobs("purchase", "instruct-payment")
APPROVAL = "approval"
SECOND_NEEDED = ("approval-band", {"second": True})
SOLE_AUTHORITY = Decimal(100_000)
"""Up to this amount, in the currency of the request, one credit officer may approve alone."""

_FACTORING_CONTROLS = (
    # No invoice is financed twice: each is checked, and one that was offered before goes no further.
    MandatoryControl("the fingerprint check", _jobs("check-invoice"), before=PAYING_OUT, errors_count=True),
    MandatoryControl("the fingerprint check", _jobs("check-invoice"), before=_jobs("match-invoice")),
    # Nothing is financed that was not ordered and received: it is matched, or taken out of the request.
    MandatoryControl("the match", _jobs("match-invoice", "exclude-invoice"), before=PAYING_OUT),
    # Credit is granted on a score that can be explained, within limits that follow from it.
    MandatoryControl("the score", _jobs("score-parties"), before=_jobs("propose-limits")),
    MandatoryControl("the limit proposal", _jobs("propose-limits"), before=_jobs("activate-limits")),
    # Four eyes: an officer approves, and above a band a second one does, another person.
    MandatoryControl(
        "the approval",
        group="credit_officer",
        four_eyes=APPROVAL,
        before=_jobs("activate-limits", "reserve-limits") | PAYING_OUT,
        refusal={"decision": "reject"},
    ),
    MandatoryControl(
        "the choice of the approval band",
        decision="approval-band",
        before=_jobs("activate-limits", "reserve-limits") | PAYING_OUT,
    ),
    MandatoryControl(
        "the second approval",
        group="credit_officer_2",
        four_eyes=APPROVAL,
        before=_jobs("activate-limits", "reserve-limits") | PAYING_OUT,
        refusal={"decision": "reject"},
        when=SECOND_NEEDED,
    ),
    # No limit is overdrawn, and none stays reserved when the case is over.
    MandatoryControl(
        "the activation of the limits", _jobs("activate-limits"), before=_jobs("reserve-limits")
    ),
    MandatoryControl("the limit reservation", _jobs("reserve-limits"), before=_jobs("quote") | PAYING_OUT),
    MandatoryControl("the release of the limits", _jobs("release-limits"), follows=_jobs("reserve-limits")),
    # The seller knows the price and agrees; the buyer knows whom to pay, and so does the register.
    MandatoryControl("the quote", _jobs("quote"), before=PAYING_OUT),
    MandatoryControl(
        "the seller's acceptance", group="seller_maker", before=PAYING_OUT, refusal={"decision": "decline"}
    ),
    MandatoryControl("the notice of assignment", _jobs("notice-of-assignment"), before=PAYING_OUT),
    MandatoryControl("the registration", _jobs("register-assignment"), before=PAYING_OUT),
    # What is paid is owned and booked, and so is what comes in.
    MandatoryControl("the purchase", _jobs("purchase"), before=_jobs("instruct-payment")),
    MandatoryControl(
        "the booking of the payment", _jobs("confirm-payment"), follows=_jobs("instruct-payment")
    ),
    MandatoryControl("the collection", _jobs("collect"), before=_jobs("release-reserve", "settle")),
    MandatoryControl("the release of the reserve", _jobs("release-reserve"), before=_jobs("settle")),
    MandatoryControl("the settlement", _jobs("settle")),
)

_FACTORING_VERDICTS = (
    MandatoryVerdict(
        "approval-band", {"amount": SOLE_AUTHORITY + Decimal("0.01"), "buyerGrade": "A"}, {"second": True}
    ),
    MandatoryVerdict("approval-band", {"amount": Decimal(1), "buyerGrade": "E"}, {"second": True}),
    MandatoryVerdict("approval-band", {"amount": Decimal(1), "buyerGrade": "F"}, {"second": True}),
)

MANDATORY_CONTROLS: tuple[ProductFamily, ...] = (
    ProductFamily(FACTORING, _FACTORING_CONTROLS, _FACTORING_VERDICTS),
)
