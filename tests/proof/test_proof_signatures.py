"""Signatures: deterministic, of one form, and two libraries that agree."""

from __future__ import annotations

import hashlib

import ecdsa
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from proof.errors import NotCanonical, NotProven, ProofError
from proof.signatures import BACKENDS, ORDER, Backend, PublicKey, public_der, sign

# The key of RFC 6979 appendix A.2.5 (P-256).
SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
KEY = ec.derive_private_key(SECRET, ec.SECP256R1())
PUBLIC = PublicKey.of(KEY)


def test_the_signature_is_that_of_rfc_6979_with_the_smaller_s() -> None:
    r, s = decode_dss_signature(sign(KEY, b"sample"))
    assert r == 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    published = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    assert s == min(published, ORDER - published)


@settings(max_examples=20)
@given(st.binary(max_size=200))
def test_both_libraries_accept_it_and_ecdsa_makes_the_same(message: bytes) -> None:
    signature = sign(KEY, message)
    for backend in BACKENDS:
        PUBLIC.verify(signature, message, backend)
    other = ecdsa.SigningKey.from_secret_exponent(SECRET, ecdsa.NIST256p, hashlib.sha256)
    encode = ecdsa.util.sigencode_der_canonize
    assert other.sign_deterministic(message, hashlib.sha256, sigencode=encode) == signature


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_message_or_key_is_not_signed(backend: Backend) -> None:
    signature = sign(KEY, b"message")
    with pytest.raises(NotProven, match=r"signature\.invalid"):
        PUBLIC.verify(signature, b"massage", backend)
    with pytest.raises(NotProven, match=r"signature\.invalid"):
        PublicKey.of(ec.generate_private_key(ec.SECP256R1())).verify(signature, b"message", backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_other_forms_of_a_valid_signature_are_refused(backend: Backend) -> None:
    signature = sign(KEY, b"message")
    r, s = decode_dss_signature(signature)
    large_s = encode_dss_signature(r, ORDER - s)
    padded = b"\x30" + bytes([signature[1] + 1]) + signature[2:] + b"\x00"
    for form in (large_s, padded, signature + b"\x00", b"", encode_dss_signature(0, 0)):
        with pytest.raises(NotCanonical, match=r"signature\.form"):
            PUBLIC.verify(form, b"message", backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_changed_byte_of_a_signature_is_refused(backend: Backend) -> None:
    signature = sign(KEY, b"message")
    for at in range(len(signature)):
        changed = signature[:at] + bytes([signature[at] ^ 0x40]) + signature[at + 1 :]
        with pytest.raises(ProofError):
            PUBLIC.verify(changed, b"message", backend)


def test_only_p256_keys_in_their_one_form_are_read() -> None:
    assert PublicKey(PUBLIC.der).key_id == hashlib.sha256(PUBLIC.der).hexdigest()
    other_curve = public_der(ec.generate_private_key(ec.SECP384R1()).public_key())
    for der in (b"", b"junk", other_curve, PUBLIC.der + b"\x00"):
        with pytest.raises(NotCanonical, match=r"signature\.key"):
            PublicKey(der)
