"""What a model card tells of a card by itself: purpose, data, fit, bins, its own figures, limits of use."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from scoring.artifact import Bin, Card, CardFeature
from scoring.model_card.document import Grid, Paragraph, Section
from scoring.validation import Estimate

_Z: Final = Decimal("1.959964")
SYNTHETIC: Final = (
    "This card was trained on a SYNTHETIC portfolio. It shows how the platform works. Do not decide on real "
    "firms with it."
)


def about(card: Card, identifier: str) -> Section:
    """Return what the card is and what it is for."""
    scale = card.scale
    notice = (Paragraph(SYNTHETIC, warning=True),) if card.data.synthetic else ()
    return Section(
        "Purpose",
        (
            *notice,
            Paragraph(
                "A scorecard: it turns the figures of a party into points, a one-year probability of default "
                f"of {card.data.target!r} and reasons. It proposes; people decide, and its scores explain "
                "their reasons."
            ),
            Grid(
                ("what", "value"),
                (
                    ("name", card.name),
                    ("id (SHA-256 of the file)", identifier),
                    ("format, trainer", ", ".join(filter(None, (card.format, card.trainer)))),
                    (
                        "scale",
                        f"{scale.points} points at {scale.odds}:1, {scale.pdo} double the odds",
                    ),
                    ("grades", ", ".join(f"{one.name} up to {one.pd_up_to:%}" for one in card.grades)),
                ),
            ),
        ),
    )


def data(card: Card) -> Section:
    """Return what the card was trained on."""
    trained = card.data
    rows = [
        ("source", trained.source),
        ("target", trained.target),
        ("rows", str(trained.rows)),
        ("bad rows", f"{trained.bad} ({trained.bad / trained.rows:.2%})"),
        ("SHA-256 of the rows", trained.sha256),
    ]
    if trained.population_rate is not None:
        rows.append(("default rate that the card is set to", f"{trained.population_rate:%}"))
    if card.fit.clusters is not None:
        rows.append(("firms", str(card.fit.clusters)))
    return Section("Training data", (Grid(("what", "value"), tuple(rows)),))


def fit(card: Card) -> Section:
    """Return how the weights were found, with their intervals where the fit has honest ones."""
    found = card.fit
    weights = tuple(
        (
            one.label,
            str(one.coefficient),
            _interval(one.coefficient - _Z * error, one.coefficient + _Z * error, 3)
            if (error := one.standard_error) is not None
            else "see its bins",
            _estimate(one.information_value, one.information_low, one.information_high),
            one.trend,
        )
        for one in card.features
    )
    blocks: list[Paragraph | Grid] = [
        Paragraph(f"Method: {found.method}. {found.note}."),
        Paragraph(f"Intercept {found.intercept}; log likelihood {found.log_likelihood}."),
        Grid(("feature", "weight", "95 %", "information value (95 %)", "trend of the PD"), weights),
    ]
    if found.compared:
        blocks.append(Paragraph("Compared by log loss within the training rows, the best first:"))
        blocks.append(Grid(("candidate", "log loss"), tuple((n, str(loss)) for n, loss in found.compared)))
    if card.unused:
        blocks.append(Paragraph("Left out:"))
        blocks.append(Grid(("feature", "why"), tuple((one.name, one.reason) for one in card.unused)))
    return Section("Fit", tuple(blocks))


def bins(card: Card) -> tuple[Section, ...]:
    """Return a table of bins with points for each feature."""
    head = Section(
        "Bins and points",
        (Paragraph(f"Every score starts at {card.base_points} points; each feature adds those of its bin."),),
    )
    return (head, *(_bins_of(one) for one in card.features))


def own_figures(card: Card) -> Section:
    """Return the figures that the card brings along: out of sample, means over folds."""
    figures = dict(card.figures)
    rows = tuple(
        (name, str(value), _interval(figures[f"{name}_low"], figures[f"{name}_high"], 4))
        for name, value in card.figures
        if f"{name}_low" in figures
    )
    blocks: list[Paragraph | Grid] = [
        Paragraph("Five folds; each row is scored by a card that never saw it."),
        Grid(("figure", "mean", "95 %"), rows),
    ]
    if card.outcomes:
        outcomes = tuple(
            (
                one.grade,
                str(one.rows),
                str(one.bad),
                f"{one.predicted:.2%}",
                f"{one.bad / one.rows:.2%}",
                f"{one.low:.2%} to {one.high:.2%}",
            )
            for one in card.outcomes
        )
        blocks.append(
            Grid(("grade", "rows", "bad", "predicted", "bad in the sample", "95 % (Jeffreys)"), outcomes)
        )
    return Section("Figures of the training", tuple(blocks))


def limits_of_use(card: Card, evaluated: bool) -> Section:
    """Return where the card must not be used."""
    told = [
        "It speaks of parties like those of its training data, and of their time. Watch the population and "
        "the calibration, and train again when they move.",
        "What is not known, and what training never met, is priced by its own rows or at the worst bin. A "
        "party with many figures missing is better judged by a person.",
        "Reasons tell which bins cost points. They do not say that changing a figure would change the risk.",
        "Intervals take the training rows as a random sample, and firms as independent.",
    ]
    if not evaluated:
        told.append("This model card was made without a file to evaluate on: nothing is said of other data.")
    if card.data.synthetic:
        told.insert(0, SYNTHETIC)
    return Section("Limits of use", tuple(Paragraph(text) for text in told))


def _bins_of(feature: CardFeature) -> Section:
    blocks: list[Paragraph | Grid] = []
    if feature.edit is not None:
        blocks.append(Paragraph(f"Bins fixed by {feature.edit.by}: {feature.edit.why}"))
    blocks.append(
        Grid(
            ("bin", "good", "bad", "bad rate", "WOE", "log odds of default (95 %)", "points"),
            tuple(_bin(one) for one in feature.all_bins()),
        )
    )
    return Section(f"{feature.label} ({feature.name})", tuple(blocks), level=3)


def _bin(one: Bin) -> tuple[str, ...]:
    rows = one.good + one.bad
    return (
        one.label,
        str(one.good),
        str(one.bad),
        f"{one.bad / rows:.2%}" if rows else "no rows",
        f"{one.woe:.3f}",
        _estimate(one.logit, one.logit_low, one.logit_high),
        str(one.points),
    )


def estimate(found: Estimate, places: int = 3) -> str:
    """Return a figure with its interval."""
    return f"{found.value:.{places}f} ({found.low:.{places}f} to {found.high:.{places}f})"


def _estimate(value: Decimal, low: Decimal | None, high: Decimal | None) -> str:
    bounds = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    return f"{value:.3f}{bounds}"


def _interval(low: Decimal, high: Decimal, places: int) -> str:
    return f"{low:.{places}f} to {high:.{places}f}"
