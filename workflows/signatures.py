"""Signatures as browsers and hardware give them, in the one form that the ledger takes."""

from __future__ import annotations

from core import InvalidInput
from proof.errors import ProofError
from proof.signatures import from_p1363, require_canonical


def canonical_signature(given: bytes) -> bytes:
    """Return a signature in low-S strict DER. r ‖ s, as WebCrypto gives it, is turned into that.

    Raises:
        InvalidInput: `signature.form`.
    """
    try:
        if len(given) == 64:
            return from_p1363(given)
        require_canonical(given)
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where="signature", hint=error.hint) from error
    return given
