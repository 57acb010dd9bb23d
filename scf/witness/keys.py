"""The keys of a witness: Ed25519, each in a file that only its owner reads, made on first use."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.errors import Broken, Forbidden
from core.files import create_once


def load_or_create_key(file: Path) -> Ed25519PrivateKey:
    """Return the key in a file; it is made when there is none.

    Raises:
        Forbidden: `witness.key_exposed` when others may read it.
        Broken: `witness.key_unreadable`; a damaged key is never replaced.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        key = Ed25519PrivateKey.generate()
        create_once(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if file.stat().st_mode & 0o077:
        raise Forbidden(
            "witness.key_exposed", "Others may read this key file.", where=str(file), hint=f"chmod 600 {file}"
        )
    try:
        held = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        held = None
    if not isinstance(held, Ed25519PrivateKey):
        raise Broken(
            "witness.key_unreadable",
            "The file does not hold an Ed25519 key in PEM.",
            where=str(file),
            hint="Restore it from a backup. With another key this witness is another one to every policy.",
        )
    return held
