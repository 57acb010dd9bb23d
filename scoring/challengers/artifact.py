"""A challenger as a file: canonical JSON around LightGBM's text of its trees; its SHA-256 is its id.

No code is stored or loaded, and nothing is pickled. LightGBM's reader of its text is not made for hostile
files, so a file is read only under the id that it was registered with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

import orjson

from core.errors import InvalidInput
from scoring.challengers import extra
from scoring.challengers.encoding import EncodedFeature, Encoding
from scoring.challengers.gradient_trees import GradientTrees
from scoring.challengers.tuning import LEARNING_RATE, LEAST_ROWS_OF_A_LEAF, Settings, Tuned

FORMAT: Final = "scf-challenger/2"
_MAX_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a feature adds to the log odds of default: above 0 it makes the party riskier."""

    feature: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class LoadedChallenger:
    """A challenger, ready to score."""

    id: str
    name: str
    model: GradientTrees

    def explain(
        self, snapshot: Mapping[str, Decimal | int | str | None]
    ) -> tuple[float, tuple[Contribution, ...]]:
        """Return a party's log odds of default and what each feature adds, the riskiest first.

        Names that the challenger does not know are passed over: the card's contract decides what a snapshot
        may hold.

        Raises:
            InvalidInput: `scoring.value_type` or `scoring.value_not_finite`.
        """
        encoding = self.model.encoding
        added, base = self.model.contributions(encoding.row(snapshot))
        named = [
            Contribution(one.name, float(value))
            for one, value in zip(encoding.features, added[0], strict=True)
        ]
        return float(base[0] + added[0].sum()), tuple(
            sorted(named, key=lambda one: (-one.log_odds, one.feature))
        )


def encode(model: GradientTrees, *, name: str, target: str, data_sha256: str) -> bytes:
    """Return the canonical JSON of a challenger."""
    document = {
        "format": FORMAT,
        "name": name,
        "target": target,
        "data_sha256": data_sha256,
        "features": [asdict(one) for one in model.encoding.features],
        "settings": asdict(model.tuned.settings),
        "fixed": {"learning_rate": LEARNING_RATE, "least_rows": LEAST_ROWS_OF_A_LEAF},
        "rounds": model.tuned.rounds,
        "inner_auc": model.tuned.auc,
        "slope": model.tuned.slope,
        "shift": model.tuned.shift,
        "trees": model.text,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def challenger_id(content: bytes) -> str:
    """Return the id of a challenger's file: its SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes) -> LoadedChallenger:
    """Read a challenger's file.

    Raises:
        InvalidInput: `scoring.challenger_invalid`, `scoring.challenger_not_canonical`.
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    document = read(content)
    try:
        encoding = Encoding(tuple(_feature(one) for one in document["features"]))
        settings = Settings(**document["settings"])
        figures = [float(document[name]) for name in ("inner_auc", "slope", "shift")]
        tuned = Tuned(settings, int(document["rounds"]), *figures)
        text = str(document["trees"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(f"a field is missing or wrong ({error})") from None
    lightgbm = extra.lightgbm()
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise _invalid(f"LightGBM does not read its trees ({error})") from None
    if booster.num_feature() != len(encoding.directions):
        raise _invalid("its trees read another number of columns than its features have")
    return LoadedChallenger(
        challenger_id(content), str(document["name"]), GradientTrees(encoding, text, tuned, booster)
    )


def read(content: bytes) -> dict[str, Any]:
    """Return a challenger's document, without reading its trees: this needs no extra.

    Raises:
        InvalidInput: `scoring.challenger_invalid`, `scoring.challenger_not_canonical`.
    """
    if len(content) > _MAX_BYTES:
        raise _invalid(f"it has more than {_MAX_BYTES:,} bytes")
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _invalid(f"it is not JSON ({error})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _invalid(f"its format is not {FORMAT}")
    if orjson.dumps(document, option=orjson.OPT_SORT_KEYS) != content:
        raise InvalidInput(
            "scoring.challenger_not_canonical",
            "This challenger's bytes are not canonical, so its id would not hold.",
            where="the file",
            hint="Take the file that `scf score challenge -o` wrote.",
        )
    if not isinstance(document.get("name"), str):
        raise _invalid("it has no name")
    return document


def _feature(one: dict[str, Any]) -> EncodedFeature:
    if one["kind"] not in ("number", "category"):
        raise ValueError("kind")
    return EncodedFeature(
        name=str(one["name"]),
        kind=one["kind"],
        direction=int(one["direction"]),
        special=tuple(map(float, one["special"])),
        levels=tuple(map(str, one["levels"])),
        has_rare=bool(one["has_rare"]),
    )


def _invalid(why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.challenger_invalid",
        f"This is not a challenger's file: {why}.",
        where="the file",
        hint="Take the file that `scf score challenge -o` wrote.",
    )
