"""The keys of the platform: one signs entries, one signs checkpoints, one is the vault's root key.

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
from core.files import create_once
from ledger.signers import Held, configured_signer
from ledger.vault import KEY_SIZE
from ledger.vault_keys import PayloadKey, VaultKeys
from proof.signatures import KeySigner, Signer

# The vault's keys lie apart from those that sign: who only opens payloads, as the API does for bundles, is
# given this folder and no more.
_VAULT_FOLDER = "vault"
_VAULT_FILE = "vault-key.hex"
# There while the root key is rotated: the one that wraps from now on.
_NEXT_VAULT_FILE = "vault-key.next.hex"
_PAYLOAD_FILE = "temporal-payload-key.hex"
_SIGNING_FILE = "entry-signing-key.pem"
_NEXT_FILE = "entry-signing-key.next.pem"


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys of one installation.

    Attributes:
        signing_key: Holds the P-256 key that signs entries.
        log_key: Ed25519; signs checkpoints.
        vault_key: opens the vault: its root keys, and the key of what enters Temporal.
        protection: Where the signing key lies: `file`, `environment` or `hsm`.
    """

    signing_key: Signer
    log_key: Ed25519PrivateKey
    vault_key: VaultKeys
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
    if not isinstance(log, Ed25519PrivateKey):
        raise _unreadable(folder / "log-signing-key.pem", "an Ed25519 key")
    return Keys(held.signer, log, _vault_keys(_vault_folder(folder)), held.protection)


def next_signing_key(folder: Path) -> Signer:
    """Return the key that will sign entries after `take_next_signing_key`; it is made where there is none.

    Raises:
        Forbidden, Broken: what `load_or_create_keys` raises.
    """
    return _signing_key_in(folder / _NEXT_FILE)


def take_next_signing_key(folder: Path) -> None:
    """Let the next key be the one that processes load from now on; the file of the old one is gone."""
    (folder / _NEXT_FILE).replace(folder / _SIGNING_FILE)


def vault_key_in(folder: Path) -> VaultKeys:
    """Return what opens the vault of an installation, where there is one; none is made.

    Of the key folder only the vault's part is read, which may be all that is there.

    Raises:
        NotFound: `ledger.keys_missing`.
        Forbidden, Broken: what `load_or_create_keys` raises.
    """
    if not any((place / _VAULT_FILE).exists() for place in (folder / _VAULT_FOLDER, folder)):
        raise NotFound(
            "ledger.keys_missing",
            "No vault key is there, and without it no payload opens.",
            where=str(folder),
            hint="Name the platform's data folder with --data DIR.",
        )
    return _vault_keys(_vault_folder(folder))


def begin_rotation(folder: Path) -> bytes:
    """Return the root key that is to follow; it is made at first, and found again after an interruption.

    Raises:
        Forbidden, Broken: what `load_or_create_keys` raises.
    """
    following = _vault_folder(folder) / _NEXT_VAULT_FILE
    return _load_hex(following, lambda: secrets.token_bytes(KEY_SIZE), KEY_SIZE)


def end_rotation(folder: Path) -> None:
    """Let the root key that followed be the only one."""
    place = folder / _VAULT_FOLDER
    os.replace(place / _NEXT_VAULT_FILE, place / _VAULT_FILE)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _vault_folder(folder: Path) -> Path:
    """Return where the vault's keys lie; those that an older release kept beside the others go there."""
    place = folder / _VAULT_FOLDER
    for name in (_VAULT_FILE, _NEXT_VAULT_FILE, _PAYLOAD_FILE):
        try:
            content = _read_private(folder / name)
        except FileNotFoundError:
            continue
        place.mkdir(exist_ok=True, mode=0o700)
        create_once(place / name, content)
        if _read_private(place / name) == content:  # never lose a key that an older release made beside it
            (folder / name).unlink(missing_ok=True)
    return place


def _vault_keys(folder: Path) -> VaultKeys:
    # The key that follows first: after a rename between the two reads it is the only one.
    following = folder / _NEXT_VAULT_FILE
    try:
        next_root = _load_hex(following, bytes, KEY_SIZE) if following.exists() else None
    except FileNotFoundError:
        next_root = None
    root = _load_hex(folder / _VAULT_FILE, lambda: secrets.token_bytes(KEY_SIZE), KEY_SIZE)

    def derived() -> bytes:
        made = PayloadKey.of(root)
        return made.key + made.key_id

    payload = _load_hex(folder / _PAYLOAD_FILE, derived, KEY_SIZE + 16)
    payload_key = PayloadKey(payload[:KEY_SIZE], payload[KEY_SIZE:])
    return VaultKeys(root, next_root, payload_key, lambda: _vault_keys(folder))


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


def _load_hex(path: Path, create: Callable[[], bytes], size: int) -> bytes:
    try:
        key = bytes.fromhex(_load(path, lambda: create().hex().encode()).decode())
    except ValueError:
        key = b""
    if len(key) != size:
        raise _unreadable(path, f"{size} bytes in hexadecimal")
    return key


def _load(path: Path, create: Callable[[], bytes]) -> bytes:
    if not path.exists():
        path.parent.mkdir(exist_ok=True, mode=0o700)
        create_once(path, create())
    return _read_private(path)


def _read_private(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise Forbidden(
            "ledger.key_exposed", "Others may read this key file.", where=str(path), hint=f"chmod 600 {path}"
        )
    return path.read_bytes()


def _unreadable(path: Path, expected: str) -> Broken:
    return Broken(
        "ledger.key_unreadable",
        f"The key file does not hold {expected}.",
        where=str(path),
        hint="Restore it from the backup of the keys. Without it the log goes on under a new key only.",
    )
