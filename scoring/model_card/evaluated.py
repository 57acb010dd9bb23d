"""What a model card tells of a card on a file: figures, ROC, calibration, distribution, costs, fairness."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from scoring.assessment.commands import Evaluation
from scoring.assessment.fairness import Fairness
from scoring.assessment.scored import Scored
from scoring.calibration import jeffreys
from scoring.model_card.document import Grid, Paragraph, Plot, Section
from scoring.model_card.plots import BAD, GOOD, Axis, Bars, Marked, histogram, line_plot, marked_plot
from scoring.model_card.sections import estimate
from scoring.validation import Estimate

_TENTHS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_GROUPS: Final = 10
_BARS: Final = 30
_ROC_POINTS: Final = 400


def evaluated_sections(scored: Scored, found: Evaluation, file: str) -> tuple[Section, ...]:
    """Return the sections that a file's rows allow."""
    return (
        _figures(found, file),
        Section("Ranking", (_roc(scored),)),
        Section("Calibration", (_calibration(scored),)),
        Section("Scores", (_distribution(scored),)),
        _decisions(found),
        _stability(found),
        _robustness(found),
        *(_fairness(one) for one in found.fairness),
    )


def _figures(found: Evaluation, file: str) -> Section:
    worth = found.worth
    rows = {
        "AUC": worth.auc,
        "Gini": worth.gini,
        "KS": worth.ks,
        "Brier score": worth.brier,
        "calibration slope (1 is right)": worth.calibration.slope,
        "calibration intercept (0 is right)": worth.calibration.intercept,
    }
    firms = "" if worth.firms is None else f" of {worth.firms} firms"
    blocks: list[Paragraph | Grid] = [Paragraph(f"{file}: {worth.rows} rows{firms}, {worth.bad} bad.")]
    if found.like_training:
        blocks.append(
            Paragraph("These seem to be the card's training rows: the figures flatter it.", warning=True)
        )
    blocks.append(Grid(("figure", "value (95 %)"), tuple((n, estimate(one)) for n, one in rows.items())))
    return Section("Evaluation", tuple(blocks))


