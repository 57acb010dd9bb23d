"""Single bytes of what proves the log: its files, proofs of entries and claims, audit bundles.

Each change must be found.

An input names a file, a place and the bits to change there; it is refused when the change is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random

from proof import claim_proof, claims, entry_proof
from proof.bundle import Bundle, check
from proof.errors import ProofError
from proof.log_check import check_log
from support.small_log import CASE, NOTE_KEY, Said, SmallLog

_SIZE = 12
_CLAIMED, _FREE = "ab" * 32, "cd" * 32


class Found(Exception):
    """A verifier found the change."""


def place(random: Random) -> bytes:
    """Choose a file, and in it a byte and how to change it."""
    name, content = random.choice(list(_files().items()))
    return f"{name} {random.randrange(len(content))} {random.randrange(1, 256)}".encode()


def unseen(content: bytes) -> None:
    """Change the byte, and let the file's verifier look.

    Raises:
        Found: when it did not pass.
        AssertionError: when it did.
    """
    name, at, bits = content.decode().split(" ")
    changed = bytearray(_files()[name])
    changed[int(at)] ^= int(bits)
    if not holds({**_files(), name: bytes(changed)}, name):
        raise Found
    raise AssertionError(f"The change of {name} was not found.")


def holds(files: Mapping[str, bytes], name: str) -> bool:
    """Tell whether the verifier of a file finds nothing."""
    try:
        match name:
            case "proof":
                entry_proof.verify(files[name], log_key=str(NOTE_KEY))
                return True
            case "claim-proof" | "no-claim-proof":
                claim_proof.verify(files[name], log_key=str(NOTE_KEY))
                return True
            case "bundle" | "light-bundle":
                checked = check(Bundle.decode(files[name]), log_key=str(NOTE_KEY), backends=("cryptography",))
                return not checked.findings
            case _:
                log = {path: each for path, each in files.items() if path in _log_files()}
                return not check_log(log, log.__getitem__, NOTE_KEY).findings
    except ProofError:
        return False


@cache
def _log_files() -> Mapping[str, bytes]:
    return _sealed_log().files()


@cache
def _sealed_log() -> SmallLog:
    """A log with a claim, and a seal over it at its end."""
    claim = Said(CASE, "case.start", claims.statement([_CLAIMED], ()))
    return SmallLog.saying(*map(Said.by, SmallLog.of(_SIZE).entries), claim).sealed()


@cache
def _files() -> Mapping[str, bytes]:
    log = SmallLog.of(_SIZE)
    return {
        **_log_files(),
        "proof": log.proof(3),
        "claim-proof": _sealed_log().claim_proof(_CLAIMED),
        "no-claim-proof": _sealed_log().claim_proof(_FREE),
        "bundle": log.bundle().encode(),
        "light-bundle": log.bundle(light=True).encode(),
    }
