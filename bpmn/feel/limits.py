"""How much work one evaluation may do.

Work is counted where it can multiply: each turn of a loop or filter charges the size of its body, each call
of a function the size of its definition, each built-in function the length of what it walks. Everything else
is bounded by the length of the expression itself, so plain expressions pay nothing for the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.feel.errors import FeelError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one evaluation (the same for everyone, or replays on other machines would differ)."""

    steps: int = 1_000_000
    text: int = 1_000_000
    items: int = 100_000
    frames: int = 600


#: Longest expression text and deepest nesting that the parser accepts.
MAX_SOURCE = 65_536
MAX_NESTING = 48

DEFAULT = Limits()


def exceeded(what: str) -> FeelError:
    """Return the error that ends an evaluation which wants more than its limit of `what`."""
    return FeelError(
        "feel.limit",
        f"The expression exceeds its limit of {what}.",
        hint="Work on less data at once, or move the computation into a service task.",
    )
