"""The registry: cards are registered, approved by another person than the trainer, and every score is kept.

At most one card is approved at a time; approving the next one retires it. A card's file never changes: its
id is its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

import orjson

from core.errors import Broken, Conflict, Forbidden, InvalidInput, NotFound
from core.ids import derived_id
from scoring import repository, shadow
from scoring.card_file import card_id, decode
from scoring.scorer import CompiledCard, Score, Snapshot, load_card
from scoring.snapshot import inputs_hash, plain_inputs

if TYPE_CHECKING:
    import asyncpg

    from core.database import Transaction

Lineage: TypeAlias = Mapping[str, tuple[str, date]]
"""Of each figure its source and the day on which it was known."""

SHIPPED_CARD: Final = "sme-synthetic-2.json"
SHIPPED_CARD_TRAINER: Final = "system:generator"


def shipped_card() -> bytes:
    """Return the shipped card, trained on the synthetic portfolio of `scoring.generator`."""
    return files("scoring").joinpath("cards", SHIPPED_CARD).read_bytes()


async def register(tx: Transaction, content: bytes, *, trained_by: str, at: datetime) -> str:
    """Register a card under its id and return the id. A card that is registered already stays as it is.

    Raises:
        InvalidInput: `scoring.card_invalid`, `scoring.card_not_canonical` or `scoring.person_missing`.
    """
    _require_person(trained_by, "trained_by")
    card = decode(content)
    identifier = card_id(content)
    await repository.insert_card(
        tx.sql,
        card_id=identifier,
        name=card.name,
        content=content,
        synthetic=card.data.synthetic,
        trained_by=trained_by,
        at=at,
    )
    return identifier


async def approve(tx: Transaction, identifier: str, *, approved_by: str, at: datetime) -> None:
    """Approve a registered card and retire the one before; repeating it changes nothing.

    Raises:
        NotFound: `scoring.card_unknown`.
        Forbidden: `scoring.self_approval` when the trainer approves.
        Conflict: `scoring.card_retired`.
        InvalidInput: `scoring.person_missing`.
    """
    _require_person(approved_by, "approved_by")
    row = await repository.lock_card(tx.sql, identifier)
    if row is None:
        raise NotFound("scoring.card_unknown", f"No card has the id {identifier}.", where=identifier)
    if row["trained_by"] == approved_by:
        raise Forbidden(
            "scoring.self_approval",
            "Who trained or registered a card may not approve it.",
            where=identifier,
            hint="Ask another person to approve it.",
        )
    if row["state"] == "retired":
        raise Conflict(
            "scoring.card_retired",
            "This card was replaced by a later one.",
            where=identifier,
            hint="Train and register a new card.",
        )
    if row["state"] == "registered":
        await repository.replace_approved(tx.sql, identifier, approved_by=approved_by, at=at)


async def install_shipped_card(tx: Transaction, *, approved_by: str, at: datetime) -> str:
    """Approve the shipped card where none is approved; return the id of the approved card."""
    approved = await repository.approved_card_id(tx.sql)
    if approved is not None:
        return approved
    identifier = await register(tx, shipped_card(), trained_by=SHIPPED_CARD_TRAINER, at=at)
    await approve(tx, identifier, approved_by=approved_by, at=at)
    return identifier


async def approved_card(connection: asyncpg.Connection[asyncpg.Record]) -> CompiledCard:
    """Return the approved card, ready to score. In a transaction give `tx.sql`.

    Raises:
        NotFound: `scoring.no_approved_card`.
        Broken: `scoring.card_altered` when the stored file no longer has its id.
    """
    identifier = await repository.approved_card_id(connection)
    if identifier is None:
        raise NotFound(
            "scoring.no_approved_card",
            "No card is approved, so nothing can be scored.",
            hint="Register a card and have another person approve it.",
        )
    return await card_by_id(connection, identifier)


async def card_by_id(connection: asyncpg.Connection[asyncpg.Record], identifier: str) -> CompiledCard:
    """Return any registered card, ready to score: an old score is explained by the card that gave it.

    Raises:
        NotFound: `scoring.card_unknown`.
        Broken: `scoring.card_altered`.
    """
    content = await repository.card_content(connection, identifier)
    if content is None:
        raise NotFound("scoring.card_unknown", f"No card has the id {identifier}.", where=identifier)
    if card_id(content) != identifier:
        raise Broken("scoring.card_altered", "The stored card does not have its id.", where=identifier)
    return _compiled(content)


async def record_run(
    tx: Transaction,
    party_id: UUID,
    score: Score,
    inputs: Snapshot,
    at: datetime,
    entry_id: UUID,
    sources: Lineage = MappingProxyType({}),
) -> UUID:
    """Keep a score with its inputs and their sources, and what the challengers say; return the run's id.

    `sources` tells of each figure where it came from and on which day it was known, as
    `AsOfSnapshot.lineage` does; one that ends in `document` and an id names a document that was imported. The
    same call again changes nothing.

    Raises:
        Conflict: `scoring.run_conflict` when this entry already scored the party with another card or other
        inputs.
        NotFound: `scoring.card_unknown` when the score's card is not registered.
    """
    run_id = derived_id("scoring.run", entry_id, party_id)
    digest = inputs_hash(inputs)
    if await repository.card_content(tx.sql, score.card_id) is None:
        raise NotFound("scoring.card_unknown", f"No card has the id {score.card_id}.", where=score.card_id)
    stored = await repository.insert_run(
        tx.sql,
        {
            "id": run_id,
            "party_id": party_id,
            "card_id": score.card_id,
            "points": score.points,
            "pd": score.pd,
            "grade": score.grade,
            "reasons": orjson.dumps(score.reasons).decode(),
            "inputs": orjson.dumps(plain_inputs(inputs)).decode(),
            "inputs_hash": digest,
            "at": at,
            "entry_id": entry_id,
            "synthetic": score.synthetic,
            "sources": orjson.dumps(
                {
                    name: {"source": source, "observedOn": day.isoformat()}
                    for name, (source, day) in sources.items()
                }
            ).decode(),
        },
    )
    if stored:
        await shadow.score_in_shadow(tx, run_id, inputs, at)
    elif await repository.run_identity(tx.sql, run_id) != (score.card_id, digest):
        raise Conflict(
            "scoring.run_conflict",
            "This entry already scored the party, with another card or other inputs.",
            where=str(run_id),
        )
    return run_id


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A score that was given: of whom, when, and on which figures, as text; None is what was not known."""

    party_id: UUID
    at: datetime
    inputs: Mapping[str, str | None]


async def kept_run(connection: asyncpg.Connection[asyncpg.Record], run_id: UUID) -> KeptRun:
    """Return the score with this id.

    Raises:
        NotFound: `scoring.run_unknown`; `scoring.run_erased` when its figures were erased.
    """
    row = await repository.run_inputs(connection, run_id)
    if row is None:
        raise NotFound("scoring.run_unknown", f"No score has the id {run_id}.", where=str(run_id))
    if not row["inputs_hash"]:
        raise NotFound("scoring.run_erased", "The figures of this score were erased.", where=str(run_id))
    return KeptRun(row["party_id"], row["at"], orjson.loads(row["inputs"]))


def _require_person(name: str, where: str) -> None:
    if not name.strip():
        raise InvalidInput("scoring.person_missing", "Say who does this.", where=where)


@lru_cache(maxsize=8)
def _compiled(content: bytes) -> CompiledCard:
    return load_card(content)
