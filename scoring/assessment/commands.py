"""What `scf score evaluate` does; the command line prints the report."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

# Before the numerical libraries are loaded; see `scoring.commands`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from core.errors import InvalidInput, NotFound
from scoring.artifact import Card
from scoring.assessment.associations import Association, associations
from scoring.assessment.cut_off import Confusion, Costs, cheapest, confusion
from scoring.assessment.fairness import Fairness, fairness
from scoring.assessment.gates import GateFinding, gate_findings
from scoring.assessment.hardening import Hardened, harden
from scoring.assessment.scored import Scored, score_file
from scoring.assessment.sensitivity import Sensitivity, with_missing, with_noise
from scoring.assessment.worth import Stability, Worth, stability, worth
from scoring.card_file import card_id, decode
from scoring.scorecard import Described


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of a card on a file.

    `like_training` is true when the file has as many rows and bad rows as the card was trained on: most
    likely they are the same, and the figures flatter the card.
    """

    card_id: str
    like_training: bool
    worth: Worth
    stability: Stability
    costs: Costs
    at_cut_off: Confusion
    cheapest: Confusion
    associations: tuple[Association, ...]
    noise: Sensitivity
    missing: Sensitivity
    gates: tuple[GateFinding, ...]
    fairness: tuple[Fairness, ...]
    hardened: tuple[Hardened, ...]


def evaluate(
    card_path: Path,
    path: Path,
    target: str | None,
    *,
    firm: str | None = None,
    period: str | None = None,
    segments: Sequence[str] = (),
    costs: Costs,
    highest_pd: float | None = None,
    experiment: bool = False,
    told: Callable[[str], None],
) -> Evaluation:
    """Evaluate a card on a CSV file. Without a target the card's own is read; `highest_pd` is accepted.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: with the column and the row; see `scoring.table.read_csv`,
            `scoring.card_file.decode`; `scoring.period_missing`.
    """
    identifier, card = read_card(card_path)
    beside = [*segments, *([period] if period else [])]
    told("scoring the rows")
    scored = score_file(card, path, target or card.data.target, firm=firm, beside=beside)
    evaluation = assess(scored, identifier, period, segments, costs, highest_pd, told)
    if not experiment:
        return evaluation
    told("experiment: training with altered copies")
    described = Described(card.name, path.name, card.data.synthetic, card.data.target)
    return replace(evaluation, hardened=harden(scored.table, described))


def assess(
    scored: Scored,
    identifier: str,
    period: str | None,
    segments: Sequence[str],
    costs: Costs,
    highest_pd: float | None,
    told: Callable[[str], None],
) -> Evaluation:
    """Return all figures of scored rows but those of the experiment."""
    bad, pd, data = scored.bad, scored.pd, scored.card.data
    cut = costs.highest_pd if highest_pd is None else highest_pd
    told("figures and their intervals")
    found = worth(scored), stability(scored, None if period is None else _periods(scored, period))
    told("wrong and missing cells")
    disturbed = with_noise(scored), with_missing(scored)
    told("segments")
    return Evaluation(
        card_id=identifier,
        like_training=(len(bad), int(bad.sum())) == (data.rows, data.bad),
        worth=found[0],
        stability=found[1],
        costs=costs,
        at_cut_off=confusion(bad, pd, cut, costs),
        cheapest=cheapest(bad, pd, costs),
        associations=associations(scored),
        noise=disturbed[0],
        missing=disturbed[1],
        gates=gate_findings(scored),
        fairness=tuple(fairness(scored, name, scored.beside[name], cut) for name in segments),
        hardened=(),
    )


def read_card(path: Path) -> tuple[str, Card]:
    """Return a card's id and the card.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: see `scoring.card_file.decode`.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise NotFound("scoring.file_missing", "There is no such card.", where=str(path)) from None
    return card_id(content), decode(content)


def _periods(scored: Scored, period: str) -> list[str]:
    cells = scored.beside[period]
    for number, cell in enumerate(cells, start=1):
        if cell is None:
            raise InvalidInput(
                "scoring.period_missing",
                f"Row {number} does not tell its period in {period}.",
                where=f"{period}, row {number}",
                hint="Fill it in, or leave --period out.",
            )
    return [cell for cell in cells if cell is not None]
