"""What can be wrong with a file of cases."""

from __future__ import annotations

from bpmn.errors import BpmnError


class CasesRefused(BpmnError):
    """The file of cases cannot be used (`cases.…`); `where` is the path into it."""
