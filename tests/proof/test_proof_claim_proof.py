"""The proof of a claim shows how a fingerprint stands at a seal, and nothing when a byte of it is another."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proof import canonical, claim_proof, claims
from proof.claim_proof import ClaimProof, is_claim_proof
from proof.claims import Claim
from proof.claims_map import key_of
from proof.entry_proof import EntryProof
from proof.errors import NotCanonical, NotProven, ProofError
from proof.signatures import BACKENDS
from support.small_log import CASE, NOTE_KEY, Said, SmallLog

HELD, FREE, AGAIN, NEVER, LATE = (f"{number}c" * 32 for number in range(1, 6))


def said(claimed: list[str], released: list[str]) -> Said:
    return Said(CASE, "case.start", claims.statement(claimed, released))


LOG = SmallLog.saying(
    said([HELD, FREE], []), said([AGAIN], []), said([], [AGAIN, FREE]), said([AGAIN], []), said([LATE], [])
).sealed(4)
KEY = str(NOTE_KEY)


def verified(content: bytes) -> claim_proof.VerifiedClaim:
    one, other = (claim_proof.verify(content, log_key=KEY, backend=backend) for backend in BACKENDS)
    assert one == other
    return one


def changed(of: str, /, **fields: Any) -> bytes:
    content = canonical.decode(LOG.claim_proof(of))
    assert isinstance(content, dict)
    return canonical.encode({**content, **fields})


def test_it_shows_the_one_claim_and_its_entry() -> None:
    shown = verified(LOG.claim_proof(HELD))
    assert (shown.claim, shown.size) == (Claim(1, 0), 4)
    assert shown.claimed_by is not None
    assert (shown.claimed_by.index, shown.released_by) == (0, None)


def test_it_shows_that_a_claim_was_released_and_by_what() -> None:
    shown = verified(LOG.claim_proof(FREE))
    assert shown.claim == Claim(1, 0, released_at=2)
    assert shown.released_by is not None
    assert shown.released_by.index == 2
    assert verified(LOG.claim_proof(AGAIN)).claim == Claim(2, 3)


@pytest.mark.parametrize("fingerprint", [NEVER, LATE])
def test_it_shows_that_nothing_was_claimed_below_the_size_of_the_seal(fingerprint: str) -> None:
    shown = verified(LOG.claim_proof(fingerprint))
    assert (shown.claim, shown.size, shown.claimed_by) == (None, 4, None)


def test_of_a_claim_it_cannot_show_that_there_is_none_or_another() -> None:
    none = ClaimProof.decode(changed(HELD, claim=None, entries=[]))
    for forged in (
        none.encode(),
        changed(HELD, claim={"times": 2, "claimed_at": 0, "released_at": None}),
        changed(NEVER, fingerprint=HELD, key=key_of(bytes.fromhex(HELD)).hex()),
        changed(HELD, path=canonical.decode(LOG.claim_proof(NEVER))["path"]),  # type: ignore[call-overload,index]
    ):
        with pytest.raises(NotProven, match=r"claim_proof\.root"):
            claim_proof.verify(forged, log_key=KEY)


def test_the_entries_are_those_that_the_claim_names() -> None:
    other = canonical.decode(LOG.proof(1))
    for entries in ([], [other], [canonical.decode(LOG.proof(0)), other]):
        with pytest.raises(NotProven, match=r"claim_proof\.entry"):
            claim_proof.verify(changed(HELD, entries=entries), log_key=KEY)


def test_only_a_seal_is_taken_for_one() -> None:
    with pytest.raises(NotCanonical, match=r"log\.claims_root"):
        claim_proof.verify(changed(HELD, seal=canonical.decode(LOG.proof(2))), log_key=KEY)


def test_all_proofs_are_under_one_checkpoint() -> None:
    longer = SmallLog.saying(*map(Said.by, LOG.entries), Said())
    with pytest.raises(NotProven, match=r"claim_proof\.checkpoint"):
        claim_proof.verify(changed(HELD, entries=[canonical.decode(longer.proof(0))]), log_key=KEY)


def test_a_seal_over_more_than_stands_before_it_shows_nothing() -> None:
    log = SmallLog.saying(said([HELD], []))
    root = log.claims().map_at(1).root()
    early = SmallLog.saying(
        Said(claims.SEAL_STREAM, claims.SEAL_KIND, claims.Seal(root, 9).as_json()), Said.by(log.entries[0])
    )
    forged = ClaimProof(NEVER, None, {}, EntryProof.decode(early.proof(0)), ()).encode()
    with pytest.raises(NotProven, match=r"claim_proof\.root"):
        claim_proof.verify(forged, log_key=KEY)


@pytest.mark.parametrize(
    "fields",
    [
        {"more": 1},
        {"format": "scf-claim-proof/2"},
        {"fingerprint": HELD.upper()},
        {"fingerprint": NEVER},
        {"key": key_of(bytes.fromhex(NEVER)).hex()},
        {"key": None},
        {"claim": {"times": 0, "claimed_at": 0, "released_at": None}},
        {"claim": {"times": True, "claimed_at": 0, "released_at": None}},
        {"claim": []},
        {"path": None},
        {"path": [[0]]},
        {"path": [[256, "A" * 43 + "="]]},
        {"path": [[3, "A" * 42 + "E="], [3, "A" * 42 + "E="]]},
        {"path": [[3, "A" * 43 + "="]]},
        {"path": [[3, "QUFB"]]},
        {"entries": None},
    ],
)
def test_only_one_form_is_read(fields: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical, match=r"claim_proof\.form"):
        claim_proof.verify(changed(HELD, **fields), log_key=KEY)


def test_what_is_no_such_file_is_told_apart() -> None:
    assert is_claim_proof(LOG.claim_proof(NEVER))
    assert not is_claim_proof(LOG.proof(0))
    assert not is_claim_proof(b"PK")


def test_the_key_that_was_given_counts() -> None:
    with pytest.raises(NotProven, match=r"proof\.key"):
        claim_proof.verify(LOG.claim_proof(HELD), log_key=KEY.replace("scf", "fcs"))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sets(st.sampled_from([HELD, FREE, AGAIN, NEVER])), min_size=1, max_size=6), st.data())
def test_whatever_was_claimed_and_released_the_proof_says_how_it_stands(
    touched: list[set[str]], data: st.DataObject
) -> None:
    """Each entry claims what it touches and is free, and releases what it touches and is held."""
    size = data.draw(st.integers(1, len(touched)))
    held: set[str] = set()
    acts: list[Said] = []
    stands: dict[str, Claim | None] = dict.fromkeys([HELD, FREE, AGAIN, NEVER])
    for place, touches in enumerate(touched):
        acts.append(said([*touches - held], [*touches & held]))
        for fingerprint in touches if place < size else ():
            before = stands[fingerprint]
            if fingerprint in held and before:
                stands[fingerprint] = Claim(before.times, before.claimed_at, place)
            else:
                stands[fingerprint] = Claim(before.times + 1 if before else 1, place)
        held ^= touches
    log = SmallLog.saying(*acts).sealed(size)
    for fingerprint, claim in stands.items():
        shown = claim_proof.verify(log.claim_proof(fingerprint), log_key=KEY)
        assert (shown.claim, shown.size) == (claim, size)


@pytest.mark.parametrize("fingerprint", [HELD, FREE, NEVER])
def test_every_flipped_byte_is_found(fingerprint: str) -> None:
    file, chance = LOG.claim_proof(fingerprint), random.Random(4)
    for place in chance.sample(range(len(file)), 150):
        flipped = bytearray(file)
        flipped[place] ^= chance.randrange(1, 256)
        with pytest.raises(ProofError):
            claim_proof.verify(bytes(flipped), log_key=KEY)
