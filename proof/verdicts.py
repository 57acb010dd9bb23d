"""Verdicts on the files that a platform hands out: proofs, bundles, disclosures, and whole logs in a folder.

Each signature is checked with both libraries. A file that is not in its form is refused with an error; one
that is, and is not as it must be, has findings.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from proof import claim_proof, disclosure, entry_proof
from proof.bundle import Bundle, Checked, Finding, check
from proof.checkpoint import NoteKey
from proof.claim_proof import VerifiedClaim, is_claim_proof
from proof.entry import format_time
from proof.entry_proof import Verified
from proof.key_holder import key_holder
from proof.log_check import LogChecked, check_folder
from proof.policy import Policy
from proof.signatures import BACKENDS
from proof.verdict import OWN_KEY, Verdict

_ZIP = b"PK"


def proof_verdict(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verdict:
    """Check a proof of an entry, a case, or a claim; each file tells which of them it is.

    Args:
        content: The file.
        log_key: The log's note key as you know it, from elsewhere than the file.
        policy: Whose signatures the checkpoint must carry.

    Raises:
        NotCanonical: when the file is not in its one form.
        NotProven: when the proof of an entry or of a claim does not hold.
    """
    if content.startswith(_ZIP):
        return case_verdict(content, log_key=log_key, policy=policy)
    text = content.strip()
    checked = claim_verdict if is_claim_proof(text) else entry_verdict
    return checked(text, log_key=log_key, policy=policy)


def entry_verdict(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verdict:
    """Check the proof of one entry, and who held the key that signed it; see `proof_verdict`."""
    verified, _ = (
        entry_proof.verify(content, log_key=log_key, policy=policy, backend=backend) for backend in BACKENDS
    )
    body, checkpoint = verified.body, verified.checkpoint
    holder, _ = (key_holder(body, backend) for backend in BACKENDS)
    return Verdict(
        "The proof holds.",
        {
            "entry": verified.index,
            "stream": body.stream,
            "kind": body.kind,
            "actor": body.actor,
            "occurred_at": format_time(body.occurred_at),
            "log": checkpoint.origin,
            "log_size": checkpoint.size,
            "log_key": _whose_key(pinned=verified.log_key_pinned),
            "cosigned_by": _names(verified.cosigned_by),
            "quorum": "not asked for" if policy is None else "holds",
            "verified_by": list(BACKENDS),
            "key_holder": holder,
            "key": holder.key_id,
            **({"key_valid_by": holder.valid_by} if holder.valid_by else {}),
        },
        notes=() if verified.log_key_pinned else (OWN_KEY,),
    )


def case_verdict(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verdict:
    """Check the proof of a case, or an audit bundle as such; see `proof_verdict`."""
    bundle = Bundle.decode(content)
    checked = check(bundle, log_key=log_key, policy=policy)
    last = checked.bodies[-1] if checked.bodies else None
    return Verdict(
        "The proof does not hold." if checked.findings else "The proof holds.",
        {
            "case": bundle.case_stream,
            "entries": len(bundle.case),
            "last_entry": f"{last.kind} at {format_time(last.occurred_at)}" if last else "",
            "history_entries": len(bundle.history),
            **_log_facts(bundle, checked),
            "quorum": _quorum(policy),
            "verified_by": list(BACKENDS),
        },
        checked.findings,
        (
            "No entry is missing before the last one here. Whether the log has a later one, only the whole"
            " log tells: verify-export FOLDER --case-proof FILE.",
            *(() if checked.pinned else (OWN_KEY,)),
        ),
    )


def claim_verdict(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verdict:
    """Check how a fingerprint stands at a seal, and tell it in words; see `proof_verdict`."""
    proof, _ = (
        claim_proof.verify(content, log_key=log_key, policy=policy, backend=backend) for backend in BACKENDS
    )
    seal = proof.seal
    return Verdict(
        "The proof holds.",
        {
            "shows": _shown(proof),
            "fingerprint": proof.fingerprint,
            "times_claimed": proof.claim.times if proof.claim else 0,
            "claimed_at": proof.claim.claimed_at if proof.claim else None,
            "released_at": proof.claim.released_at if proof.claim else None,
            "sealed_size": proof.size,
            "seal_entry": seal.index,
            "sealed_at": format_time(seal.body.occurred_at),
            "log": seal.checkpoint.origin,
            "log_size": seal.checkpoint.size,
            "log_key": _whose_key(pinned=seal.log_key_pinned),
            "cosigned_by": _names(seal.cosigned_by),
            "quorum": "not asked for" if policy is None else "holds",
            "verified_by": list(BACKENDS),
        },
        notes=(
            "The platform says of which invoice this is the fingerprint. That the sealed root follows from"
            " the entries, only the whole log shows: verify-export FOLDER.",
            *(() if seal.log_key_pinned else (OWN_KEY,)),
        ),
    )


def bundle_verdict(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verdict:
    """Check all of an audit bundle that needs no process model; see `proof_verdict`."""
    bundle = Bundle.decode(content)
    checked = check(bundle, log_key=log_key, policy=policy)
    return Verdict(
        bundle_headline(holds=not checked.findings),
        {
            "case": bundle.case_stream,
            "entries": len(bundle.case),
            "history_entries": len(bundle.history),
            "not_disclosed": checked.withheld,
            **_log_facts(bundle, checked),
            "quorum": _quorum(policy),
            "verified_by": list(BACKENDS),
        },
        checked.findings,
        (
            "The case was not run again: whether its commands lead to these steps and states, and whether the"
            " model is the one that the entries name, scf audit verify tells.",
            *(() if checked.pinned else (OWN_KEY,)),
        ),
    )


def bundle_headline(*, holds: bool) -> str:
    """Return the verdict on a bundle in one sentence."""
    return "All that the bundle holds agrees." if holds else "The bundle is not as it must be."


def folder_verdict(
    folder: Path,
    log_key: NoteKey,
    *,
    policy: Policy | None = None,
    trusted_keys: Collection[str] = (),
    case_proof: bytes | None = None,
) -> Verdict:
    """Recompute a log in a folder, and tell whether a proof of a case holds all that the log has of it.

    Args:
        folder: An export, or a mirror's copy.
        log_key: The log's note key as you know it, from elsewhere than the folder.
        policy: Whose cosignatures the folder's checkpoint must carry.
        trusted_keys: The ids of entry keys of the platform as you know them; see `check_log`.
        case_proof: The file that proves a case.

    Raises:
        NotCanonical: when the proof of a case is not in its one form.
    """
    checked = check_folder(folder, log_key, policy, backends=BACKENDS, trusted_keys=trusted_keys)
    bundle = Bundle.decode(case_proof) if case_proof is not None else None
    findings = [*checked.findings]
    if bundle is not None:
        findings += check(bundle, log_key=str(log_key)).findings or _case_end(bundle, checked)
    return Verdict(
        "The folder is not as it must be." if findings else "Each file is what the log's checkpoint signs.",
        {
            "log": log_key.name,
            "entries": checked.checkpoint.size if checked.checkpoint else 0,
            "streams": len(checked.ends),
            "cosigned_by": list(checked.cosigned_by),
            "not_checked": [*(f"cosignature of {name}" for name in checked.unchecked), *checked.others],
            **({"case": bundle.case_stream, "case_entries": len(bundle.case)} if bundle else {}),
        },
        tuple(findings),
    )


def disclosure_verdict(content: bytes, *, log_key: str | None = None) -> Verdict:
    """Check a disclosure, and show what it opens; see `proof_verdict`.

    Raises:
        NotCanonical: when the file is not in its one form.
        NotProven: when the entry does not commit to what is opened, or its proof does not hold.
    """
    told, _ = (disclosure.verify(content, log_key=log_key, backend=backend) for backend in BACKENDS)
    body = told.entry.body
    return Verdict(
        "The entry commits to what is opened here.",
        {
            "entry": str(body.entry_id),
            "index": told.entry.index,
            "kind": body.kind,
            "actor": body.actor,
            "to": told.to,
            "fields": {
                name: payload.decode("utf-8", "backslashreplace") for name, payload in told.payloads.items()
            },
            "hidden": list(told.hidden),
            "pinned": told.entry.log_key_pinned,
        },
        notes=() if told.entry.log_key_pinned else (OWN_KEY,),
    )


def _shown(proof: VerifiedClaim) -> str:
    """Return in a sentence how the fingerprint stands at the seal."""
    if proof.claim is None or proof.claimed_by is None:
        return f"Not claimed at checkpoint size {proof.size}."
    times = "once" if proof.claim.times == 1 else f"{proof.claim.times} times, each after a release, last"
    released = f"released by {_place(proof.released_by)}" if proof.released_by else "not released"
    return (
        f"Claimed {times} by {_place(proof.claimed_by)}; {released};"
        f" no other claim at checkpoint size {proof.size}."
    )


def _place(entry: Verified) -> str:
    return f"entry {entry.body.seq} of {entry.body.stream} at place {entry.index}"


def _case_end(bundle: Bundle, checked: LogChecked) -> list[Finding]:
    """Compare what a file holds of a case with where its stream ends in the whole log."""
    entries = len(bundle.case)
    seq, leaf = checked.ends.get(bundle.case_stream, (0, ""))
    if (seq, leaf) == (entries, bundle.case[-1].envelope.leaf.hex()):
        return []
    return [
        Finding(
            "log.case_end",
            f"case {bundle.case_stream}",
            f"This log has {seq} entries of the case; the file ends with number {entries}.",
        )
    ]


def _log_facts(bundle: Bundle, checked: Checked) -> dict[str, object]:
    return {
        "log": checked.checkpoint.origin if checked.checkpoint else "",
        "log_size": checked.checkpoint.size if checked.checkpoint else 0,
        "log_key": _whose_key(pinned=checked.pinned),
        "cosigned_by": _names(bundle.witness_keys),
    }


def _whose_key(*, pinned: bool) -> str:
    return "the one that you gave" if pinned else "the file's own"


def _quorum(policy: Policy | None) -> str:
    return "not asked for" if policy is None else "asked for"


def _names(keys: tuple[str, ...]) -> list[str]:
    return [key.partition("+")[0] for key in keys]
