"""Roles, which of them exclude each other, and what each may read.

Source: the permission table of the product description (docs/api.md repeats it). Reading is granted per area
of data; the bank's own people see every row of an area, people of a seller or a buyer only the rows of their
own party. What each may do is decided where commands are accepted (`workflows.submit`) and performed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from core import InvalidInput
from workflows import groups_handed_out


class Area(Enum):
    """A kind of data that a role may or may not read."""

    PARTIES = "parties"
    DOCUMENTS = "documents"
    LIMITS = "limits"
    SCORES = "scores"
    CASES = "cases"
    PAYMENTS = "payments"
    JOURNALS = "journals"
    LEDGER = "ledger"
    DEFINITIONS = "definitions"


SELLER_ROLES = frozenset({"seller_maker", "seller_checker"})
BUYER_ROLES = frozenset({"buyer_maker", "buyer_checker"})
PARTY_ROLES = SELLER_ROLES | BUYER_ROLES
CREDIT_ROLES = frozenset({"credit_analyst", "credit_officer", "credit_officer_2"})
OPERATIONS_ROLES = frozenset({"operations", "treasury"})
BANK_ROLES = (
    CREDIT_ROLES
    | OPERATIONS_ROLES
    | frozenset({"analyst", "product_owner", "compliance", "collections", "auditor"})
)
BUSINESS_ROLES = PARTY_ROLES | BANK_ROLES
ALL_ROLES = BUSINESS_ROLES | {"admin"}

_EVERYTHING = frozenset(Area)
_OWN_AREAS = frozenset({Area.PARTIES, Area.DOCUMENTS, Area.LIMITS, Area.CASES, Area.LEDGER, Area.DEFINITIONS})
_READS: dict[str, frozenset[Area]] = {
    **dict.fromkeys(PARTY_ROLES, _OWN_AREAS),
    **dict.fromkeys(CREDIT_ROLES | OPERATIONS_ROLES | {"collections", "auditor"}, _EVERYTHING),
    "compliance": _EVERYTHING - {Area.JOURNALS},
    "product_owner": frozenset({Area.DOCUMENTS, Area.CASES, Area.LEDGER, Area.DEFINITIONS}),
    "analyst": frozenset({Area.CASES, Area.LEDGER, Area.DEFINITIONS}),
    "admin": frozenset({Area.LEDGER}),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of an area someone may see: every row, those of one party, or none.

    `roles` and `name` tell which tasks of the own party are this person's to do, or to hand out.
    """

    everything: bool = False
    party_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind a request."""

    account_id: UUID
    name: str
    roles: frozenset[str]
    party_id: UUID | None

    def scope(self, area: Area) -> Scope:
        """Return which rows of an area this person may see."""
        reading = [role for role in self.roles if area in _READS[role]]
        if any(role not in PARTY_ROLES for role in reading):
            return Scope(everything=True)
        party_id = self.party_id if reading else None
        return Scope(party_id=party_id, roles=self.roles | groups_handed_out(self.roles), name=self.name)


def check_roles(roles: Collection[str], party_id: UUID | None) -> frozenset[str]:
    """Return the roles when one account may hold them together.

    Raises:
        InvalidInput: `account.role_unknown`, `account.roles_missing`, `account.roles_exclusive` (the rules of
        the
            segregation of duties), `account.party_missing` or `account.party_not_allowed`.
    """
    held = frozenset(roles)
    unknown = sorted(held - ALL_ROLES)
    if unknown:
        raise InvalidInput(
            "account.role_unknown",
            f"There is no role {unknown[0]!r}.",
            where="roles",
            hint=f"Use one of {', '.join(sorted(ALL_ROLES))}.",
        )
    if not held:
        raise InvalidInput("account.roles_missing", "An account needs at least one role.", where="roles")
    for reason, one, other in _exclusions():
        if held & one and held & other:
            raise InvalidInput(
                "account.roles_exclusive",
                f"{', '.join(sorted(held & (one | other)))} exclude each other: {reason}.",
                where="roles",
                hint="Give the second role to another account.",
            )
    if held & PARTY_ROLES and party_id is None:
        raise InvalidInput(
            "account.party_missing",
            "An account of a seller or a buyer belongs to a party.",
            where="party",
            hint="Name the party whose orders and invoices it may see.",
        )
    if not held & PARTY_ROLES and party_id is not None:
        raise InvalidInput(
            "account.party_not_allowed",
            "Only accounts of sellers and buyers belong to a party.",
            where="party",
        )
    return held


def _exclusions() -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    return (
        ("who models a product may not approve it", frozenset({"analyst"}), frozenset({"product_owner"})),
        ("who grants credit may not pay it out", CREDIT_ROLES, OPERATIONS_ROLES),
        ("who administers accounts does no business", frozenset({"admin"}), BUSINESS_ROLES),
        ("who audits writes nothing", frozenset({"auditor"}), ALL_ROLES - {"auditor"}),
        ("a customer is not the bank", PARTY_ROLES, BANK_ROLES),
    )
