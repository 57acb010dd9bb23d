"""When an invoice is paid: a proportional-odds model of the delay, its artifact and its pure scorer.

    P(delay ≤ edge k) = 1 / (1 + e^−(θ_k − Σ β·x))        McCullagh, JRSS B 42 (1980)

A positive β pays later. Features are standardised by training's mean and deviation. The file is canonical
JSON, its SHA-256 the id. Loads neither numpy nor statsmodels.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import orjson

from core.errors import InvalidInput
from scoring.payments.history import OpenInvoice

FORMAT: Final = "scf-payments/1"
_MAX_BYTES: Final = 1_000_000
_SURE: Final = 0.9
_PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Weight:
    """A feature's weight on its standardised value, with a standard error clustered by customer."""

    name: str
    mean: float
    deviation: float
    coefficient: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class PaymentModel:
    """A trained model.

    Band k holds the delays in days above edges[k−1] and up to edges[k], the last one all above the last
    edge; 0 is an edge, so that being late is a sum of bands. `means` are the mean delays of the bands,
    `thresholds` the θ.
    """

    source: str
    trained_upto: str
    rows: int
    customers: int
    data_sha256: str
    edges: tuple[int, ...]
    means: tuple[float, ...]
    thresholds: tuple[float, ...]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of an invoice.

    `late` is the probability that it is paid after its due date, `expected` the expected day of the cash,
    `sure` the day by which it is there with 90 % probability; None where that lies beyond what training
    saw.
    """

    late: float
    expected: date
    sure: date | None


def forecast(
    model: PaymentModel, invoice: OpenInvoice, features: Mapping[str, float], *, as_of: date | None = None
) -> Forecast:
    """Return when an invoice will be paid.

    Args:
        model: the trained model.
        invoice: its due date counts.
        features: those of `PaymentHistory.features`.
        as_of: a day on which it is still open; None: the day it was issued.

    Raises:
        InvalidInput: `payments.feature_missing`.
    """
    passed = ((as_of or invoice.issued) - invoice.due).days
    upper = (*model.edges, math.inf)
    lower = (-math.inf, *model.edges)
    chances = [
        chance if top > passed else 0.0 for chance, top in zip(_chances(model, features), upper, strict=True)
    ]
    total = sum(chances)
    shares = [chance / total for chance in chances] if total else [*[0.0] * (len(chances) - 1), 1.0]
    late = sum(share for share, bottom in zip(shares, lower, strict=True) if bottom >= 0)
    # What is open today is paid tomorrow at the earliest.
    mean = sum(share * max(at, passed + 1) for share, at in zip(shares, model.means, strict=True))
    return Forecast(
        late=round(1.0 if passed >= 0 else late, _PLACES),
        expected=invoice.due + timedelta(days=round(mean)),
        sure=_sure(model, shares, invoice.due),
    )


def log_odds(model: PaymentModel, features: Mapping[str, float]) -> float:
    """Return Σ β·x: higher pays later.

    Raises:
        InvalidInput: `payments.feature_missing`.
    """
    total = 0.0
    for weight in model.weights:
        value = features.get(weight.name)
        if value is None or not math.isfinite(value):
            raise InvalidInput(
                "payments.feature_missing",
                f"{weight.name} must be a finite number and is {value}.",
                where=weight.name,
                hint="Take the features from the payment history.",
            )
        total += weight.coefficient * (value - weight.mean) / weight.deviation
    return total


def _chances(model: PaymentModel, features: Mapping[str, float]) -> list[float]:
    odds = log_odds(model, features)
    upto = [*(_logistic(threshold - odds) for threshold in model.thresholds), 1.0]
    return [upto[0], *(after - before for before, after in pairwise(upto))]


def _sure(model: PaymentModel, shares: list[float], due: date) -> date | None:
    reached = 0.0
    for share, edge in zip(shares, model.edges, strict=False):
        reached += share
        if reached >= _SURE:
            return due + timedelta(days=edge)
    return None


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def encode(model: PaymentModel) -> bytes:
    """Return the model's canonical JSON: sorted keys, numbers with six places."""
    return orjson.dumps({"format": FORMAT, **asdict(model)}, option=orjson.OPT_SORT_KEYS)


def model_id(content: bytes) -> str:
    """Return the id of a model's file: its SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes) -> PaymentModel:
    """Read a model from its file.

    Raises:
        InvalidInput: `payments.model_invalid` when it is not a model, or its bytes are not the canonical
        form.
    """
    try:
        if len(content) > _MAX_BYTES:
            raise ValueError("the file is too large")
        model = _read(orjson.loads(content))
        if encode(model) != content:
            raise ValueError("the bytes are not the canonical form of what they say")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(
            "payments.model_invalid",
            f"This is not a model of payments: {error!r}.",
            where="the model",
            hint="Train it again with `scf score payments`.",
        ) from None
    return model


def _read(document: Any) -> PaymentModel:
    if document.pop("format") != FORMAT:
        raise ValueError(f"the format is not {FORMAT}")
    weights = tuple(Weight(**one) for one in document.pop("weights"))
    edges, means, thresholds = (tuple(document.pop(name)) for name in ("edges", "means", "thresholds"))
    model = PaymentModel(weights=weights, edges=edges, means=means, thresholds=thresholds, **document)
    bands = len(model.edges)
    numbers = (*model.edges, *model.means, *model.thresholds)
    if not all(type(number) in (int, float) for number in numbers) or not all(
        type(number) in (int, float)
        for one in weights
        for number in (one.mean, one.deviation, one.coefficient, one.standard_error)
    ):
        raise ValueError("a number is needed")
    if 0 not in model.edges or len(model.means) != bands + 1 or len(model.thresholds) != bands:
        raise ValueError("the bands do not fit together")
    if list(model.edges) != sorted(set(model.edges)) or list(model.thresholds) != sorted(model.thresholds):
        raise ValueError("edges and thresholds must rise")
    if any(one.deviation <= 0 for one in weights):
        raise ValueError("a deviation must be above 0")
    return model
