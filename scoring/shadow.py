"""Champion and challengers: the approved card decides, and challengers score beside it in shadow.

A challenger is another card, or boosted trees (`scoring.challengers`). It is registered by who trained it
and appointed by another person. Its score is kept with each run, and nothing reads it to decide. Whatever
goes wrong with it is kept as its failure and never stops the decision. It sees what the champion saw: the
inputs of the run, so that its score can be computed again from what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from core.errors import Conflict, Forbidden, InvalidInput, NotFound, ScfError
from core.ids import derived_id
from scoring import repository
from scoring.card_file import card_id, decode
from scoring.scorer import MICRO, Snapshot, load_card, probability

if TYPE_CHECKING:
    from core.database import Transaction

CARD: Final = "card"
TREES: Final = "trees"


@dataclass(frozen=True, slots=True)
class ShadowScore:
    """What a challenger says of a party: its one-year PD, and its reasons, the riskiest first."""

    pd: Decimal
    reasons: tuple[dict[str, Any], ...]


_Shadow = Callable[[Snapshot], ShadowScore]
# Those in office, ready to score. A challenger's file never changes under its id.
_ready: dict[str, _Shadow] = {}


async def register_challenger(tx: Transaction, content: bytes, *, trained_by: str, at: datetime) -> str:
    """Register a card's or a challenger's file as a challenger and return its id.

    Raises:
        InvalidInput: `scoring.person_missing`, and what reading the file raises.
        Unavailable: `scoring.challenger_extra` for trees without the extra `challenger`.
    """
    _require_person(trained_by, "trained_by")
    kind, name = _kind_and_name(content)
    identifier = card_id(content)
    await repository.insert_challenger(
        tx.sql,
        challenger_id=identifier,
        kind=kind,
        name=name,
        content=content,
        trained_by=trained_by,
        at=at,
    )
    return identifier


async def appoint(tx: Transaction, identifier: str, *, appointed_by: str, at: datetime) -> None:
    """Let a challenger score each run in shadow from now on; repeating it changes nothing.

    Raises:
        NotFound: `scoring.challenger_unknown`.
        Forbidden: `scoring.self_approval` when the trainer appoints it.
        Conflict: `scoring.challenger_dismissed`.
        InvalidInput: `scoring.person_missing`.
    """
    _require_person(appointed_by, "appointed_by")
    row = await _locked(tx, identifier)
    if row["trained_by"] == appointed_by:
        raise Forbidden(
            "scoring.self_approval",
            "Who trained or registered a challenger may not appoint it.",
            where=identifier,
            hint="Ask another person to appoint it.",
        )
    if row["dismissed_at"] is not None:
        raise Conflict(
            "scoring.challenger_dismissed",
            "This challenger was dismissed.",
            where=identifier,
            hint="Train and register a new one.",
        )
    if row["appointed_at"] is None:
        await repository.appoint_challenger(tx.sql, identifier, by=appointed_by, at=at)


async def dismiss(tx: Transaction, identifier: str, *, at: datetime) -> None:
    """Let a challenger score no longer; what it said stays. Repeating it changes nothing.

    Raises:
        NotFound: `scoring.challenger_unknown`.
        Conflict: `scoring.challenger_not_appointed`.
    """
    row = await _locked(tx, identifier)
    if row["appointed_at"] is None:
        raise Conflict(
            "scoring.challenger_not_appointed", "This challenger was never appointed.", where=identifier
        )
    if row["dismissed_at"] is None:
        await repository.dismiss_challenger(tx.sql, identifier, at=at)


async def score_in_shadow(tx: Transaction, run_id: UUID, inputs: Snapshot, at: datetime) -> None:
    """Keep what each challenger in office says of a run's inputs, or why it cannot."""
    in_office = await repository.challengers_in_office(tx.sql)
    for gone in _ready.keys() - set(in_office):
        _ready.pop(gone, None)
    for identifier in in_office:
        said, failure = None, None
        if identifier not in _ready:
            kind, content = await repository.challenger_file(tx.sql, identifier)
        try:
            if identifier not in _ready:
                _ready[identifier] = _loaded(kind, content, identifier)
            said = _ready[identifier](inputs)
        except ScfError as error:
            failure = str(error)
        except Exception as error:
            # A decision must not fall with a challenger, whatever its library raises.
            failure = f"{type(error).__name__}: {error}"
        await repository.insert_shadow_score(
            tx.sql,
            {
                "id": derived_id("scoring.shadow", run_id, identifier),
                "run_id": run_id,
                "challenger_id": identifier,
                "pd": None if said is None else said.pd,
                "reasons": orjson.dumps(() if said is None else said.reasons).decode(),
                "failure": failure,
                "at": at,
            },
        )


def _kind_and_name(content: bytes) -> tuple[str, str]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict) and str(document.get("format")).startswith("scf-challenger/"):
        from scoring.challengers.artifact import decode as decode_trees

        return TREES, decode_trees(content).name
    return CARD, decode(content).name


def _loaded(kind: str, content: bytes, identifier: str) -> _Shadow:
    if card_id(content) != identifier:
        raise ValueError("the stored file does not have its id")
    return _card(content) if kind == CARD else _trees(content)


def _card(content: bytes) -> _Shadow:
    card = load_card(content)
    declared = {*card.features, *(one.name for one in card.card.unused)}

    def score(inputs: Snapshot) -> ShadowScore:
        found = card.score({name: value for name, value in inputs.items() if name in declared})
        return ShadowScore(found.pd, tuple(asdict(one) for one in found.reasons))

    return score


def _trees(content: bytes) -> _Shadow:
    # The optional extra: loaded only where such a challenger is in office.
    from scoring.challengers.artifact import decode as decode_trees

    trees = decode_trees(content)

    def score(inputs: Snapshot) -> ShadowScore:
        log_odds, contributions = trees.explain(inputs)
        return ShadowScore(
            probability(round(log_odds * MICRO)),
            tuple({"feature": one.feature, "log_odds": round(one.log_odds, 6)} for one in contributions),
        )

    return score


async def _locked(tx: Transaction, identifier: str) -> Any:
    row = await repository.lock_challenger(tx.sql, identifier)
    if row is None:
        raise NotFound(
            "scoring.challenger_unknown", f"No challenger has the id {identifier}.", where=identifier
        )
    return row


def _require_person(name: str, where: str) -> None:
    if not name.strip():
        raise InvalidInput("scoring.person_missing", "Say who does this.", where=where)
