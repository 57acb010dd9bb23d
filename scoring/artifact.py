"""The card: all that a score needs (bins, weights, points, grades), and that a reviewer needs.

The latter are counts, information values, intervals, how it was fitted, what it was compared with, its
figures. `scoring.card_file` writes and reads it. Cards of format 1 lack what format 2 added; their fields
are then empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from scoring.contract import Kind

FORMAT_1: Final = "scf-card/1"
FORMAT: Final = "scf-card/2"
# What makes cards: another number means that a refit of the same data may give other bytes.
TRAINER: Final = "scf-scoring/2"
# The grade scale of cards that this release trains: the highest one-year PD of each grade.
GRADE_SCALE: Final[tuple[tuple[str, Decimal], ...]] = (
    ("A", Decimal("0.005")),
    ("B", Decimal("0.015")),
    ("C", Decimal("0.04")),
    ("D", Decimal("0.1")),
    ("E", Decimal("0.25")),
    ("F", Decimal("1")),
)


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a feature.

    `good` and `bad` are the training rows in it; `woe` = ln((good share) / (bad share)), positive where it
    is safer; `logit` is what the bin adds to the log odds of default, with the bounds of its 95 % interval;
    `points` is what it adds to the score.
    """

    label: str
    good: int
    bad: int
    woe: Decimal
    logit: Decimal
    points: int
    logit_low: Decimal | None = None
    logit_high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SpecialBin:
    """The bin of one special code of a number."""

    code: Decimal
    bin: Bin


@dataclass(frozen=True, slots=True)
class EditNote:
    """That a person fixed the bins by hand, who, and why."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class CardFeature:
    """A feature with its bins and weight.

    Numbers: `cuts` ascend and bin i holds cuts[i-1] <= value < cuts[i]. Categories: `levels[i]` are the
    values of bin i. `missing` takes what is not known, `unseen` the categories that training never met,
    `specials` the numbers that are codes. The 95 % interval of the information value is by the delta method.
    """

    name: str
    kind: Kind
    label: str
    trend: str
    information_value: Decimal
    coefficient: Decimal
    standard_error: Decimal | None
    cuts: tuple[Decimal, ...]
    levels: tuple[tuple[str, ...], ...]
    bins: tuple[Bin, ...]
    missing: Bin
    unseen: Bin | None
    specials: tuple[SpecialBin, ...] = ()
    information_low: Decimal | None = None
    information_high: Decimal | None = None
    edit: EditNote | None = None

    def all_bins(self) -> tuple[Bin, ...]:
        """Return the regular bins, then missing, then unseen or the special codes."""
        unseen = [self.unseen] if self.unseen else []
        return (*self.bins, self.missing, *unseen, *(one.bin for one in self.specials))


@dataclass(frozen=True, slots=True)
class UnusedFeature:
    """A declared feature that the card does not weigh, and why."""

    name: str
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Points: `points` stand for good:bad odds of `odds` to 1, and each `pdo` points double the odds."""

    points: int = 600
    odds: int = 50
    pdo: int = 20


@dataclass(frozen=True, slots=True)
class Fit:
    """How the weights were found: `method` is `glm` or `penalised`, `note` tells why.

    `covariance` is that of intercept and weights, row by row; empty for a penalised fit, which has none
    that is honest (its intervals come from a bootstrap). `clusters` is the number of firms that it is
    clustered by. `compared` names every candidate with its log loss in cross-validation within the training
    rows, the best first. `prior_shift` is what the intercept was moved by, to the population's rate.
    """

    method: str
    note: str
    intercept: Decimal
    log_likelihood: Decimal
    covariance: tuple[tuple[Decimal, ...], ...] = ()
    clusters: int | None = None
    compared: tuple[tuple[str, Decimal], ...] = ()
    prior_shift: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What the card was trained on. `sha256` is over the canonical form of the rows."""

    source: str
    synthetic: bool
    target: str
    rows: int
    bad: int
    sha256: str
    population_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade holds every PD up to and including `pd_up_to` that no better grade holds."""

    name: str
    pd_up_to: Decimal


@dataclass(frozen=True, slots=True)
class GradeOutcome:
    """What became of a grade's rows out of sample.

    `predicted` is their mean PD; `low` and `high` bound the 95 % Jeffreys interval of the default rate.
    """

    grade: str
    rows: int
    bad: int
    predicted: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard. `scoring.card_file` gives its file and the id of that file."""

    name: str
    data: TrainingData
    scale: Scale
    fit: Fit
    base_points: int
    features: tuple[CardFeature, ...]
    unused: tuple[UnusedFeature, ...]
    grades: tuple[Grade, ...]
    figures: tuple[tuple[str, Decimal], ...]
    outcomes: tuple[GradeOutcome, ...] = ()
    format: str = FORMAT
    trainer: str = TRAINER
