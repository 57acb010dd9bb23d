"""`scf score`: train scorecards and models of losses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scf import console
from scf.commands.options import JsonOption
from scf.commands.score_monitor import monitor
from scf.commands.score_payments import payments
from scf.commands.score_stress import stress

app = typer.Typer(name="score", help="Scorecards.", no_args_is_help=True)
app.command("monitor")(monitor)
app.command("payments")(payments)
app.command("stress")(stress)


@app.command("train")
def train(
    file: Annotated[
        Path | None, typer.Argument(help="A CSV file (also .gz); without one, the synthetic portfolio.")
    ] = None,
    target: Annotated[str, typer.Option(help="The file's column that is 1 for bad rows.")] = "class",
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the card is written.")] = Path("card.json"),
    json: JsonOption = False,
) -> None:
    """Train a card and tell how well it separates, out of sample, with 95 % intervals."""
    # Training loads statsmodels, which takes seconds; the other commands must not wait for it.
    from scoring.commands import train_file, train_synthetic

    with console.step("Training the card"):
        if file is None:
            report = train_synthetic(out)
        else:
            report = train_file(file, target)
            out.write_bytes(report.content)
    found = report.out_of_sample
    figures = {"auc": found.auc, "ks": found.ks, "brier": found.brier}
    if json:
        console.print_json(
            {
                "card_id": report.card_id,
                "synthetic": report.card.data.synthetic,
                "file": str(out),
                "figures": {
                    name: {"value": f.value, "low": f.low, "high": f.high} for name, f in figures.items()
                },
            }
        )
        return
    table = Table("figure", "out of sample", "95 % interval")
    for name, figure in figures.items():
        table.add_row(name.upper(), f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}")
    console.out.print(table)
    if report.card.data.synthetic:
        console.out.print("Trained on simulated data: for demonstrations, not for decisions on real firms.")
    console.out.print(f"Card {report.card_id} is in {out}", soft_wrap=True)


@app.command("lgd")
def lgd(
    file: Annotated[
        Path, typer.Argument(help="Charged-off loans with the columns of the SBA's data (CSV, also .gz).")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the model is written.")] = Path("lgd.json"),
    json: JsonOption = False,
) -> None:
    """Train the loss given default and tell what it is worth out of sample, with 95 % intervals."""
    from scoring.commands import train_losses

    with console.step("Training the loss given default"):
        report = train_losses(file, out)
    figures = {"r2": report.r2, "rank": report.rank, "slope": report.slope, "bias": report.bias}
    downturn = report.model.downturn
    if json:
        console.print_json(
            {
                "model_id": report.model_id,
                "file": str(out),
                "rows": report.model.rows,
                "figures": {
                    **{name: {"value": f.value, "low": f.low, "high": f.high} for name, f in figures.items()},
                    "mae": report.mae,
                    "mae_of_mean": report.mae_of_mean,
                },
                "downturn": {"observed": str(downturn.observed), "add_on": str(downturn.add_on)},
            }
        )
        return
    table = Table("figure", "out of sample", "95 % interval")
    for name, figure in figures.items():
        table.add_row(name, f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}")
    table.add_row("mean absolute error", f"{report.mae:.3f}", f"of the mean alone: {report.mae_of_mean:.3f}")
    console.out.print(table)
    console.out.print(
        f"In a downturn {downturn.add_on} is added ({downturn.source}; observed {downturn.observed})."
    )
    console.out.print(f"Model {report.model_id} is in {out}", soft_wrap=True)
