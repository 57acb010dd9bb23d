"""Where the key that signs entries may lie besides a file: in the environment, or in a PKCS#11 module.

SCF_ENTRY_KEY_PEM      the key itself, as PKCS#8 in PEM: for platforms that hand secrets to processes this way
SCF_ENTRY_KEY_PKCS11   an RFC 7512 URI: pkcs11:token=LABEL;object=LABEL?module-path=/path/to/module.so
SCF_ENTRY_KEY_PIN      the token's user PIN, for the latter

An HSM's signatures differ each time. Nothing rests on their being the same: a retry is recognised by what
the body says.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.errors import InvalidInput, Unavailable
from proof.errors import ProofError
from proof.signatures import KeySigner, PublicKey, Signer, from_p1363

ENTRY_KEY = "SCF_ENTRY_KEY"
# The key that `scf ledger rotate-key` brings in.
NEXT_ENTRY_KEY = "SCF_NEXT_ENTRY_KEY"


@dataclass(frozen=True, slots=True)
class Held:
    """What signs, and where its key lies: `file`, `environment` or `hsm`."""

    signer: Signer
    protection: str


def configured_signer(environment: Mapping[str, str], prefix: str = ENTRY_KEY) -> Held | None:
    """Return the signer that the environment names; None when it names none, and the key lies in its file.

    Raises:
        InvalidInput: `ledger.key_setting` when a variable does not hold what it must, or both are set.
        Unavailable: `ledger.hsm_unavailable` when module, token or key cannot be reached.
    """
    pem, uri = environment.get(f"{prefix}_PEM"), environment.get(f"{prefix}_PKCS11")
    if pem and uri:
        raise _wrong(f"{prefix}_PEM and {prefix}_PKCS11", "Only one of them may be set.")
    if uri:
        return Held(
            Pkcs11Signer(TokenKey.parse(uri, f"{prefix}_PKCS11"), environment.get(f"{prefix}_PIN")), "hsm"
        )
    return Held(_from_pem(pem, f"{prefix}_PEM"), "environment") if pem else None


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key in a token, as an RFC 7512 URI names it."""

    module: str
    token: str
    label: str

    @classmethod
    def parse(cls, uri: str, where: str) -> TokenKey:
        """Read a URI.

        Raises:
            InvalidInput: `ledger.key_setting`.
        """
        scheme, _, rest = uri.partition(":")
        path, _, query = rest.partition("?")
        parts = dict(part.partition("=")[::2] for part in path.split(";"))
        module = dict(parse_qsl(query)).get("module-path")
        token, label = unquote(parts.get("token", "")), unquote(parts.get("object", ""))
        if scheme != "pkcs11" or not (module and token and label):
            raise _wrong(where, "It must be pkcs11:token=LABEL;object=LABEL?module-path=/path/to/module.so")
        return cls(module, token, label)


class Pkcs11Signer:
    """A P-256 key in a hardware module, or in what behaves as one, through PKCS#11.

    Each signature is a call to the module, one at a time: a slow one slows what is recorded.
    """

    def __init__(self, key: TokenKey, pin: str | None) -> None:
        """Open the token.

        Raises:
            Unavailable: `ledger.hsm_unavailable`.
        """
        self._key = key
        self._pin = pin
        # A session of PKCS#11 does one thing at a time.
        self._lock = threading.Lock()
        try:
            self._pkcs11: Any = importlib.import_module("pkcs11")
        except ImportError:
            raise Unavailable(
                "ledger.hsm_unavailable",
                "This installation cannot talk to PKCS#11 modules.",
                where=key.module,
                hint="Install the extra: pip install 'scf[hsm]'",
            ) from None
        self._private, self.public_key = self._open()

    def sign(self, message: bytes) -> bytes:
        """Return a signature in low-S strict DER, another one each time.

        Raises:
            Unavailable: `ledger.hsm_unavailable`, when the module does not sign, not even in a new session.
        """
        digest = sha256(message).digest()
        with self._lock:
            try:
                raw = self._raw(digest)
            except self._pkcs11.PKCS11Error:
                # The token may have been out and in again since.
                private, public = self._open()
                if public.key_id != self.public_key.key_id:
                    raise self._unavailable("The token holds another key now.") from None
                self._private = private
                try:
                    raw = self._raw(digest)
                except self._pkcs11.PKCS11Error as error:
                    raise self._unavailable(f"The module does not sign: {_told(error)}.") from error
        return from_p1363(raw)

    def _raw(self, digest: bytes) -> bytes:
        return bytes(self._private.sign(digest, mechanism=self._pkcs11.Mechanism.ECDSA))

    def _open(self) -> tuple[Any, PublicKey]:
        kinds = self._pkcs11.ObjectClass
        encode = importlib.import_module("pkcs11.util.ec").encode_ec_public_key
        try:
            session = self._session()
            try:
                private = session.get_key(object_class=kinds.PRIVATE_KEY, label=self._key.label)
                public = session.get_key(object_class=kinds.PUBLIC_KEY, label=self._key.label)
                return private, PublicKey(bytes(encode(public)))
            except BaseException:
                session.close()
                raise
        except (self._pkcs11.PKCS11Error, OSError, ProofError) as error:
            raise self._unavailable(f"The key cannot be opened: {_told(error)}.") from error

    def _session(self) -> Any:
        token = self._pkcs11.lib(self._key.module).get_token(token_label=self._key.token)
        try:
            return token.open(user_pin=self._pin)
        except self._pkcs11.UserAlreadyLoggedIn:
            # A process logs in once, for all of its sessions.
            return token.open()

    def _unavailable(self, message: str) -> Unavailable:
        return Unavailable(
            "ledger.hsm_unavailable",
            message,
            where=f"{self._key.token}/{self._key.label}",
            hint="Is the module there, the PIN right, and a P-256 key pair under this label?",
        )


def _from_pem(pem: str, where: str) -> Signer:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _wrong(where, "It does not hold a P-256 key in PEM without a password.")
    return KeySigner(key)


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


def _wrong(where: str, message: str) -> InvalidInput:
    return InvalidInput("ledger.key_setting", message, where=where)
