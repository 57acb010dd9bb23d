"""The proof of a whole case, as `scf ledger verify-proof` checks and shows it."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from core.errors import InvalidInput
from proof.bundle import Bundle, Finding, check
from proof.entry import format_time
from proof.errors import ProofError
from proof.policy import Policy
from proof.signatures import BACKENDS
from scf import console
from scf.commands.verdict import show_facts, show_found, show_verdict
from scf.exit_codes import EXIT_FINDINGS

_ZIP = b"PK"


@dataclass(frozen=True, slots=True)
class CaseProof:
    """What checking the proof of a case found.

    Attributes:
        case: The case.
        entries: How many entries of it the file holds, the first one first and none left out.
        last_leaf: The leaf hash of the last one, in hexadecimal.
        last: Kind and time of the last one, if it can be read.
        history_entries: How many entries are on Temporal's history of the case.
        log: The log's name; empty when no key opens the checkpoint.
        log_size: The log's size at the checkpoint.
        cosigned_by: The note keys of the witnesses that cosigned it.
        pinned: True when the log's key was given.
        findings: What is wrong.
    """

    case: str
    entries: int
    last_leaf: str
    last: str
    history_entries: int
    log: str
    log_size: int
    cosigned_by: tuple[str, ...]
    pinned: bool
    findings: tuple[Finding, ...]


def is_case_proof(content: bytes) -> bool:
    """Tell whether a file is the proof of a case, and not that of an entry."""
    return content.startswith(_ZIP)


def check_case_proof(
    content: bytes, *, log_key: str | None = None, policy: Policy | None = None
) -> CaseProof:
    """Check the proof of a case, or an audit bundle as such, each signature with both libraries.

    Raises:
        InvalidInput: the code of what is wrong with its form.
    """
    try:
        bundle = Bundle.decode(content)
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    checked = check(bundle, log_key=log_key, policy=policy, backends=BACKENDS)
    last = checked.bodies[-1] if checked.bodies else None
    return CaseProof(
        case=bundle.case_stream,
        entries=len(bundle.case),
        last_leaf=bundle.case[-1].envelope.leaf.hex() if bundle.case else "",
        last=f"{last.kind} at {format_time(last.occurred_at)}" if last else "",
        history_entries=len(bundle.history),
        log=checked.checkpoint.origin if checked.checkpoint else "",
        log_size=checked.checkpoint.size if checked.checkpoint else 0,
        cosigned_by=bundle.witness_keys,
        pinned=checked.pinned,
        findings=checked.findings,
    )


def show_case_proof(proof: CaseProof, policy: Policy | None, *, json: bool) -> None:
    """Tell what the proof of a case shows, and what it cannot show; exit when it does not hold."""
    told = {
        "case": proof.case,
        "entries": proof.entries,
        "last_entry": proof.last,
        "history_entries": proof.history_entries,
        "log": proof.log,
        "log_size": proof.log_size,
        "log_key": "the one that you gave" if proof.pinned else "the file's own",
        "cosigned_by": [key.partition("+")[0] for key in proof.cosigned_by],
        "quorum": "asked for" if policy is not None else "not asked for",
        "verified_by": list(BACKENDS),
    }
    if json:
        rows = [{"code": each.code, "where": each.where, "message": each.message} for each in proof.findings]
        console.print_json({**told, "findings": rows, "ok": not proof.findings})
    else:
        show_verdict(holds=not proof.findings, good="The proof holds.", bad="The proof does not hold.")
        show_facts(told)
        show_found(proof.findings)
        console.err.print(
            "No entry is missing before the last one here. Whether the log has a later one, only the whole"
            " log tells: scf ledger verify-export FOLDER --case-proof FILE"
        )
        if not proof.pinned:
            console.err.print("Get the log's key from elsewhere than the file, and give it with --log-key.")
    if proof.findings:
        raise typer.Exit(EXIT_FINDINGS)
