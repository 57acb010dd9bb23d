"""`scf score challenge`: a card beside boosted trees on the same folds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from scf import console
from scf.commands.options import JsonOption

if TYPE_CHECKING:
    from scoring.challengers.commands import ChallengeReport
    from scoring.challengers.swap_set import Group, SwapSet
    from scoring.validation import Estimate, Validation


def challenge(
    file: Annotated[Path, typer.Argument(help="A CSV file (also .gz).")],
    target: Annotated[str, typer.Option(help="The file's column that is 1 for bad rows.")],
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave this column out; may be repeated.")
    ] = None,
    firm: Annotated[str | None, typer.Option(help="The file's column that tells whose row it is.")] = None,
    accept: Annotated[float, typer.Option(help="The share that each model accepts, for the swap set.")] = 0.8,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="lightgbm or histogram; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Fit LightGBM to all rows and write its file here.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure a card beside boosted trees: five folds, each scored by models that never saw it.

    Needs the extra `challenger`. Settings are chosen within the training rows of each fold.
    """
    from scoring.challengers.commands import challenge as measure
    from scoring.challengers.comparison import FITTERS

    names = model or list(FITTERS)
    for name in names:
        if name not in FITTERS:
            raise typer.BadParameter(f"{name} is none of {', '.join(FITTERS)}", param_hint="--model")
    report = measure(
        file,
        target,
        names,
        without=without or [],
        firm=firm,
        acceptance=accept,
        out=out,
        told=lambda text: console.err.print(f"· {text}"),
    )
    if json:
        console.print_json(_json(report))
        return
    _show(report)
    if out is not None:
        console.out.print(f"Challenger {report.challenger_id} is in {out}", soft_wrap=True)


def _show(report: ChallengeReport) -> None:
    table = Table(
        "", "AUC", "KS", "Brier", "AUC − card's", title=f"{report.rows} rows, {report.bad} bad, out of fold"
    )
    table.add_row("card", *_figures(report.comparison.card), "")
    for name, rival in report.comparison.rivals.items():
        table.add_row(name, *_figures(rival.figures), _estimate(rival.difference))
    console.out.print(table)
    for name, rival in report.comparison.rivals.items():
        console.out.print(_swap_table(name, rival.swapped))


def _figures(found: Validation) -> tuple[str, str, str]:
    return _estimate(found.auc), _estimate(found.ks), _estimate(found.brier)


def _estimate(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _swap_table(name: str, swapped: SwapSet) -> Table:
    title = f"card and {name}, each accepting {swapped.acceptance:.0%}"
    table = Table("", "rows", "bad", "bad rate (95 %)", title=title)
    groups = {
        "both accept": swapped.both_accept,
        f"only {name} accepts": swapped.swapped_in,
        "only the card accepts": swapped.swapped_out,
        "both refuse": swapped.both_refuse,
    }
    for label, group in groups.items():
        rate = "–" if group.bad_rate is None else _estimate(group.bad_rate)
        table.add_row(label, str(group.rows), str(group.bad), rate)
    return table


def _json(report: ChallengeReport) -> dict[str, Any]:
    comparison = report.comparison
    return {
        "rows": report.rows,
        "bad": report.bad,
        "card": {"folds": comparison.card_folds, **_plain(comparison.card)},
        "challengers": {
            name: {
                "folds": rival.folds,
                **_plain(rival.figures),
                "difference": _interval(rival.difference),
                "swap_set": {
                    "acceptance": rival.swapped.acceptance,
                    **{
                        part: _group(getattr(rival.swapped, part))
                        for part in ("both_accept", "swapped_in", "swapped_out", "both_refuse")
                    },
                },
            }
            for name, rival in comparison.rivals.items()
        },
        "challenger_id": report.challenger_id,
    }


def _plain(found: Validation) -> dict[str, Any]:
    return {"auc": _interval(found.auc), "ks": _interval(found.ks), "brier": _interval(found.brier)}


def _interval(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


def _group(group: Group) -> dict[str, Any]:
    rate = None if group.bad_rate is None else _interval(group.bad_rate)
    return {"rows": group.rows, "bad": group.bad, "bad_rate": rate}
