"""ECDSA signatures over P-256 with SHA-256: deterministic (RFC 6979), low-S, strict DER.

`cryptography` signs and verifies. `ecdsa`, written independently in Python, verifies a second time: two
implementations that agree leave less room for one that errs. It is slow and not safe against side channels,
which does not matter where nothing secret goes in.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Literal, Protocol, TypeAlias

import ecdsa
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from ecdsa.ellipticcurve import PointJacobi

from proof.errors import NotCanonical, NotProven

Backend: TypeAlias = Literal["cryptography", "ecdsa"]
BACKENDS: tuple[Backend, ...] = ("cryptography", "ecdsa")

SigningKey: TypeAlias = ec.EllipticCurvePrivateKey

# The order of P-256's base point (FIPS 186-5, SP 800-186 section 3.2.1.3).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_VERIFY = ec.ECDSA(hashes.SHA256())


def sign(key: SigningKey, message: bytes) -> bytes:
    """Return the DER signature with the smaller of the two possible values of s."""
    r, s = decode_dss_signature(key.sign(message, _SIGN))
    return _low_s(r, s)


def from_p1363(raw: bytes) -> bytes:
    """Return r ‖ s, 32 bytes each, as WebCrypto and PKCS#11 give it, in low-S strict DER.

    Raises:
        NotCanonical: `signature.form`.
    """
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    if len(raw) != 64 or not (0 < r < ORDER and 0 < s < ORDER):
        raise NotCanonical("signature.form", "The signature is not r ‖ s of 32 bytes each.")
    return _low_s(r, s)


def _low_s(r: int, s: int) -> bytes:
    return encode_dss_signature(r, min(s, ORDER - s))


class PublicKey:
    """A P-256 public key; `der` is its SubjectPublicKeyInfo, `key_id` the hexadecimal SHA-256 of that."""

    def __init__(self, der: bytes) -> None:
        """Read a SubjectPublicKeyInfo.

        Raises:
            NotCanonical: `signature.key` when it is not a P-256 key in its only DER form.
        """
        try:
            key = load_der_public_key(der)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise NotCanonical("signature.key", "This is not a P-256 public key.")
        if public_der(key) != der:
            raise NotCanonical("signature.key", "The public key is not in its canonical DER form.")
        self.der = der
        self.key_id = sha256(der).hexdigest()
        self._key = key

    @classmethod
    def of(cls, key: SigningKey) -> PublicKey:
        """Return the public half of a signing key."""
        return cls(public_der(key.public_key()))

    def verify(self, signature: bytes, message: bytes, backend: Backend = "cryptography") -> None:
        """Check a signature; one with a large s or slack in its encoding is refused, so that it has one form.

        Raises:
            NotCanonical: `signature.form`.
            NotProven: `signature.invalid`.
        """
        require_canonical(signature)
        try:
            if backend == "cryptography":
                self._key.verify(signature, message, _VERIFY)
            else:
                self._ecdsa.verify(signature, message, hashfunc=sha256, sigdecode=ecdsa.util.sigdecode_der)
        except (InvalidSignature, ecdsa.BadSignatureError):
            raise NotProven(
                "signature.invalid", f"The signature is not that of key {self.key_id[:16]}… over these bytes."
            ) from None

    @cached_property
    def _ecdsa(self) -> ecdsa.VerifyingKey:
        point = ecdsa.VerifyingKey.from_der(self.der).pubkey.point
        # Said to be a generator, the library keeps multiples of it: 6 ms once, then twice as many checks.
        kept = PointJacobi(point.curve(), point.x(), point.y(), 1, ORDER, generator=True)
        return ecdsa.VerifyingKey.from_public_point(kept, ecdsa.NIST256p)


class Signer(Protocol):
    """Whatever holds a P-256 key and signs with it: in memory, or in hardware that does not give it away."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return a signature in low-S strict DER; not always the same one for the same message."""
        ...


class KeySigner:
    """A key in this process's memory. Its signatures are deterministic (RFC 6979)."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.public_key = PublicKey.of(key)

    def sign(self, message: bytes) -> bytes:
        """Return the one signature of this key over the message."""
        return sign(self._key, message)


def public_der(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key's SubjectPublicKeyInfo in DER, with the point uncompressed."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def require_canonical(signature: bytes) -> None:
    """Refuse a signature that is not strict DER with 0 < r < n and 0 < s ≤ n/2.

    Raises:
        NotCanonical: `signature.form`.
    """
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise NotCanonical("signature.form", "The signature is not DER.") from None
    if not (0 < r < ORDER and 0 < s <= ORDER // 2) or encode_dss_signature(r, s) != signature:
        raise NotCanonical("signature.form", "The signature is not in low-S form and strict DER.")
