"""`scf ledger verify-proof`: a proof file checked offline, of an entry, a case, or a claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proof.verdicts import proof_verdict
from scf.commands.options import JsonOption, LogKeyOption, PolicyOption, read_policy
from scf.commands.verdict import read_file, refused_as_input, tell_verdict


def verify_proof(
    file: Annotated[Path, typer.Argument(help="The proof file.")],
    log_key: LogKeyOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Check a proof file offline, its signature with two libraries that must agree."""
    content = read_file(file, "ledger.proof_missing")
    with refused_as_input():
        verdict = proof_verdict(content, log_key=log_key, policy=read_policy(policy))
    tell_verdict(verdict, json=json)
