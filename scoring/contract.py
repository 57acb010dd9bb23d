"""The data contract of the SME card: its figures, their units, and which way each pushes risk.

The names are those of the financial statements that the platform imports (`scf-financials/1`). A declared
trend says how the probability of default should move as the value rises; binning holds to it, so that a
card can never reward what every credit officer knows to be worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Kind = Literal["number", "category"]
Trend = Literal["ascending", "descending", "peak", "valley", "monotonic", "auto"]

TRENDS: Final[tuple[Trend, ...]] = ("ascending", "descending", "peak", "valley", "monotonic", "auto")


@dataclass(frozen=True, slots=True)
class Edit:
    """Bins that a person fixed by hand: `cuts` of a number or `levels` of a category, by whom and why."""

    by: str
    why: str
    cuts: tuple[Decimal, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One figure that a card may use.

    `trend` is the course of the probability of default as the value rises: `ascending`, `descending`,
    `peak` (rises, then falls), `valley` (falls, then rises), `monotonic` (either way, the data choose) or
    `auto` (any of these, the data choose). Categories are ordered by their own risk and need no trend.

    `special` lists the numbers that are codes and not quantities (-9 "no bureau record"); each has a bin of
    its own, apart from the cuts. `edit` replaces the search for bins by those of an analyst. `low` and `high`
    bound what the figure can be at all; beyond them it is a mistake (see `scoring.quality`).
    """

    name: str
    kind: Kind
    label: str
    trend: Trend = "auto"
    unit: str = ""
    special: tuple[Decimal, ...] = ()
    edit: Edit | None = None
    low: Decimal | None = None
    high: Decimal | None = None


_NONE: Final = Decimal(0)
_ALL: Final = Decimal(1)

SME_FEATURES: Final[tuple[FeatureSpec, ...]] = (
    FeatureSpec("years_trading", "number", "Years trading", "descending", "years", low=_NONE),
    FeatureSpec("sector", "category", "Sector"),
    FeatureSpec(
        "current_ratio",
        "number",
        "Current ratio",
        "descending",
        "current assets / current liabilities",
        low=_NONE,
    ),
    FeatureSpec("equity_ratio", "number", "Equity ratio", "descending", "equity / total assets", high=_ALL),
    FeatureSpec("interest_cover", "number", "Interest cover", "descending", "EBIT / interest"),
    FeatureSpec("net_margin", "number", "Net margin", "descending", "net profit / sales"),
    FeatureSpec(
        "asset_turnover", "number", "Asset turnover", "descending", "sales / total assets", low=_NONE
    ),
    FeatureSpec("payables_days", "number", "Payables days", "ascending", "days", low=_NONE),
    FeatureSpec("days_late_12m", "number", "Average days paid late, 12 months", "ascending", "days"),
    FeatureSpec(
        "dilution_rate", "number", "Dilution rate", "ascending", "credited / invoiced", low=_NONE, high=_ALL
    ),
)

SECTORS: Final[tuple[str, ...]] = ("logistics", "retail", "manufacturing", "other")
