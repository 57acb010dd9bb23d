"""Payment prediction: how late an invoice will be paid, when its cash comes, and what of it will be diluted.

Importing this package loads neither numpy nor statsmodels; `scoring.payments.training` and `report` do.
"""

from __future__ import annotations

from scoring.payments.dilution import Dilution, DilutionRow, expected_dilution, learn_dilution
from scoring.payments.forecast import Forecast, PaymentModel, forecast
from scoring.payments.history import OpenInvoice, PaymentHistory, SettledInvoice
from scoring.payments.warnings import PaymentWarning, early_warnings

__all__ = [
    "Dilution",
    "DilutionRow",
    "Forecast",
    "OpenInvoice",
    "PaymentHistory",
    "PaymentModel",
    "PaymentWarning",
    "SettledInvoice",
    "early_warnings",
    "expected_dilution",
    "forecast",
    "learn_dilution",
]
