"""`scf score payments`: train and test the forecast of when invoices are paid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scf import console
from scf.commands.options import JsonOption

_SHOWN = {
    "auc": "AUC, as-of history",
    "static_auc": "AUC, no history",
    "rule_auc": "AUC, old rule",
    "fall": "late rate falls by, 80 % funded",
    "rule_fall": "… by the old rule",
    "fall_above_rule": "… more than by the old rule",
}


def payments(
    file: Annotated[Path, typer.Argument(help="Settled invoices (CSV, also .gz).")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Where the model is written.")] = None,
    json: JsonOption = False,
) -> None:
    """Train on all but the last four months of a file and tell what the forecast is worth on those."""
    # Training loads statsmodels, which takes seconds; the other commands must not wait for it.
    from scoring.commands import predict_payments

    with console.step("Training the payment forecast"):
        report = predict_payments(file, out)
    if json:
        console.print_json(report.as_json())
        return
    table = Table("figure", f"{report.test_rows} invoices since {report.test_from}", "95 % interval")
    for name, label in _SHOWN.items():
        figure = getattr(report, name)
        table.add_row(label, f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}")
    table.add_row("late, and as predicted", f"{report.late_rate:.3f}, {report.predicted_late:.3f}", "")
    table.add_row(
        "days off the expected cash day",
        f"{report.cash_error:.1f}",
        f"due date: {report.cash_error_of_due:.1f}",
    )
    console.out.print(table)
    console.out.print(f"Model {report.model_id}" + (f" is in {out}" if out else ""), soft_wrap=True)
