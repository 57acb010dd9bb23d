"""What can go wrong with an expression.

    FeelError             evaluation stopped: `feel.unknown_variable`, `feel.limit`, `feel.bad_value`
    └── FeelSyntaxError   the text is no FEEL: `feel.syntax`, `feel.too_long`, `feel.too_deep`

An operation that has no result (a string minus a number, say) is no error in FEEL: it yields null.
"""

from __future__ import annotations

from bpmn.errors import BpmnError


class FeelError(BpmnError):
    """The expression was given up; it has no value."""


class FeelSyntaxError(FeelError):
    """The text is not a FEEL expression; `where` tells line, column and the text around it."""
