"""The keys of the platform: one signs entries, one signs checkpoints, one wraps the vault's data keys.

They lie in files that only their owner reads; the one that signs entries may lie elsewhere. A key that the
platform holds attributes an entry to the platform; it does not bind a person.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.errors import Broken, Forbidden, NotFound
from ledger.signers import Held, configured_signer
from proof.signatures import KeySigner, Signer

VAULT_KEY_SIZE = 32
_VAULT_FILE = "vault-key.hex"
_SIGNING_FILE = "entry-signing-key.pem"
_NEXT_FILE = "entry-signing-key.next.pem"


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys of one installation.

    Attributes:
        signing_key: Holds the P-256 key that signs entries.
        log_key: Ed25519; signs checkpoints.
        vault_key: 32 bytes; wraps the data key of each stream.
        protection: Where the signing key lies: `file`, `environment` or `hsm`.
    """

    signing_key: Signer
    log_key: Ed25519PrivateKey
    vault_key: bytes
    protection: str = "file"

    def __repr__(self) -> str:
        return "Keys(…)"


def load_or_create_keys(folder: Path) -> Keys:
    """Return the keys in a folder; those that are not there are created, readable by the owner only.

    Processes that start together end up with the same keys. The key that signs entries lies elsewhere if the
    environment says so; see `ledger.signers`.

    Raises:
        InvalidInput, Unavailable: what `configured_signer` raises.
        Forbidden: `ledger.key_exposed` when others may read a key file.
        Broken: `ledger.key_unreadable` when a file does not hold the key that belongs there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = configured_signer(os.environ) or Held(_signing_key_in(folder / _SIGNING_FILE), "file")
    log = _load_pem(folder / "log-signing-key.pem", Ed25519PrivateKey.generate)
    vault_file = folder / _VAULT_FILE
    try:
        vault = bytes.fromhex(_load(vault_file, lambda: secrets.token_hex(VAULT_KEY_SIZE).encode()).decode())
    except ValueError:
        vault = b""
    if not isinstance(log, Ed25519PrivateKey):
        raise _unreadable(folder / "log-signing-key.pem", "an Ed25519 key")
    if len(vault) != VAULT_KEY_SIZE:
        raise _unreadable(vault_file, f"{VAULT_KEY_SIZE} bytes in hexadecimal")
    return Keys(held.signer, log, vault, held.protection)


def next_signing_key(folder: Path) -> Signer:
    """Return the key that will sign entries after `take_next_signing_key`; it is made where there is none.

    Raises:
        Forbidden, Broken: what `load_or_create_keys` raises.
    """
    return _signing_key_in(folder / _NEXT_FILE)


def take_next_signing_key(folder: Path) -> None:
    """Let the next key be the one that processes load from now on; the file of the old one is gone."""
    (folder / _NEXT_FILE).replace(folder / _SIGNING_FILE)


def vault_key_in(folder: Path) -> bytes:
    """Return the vault key of an installation; unlike `load_or_create_keys`, make none where there is none.

    Raises:
        NotFound: `ledger.keys_missing`.
        Forbidden, Broken: what `load_or_create_keys` raises.
    """
    if not (folder / _VAULT_FILE).exists():
        raise NotFound(
            "ledger.keys_missing",
            "No vault key is there, and without it no payload opens.",
            where=str(folder),
            hint="Name the platform's data folder with --data DIR.",
        )
    return load_or_create_keys(folder).vault_key


_PrivateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey


def _signing_key_in(path: Path) -> Signer:
    key = _load_pem(path, lambda: ec.generate_private_key(ec.SECP256R1()))
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unreadable(path, "a P-256 key")
    return KeySigner(key)


def _load_pem(path: Path, generate: Callable[[], _PrivateKey]) -> object:
    def create() -> bytes:
        return generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    try:
        return load_pem_private_key(_load(path, create), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unreadable(path, "a private key in PEM without a password") from None


def _load(path: Path, create: Callable[[], bytes]) -> bytes:
    if not path.exists():
        _create(path, create())
    if path.stat().st_mode & 0o077:
        raise Forbidden(
            "ledger.key_exposed", "Others may read this key file.", where=str(path), hint=f"chmod 600 {path}"
        )
    return path.read_bytes()


def _create(path: Path, content: bytes) -> None:
    """Write the whole file under its name, or leave the one that another process wrote first."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _unreadable(path: Path, expected: str) -> Broken:
    return Broken(
        "ledger.key_unreadable",
        f"The key file does not hold {expected}.",
        where=str(path),
        hint="Restore it from the backup of the keys. Without it the log goes on under a new key only.",
    )
