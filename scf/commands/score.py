"""`scf score`: train scorecards and models of losses, measure them, and watch them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from scf import console
from scf.commands import score_challenge, score_evaluate, score_explain, score_model_card, score_serve
from scf.commands.options import JsonOption
from scf.commands.score_lgd import lgd
from scf.commands.score_monitor import monitor
from scf.commands.score_payments import payments
from scf.commands.score_stress import stress
from scf.exit_codes import EXIT_FINDINGS

if TYPE_CHECKING:
    from scoring.quality import QualityReport

app = typer.Typer(name="score", help="Scorecards.", no_args_is_help=True)
app.command("lgd")(lgd)
app.command("monitor")(monitor)
app.command("payments")(payments)
app.command("stress")(stress)
app.command("serve")(score_serve.serve)
app.command("challenge")(score_challenge.challenge)
app.command("evaluate")(score_evaluate.evaluate)
app.command("model-card")(score_model_card.model_card)
app.command("explain")(score_explain.explain)
app.command("export-pmml")(score_explain.export_pmml)


@app.command("train")
def train(
    file: Annotated[
        Path | None, typer.Argument(help="A CSV file (also .gz); without one, the synthetic portfolio.")
    ] = None,
    target: Annotated[str, typer.Option(help="The file's column that is 1 for bad rows.")] = "class",
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the card is written.")] = Path("card.json"),
    firm: Annotated[str | None, typer.Option(help="The file's column that tells whose row it is.")] = None,
    population_rate: Annotated[
        str | None, typer.Option(help="The true default rate, where bad rows were oversampled (0.05).")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Leave out this column; may be repeated.")] = None,
    keep_leaks: Annotated[bool, typer.Option(help="Train also on columns that know the outcome.")] = False,
    features: Annotated[
        Path | None,
        typer.Option(help="A TOML or JSON file: trends, special codes, bounds, bins fixed by hand."),
    ] = None,
    quarantine: Annotated[
        Path | None,
        typer.Option(help="Write the rows that do not pass the gates to this CSV file."),
    ] = None,
    keep_duplicates: Annotated[
        bool, typer.Option(help="Equal lines are of different parties: keep them.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train a card and tell how well it separates, out of sample, with 95 % intervals."""
    # Training loads statsmodels, which takes seconds; the other commands must not wait for it.
    from scoring.commands import train_file, train_synthetic

    gated = None
    with console.step("Training the card"):
        if file is None:
            report = train_synthetic(out)
        else:
            report, gated = train_file(
                file,
                target,
                firm=firm,
                dropped=drop or [],
                population_rate=_rate(population_rate),
                keep_leaks=keep_leaks,
                features=features,
                quarantine=quarantine,
                keep_duplicates=keep_duplicates,
            )
            out.write_bytes(report.content)
    found = report.out_of_sample
    figures = {
        "auc": found.auc,
        "ks": found.ks,
        "brier": found.brier,
        "calibration slope": report.calibration.slope,
        "calibration intercept": report.calibration.intercept,
    }
    if json:
        console.print_json(
            {
                "card_id": report.card_id,
                "synthetic": report.card.data.synthetic,
                "file": str(out),
                "fit": report.card.fit.note,
                "rounding_loss": report.rounding_loss,
                "gates": None if gated is None else _gates_json(gated, quarantine),
                "figures": {
                    name.replace(" ", "_"): {"value": f.value, "low": f.low, "high": f.high}
                    for name, f in figures.items()
                },
            }
        )
        return
    table = Table("figure", "out of sample", "95 % interval")
    for name, figure in figures.items():
        table.add_row(
            name.upper() if len(name) < 4 else name,
            f"{figure.value:.3f}",
            f"{figure.low:.3f} to {figure.high:.3f}",
        )
    console.out.print(table)
    console.out.print(f"Fit: {report.card.fit.note}")
    if gated is not None:
        console.out.print(_gates_told(gated, quarantine), soft_wrap=True, markup=False)
    if report.card.data.synthetic:
        console.out.print("Trained on simulated data: for demonstrations, not for decisions on real firms.")
    console.out.print(f"Card {report.card_id} is in {out}", soft_wrap=True)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A CSV file (also .gz).")],
    target: Annotated[str, typer.Option(help="The file's column that is 1 for bad rows.")] = "class",
    json: JsonOption = False,
) -> None:
    """Find columns that know the outcome or only who it was; ends with 6 when there are some."""
    from scoring.commands import check_file

    leaks = check_file(file, target)
    if json:
        console.print_json(
            {
                "leaks": [
                    {"column": one.column, "reason": one.reason, "evidence": one.evidence} for one in leaks
                ]
            }
        )
    else:
        table = Table("column", "reason", "evidence")
        for one in leaks:
            table.add_row(one.column, one.reason, one.evidence)
        console.out.print(table if leaks else "No column looks like a leak.")
    if leaks:
        raise typer.Exit(EXIT_FINDINGS)


