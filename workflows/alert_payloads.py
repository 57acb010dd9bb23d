"""What the command about alerts carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

if TYPE_CHECKING:
    from workflows.payloads import _Fields as Fields


@dataclass(frozen=True, slots=True)
class JudgeAlert:
    """`alert.judge`: say whether an alert of the early-warning rules was true."""

    alert_id: UUID
    verdict: Literal["true", "false"]
    note: str


READERS: Mapping[str, Callable[[Fields], JudgeAlert]] = {
    "alert.judge": lambda f: JudgeAlert(
        f.uuid("alert_id"), f.choice("verdict", "true", "false"), f.optional_text("note") or ""
    ),
}
