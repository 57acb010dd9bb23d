"""What every process of a product family must contain, whatever analysts change: its mandatory controls.

The deployment check takes these as an argument. A control is a job type; the rule for each stands beside it.
"""

from __future__ import annotations

FACTORING = "factoring"

_FACTORING_CONTROLS = frozenset(
    {
        "finance.check-invoice",  # no invoice is financed twice
        "finance.match-invoice",  # nothing is financed that was not ordered and received
        "finance.score-parties",  # credit is granted on a score that can be explained
        "finance.propose-limits",
        "finance.activate-limits",
        "finance.reserve-limits",  # no limit is overdrawn
        "finance.quote",
        "finance.notice-of-assignment",  # the buyer knows whom to pay
        "finance.register-assignment",
        "finance.purchase",
        "finance.instruct-payment",
        "finance.confirm-payment",
        "finance.collect",
        "finance.release-reserve",
        "finance.settle",
        "finance.release-limits",
    }
)

MANDATORY_CONTROLS: tuple[tuple[str, frozenset[str]], ...] = ((FACTORING, _FACTORING_CONTROLS),)
