"""Signatures are checked by several processes with the same result as by one."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.signature_checks import WORTH_PROCESSES, SignatureChecks, Signed, Unsigned
from proof.entry import DOMAIN
from proof.signatures import BACKENDS, KeySigner

SIGNER = KeySigner(ec.derive_private_key(7, ec.SECP256R1()))
SIGNATURE = SIGNER.sign(DOMAIN + b"{}")
GOOD = Signed("entry 0", SIGNER.public_key.der, b"{}", SIGNATURE)


async def refused(signed: list[Signed], expected: int) -> list[Unsigned]:
    checks = SignatureChecks(BACKENDS, expected)
    try:
        await checks.take(signed)
        return await checks.unsigned()
    finally:
        checks.close()


@pytest.mark.skipif(os.cpu_count() == 1, reason="with one processor there is one process")
async def test_a_long_log_is_checked_by_processes_and_a_short_one_here() -> None:
    signed = [GOOD] * 1_100
    for place, body in ((3, b"[]"), (700, b"{ }"), (1_099, b"")):
        signed[place] = Signed(f"entry {place}", GOOD.key, body, SIGNATURE)
    here, beside = await refused(signed, len(signed)), await refused(signed, WORTH_PROCESSES)
    assert beside == here
    assert [one.where for one in here] == [
        where for place in (3, 700, 1_099) for where in [f"entry {place}"] * len(BACKENDS)
    ]


async def test_each_library_says_for_itself_that_a_signature_does_not_hold() -> None:
    found = await refused([GOOD, Signed("entry 1", GOOD.key, b"{}", SIGNATURE[:-1])], 2)
    assert [(one.where, one.message.rpartition("(")[2]) for one in found] == [
        ("entry 1", f"{backend})") for backend in BACKENDS
    ]
