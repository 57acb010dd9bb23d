"""Training of the payment forecast: a proportional-odds model in statsmodels on as-of features.

A row is used when its due date lies at least `HORIZON` days before the cut: by then its band is known,
paid or not, so that training never waits for a payment that nobody could know of. What is not settled
within the horizon is in the last band. Standard errors are clustered by customer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.csv_rows import read_rows
from scoring.payments.forecast import PaymentModel, Weight
from scoring.payments.history import FEATURES, PaymentHistory, SettledInvoice

HORIZON: Final = 30  # days after the due date
LEAST_ROWS: Final = 100
_PLACES: Final = 6
_EARLY_SHARES: Final = (0.25, 0.5, 0.75)
_LATE_SHARES: Final = (0.25, 0.5, 0.75, 0.95)
COLUMNS: Final = ("customerID", "InvoiceDate", "DueDate", "InvoiceAmount", "SettledDate")


def read_invoices(path: Path) -> list[SettledInvoice]:
    """Return the settled invoices of a CSV file, in its order.

    Columns: customerID, InvoiceDate, DueDate, InvoiceAmount, SettledDate; dates as 2013-01-31 or
    1/31/2013. All other columns, such as what became of a dispute, are not read.

    Raises:
        NotFound, InvalidInput: what `read_rows` raises; `scoring.value_type` with column and row.
    """
    return invoices_of(read_rows(path, COLUMNS))


def invoices_of(rows: Sequence[Mapping[str, str]]) -> list[SettledInvoice]:
    """Return the settled invoices of rows with the columns that `read_invoices` names."""
    return [
        SettledInvoice(
            customer=row["customerID"],
            issued=_day(row["InvoiceDate"], "InvoiceDate", number),
            due=_day(row["DueDate"], "DueDate", number),
            amount=_amount(row["InvoiceAmount"], "InvoiceAmount", number),
            settled=_day(row["SettledDate"], "SettledDate", number),
        )
        for number, row in enumerate(rows, start=1)
    ]


def train_payments(
    invoices: Sequence[SettledInvoice], *, upto: date, source: str, features: Sequence[str] = FEATURES
) -> PaymentModel:
    """Train on what was known on a day.

    Args:
        invoices: of the portfolio; what was settled on the day or later is not looked at.
        upto: the day.
        source: what the invoices are.
        features: of `PaymentHistory.features`, those to use.

    Raises:
        InvalidInput: `payments.too_few` under 100 rows whose band is known, or where all or none are late.
    """
    # statsmodels takes seconds to load, and who only reads forecasts does not need it.
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    known = [one for one in invoices if one.due + timedelta(days=HORIZON) <= upto]
    history = PaymentHistory(one for one in invoices if one.settled < upto)
    delays = np.array([min(one.delay, HORIZON + 1) for one in known])
    if len(known) < LEAST_ROWS or (delays > 0).all() or (delays <= 0).all():
        late = int((delays > 0).sum())
        raise InvalidInput(
            "payments.too_few",
            f"{len(known)} invoices fell due by {upto - timedelta(days=HORIZON)}, {late} of them were late;"
            f" {LEAST_ROWS} with both kinds are needed.",
            where="the data",
        )
    edges = _edges(delays)
    bands = np.searchsorted(edges, delays, side="left")
    raw = np.array([[history.features(one)[name] for name in features] for one in known])
    means, deviations = raw.mean(axis=0).round(_PLACES), raw.std(axis=0).round(_PLACES)
    deviations[deviations == 0] = 1.0
    customers, groups = np.unique([one.customer for one in known], return_inverse=True)
    model = OrderedModel(bands, (raw - means) / deviations, distr="logit")
    result: Any = model.fit(
        method="bfgs", maxiter=500, gtol=1e-6, disp=False, cov_type="cluster", cov_kwds={"groups": groups}
    )
    count = len(features)
    thresholds = model.transform_threshold_params(result.params[count:])[1:-1]
    return PaymentModel(
        source=source,
        trained_upto=upto.isoformat(),
        rows=len(known),
        customers=len(customers),
        data_sha256=_digest(known),
        edges=tuple(int(edge) for edge in edges),
        means=tuple(_rounded(delays[bands == band].mean()) for band in range(len(edges) + 1)),
        thresholds=tuple(_rounded(threshold) for threshold in thresholds),
        weights=tuple(
            Weight(name, *(_rounded(number) for number in numbers))
            for name, numbers in zip(
                features,
                np.column_stack((means, deviations, result.params[:count], result.bse[:count])),
                strict=True,
            )
        ),
    )


def _edges(delays: NDArray[np.int_]) -> list[int]:
    """Return band edges: 0, and quantiles of the early and of the late delays, each band with rows in it."""
    early, late = delays[delays <= 0], delays[delays > 0]
    return [
        *_inner_edges(early, _EARLY_SHARES),
        0,
        *_inner_edges(late, _LATE_SHARES),
    ]


def _inner_edges(delays: NDArray[np.int_], shares: Sequence[float]) -> list[int]:
    """Return the quantiles that have delays on both sides."""
    wanted = sorted({int(edge) for edge in np.quantile(delays, shares)})
    return [edge for edge in wanted if edge < delays.max()]


def _digest(rows: Sequence[SettledInvoice]) -> str:
    hasher = hashlib.sha256()
    for one in rows:
        hasher.update(f"{one.customer}|{one.issued}|{one.due}|{one.settled}|{one.amount:f}\n".encode())
    return hasher.hexdigest()


def _day(text: str, name: str, number: int) -> date:
    for pattern in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    raise _wrong(text, name, number, "a date")


def _amount(text: str, name: str, number: int) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise _wrong(text, name, number, "an amount") from None
    if not amount.is_finite() or amount < 0:
        raise _wrong(text, name, number, "an amount")
    return amount


def _wrong(text: str, name: str, number: int, needed: str) -> InvalidInput:
    return InvalidInput(
        "scoring.value_type",
        f"{name} must be {needed} and is {text[:80]!r} in row {number}.",
        where=f"{name}, row {number}",
    )


def _rounded(number: float) -> float:
    return round(float(number), _PLACES) + 0.0
