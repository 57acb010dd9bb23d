"""What can go wrong with decisions.

    DmnError
    ├── DmnRefused     the model cannot be deployed; `findings` says why, element by element
    └── HitPolicyViolated   the rules that match contradict the table's hit policy

Errors of the expressions inside are `bpmn.feel.FeelError`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bpmn.errors import BpmnError, Finding


class DmnError(BpmnError):
    """A decision has no result."""


class DmnRefused(DmnError):
    """The model cannot be deployed. `findings` holds all that was found."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        where = f"{first.file}#{first.element}" if first.element else first.file or None
        super().__init__(first.code, first.message + more, where=where, hint=first.hint)
        self.findings = tuple(findings)


class HitPolicyViolated(DmnError):
    """The rules that match contradict the table's hit policy (`dmn.hit_policy_violated`)."""
