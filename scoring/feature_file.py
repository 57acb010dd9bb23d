"""What an analyst declares of columns, as a TOML or JSON file: trends, special codes, bounds, bins by hand.

`features.schema.json` is the format. Numbers are read as decimals, so that a cut is what the file says.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from core.errors import InvalidInput, NotFound
from scoring.contract import Edit, FeatureSpec


def features_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of the file."""
    schema: Mapping[str, Any] = json.loads(files("scoring").joinpath("features.schema.json").read_bytes())
    return schema


def read_features(path: Path) -> tuple[FeatureSpec, ...]:
    """Read what is declared of columns; a file that ends in `.json` is JSON, any other TOML.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: `scoring.features_invalid`, with the place.
    """
    document = _parsed(path)
    error = best_match(_validator().iter_errors(document))
    if error is not None:
        raise _invalid(error.message[:300], path, ".".join(map(str, error.absolute_path)))
    features = document["features"]
    for name, times in Counter(one["name"] for one in features).items():
        if times > 1:
            raise _invalid("the column is declared twice", path, name)
    return tuple(_feature(one, path) for one in features)


def _parsed(path: Path) -> Any:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if path.suffix == ".json":
            return json.loads(text, parse_float=Decimal)
        return tomllib.loads(text, parse_float=Decimal)
    except FileNotFoundError:
        raise NotFound("scoring.file_missing", "There is no such file.", where=str(path)) from None
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        raise _invalid(f"it cannot be read: {error}", path, "") from None


def _feature(one: Mapping[str, Any], path: Path) -> FeatureSpec:
    name = one["name"]
    low, high = (_number(one.get(bound), path, name) for bound in ("low", "high"))
    special = tuple(_decimal(code, path, name) for code in one.get("special", ()))
    if special and one["kind"] == "category":
        raise _invalid("a category has no special codes", path, name)
    if low is not None and high is not None and low > high:
        raise _invalid(f"its bounds are the wrong way round: {low} and {high}", path, name)
    return FeatureSpec(
        name,
        one["kind"],
        one.get("label", name),
        one.get("trend", "auto"),
        one.get("unit", ""),
        special,
        _edit(one["edit"], one["kind"], path, name) if "edit" in one else None,
        low,
        high,
    )


def _edit(edit: Mapping[str, Any], kind: str, path: Path, name: str) -> Edit:
    if ("cuts" in edit) != (kind == "number"):
        raise _invalid("a number is edited by cuts and a category by levels", path, name)
    cuts = tuple(_decimal(cut, path, name) for cut in edit.get("cuts", ()))
    levels = tuple(tuple(group) for group in edit.get("levels", ()))
    if list(cuts) != sorted(set(cuts)):
        raise _invalid("its cuts must rise", path, name)
    named = [level for group in levels for level in group]
    if len(set(named)) != len(named):
        raise _invalid("a level stands in two bins", path, name)
    return Edit(edit["by"].strip(), edit["why"].strip(), cuts, levels)


def _number(value: Any, path: Path, name: str) -> Decimal | None:
    return None if value is None else _decimal(value, path, name)


def _decimal(value: Any, path: Path, name: str) -> Decimal:
    """Return a number as the decimal that the file writes; infinities and NaN are none."""
    number = Decimal(value)
    if not number.is_finite():
        raise _invalid(f"{value} is no finite number", path, name)
    return number


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    return Draft202012Validator(features_schema())


def _invalid(why: str, path: Path, place: str) -> InvalidInput:
    return InvalidInput(
        "scoring.features_invalid",
        f"{path.name} does not declare features as it should: {why}.",
        where=f"{path.name}: {place}" if place else path.name,
        hint="docs/scoring/features.md tells the format, scoring/features.schema.json holds it.",
    )
