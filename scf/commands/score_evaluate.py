"""`scf score evaluate`: a card on rows that it was not fitted to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from scf import console
from scf.commands.options import JsonOption

if TYPE_CHECKING:
    from scoring.assessment.commands import Evaluation
    from scoring.assessment.cut_off import Confusion
    from scoring.assessment.fairness import Fairness
    from scoring.assessment.sensitivity import Sensitivity
    from scoring.validation import Estimate


def evaluate(
    card: Annotated[Path, typer.Argument(help="The card's file.")],
    file: Annotated[Path, typer.Argument(help="A CSV file (also .gz) that the card was not trained on.")],
    target: Annotated[
        str | None, typer.Option(help="The column that is 1 for bad rows; without it, the card's own.")
    ] = None,
    firm: Annotated[str | None, typer.Option(help="The file's column that tells whose row it is.")] = None,
    period: Annotated[str | None, typer.Option(help="The column of the period (2026-04).")] = None,
    segment: Annotated[
        list[str] | None, typer.Option("--segment", help="Compare the groups of this column; repeatable.")
    ] = None,
    cost_missed: Annotated[float, typer.Option(help="What an accepted bad case costs.")] = 5.0,
    cost_misjudged: Annotated[float, typer.Option(help="What a refused good case costs.")] = 1.0,
    highest_pd: Annotated[
        float | None, typer.Option(help="Accept a PD up to this; without it, what the costs ask for.")
    ] = None,
    experiment: Annotated[
        bool, typer.Option("--experiment", help="Also train on altered copies of the file's rows (slow).")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Tell what a card is worth on a file: ranking, costs, stability, robustness and fairness."""
    from scoring.assessment.commands import evaluate as measure
    from scoring.assessment.cut_off import Costs

    found = measure(
        card,
        file,
        target,
        firm=firm,
        period=period,
        segments=segment or [],
        costs=Costs(cost_missed, cost_misjudged),
        highest_pd=highest_pd,
        experiment=experiment,
        told=lambda text: console.err.print(f"· {text}"),
    )
    if json:
        console.print_json(asdict(found))
        return
    for table in (_worth(found), _cut_off(found), _stability(found), _features(found), _robustness(found)):
        console.out.print(table)
    for one in found.fairness:
        console.out.print(_fairness(one))
        if one.in_card:
            console.out.print(f"The card weighs {one.segment} itself.")
        if one.too_small:
            console.out.print(f"Too few rows to tell: {', '.join(one.too_small)}")
    for gate in found.gates:
        where = f"{gate.column}, {gate.rows} rows" if gate.rows else gate.column
        console.out.print(
            f"Unlike training: {gate.gate} in {where}: {gate.why}", markup=False, soft_wrap=True
        )
    if found.hardened:
        console.out.print(_hardened(found))
    if found.like_training:
        console.out.print("These seem to be the card's training rows: the figures flatter it.")


def _shown(found: Estimate | None, places: int = 3) -> str:
    if found is None:
        return "–"
    return f"{found.value:.{places}f} ({found.low:.{places}f} to {found.high:.{places}f})"


def _worth(found: Evaluation) -> Table:
    worth = found.worth
    firms = "" if worth.firms is None else f" of {worth.firms} firms"
    table = Table("figure", "value (95 %)", title=f"{worth.rows} rows{firms}, {worth.bad} bad")
    rows = {
        "AUC": worth.auc,
        "Gini": worth.gini,
        "KS": worth.ks,
        "Brier": worth.brier,
        "calibration slope": worth.calibration.slope,
        "calibration intercept": worth.calibration.intercept,
    }
    for name, figure in rows.items():
        table.add_row(name, _shown(figure))
    return table


def _cut_off(found: Evaluation) -> Table:
    costs = found.costs
    table = Table("", "at the cut-off", "cheapest on these rows")
    table.title = f"a missed case costs {costs.missed:g}, a misjudged one {costs.misjudged:g}"

    def line(name: str, text: str, attribute: str) -> None:
        both: tuple[Confusion, Confusion] = (found.at_cut_off, found.cheapest)
        table.add_row(name, *(text.format(getattr(one, attribute)) for one in both))

    line("highest PD accepted", "{:.4f}", "highest_pd")
    line("share accepted", "{:.1%}", "acceptance")
    line("good, accepted", "{}", "accepted_good")
    line("bad, accepted: missed", "{}", "missed")
    line("good, refused: misjudged", "{}", "misjudged")
    line("bad, refused", "{}", "refused_bad")
    line("cost per row", "{:.4f}", "cost")
    return table


def _stability(found: Evaluation) -> Table:
    table = Table("period", "rows", "bad rate", "predicted", "AUC (95 %)")
    for one in found.stability.periods:
        table.add_row(
            one.period, str(one.rows), f"{one.bad / one.rows:.2%}", f"{one.predicted:.2%}", _shown(one.auc)
        )
    if found.stability.p_value is not None:
        table.caption = f"AUCs as far apart by chance alone: p = {found.stability.p_value:.3f}"
    return table


def _features(found: Evaluation) -> Table:
    table = Table("feature", "IV (95 %)", "IV in training", "point-biserial correlation (95 %)")
    for one in found.associations:
        table.add_row(
            one.feature, _shown(one.information), f"{one.trained_information:.3f}", _shown(one.correlation)
        )
    return table


def _robustness(found: Evaluation) -> Table:
    table = Table("of every 100 cells", "AUC lost", "points moved", "rows that change grade")
    named: list[tuple[str, Sensitivity]] = [("are wrong", found.noise), ("are missing", found.missing)]
    for name, one in named:
        table.add_row(
            f"{one.share * 100:g} {name} (× {one.repeats})",
            _shown(one.auc_lost, 4),
            _shown(one.points_moved, 2),
            _shown(one.regraded),
        )
    return table


def _fairness(found: Fairness) -> Table:
    table = Table("group", "rows", "bad rate", "accepted", "good, accepted", "AUC", "observed − predicted")
    table.title = f"{found.segment}: differences to the largest group (95 %)"
    for one in found.groups:
        cells = (
            (one.selection, one.selection_difference),
            (one.opportunity, one.opportunity_difference),
            (one.auc, one.auc_difference),
            (one.miscalibration, one.calibration_difference),
        )
        table.add_row(
            one.group,
            str(one.rows),
            f"{one.bad / one.rows:.1%}",
            *(f"{value:.3f}" + ("" if by is None else f"; {_shown(by)}") for value, by in cells),
        )
    return table


def _hardened(found: Evaluation) -> Table:
    table = Table("training", "AUC", "AUC, 5 % noise", "attack on the plain card", "attack on itself")
    table.title = "experiment, not for use"
    for one in found.hardened:
        areas = (one.auc, one.auc_with_noise, one.auc_under_attack, one.auc_under_own_attack)
        table.add_row(one.training, *(f"{area:.4f}" for area in areas))
    return table
