"""The platform's errors.

Every error that a user can meet has a stable code, says what happened, where, and what to do.

    ScfError
    ├── InvalidInput   the request or document is wrong; nothing was stored
    ├── NotFound       no such thing, or not for you
    ├── Conflict       it contradicts what is already there (duplicate, stale version, wrong state)
    ├── Forbidden      you may not do this (permission, four eyes)
    ├── Unavailable    a service the platform needs is not there now; try again
    └── Broken         the platform's own data contradicts itself; an operator must look

`bpmn` and `proof` stand alone and raise errors of their own that carry the same four attributes.
"""

from __future__ import annotations


class ScfError(Exception):
    """Base of all errors that the platform raises on purpose.

    `code` is stable and searchable (`area.reason`), `where` names the field, element or file, `hint`
    says what to do next.
    """

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


class InvalidInput(ScfError):
    """The request or document is wrong; nothing was stored."""


class NotFound(ScfError):
    """No such thing, or none that the caller may see."""


class Conflict(ScfError):
    """The request contradicts what is already there."""


class Forbidden(ScfError):
    """The caller may not do this."""


class Unavailable(ScfError):
    """A service that the platform needs is not there now."""


class Broken(ScfError):
    """The platform's own data contradicts itself."""