def _roc(scored: Scored) -> Plot:
    order = np.argsort(-scored.log_odds, kind="stable")
    ranked, bad = scored.log_odds[order], scored.bad[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    caught = np.concatenate(([0], np.cumsum(bad)[ends])) / bad.sum()
    refused = np.concatenate(([0], np.cumsum(~bad)[ends])) / (~bad).sum()
    kept = np.unique(np.linspace(0, len(caught) - 1, _ROC_POINTS).astype(int))
    alt = "ROC curve: the share of bad rows refused over the share of good rows refused"
    return Plot(
        "roc",
        alt,
        line_plot(
            Axis("good rows refused", 0, 1, _TENTHS, ".0%"),
            Axis("bad rows refused", 0, 1, _TENTHS, ".0%"),
            list(zip(refused[kept].tolist(), caught[kept].tolist(), strict=True)),
            alt,
        ),
    )


def _calibration(scored: Scored) -> Plot:
    order = np.argsort(scored.pd, kind="stable")
    points = []
    for rows in np.array_split(order, _GROUPS):
        if len(rows):
            bads = int(scored.bad[rows].sum())
            points.append(Marked(float(scored.pd[rows].mean()), bads / len(rows), *jeffreys(len(rows), bads)))
    highest = max(max(one.x, one.high) for one in points)
    ticks = _ticks(0, highest)
    alt = "Calibration: the bad rate of ten groups over their mean predicted PD, with 95 % intervals"
    return Plot(
        "calibration",
        alt,
        marked_plot(
            Axis("predicted PD", 0, ticks[-1], ticks, ".1%"),
            Axis("bad rate", 0, ticks[-1], ticks, ".1%"),
            points,
            alt,
        ),
    )


def _distribution(scored: Scored) -> Plot:
    edges = np.histogram_bin_edges(scored.points, bins=_BARS)
    shares = [np.histogram(scored.points[rows], edges)[0] / rows.sum() for rows in (~scored.bad, scored.bad)]
    across, up = _ticks(float(edges[0]), float(edges[-1])), _ticks(0, float(np.max(shares)))
    alt = "Distribution of the points of good and of bad rows"
    return Plot(
        "scores",
        alt,
        histogram(
            Axis("points", across[0], across[-1], across, ".0f"),
            Axis("share of the rows", 0, up[-1], up, ".1%"),
            edges.tolist(),
            [Bars("good", GOOD, shares[0].tolist()), Bars("bad", BAD, shares[1].tolist())],
            alt,
        ),
    )


def _decisions(found: Evaluation) -> Section:
    both = (found.at_cut_off, found.cheapest)
    lines = {
        "highest PD accepted": [f"{one.highest_pd:.4f}" for one in both],
        "share accepted": [f"{one.acceptance:.1%}" for one in both],
        "good, accepted": [str(one.accepted_good) for one in both],
        "bad, accepted (missed)": [str(one.missed) for one in both],
        "good, refused (misjudged)": [str(one.misjudged) for one in both],
        "bad, refused": [str(one.refused_bad) for one in both],
        "cost per row": [f"{one.cost:.4f}" for one in both],
    }
    costs = found.costs
    return Section(
        "Decisions at a cut-off",
        (
            Paragraph(
                f"A missed case costs {costs.missed:g}, a misjudged one {costs.misjudged:g}. The cheapest "
                "cut-off was chosen with the outcomes in sight: on other rows it costs more."
            ),
            Grid(
                ("", "at the cut-off", "cheapest on these rows"),
                tuple((name, *cells) for name, cells in lines.items()),
            ),
        ),
    )


def _stability(found: Evaluation) -> Section:
    rows = tuple(
        (
            one.period,
            str(one.rows),
            f"{one.bad / one.rows:.2%}",
            f"{one.predicted:.2%}",
            "–" if one.auc is None else estimate(one.auc),
        )
        for one in found.stability.periods
    )
    chance = found.stability.p_value
    told = () if chance is None else (Paragraph(f"AUCs as far apart by chance alone: p = {chance:.3f}."),)
    grid = Grid(("period", "rows", "bad rate", "predicted", "AUC (95 %)"), rows)
    return Section("Stability", (grid, *told))


def _robustness(found: Evaluation) -> Section:
    named = (("are wrong", found.noise), ("are missing", found.missing))
    return Section(
        "Wrong and missing cells",
        (
            Grid(
                ("of every 100 cells", "AUC lost", "points moved", "rows that change grade"),
                tuple(
                    (
                        f"{one.share * 100:g} {name} (× {one.repeats})",
                        estimate(one.auc_lost, 4),
                        estimate(one.points_moved, 2),
                        estimate(one.regraded),
                    )
                    for name, one in named
                ),
            ),
        ),
    )


def _fairness(found: Fairness) -> Section:
    def cell(value: float, by: Estimate | None) -> str:
        return f"{value:.3f}" + ("" if by is None else f"; {estimate(by)}")

    rows = tuple(
        (
            one.group,
            str(one.rows),
            f"{one.bad / one.rows:.1%}",
            cell(one.selection, one.selection_difference),
            cell(one.opportunity, one.opportunity_difference),
            cell(one.auc, one.auc_difference),
            cell(one.miscalibration, one.calibration_difference),
        )
        for one in found.groups
    )
    columns = ("group", "rows", "bad rate", "accepted", "good, accepted", "AUC", "observed − predicted")
    blocks: list[Paragraph | Grid] = [
        Paragraph("Value; difference to the largest group (95 %)."),
        Grid(columns, rows),
    ]
    if found.in_card:
        blocks.insert(0, Paragraph(f"The card weighs {found.segment} itself.", warning=True))
    if found.too_small:
        blocks.append(Paragraph(f"Too few rows to tell: {', '.join(found.too_small)}."))
    return Section(f"Fairness: {found.segment}", tuple(blocks))


def _ticks(low: float, high: float) -> list[float]:
    """Return five to ten round numbers that hold both ends."""
    span = max(high - low, 1e-6)
    raw = span / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * by for by in (1, 2, 5, 10) if size * by >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]
