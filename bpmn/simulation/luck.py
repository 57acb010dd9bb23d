"""Chance without a generator's state: each draw is a function of the seed and of what it is drawn for.

So a draw depends on no other one: not on other cases, nor on what a version of the model did before. Two
versions over the same cases see the same luck (common random numbers), and what differs comes from the model.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

import orjson

_BITS = 53  # of a float's fraction
_DIGITS = 9


def fraction(seed: int, *place: str | int) -> float:
    """The luck of one place, strictly between 0 and 1, evenly spread over the places."""
    digest = hashlib.sha256(orjson.dumps([seed, *place])).digest()
    return ((int.from_bytes(digest[:8], "big") >> (64 - _BITS)) + 0.5) / (1 << _BITS)


def exact(luck: float) -> Decimal:
    """The luck as a decimal of nine digits, from 0 to below 1, for FEEL."""
    return Decimal(int(luck * 10**_DIGITS)).scaleb(-_DIGITS)
