"""`scf ledger journal`: the general ledger compared with what the log tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer import Exit

import finance
import ledger
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database
from scf.commands.verdict import show_facts, show_found, show_verdict
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
    show_verdict(
        holds=report.ok,
        good="The general ledger is what the log tells.",
        bad="The general ledger is not what the log tells.",
    )
    show_facts(
        {
            "journals": report.journals,
            "as the log tells them": report.agreeing,
            "payloads erased": f"{report.erased} (they balance; more cannot be shown)",
        }
    )
    show_found(report.findings, report.counts)
    console.err.print("That the log itself is whole is for scf ledger verify to say.")
