"""What finance asks of scoring, whoever answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from core.errors import Unavailable
from scoring.limit_raises import LimitRaise
from scoring.limits import LimitInputs, LimitProposal
from scoring.scorer import Score
from scoring.snapshot import Observation


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Score a party as of a day, by the card with this id, from what was observed up to then."""

    card_id: str
    party: str
    as_of: date
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """A score, and the SHA-256 of the inputs that it was computed from (`scoring.snapshot.inputs_hash`)."""

    score: Score
    inputs_hash: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposed limit, and the changes of one input each that would raise it."""

    proposal: LimitProposal
    raises: tuple[LimitRaise, ...]


class ScoringService(Protocol):
    """Scores parties and proposes limits. Both are pure: the same request has the same answer."""

    async def score(self, asked: ScoreRequest) -> Scored:
        """Score a party.

        Raises:
            InvalidInput: what `scoring.snapshot.snapshot` and `CompiledCard.score` raise.
            Conflict: `scoring.card_not_served` when the service has not this card.
            ServiceUnavailable: `scoring.service_unavailable`.
            Forbidden: `scoring.token_refused`.
            Broken: `scoring.service_failed`, `scoring.service_answer`.
        """
        ...

    async def propose(self, inputs: LimitInputs) -> Proposed:
        """Propose a limit, and tell what would raise it.

        Raises:
            InvalidInput: what `scoring.limits.propose` raises.
            ServiceUnavailable, Forbidden, Broken: as `score`.
        """
        ...


class ServiceUnavailable(Unavailable):
    """The scoring service gives no answer now; the same transaction may succeed a moment later."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a scoring service listens, the bearer token that it knows, and how long it may take (seconds).

    The time is short: the transaction that asks holds its case meanwhile.
    """

    url: str
    token: str = field(repr=False)
    timeout: float = 5.0
