"""The hashes of the log. Each has its own first byte, so that none can be passed off as another.

0x00  leaf of a Merkle tree (RFC 6962)        0x02  link of the hash chain
0x01  inner node of a Merkle tree (RFC 6962)  0x10  salted commitment to a payload

0x03, 0x04 and 0x05 are key, leaf and node of the map of claims: `proof.claims_map`.
"""

from __future__ import annotations

from hashlib import sha256

from proof.canonical import Json, encode

HASH_SIZE = 32
# The chain before the first entry.
CHAIN_START = bytes(HASH_SIZE)


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ data), the leaf hash of RFC 6962 section 2.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), the node hash of RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def chain_next(chain: bytes, leaf: bytes) -> bytes:
    """Return the hash chain's value after one more leaf: SHA-256(0x02 ‖ chain ‖ leaf)."""
    return sha256(b"\x02" + chain + leaf).digest()


def commitment(salt: bytes, payload: bytes) -> bytes:
    """Return the commitment to a payload: SHA-256(0x10 ‖ salt ‖ payload), with a salt of 32 bytes."""
    if len(salt) != HASH_SIZE:
        raise ValueError("the salt of a commitment has 32 bytes")
    return sha256(b"\x10" + salt + payload).digest()


def event_leaf(event: Json) -> bytes:
    """Return the leaf hash of one element step: RFC 6962's over its canonical JSON."""
    return leaf_hash(encode(event))
