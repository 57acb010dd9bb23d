"""The engine's errors: like every error of the platform they carry a stable code, what, where and what to do.

    BpmnError
    ├── ModelRefused     the sources cannot be deployed; `findings` says why, rule by rule
    ├── CommandRefused   the command does not fit the state; nothing changed
    ├── StateRefused     a stored state cannot be restored (other model, other kernel version, damaged)
    └── MigrationRefused the instance cannot go over to another model; `refusals` says why, token by token

`bpmn.feel` and `bpmn.dmn` raise errors of their own that derive from `BpmnError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class BpmnError(Exception):
    """Base of all errors that the engine raises on purpose."""

    def __init__(self, code: str, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f" (at {self.where})" if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{place}{advice}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the deployment check found at one place of one file.

    `code` is stable (`area.rule`), `element` the BPMN id (or None for the file as a whole).
    """

    code: str
    severity: Literal["error", "warning"]
    element: str | None
    message: str
    hint: str
    file: str

    @property
    def breaks_standard(self) -> bool:
        """Whether it claims that a rule of the BPMN standard is broken.

        Any other finding says that something is not executable here, or unknown to the platform.
        """
        return self.code.startswith("bpmn.") or self.code == "schema.invalid"

    def __str__(self) -> str:
        place = f"{self.file}#{self.element}" if self.element else self.file
        return f"{self.severity} {self.code} at {place}: {self.message} {self.hint}".rstrip()


class ModelRefused(BpmnError):
    """The sources cannot be deployed. `findings` holds all that was found, errors and warnings."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity == "error"]
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(
            first.code,
            first.message + more,
            where=f"{first.file}#{first.element}" if first.element else first.file,
            hint=first.hint,
        )
        self.findings = tuple(findings)


class CommandRefused(BpmnError):
    """The command does not fit the state; the state is unchanged."""


class StateRefused(BpmnError):
    """A stored state cannot be restored."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot go over to another version of the model.

    `code` is stable (`migration.rule`), `element` a ref of the old model; `token` is the key of the token
    that stands there, or None where the plan is wrong whatever the instance.
    """

    code: str
    token: int | None
    element: str
    message: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.element}, token {self.token}" if self.token is not None else self.element
        return f"{self.code} at {place}: {self.message} {self.hint}".rstrip()


class MigrationRefused(BpmnError):
    """The instance cannot go over to the other model and stays as it is. `refusals` holds every reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        first = refusals[0]
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        super().__init__(first.code, first.message + more, where=first.element, hint=first.hint)
        self.refusals = tuple(refusals)
