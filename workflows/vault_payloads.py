"""What the commands about the vault carry: erasures and disclosures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from ledger import Subject

if TYPE_CHECKING:
    from workflows.payloads import _Fields as Fields


@dataclass(frozen=True, slots=True)
class RequestErasure:
    """`vault.request-erasure`: ask a second person to erase a case or a party."""

    subject: Subject
    subject_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ApproveErasure:
    """`vault.erase`: erase what somebody else has asked to be erased."""

    erasure_id: UUID


@dataclass(frozen=True, slots=True)
class RejectErasure:
    """`vault.reject-erasure`: decide that it is not erased."""

    erasure_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class DiscloseEntry:
    """`vault.disclose`: open fields of an entry for one reader."""

    entry_id: UUID
    fields: tuple[str, ...]
    to: str
    reason: str


ErasureStep: TypeAlias = RequestErasure | ApproveErasure | RejectErasure

VaultPayload: TypeAlias = ErasureStep | DiscloseEntry


READERS: Mapping[str, Callable[[Fields], VaultPayload]] = {
    "vault.request-erasure": lambda f: RequestErasure(
        f.choice("subject", "case", "party"), f.uuid("subject_id"), f.text("reason")
    ),
    "vault.erase": lambda f: ApproveErasure(f.uuid("erasure_id")),
    "vault.reject-erasure": lambda f: RejectErasure(f.uuid("erasure_id"), f.text("reason")),
    "vault.disclose": lambda f: DiscloseEntry(
        f.uuid("entry_id"), f.names("fields"), f.text("to", limit=200), f.text("reason")
    ),
}
