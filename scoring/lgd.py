"""Loss given default: the artifact of a fractional logit, and its pure scorer.

    LGD(x) = 1 / (1 + e^−(β₀ + Σ β·x))        Papke and Wooldridge, Journal of Applied Econometrics 11 (1996)

Numbers are held to the range that training knew; what is not known counts as the end of the range, or the
level, that loses most. The file is canonical JSON and its SHA-256 the id. Loads neither numpy nor
statsmodels; the sums are decimals, so that an LGD does not depend on the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, localcontext
from typing import Any, Final

import orjson

from core.errors import InvalidInput

FORMAT: Final = "scf-lgd/1"
_ARITHMETIC: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)
_PLACES: Final = Decimal("0.000001")
_MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class NumberEffect:
    """A number's weight: `coefficient` times the value v held to `low` … `high`; `log`: times ln(1 + v)."""

    name: str
    log: bool
    low: Decimal
    high: Decimal
    coefficient: Decimal
    standard_error: Decimal


@dataclass(frozen=True, slots=True)
class Level:
    """A category's value and what it adds; the level that the others are compared with adds 0."""

    value: str
    coefficient: Decimal
    standard_error: Decimal


@dataclass(frozen=True, slots=True)
class CategoryEffect:
    """A category with its levels; the values of `rare` were trained together, as the level `other`."""

    name: str
    levels: tuple[Level, ...]
    rare: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Downturn:
    """What is added in a downturn: `add_on` is the upper 95 % bound of `observed`, and not below 0.

    `observed` is the mean loss rate of `rows` losses that fell between `first_day` and `last_day`, less
    that of all.
    """

    first_day: str
    last_day: str
    source: str
    rows: int
    observed: Decimal
    add_on: Decimal


@dataclass(frozen=True, slots=True)
class LgdModel:
    """A trained model. `encode` gives its file, `lgd_id` the id of that file."""

    name: str
    source: str
    rows: int
    data_sha256: str
    intercept: Decimal
    numbers: tuple[NumberEffect, ...]
    categories: tuple[CategoryEffect, ...]
    downturn: Downturn
    figures: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Lgd:
    """The share of the exposure that is lost: as expected, and with the downturn's add-on, each 0 to 1."""

    expected: Decimal
    downturn: Decimal


def predict(model: LgdModel, inputs: Mapping[str, Decimal | str | None]) -> Lgd:
    """Return the loss given default of one exposure.

    Args:
        model: the trained model.
        inputs: feature → value; an absent name or None is not known.

    Raises:
        InvalidInput: `scoring.lgd_input` for an unknown name, a value of the wrong kind or one not finite.
    """
    names = {one.name for one in model.numbers} | {one.name for one in model.categories}
    for name in inputs:
        if name not in names:
            raise _wrong_input(name, f"the model knows {', '.join(sorted(names))}")
    with localcontext(_ARITHMETIC):
        log_odds = model.intercept
        for number in model.numbers:
            log_odds += _number_term(number, inputs.get(number.name))
        for category in model.categories:
            log_odds += _level_term(category, inputs.get(category.name))
        expected = (1 / (1 + (-log_odds).exp())).quantize(_PLACES)
    return Lgd(expected, min(expected + model.downturn.add_on, Decimal(1)))


def _number_term(effect: NumberEffect, value: Decimal | str | None) -> Decimal:
    if value is None:
        return max(_number_term(effect, effect.low), _number_term(effect, effect.high))
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _wrong_input(effect.name, "a finite decimal is needed")
    held = min(max(value, effect.low), effect.high)
    return effect.coefficient * ((1 + held).ln() if effect.log else held)


def _level_term(effect: CategoryEffect, value: Decimal | str | None) -> Decimal:
    if value is not None and not isinstance(value, str):
        raise _wrong_input(effect.name, "a text is needed")
    known = {level.value: level.coefficient for level in effect.levels}
    if value in effect.rare:
        return known["other"]
    # A value that training never met counts as the level that loses most: silence must not pay.
    return max(known.values()) if value is None else known.get(value, max(known.values()))


def encode(model: LgdModel) -> bytes:
    """Return the model's canonical JSON: sorted keys, decimals as text."""
    document = {"format": FORMAT, **asdict(model)}
    return orjson.dumps(document, default=_as_text, option=orjson.OPT_SORT_KEYS)


def lgd_id(content: bytes) -> str:
    """Return the id of a model's file: its SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes) -> LgdModel:
    """Read a model from its file.

    Raises:
        InvalidInput: `scoring.lgd_invalid` when it is not a model, or its bytes are not the canonical form.
    """
    try:
        if len(content) > _MAX_BYTES:
            raise ValueError("the file is too large")
        model = _read(orjson.loads(content))
        canonical = encode(model) == content
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as error:
        raise _invalid(f"it cannot be read ({error!r})") from None
    if not canonical:
        raise _invalid("its bytes are not the canonical form of what they say")
    if any(number.low > number.high or (number.log and number.low < 0) for number in model.numbers):
        raise _invalid("the range of a number is no range")
    for category in model.categories:
        values = [level.value for level in category.levels]
        if not values or (category.rare and "other" not in values):
            raise _invalid(f"{category.name} lacks levels")
    return model


def _read(document: Any) -> LgdModel:
    if document["format"] != FORMAT:
        raise ValueError(f"the format is not {FORMAT}")
    down = document["downturn"]
    return LgdModel(
        name=document["name"],
        source=document["source"],
        rows=document["rows"],
        data_sha256=document["data_sha256"],
        intercept=_decimal(document["intercept"]),
        numbers=tuple(
            NumberEffect(
                one["name"],
                one["log"],
                *(_decimal(one[key]) for key in ("low", "high", "coefficient", "standard_error")),
            )
            for one in document["numbers"]
        ),
        categories=tuple(
            CategoryEffect(
                one["name"],
                tuple(
                    Level(at["value"], _decimal(at["coefficient"]), _decimal(at["standard_error"]))
                    for at in one["levels"]
                ),
                tuple(one["rare"]),
            )
            for one in document["categories"]
        ),
        downturn=Downturn(
            down["first_day"],
            down["last_day"],
            down["source"],
            down["rows"],
            _decimal(down["observed"]),
            _decimal(down["add_on"]),
        ),
        figures={name: _decimal(value) for name, value in document["figures"].items()},
    )


def _decimal(text: Any) -> Decimal:
    number = Decimal(text) if isinstance(text, str) else None
    if number is None or not number.is_finite() or abs(number.adjusted()) > 40:
        raise ValueError(f"{text!r} is no finite decimal")
    return number


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{value!r} has no place in a model")


def _invalid(why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.lgd_invalid",
        f"This is not a model of losses given default: {why}.",
        where="the model",
        hint="Train it again with `scf score lgd`.",
    )


def _wrong_input(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.lgd_input",
        f"{name} cannot be used for the loss given default: {why}.",
        where=name,
        hint="Leave out what is not known.",
    )
