"""`scf score stress`: what a portfolio loses in bad years, and which limits would be cut."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

import finance
from core.clock import SystemClock
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scoring.stress import CONFIDENCE, SCENARIOS, Position, StressReport
from scoring.stress import stress as stressed
from scoring.stress_file import read_portfolio, read_scenarios


def stress(
    file: Annotated[
        Path | None, typer.Argument(help="A portfolio (CSV); without one, the platform's own pair limits.")
    ] = None,
    scenarios: Annotated[
        Path | None, typer.Option("--scenarios", help="Scenarios (CSV); without them, three bad years.")
    ] = None,
    currency: Annotated[str, typer.Option(help="Of the platform's limits.")] = "EUR",
    confidence: Annotated[
        Decimal, typer.Option(parser=Decimal, metavar="SHARE", help="Of the unexpected loss.")
    ] = CONFIDENCE,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what the portfolio loses as it is and in bad years, and which limits would be cut."""
    wanted = SCENARIOS if scenarios is None else read_scenarios(scenarios)
    if file is not None:
        currency, positions = read_portfolio(file, as_of=SystemClock().now().date())
    else:
        positions = asyncio.run(_platform_positions(data, database, currency))
    report = stressed(positions, currency=currency, scenarios=wanted, confidence=confidence)
    if json:
        console.print_json(_as_json(report))
        return
    table = Table("scenario", "expected loss", f"unexpected loss at {confidence:%}", "limits cut")
    for result in report.results:
        table.add_row(
            result.scenario,
            f"{result.expected_loss:,}",
            f"{result.unexpected_loss:,}",
            "\n".join(
                f"{cut.name}: {cut.standing:,} → {cut.stressed:,} ({cut.binding_cap})" for cut in result.cuts
            ),
        )
    console.out.print(table)
    console.out.print(
        f"{report.exposure:,} {report.currency} in {report.positions} positions, as many as"
        f" {report.effective_names} equal ones; with few names the true unexpected loss is higher."
    )


async def _platform_positions(data: Path | None, database: str | None, currency: str) -> list[Position]:
    async with platform_database(data, database) as opened, opened.transaction() as tx:
        return await finance.portfolio(tx, currency, at=SystemClock().now())


def _as_json(report: StressReport) -> dict[str, object]:
    document = asdict(report)
    document["results"] = [
        {
            **asdict(result),
            "expected_loss": str(result.expected_loss),
            "unexpected_loss": str(result.unexpected_loss),
            "cuts": [
                {**asdict(cut), "standing": str(cut.standing), "stressed": str(cut.stressed)}
                for cut in result.cuts
            ],
        }
        for result in report.results
    ]
    for name in ("exposure", "effective_names", "confidence"):
        document[name] = str(document[name])
    return document
