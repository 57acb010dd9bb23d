"""The models that are broken: two that hold a bit of everything, the product, the shared suites."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PRODUCTS = _HERE.parents[1] / "bpmn" / "products"
_SHARED = Path(os.environ.get("SCF_SHARED", _HERE.parents[2] / "shared")) / "conformance"
_LARGEST = 60_000
#: The model of everything counts this often, so that it is met as often as all others together.
_WEIGHT = {".bpmn": 300, ".dmn": 100}


@cache
def models(suffix: str) -> tuple[bytes, ...]:
    """The BPMN files (`.bpmn`) or DMN files (`.dmn`) to break."""
    everything = (_HERE / f"everything{suffix}").read_bytes()
    others = [*sorted(_PRODUCTS.rglob(f"*{suffix}")), *sorted(_SHARED.rglob(f"*{suffix}"))]
    contents = (file.read_bytes() for file in others)
    return (everything,) * _WEIGHT[suffix] + tuple(each for each in contents if len(each) < _LARGEST)
