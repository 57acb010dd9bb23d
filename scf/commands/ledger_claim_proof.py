"""The proof of a claim, as `scf ledger verify-proof` checks and shows it."""

from __future__ import annotations

from core.errors import InvalidInput
from proof.claim_proof import VerifiedClaim, verify
from proof.entry import format_time
from proof.entry_proof import Verified
from proof.errors import ProofError
from proof.policy import Policy
from proof.signatures import BACKENDS
from scf import console
from scf.commands.verdict import show_facts


def check_claim_proof(
    content: bytes, *, log_key: str | None = None, policy: Policy | None = None
) -> VerifiedClaim:
    """Check the proof of a claim, each signature with both libraries.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        results = [verify(content, log_key=log_key, policy=policy, backend=backend) for backend in BACKENDS]
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    return results[0]


def show_claim_proof(proof: VerifiedClaim, policy: Policy | None, *, json: bool) -> None:
    """Tell in words what the proof of a claim shows, and what it cannot show."""
    seal = proof.seal
    told = {
        "shows": shown(proof),
        "fingerprint": proof.fingerprint,
        "times_claimed": proof.claim.times if proof.claim else 0,
        "claimed_at": proof.claim.claimed_at if proof.claim else None,
        "released_at": proof.claim.released_at if proof.claim else None,
        "sealed_size": proof.size,
        "seal_entry": seal.index,
        "sealed_at": format_time(seal.body.occurred_at),
        "log": seal.checkpoint.origin,
        "log_size": seal.checkpoint.size,
        "log_key": "the one that you gave" if seal.log_key_pinned else "the file's own",
        "cosigned_by": [key.partition("+")[0] for key in seal.cosigned_by],
        "quorum": "holds" if policy is not None else "not asked for",
        "verified_by": list(BACKENDS),
    }
    if json:
        console.print_json(told)
        return
    console.out.print("[green]The proof holds.[/green]")
    show_facts(told)
    console.err.print(
        "The platform says of which invoice this is the fingerprint. That the sealed root follows from the"
        " entries, only the whole log shows: scf ledger verify-export FOLDER"
    )
    if not seal.log_key_pinned:
        console.err.print("Get the log's key from elsewhere than the file, and give it with --log-key.")


def shown(proof: VerifiedClaim) -> str:
    """Return in a sentence how the fingerprint stands at the seal."""
    if proof.claim is None or proof.claimed_by is None:
        return f"Not claimed at checkpoint size {proof.size}."
    times = "once" if proof.claim.times == 1 else f"{proof.claim.times} times, each after a release, last"
    released = f"released by {_named(proof.released_by)}" if proof.released_by else "not released"
    return (
        f"Claimed {times} by {_named(proof.claimed_by)}; {released};"
        f" no other claim at checkpoint size {proof.size}."
    )


def _named(entry: Verified) -> str:
    return f"entry {entry.body.seq} of {entry.body.stream} at place {entry.index}"
