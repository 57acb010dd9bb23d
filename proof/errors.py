"""The errors of this package. It stands alone, so they only look like the platform's other errors.

ProofError
├── NotCanonical   bytes that do not have the one form that is allowed for their content
└── NotProven      well-formed material that does not prove what it claims
"""

from __future__ import annotations


class ProofError(Exception):
    """Base of all errors here: a stable `code`, what happened, `where`, and a `hint` what to do."""

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


class NotCanonical(ProofError):
    """The bytes or values do not have the one form that is allowed for their content."""


class NotProven(ProofError):
    """Well-formed material does not prove what it claims."""
