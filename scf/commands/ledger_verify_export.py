"""`scf ledger verify-export`: an exported folder, or a mirror's copy, recomputed as it lies there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import NotFound
from proof.verdicts import folder_verdict
from scf.commands.options import EntryKeyOption, JsonOption, PolicyOption, note_key, read_policy
from scf.commands.verdict import read_file, refused_as_input, tell_verdict


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
    entry_key: EntryKeyOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute a log from the entries in a folder, and compare each of its files with what follows."""
    key, trusted = note_key(log_key), read_policy(policy)
    proven = read_file(case_proof, "ledger.proof_missing") if case_proof else None
    if not folder.is_dir():
        raise NotFound("ledger.folder_missing", "There is no such folder.", where=str(folder))
    with refused_as_input():
        verdict = folder_verdict(folder, key, policy=trusted, trusted_keys=entry_key or (), case_proof=proven)
    tell_verdict(verdict, json=json)