@app.command("bench")
def bench(
    folder: Annotated[Path, typer.Argument(help="Where the data sets lie.")],
    only: Annotated[list[str] | None, typer.Option("--set", help="Only this set; may be repeated.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the folds are written.")] = Path(
        "score-bench"
    ),
    speed: Annotated[bool, typer.Option(help="Measure also what fitting and scoring cost.")] = False,
    challengers: Annotated[
        bool, typer.Option(help="Measure boosted trees on the same folds too (extra challenger; minutes).")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Measure the card on public data: five folds, each scored by a card that never saw it."""
    from scoring.commands import bench as measure

    report = measure(
        folder,
        only or [],
        out,
        lambda text: console.err.print(f"· {text}"),
        speed=speed,
        challengers=challengers,
    )
    if json:
        console.print_json(report)
        return
    for stem, one in report["sets"].items():
        console.out.print(_bench_table(stem, one))
    if payments_told := report.get("payments"):
        console.out.print(
            f"payments: AUC {payments_told['auc']['value']:.3f} with history,"
            f" {payments_told['static_auc']['value']:.3f} without;"
            f" late rate falls by {payments_told['fall']['value']:.1%} at 80 % funded"
        )
    for name, figure in report.get("speed", {}).items():
        console.out.print(f"{name}: {figure}")
    console.out.print(f"Each row's fold is in {out}", soft_wrap=True)


def _bench_table(stem: str, one: dict[str, Any]) -> Table:
    table = Table("", "AUC", "KS", "Brier", title=f"{stem}: {one['rows']} rows, {one['bad']} bad")
    for name in ("card", "selected", "ridge", "optbinning"):
        if name in one:
            found = one[name]
            table.add_row(name, f"{found['auc']:.4f}", f"{found['ks']:.3f}", f"{found['brier']:.4f}")
    for name, found in one.get("challengers", {}).items():
        table.add_row(name, f"{found['auc']:.4f}", f"{found['ks']:.3f}", f"{found['brier']:.4f}")
    card = one["card"]
    slope = tuple(card[f"calibration_slope{end}"] for end in ("", "_low", "_high"))
    steps = " → ".join(f"{stage} {area:.3f}" for stage, area in one["engineering"].items())
    told = [
        "calibration slope {:.2f} ({:.2f} to {:.2f})".format(*slope),
        f"rounding loses {card['rounding_loss']:.5f} AUC, {card['cpu_s']:.1f} CPU s",
        f"feature engineering: {steps}",
    ]
    table.caption = "; ".join(told)
    return table


def _gates_json(gated: QualityReport, quarantine: Path | None) -> dict[str, Any]:
    return {
        "rows": gated.rows,
        "accepted": len(gated.accepted),
        "quarantined": len(gated.quarantined),
        "findings": dict(gated.counts()),
        "file": None if quarantine is None else str(quarantine),
    }


def _gates_told(gated: QualityReport, quarantine: Path | None) -> str:
    if not gated.quarantined:
        return f"Gates: all {gated.rows} rows passed."
    counts = ", ".join(f"{gate} {count}" for gate, count in sorted(gated.counts().items()))
    where = f"they are in {quarantine}" if quarantine else "--quarantine FILE writes them"
    return f"Gates: {len(gated.quarantined)} of {gated.rows} rows did not train ({counts}); {where}."


def _rate(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is not a number", param_hint="--population-rate") from None
