"""`scf score`: train scorecards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scf import console
from scf.commands.options import JsonOption

app = typer.Typer(name="score", help="Scorecards.", no_args_is_help=True)


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
