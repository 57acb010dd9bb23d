"""`scf ledger verify-export`: an exported folder, or a mirror's copy, recomputed as it lies there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

import ledger
from core.errors import InvalidInput
from proof.bundle import Finding
from proof.checkpoint import NoteKey
from proof.errors import ProofError
from proof.log_check import LogChecked
from scf import console
from scf.commands.ledger_case_proof import CaseProof, check_case_proof
from scf.commands.options import JsonOption, PolicyOption, read_policy
from scf.commands.verdict import read_file, show_facts, show_found, show_verdict
from scf.exit_codes import EXIT_FINDINGS


def verify_export(
    folder: Annotated[Path, typer.Argument(help="The folder of an export, or of a mirror's copy.")],
    log_key: Annotated[
        str, typer.Option("--log-key", help="The log's public key as you know it (name+hash+key).")
    ],
    case_proof: Annotated[
        Path | None,
        typer.Option(
            "--case-proof", help="Also tell whether this file holds all that the log has of a case."
        ),
    ] = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute a log from the entries in a folder, and compare each of its files with what follows."""
    key = _note_key(log_key)
    checked = asyncio.run(ledger.check_folder(folder, key, read_policy(policy)))
    proof = (
        check_case_proof(read_file(case_proof, "ledger.proof_missing"), log_key=log_key)
        if case_proof
        else None
    )
    findings = [*checked.findings, *(_case_findings(proof, checked) if proof else ())]
    told = {
        "log": key.name,
        "entries": checked.checkpoint.size if checked.checkpoint else 0,
        "streams": len(checked.ends),
        "cosigned_by": list(checked.cosigned_by),
        "not_checked": [*(f"cosignature of {name}" for name in checked.unchecked), *checked.others],
        **({"case": proof.case, "case_entries": proof.entries} if proof else {}),
    }
    if json:
        rows = [{"code": each.code, "where": each.where, "message": each.message} for each in findings]
        console.print_json({**told, "findings": rows, "ok": not findings})
    else:
        _show(told, findings)
    if findings:
        raise typer.Exit(EXIT_FINDINGS)


def _case_findings(proof: CaseProof, checked: LogChecked) -> list[Finding]:
    """Compare what a file holds of a case with where its stream ends in the whole log."""
    if proof.findings:
        return list(proof.findings)
    seq, leaf = checked.ends.get(proof.case, (0, ""))
    if (seq, leaf) == (proof.entries, proof.last_leaf):
        return []
    return [
        Finding(
            "log.case_end",
            f"case {proof.case}",
            f"This log has {seq} entries of the case; the file ends with number {proof.entries}.",
        )
    ]


def _show(told: dict[str, object], findings: list[Finding]) -> None:
    show_verdict(
        holds=not findings,
        good="Each file is what the log's checkpoint signs.",
        bad="The folder is not as it must be.",
    )
    show_facts(told)
    show_found(findings)


def _note_key(text: str) -> NoteKey:
    try:
        return NoteKey.parse(text)
    except ProofError as error:
        raise InvalidInput("ledger.log_key", error.message, where="--log-key", hint=error.hint) from error
