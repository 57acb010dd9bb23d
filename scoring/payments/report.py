"""What the payment forecast is worth: trained before a day, tested on the invoices of the last months.

Beside it stand a model that knows no history (amount, country, way of billing) and the old rule of a desk
without a model: fund first whoever paid its last invoice on time, and else the least late; customers
without a payment last; smaller amounts first among equals. Intervals: percentile bootstrap over
customers, as a customer's invoices hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from scoring.csv_rows import read_rows
from scoring.payments.forecast import Forecast, PaymentModel, encode, forecast, log_odds, model_id
from scoring.payments.history import PaymentHistory, SettledInvoice
from scoring.payments.training import COLUMNS, invoices_of, train_payments
from scoring.validation import Estimate, auc

TEST_MONTHS: Final = 4
FUNDED: Final = 0.8
SEED: Final = 42
BOOTSTRAPS: Final = 2_000
_STATIC: Final = ("countryCode", "PaperlessBill")

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """Figures on the test months.

    `auc` ranks by the forecast, `static_auc` by the model without history, `rule_auc` by the old rule.
    The falls are 1 − late rate among the funded / late rate of all, with the 80 % funded that rank best;
    `fall_above_rule` is the forecast's fall less the old rule's. `cash_error` is the mean absolute error
    of the expected day in days, `cash_error_of_due` that of the due date. `predicted_late` is the mean
    forecast, to hold beside `late_rate`.
    """

    model: PaymentModel
    model_id: str
    test_from: date
    test_rows: int
    late_rate: float
    predicted_late: float
    auc: Estimate
    static_auc: Estimate
    rule_auc: Estimate
    fall: Estimate
    rule_fall: Estimate
    fall_above_rule: Estimate
    cash_error: float
    cash_error_of_due: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values, of the model its size alone."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            **{
                name: asdict(value) if isinstance(value, Estimate) else value
                for name, value in values.items()
            },
            "model": {"rows": self.model.rows, "customers": self.model.customers},
            "test_from": self.test_from.isoformat(),
        }


def payment_report(path: Path) -> PaymentReport:
    """Train on the invoices before the last four months of a file and test on those.

    Raises:
        NotFound, InvalidInput: what `read_invoices` and `train_payments` raise; `payments.too_few` where
            the test months hold only late or only punctual invoices.
    """
    rows = read_rows(path, COLUMNS)
    invoices = invoices_of(rows)
    test_from = _months_before(max(one.issued for one in invoices), TEST_MONTHS)
    model = train_payments(invoices, upto=test_from, source=path.name)
    history = PaymentHistory(invoices)
    test = [number for number, one in enumerate(invoices) if one.issued >= test_from]
    tested = [invoices[number] for number in test]
    late = np.array([one.delay > 0 for one in tested])
    if late.all() or not late.any():
        raise InvalidInput(
            "payments.too_few", "The last months hold only one kind of payer.", where=str(test_from)
        )
    forecasts = [forecast(model, one, history.features(one)) for one in tested]
    ranking = np.array([log_odds(model, history.features(one)) for one in tested])
    static = _static_ranking(rows, invoices, test_from)[test]
    rule = _rule_ranking(history, tested)
    groups = _groups(tested)
    return PaymentReport(
        model=model,
        model_id=model_id(encode(model)),
        test_from=test_from,
        test_rows=len(tested),
        late_rate=float(late.mean()),
        predicted_late=float(np.mean([one.late for one in forecasts])),
        auc=_over_customers(lambda at: auc(late[at], ranking[at]), groups),
        static_auc=_over_customers(lambda at: auc(late[at], static[at]), groups),
        rule_auc=_over_customers(lambda at: auc(late[at], rule[at]), groups),
        fall=_over_customers(lambda at: _fall(late[at], ranking[at]), groups),
        rule_fall=_over_customers(lambda at: _fall(late[at], rule[at]), groups),
        fall_above_rule=_over_customers(
            lambda at: _fall(late[at], ranking[at]) - _fall(late[at], rule[at]), groups
        ),
        cash_error=_cash_error(tested, forecasts),
        cash_error_of_due=float(np.mean([abs(one.delay) for one in tested])),
    )


def _fall(late: NDArray[np.bool_], ranking: Floats) -> float:
    """Return by which share the late rate falls when the 80 % that rank best are funded instead of all."""
    funded = np.argsort(ranking, kind="stable")[: int(FUNDED * len(late))]
    return float(1 - late[funded].mean() / late.mean())


def _rule_ranking(history: PaymentHistory, tested: Sequence[SettledInvoice]) -> Floats:
    """Return the place of each invoice in the old rule's order, first funded first."""
    last = [history.last_days_late(one) for one in tested]
    keys = [(days is None, days or 0, one.amount) for days, one in zip(last, tested, strict=True)]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return np.array([float(places[key]) for key in keys])


def _static_ranking(rows: Sequence[Any], invoices: Sequence[SettledInvoice], test_from: date) -> Floats:
    """Return the risk of each invoice by a logistic model of what is known without any history."""
    import statsmodels.api as sm

    columns: list[Floats] = [np.ones(len(invoices)), np.log1p([float(one.amount) for one in invoices])]
    for name in _STATIC:
        texts = [row.get(name, "") for row in rows]
        columns += [np.array([float(text == level) for text in texts]) for level in sorted(set(texts))[1:]]
    design = np.column_stack(columns)
    late = np.array([one.delay > 0 for one in invoices], dtype=np.float64)
    known = np.array([one.settled < test_from for one in invoices])
    fitted: Any = sm.GLM(late[known], design[known], family=sm.families.Binomial()).fit()
    return np.asarray(design @ fitted.params, dtype=np.float64)


def _cash_error(tested: Sequence[SettledInvoice], forecasts: Sequence[Forecast]) -> float:
    return float(
        np.mean(
            [abs((one.settled - found.expected).days) for one, found in zip(tested, forecasts, strict=True)]
        )
    )


def _groups(tested: Sequence[SettledInvoice]) -> list[Rows]:
    of: dict[str, list[int]] = {}
    for number, one in enumerate(tested):
        of.setdefault(one.customer, []).append(number)
    return [np.array(numbers, dtype=np.intp) for _, numbers in sorted(of.items())]


def _over_customers(figure: Callable[[Rows], float], groups: Sequence[Rows]) -> Estimate:
    """Return a figure with its 95 % interval over resampled customers; all figures see the same samples."""
    random = np.random.Generator(np.random.PCG64(SEED))
    drawn = []
    for _ in range(BOOTSTRAPS):
        chosen = random.integers(0, len(groups), len(groups))
        drawn.append(figure(np.concatenate([groups[number] for number in chosen])))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(figure(np.sort(np.concatenate(groups))), float(low), float(high))


def _months_before(day: date, months: int) -> date:
    """Return the first day of the month that begins the last `months` months up to the day."""
    month = day.year * 12 + day.month - months
    return date(month // 12, month % 12 + 1, 1)
