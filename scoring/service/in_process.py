"""The scoring service in the process that asks."""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import Conflict
from scoring.limit_raises import what_would_raise
from scoring.limits import LimitInputs, propose
from scoring.scorer import CompiledCard
from scoring.service.interface import Proposed, Scored, ScoreRequest
from scoring.snapshot import inputs_hash, snapshot


class InProcess:
    """Scores by the given cards; a `ScoringService`."""

    def __init__(self, cards: Iterable[CompiledCard] = ()) -> None:
        self._cards = {card.id: card for card in cards}

    @property
    def card_ids(self) -> tuple[str, ...]:
        """The ids of the cards that it scores by."""
        return tuple(self._cards)

    async def score(self, asked: ScoreRequest) -> Scored:
        """Score a party; see `ScoringService.score`."""
        card = self._cards.get(asked.card_id)
        if card is None:
            raise card_not_served(asked.card_id)
        values = snapshot(asked.party, asked.as_of, asked.observations).values()
        score = card.score(values)
        return Scored(score, inputs_hash(values))

    async def propose(self, inputs: LimitInputs) -> Proposed:
        """Propose a limit; see `ScoringService.propose`."""
        proposal = propose(inputs)
        return Proposed(proposal, what_would_raise(inputs, proposal))


def card_not_served(card_id: str) -> Conflict:
    """Return that this service does not score by a card."""
    return Conflict(
        "scoring.card_not_served",
        f"The scoring service has not the card {card_id}.",
        where=card_id,
        hint="Start the service with the approved card: scf score serve --card FILE.",
    )
