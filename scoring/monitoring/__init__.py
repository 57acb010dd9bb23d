"""Monitoring: does the card still see what it was trained on, is it right, which parties need a measure now.

Importing this package loads neither numpy nor statsmodels.
"""

from __future__ import annotations

from scoring.monitoring.alerts import Alert, Misjudgement, acknowledge, misjudgements, raise_alerts
from scoring.monitoring.card_watch import CardWatch, watch_card
from scoring.monitoring.cohorts import Cohort, ScoredOutcome, cohorts
from scoring.monitoring.rates import Rate, RollRates, rate, roll_rates
from scoring.monitoring.rules import EarlyWarningPolicy, Measure, Signals, early_warnings
from scoring.monitoring.stability import Stability, stability

__all__ = [
    "Alert",
    "CardWatch",
    "Cohort",
    "EarlyWarningPolicy",
    "Measure",
    "Misjudgement",
    "Rate",
    "RollRates",
    "ScoredOutcome",
    "Signals",
    "Stability",
    "acknowledge",
    "cohorts",
    "early_warnings",
    "misjudgements",
    "raise_alerts",
    "rate",
    "roll_rates",
    "stability",
    "watch_card",
]
