"""What was known of a party on a day: figures with the day each was observed and where it comes from.

A score is a function of a card and such a snapshot. A figure that was observed after the snapshot's day is
refused: it would let a model see what it is asked to predict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from core.errors import InvalidInput
from scoring.scorer import Snapshot, Value


@dataclass(frozen=True, slots=True)
class Observation:
    """One figure: its value (None: asked for and not known), the day it was known, and its source."""

    name: str
    value: Value
    observed_on: date
    source: str


@dataclass(frozen=True, slots=True)
class AsOfSnapshot:
    """The latest observation of each figure up to and including `as_of`, by name."""

    party: str
    as_of: date
    observations: tuple[Observation, ...]

    def values(self) -> Mapping[str, Value]:
        """Return the figures as the scorer takes them."""
        return {one.name: one.value for one in self.observations}

    def lineage(self) -> Mapping[str, tuple[str, date]]:
        """Return the source and the day of each figure."""
        return {one.name: (one.source, one.observed_on) for one in self.observations}


def snapshot(party: str, as_of: date, observations: Iterable[Observation]) -> AsOfSnapshot:
    """Build a snapshot: of each figure the latest observation counts.

    Raises:
        InvalidInput: `scoring.observed_after` when a figure was observed after `as_of`;
            `scoring.observed_twice` when two sources give one figure different values on one day;
            `scoring.source_missing` when an observation has no source.
    """
    latest: dict[str, Observation] = {}
    for one in observations:
        if one.observed_on > as_of:
            raise InvalidInput(
                "scoring.observed_after",
                f"{one.name} of {party} was observed on {one.observed_on}, after {as_of}.",
                where=one.name,
                hint="Leave out what was not known on the day, or score as of a later day.",
            )
        if not one.source.strip():
            raise InvalidInput(
                "scoring.source_missing", f"{one.name} of {party} does not tell its source.", where=one.name
            )
        held = latest.get(one.name)
        if held is not None and held.observed_on == one.observed_on and held.value != one.value:
            raise InvalidInput(
                "scoring.observed_twice",
                f"{one.name} of {party} is {held.value} by {held.source} and {one.value} by {one.source}, "
                f"both on {one.observed_on}.",
                where=one.name,
                hint="Decide which source counts.",
            )
        if held is None or held.observed_on < one.observed_on:
            latest[one.name] = one
    return AsOfSnapshot(party, as_of, tuple(latest[name] for name in sorted(latest)))


def inputs_hash(inputs: Snapshot) -> str:
    """Return the SHA-256 of a snapshot's canonical JSON."""
    return hashlib.sha256(canonical_inputs(inputs)).hexdigest()


def canonical_inputs(inputs: Snapshot) -> bytes:
    """Return a snapshot's canonical JSON: sorted names, no spaces, decimals as text, null for not known."""
    return orjson.dumps(plain_inputs(inputs), option=orjson.OPT_SORT_KEYS)


def plain_inputs(inputs: Snapshot) -> Mapping[str, str | None]:
    """Return a snapshot as texts, as a run keeps it."""
    return {name: None if value is None else str(value) for name, value in inputs.items()}
