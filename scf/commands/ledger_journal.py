"""`scf ledger journal`: the general ledger compared with what the log tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.table import Table
from typer import Exit

import finance
import ledger
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database
from scf.exit_codes import EXIT_FINDINGS


def journal(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Prove that the general ledger is what the log tells, posting by posting; exit 6 with findings."""
    report = asyncio.run(_verify(data, database))
    if json:
        console.print_json(report.as_json())
    else:
        _show(report)
    if not report.ok:
        raise Exit(EXIT_FINDINGS)


async def _verify(data: Path | None, database: str | None) -> finance.JournalReport:
    vault_key = ledger.vault_key_in(data_folder(data).keys)
    async with platform_database(data, database) as opened:
        return await finance.verify_journal(opened, vault_key)


def _show(report: finance.JournalReport) -> None:
    console.out.print(
        "[green]The general ledger is what the log tells.[/green]"
        if report.ok
        else "[red]The general ledger is not what the log tells.[/red]"
    )
    table = Table.grid(padding=(0, 2))
    table.add_row("journals", str(report.journals))
    table.add_row("as the log tells them", str(report.agreeing))
    table.add_row("payloads erased", f"{report.erased} (they balance; more cannot be shown)")
    console.out.print(table)
    for finding in report.findings:
        console.out.print(f"[red]{finding.code}[/red] {finding.where}: {finding.message}", soft_wrap=True)
    for code, count in report.counts.items():
        console.out.print(f"{code}: {count} in all")
    console.err.print("That the log itself is whole is for scf ledger verify to say.")
