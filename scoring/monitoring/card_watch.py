"""Does the approved card still see what it was trained on: its features' bins, and the grades it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from scoring.artifact import Card
from scoring.monitoring import repository
from scoring.monitoring.stability import LEAST_ROWS, Stability, stability
from scoring.registry import approved_card

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class CardWatch:
    """The approved card's scores of a time.

    `features` holds each feature's bins beside training (CSI), `grades` the grades beside those given
    before (PSI). Both are None where too few were scored to tell.
    """

    card_id: str
    card_name: str
    synthetic: bool
    scores: int
    scores_before: int
    features: Mapping[str, Stability] | None
    grades: Stability | None


async def watch_card(
    connection: asyncpg.Connection[asyncpg.Record], *, since: datetime, upto: datetime
) -> CardWatch:
    """Hold the scores of a time beside the card's training and beside its earlier scores.

    Raises:
        NotFound: `scoring.no_approved_card`.
    """
    compiled = await approved_card(connection)
    rows = await repository.runs_between(connection, compiled.id, since, upto)
    before = await repository.grades_before(connection, compiled.id, since)
    enough = len(rows) >= LEAST_ROWS
    bins: dict[str, Counter[str]] = {name: Counter() for name in compiled.features}
    for row in rows:
        for reason in orjson.loads(row["reasons"]):
            bins[reason["feature"]][str(reason["bin"])] += 1
    return CardWatch(
        card_id=compiled.id,
        card_name=compiled.card.name,
        synthetic=compiled.card.data.synthetic,
        scores=len(rows),
        scores_before=sum(before.values()),
        features=_features(compiled.card, bins) if enough else None,
        grades=stability(before, Counter(row["grade"] for row in rows))
        if enough and sum(before.values()) >= LEAST_ROWS
        else None,
    )


def _features(card: Card, bins: Mapping[str, Mapping[str, int]]) -> dict[str, Stability]:
    """Return each feature's stability; scores whose reasons were erased are in no bin and count nowhere."""
    found = {}
    for feature in card.features:
        trained = {one.label: one.good + one.bad for one in feature.all_bins()}
        now = bins[feature.name]
        if sum(trained.values()) >= LEAST_ROWS and sum(now.values()) >= LEAST_ROWS:
            found[feature.name] = stability(trained, now)
    return found
