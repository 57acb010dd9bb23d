"""`scf score monitor`: is the card still right, how are limits used, and were the warnings true."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

import finance
from core.clock import SystemClock
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scf.exit_codes import EXIT_FINDINGS
from scoring.monitoring import CardWatch, Cohort, Misjudgement, cohorts, misjudgements, watch_card
from scoring.monitoring.rates import Rate
from scoring.monitoring.stability import LEAST_ROWS


@dataclass(frozen=True, slots=True)
class _Monitored:
    card: CardWatch
    cohorts: list[Cohort]
    figures: finance.PortfolioFigures
    misjudged: list[Misjudgement]


def monitor(
    days: Annotated[int, typer.Option(min=1, help="How many days back from now.")] = 90,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Tell whether the card still sees what it was trained on, whether it was right, and how limits are used.

    Exit code 6 when a figure has moved beyond chance and matters.
    """
    now = SystemClock().now()
    found = asyncio.run(_monitored(data, database, now - timedelta(days=days), now))
    findings = _findings(found)
    if json:
        console.print_json({**_plain(asdict(found)), "findings": findings})
    else:
        _show(found, findings)
    if findings:
        raise typer.Exit(EXIT_FINDINGS)


async def _monitored(data: Path | None, database: str | None, since: datetime, at: datetime) -> _Monitored:
    async with platform_database(data, database) as opened, opened.transaction() as tx:
        card = await watch_card(tx.sql, since=since, upto=at)
        outcomes = await finance.scored_outcomes(tx, card.card_id)
        return _Monitored(
            card=card,
            cohorts=cohorts(outcomes, as_of=at.date()),
            figures=await finance.portfolio_figures(tx, since=since, at=at),
            misjudged=await misjudgements(tx.sql, since=since),
        )


def _findings(found: _Monitored) -> list[str]:
    moved = [
        f"{name} has moved since training: CSI {one.psi:.3f}, most in bin {one.parts[0][0]}."
        for name, one in (found.card.features or {}).items()
        if one.material
    ]
    if found.card.grades is not None and found.card.grades.material:
        moved.append(f"The grades have moved: PSI {found.card.grades.psi:.3f}.")
    wrong = [
        f"{one.quarter}: the card expected {one.mean_pd:.1%} defaults, {one.default_rate.value:.1%} came."
        for one in found.cohorts
        if one.underestimated or one.overestimated
    ]
    return moved + wrong


def _show(found: _Monitored, findings: list[str]) -> None:
    card = found.card
    console.out.print(
        f"Card {card.card_name}: {card.scores} scores, {card.scores_before} before."
        + (
            ""
            if card.features is not None
            else f" Under {LEAST_ROWS} nothing can be told of their distribution."
        )
    )
    if card.features:
        table = Table("feature", "CSI", "by chance up to", "moved")
        for name, one in card.features.items():
            table.add_row(name, f"{one.psi:.3f}", f"{one.critical:.3f}", "yes" if one.shifted else "")
        console.out.print(table)
    for cohort in found.cohorts:
        rank = "" if cohort.auc is None else f", AUC {cohort.auc[0]:.3f}"
        console.out.print(
            f"{cohort.quarter}: {cohort.rows} scores, expected {cohort.mean_pd:.1%},"
            f" defaulted {_shown(cohort.default_rate)}{rank}"
        )
    figures = found.figures
    table = Table("figure", "value")
    table.add_row("declined though the limits carried it", _shown(figures.declined_against))
    table.add_row("financed though they did not", _shown(figures.financed_against))
    for currency, use in figures.limit_use.items():
        table.add_row(f"limits in use, {currency}", f"{use.used:,} of {use.granted:,}")
        table.add_row(f"nearly full, {currency}", _shown(use.nearly_full))
    for start in figures.rolls.rolls:
        table.add_row(f"rolled on from {start} in 30 days", _shown(figures.rolls.worsened(start)))
    for judged in found.misjudged:
        table.add_row(f"false alarms of {judged.rule}, {judged.raised} raised", _shown(judged.false))
    console.out.print(table)
    for finding in findings:
        console.out.print(finding)


def _shown(found: Rate) -> str:
    if found.value is None:
        return "none yet"
    return f"{found.value:.1%} ({found.hits} of {found.cases}; {found.low:.1%} to {found.high:.1%})"


def _plain(value: object) -> Any:
    """Return a document with decimals as texts."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value
