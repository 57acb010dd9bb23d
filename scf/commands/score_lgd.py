"""`scf score lgd`: the loss given default, from losses that were charged off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scf import console
from scf.commands.options import JsonOption


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
