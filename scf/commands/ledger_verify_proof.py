"""`scf ledger verify-proof`: a proof file checked offline, of an entry, a case, or a claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput
from proof.claim_proof import is_claim_proof
from proof.entry import Body
from proof.entry_proof import Verified, verify
from proof.errors import ProofError
from proof.key_holder import KeyHolder, key_holder
from proof.policy import Policy
from proof.signatures import BACKENDS
from scf import console
from scf.commands.ledger_case_proof import check_case_proof, is_case_proof, show_case_proof
from scf.commands.ledger_claim_proof import check_claim_proof, show_claim_proof
from scf.commands.options import JsonOption, LogKeyOption, PolicyOption, read_policy
from scf.commands.verdict import read_file, show_facts


def verify_proof(
    file: Annotated[Path, typer.Argument(help="The proof file.")],
    log_key: LogKeyOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Check a proof file offline, its signature with two libraries that must agree."""
    content = read_file(file, "ledger.proof_missing")
    if is_case_proof(content):
        checked = check_case_proof(content, log_key=log_key, policy=read_policy(policy))
        show_case_proof(checked, read_policy(policy), json=json)
        return
    if is_claim_proof(content.strip()):
        claim = check_claim_proof(content.strip(), log_key=log_key, policy=read_policy(policy))
        show_claim_proof(claim, read_policy(policy), json=json)
        return
    verified = check_proof(content.strip(), log_key=log_key, policy=read_policy(policy))
    body, checkpoint = verified.body, verified.checkpoint
    holder = check_holder(body)
    told = {
        "entry": verified.index,
        "stream": body.stream,
        "kind": body.kind,
        "actor": body.actor,
        "occurred_at": body.occurred_at,
        "log": checkpoint.origin,
        "log_size": checkpoint.size,
        "log_key": "the one that you gave" if verified.log_key_pinned else "the file's own",
        "cosigned_by": [key.partition("+")[0] for key in verified.cosigned_by],
        "quorum": "holds" if policy is not None else "not asked for",
        "verified_by": list(BACKENDS),
        "key_holder": holder.told,
        "key": holder.key_id,
        **({"key_valid_by": holder.valid_by} if holder.valid_by else {}),
    }
    if json:
        console.print_json({**told, "key_holder": holder.as_json()})
        return
    console.out.print("[green]The proof holds.[/green]")
    show_facts(told)
    if not verified.log_key_pinned:
        console.err.print("Get the log's key from elsewhere than the file, and give it with --log-key.")


def check_proof(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verified:
    """Check a proof file with both libraries.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        results = [verify(content, log_key=log_key, policy=policy, backend=backend) for backend in BACKENDS]
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    return results[0]


def check_holder(body: Body) -> KeyHolder:
    """Return who held the key that signed an entry, checking a person's signature with both libraries.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        holders = [key_holder(body, backend) for backend in BACKENDS]
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    return holders[0]
