"""`scf audit`: a case in one file for auditors, and what checks that file without the platform."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

import ledger
from core.errors import InvalidInput
from proof.bundle import Bundle
from proof.verdict import OWN_KEY
from proof.verdicts import bundle_headline
from scf import audit_report, console
from scf.commands.options import (
    DatabaseOption,
    DataOption,
    JsonOption,
    LogKeyOption,
    PolicyOption,
    data_folder,
    platform_database,
    read_policy,
)
from scf.commands.verdict import read_file, refused_as_input, show_facts, show_found, show_verdict
from scf.exit_codes import EXIT_FINDINGS
from workflows.audit import AuditReport, export_case, verify_bundle

app = typer.Typer(name="audit", help="A case in one file: write it, check it offline.", no_args_is_help=True)


@app.command("export")
def export(
    case_id: Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write.")],
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Write all that proves and explains a case into one file; it discloses what the case was given."""
    content = asyncio.run(_export(_uuid(case_id), data, database))
    out.write_bytes(content)
    if json:
        console.print_json({"case": case_id, "file": str(out), "bytes": len(content)})
    console.err.print(f"Wrote {out}. Check it with: scf audit verify {out}", markup=False)


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The bundle.")],
    log_key: LogKeyOption = None,
    policy: PolicyOption = None,
    form: Annotated[
        audit_report.Format | None,
        typer.Option("--report", help="Write a report for people to read; needs -o."),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The report's file.")] = None,
    json: JsonOption = False,
) -> None:
    """Recompute everything in a bundle: signatures with two libraries, proofs, payloads, the case itself."""
    if (form is None) != (out is None):
        raise InvalidInput("audit.report_file", "A report needs both its form (--report) and its file (-o).")
    content = read_file(file, "audit.file_missing")
    with refused_as_input(file):
        report = verify_bundle(content, log_key=log_key, policy=read_policy(policy))
    if form is not None and out is not None:
        out.write_text(audit_report.render(Bundle.decode(content), report, form), "utf-8")
        console.err.print(f"Wrote {out}.", markup=False)
    if json:
        console.print_json(report.as_json())
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(EXIT_FINDINGS)


async def _export(case_id: UUID, data: Path | None, database: str | None) -> bytes:
    vault_key = ledger.vault_key_in(data_folder(data).keys)
    async with platform_database(data, database) as opened:
        return await export_case(opened, case_id, vault_key)


def _show(report: AuditReport) -> None:
    show_verdict(holds=report.ok, good=bundle_headline(holds=True), bad=bundle_headline(holds=False))
    reexecuted = f"{report.commands} commands, the case is {report.status} after the last"
    show_facts(
        {
            "case": report.case,
            "log": f"{report.log}, {report.log_size} entries",
            "entries": report.entries,
            "not disclosed": report.withheld,
            "re-executed": reexecuted if report.reexecuted else "no: not all commands are disclosed",
            "Temporal history": f"{report.history_runs} runs",
            "cosigned by": ", ".join(key.partition("+")[0] for key in report.cosigned_by) or "nobody",
            "signatures by": list(report.verified_by),
        }
    )
    show_found(report.findings)
    if not report.pinned:
        console.err.print(OWN_KEY)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("case.id_invalid", f"{text!r} is not the id of a case.") from None
