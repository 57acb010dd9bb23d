"""Claims as a log tells them: one at a time of a fingerprint; seals state what follows from the entries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proof import canonical, claims
from proof.claims import Claim, Claims, Seal, changes
from proof.entry import Body
from proof.errors import NotCanonical, ProofError
from proof.log_check import check_log
from proof.schemas import schema
from support.small_log import CASE, NOTE_KEY, Said, SmallLog

ONE, TWO = "1a" * 32, "2b" * 32
SCHEMA = json.loads(schema("statement"))["$defs"]


hexadecimal = st.sampled_from([ONE, TWO, "3c" * 32])
hashes = st.lists(hexadecimal, unique=True).map(sorted)


def claiming(*fingerprints: str) -> Said:
    return Said(CASE, "case.start", claims.statement(fingerprints, ()))


def releasing(*fingerprints: str, then: tuple[str, ...] = ()) -> Said:
    return Said("case-2", "case.cancel", claims.statement(then, fingerprints))


def findings(log: SmallLog) -> list[tuple[str, str]]:
    files = log.files()
    return [(each.code, each.where) for each in check_log(files, files.__getitem__, NOTE_KEY).findings]


ROOT = SmallLog.saying(claiming(ONE)).claims().map_at(1).root()


def test_claimed_released_and_claimed_again() -> None:
    log = SmallLog.saying(claiming(ONE, TWO), Said(), releasing(ONE), claiming(ONE))
    assert not findings(log.sealed())
    assert log.claims().held == {ONE: Claim(2, 3), TWO: Claim(1, 0)}
    assert log.claims(3).held[ONE] == Claim(1, 0, released_at=2)


def test_an_entry_may_release_and_claim_again() -> None:
    log = SmallLog.saying(claiming(ONE), releasing(ONE, then=(ONE,)))
    assert not findings(log)
    assert log.claims().held == {ONE: Claim(2, 1)}


def test_a_second_claim_of_what_is_not_released_is_found() -> None:
    assert findings(SmallLog.saying(claiming(ONE), Said(), claiming(ONE, TWO))) == [
        ("log.double_claim", "entry 2")
    ]


def test_a_release_of_what_is_not_claimed_is_found() -> None:
    assert findings(SmallLog.saying(releasing(ONE))) == [("log.release_unclaimed", "entry 0")]
    twice = SmallLog.saying(claiming(ONE), releasing(ONE), releasing(ONE))
    assert findings(twice) == [("log.release_unclaimed", "entry 2")]


def test_seals_cover_what_stands_before_them_and_never_less_than_the_last() -> None:
    log = SmallLog.saying(claiming(ONE), claiming(TWO), releasing(TWO))
    assert not findings(log.sealed(1).sealed(2).sealed())
    assert findings(log.sealed(2).sealed(1)) == [("log.claims_root", "entry 4")]


@pytest.mark.parametrize(
    "seal",
    [
        Said("seal", "claims.seal", Seal(bytes(32), 1).as_json()),
        Said("seal", "claims.seal", Seal(ROOT, 2).as_json()),
        Said("seal", "claims.seal", {}),
        Said("seal", "claims.seal", {"root": "00" * 32, "size": -1}),
        Said("seal", "claims.seal", {"root": "00" * 32, "size": 0, "more": 1}),
        Said("seal", "task.complete", Seal(bytes(32), 0).as_json()),
        Said(CASE, "claims.seal", Seal(bytes(32), 0).as_json()),
    ],
)
def test_a_seal_that_does_not_follow_is_found(seal: Said) -> None:
    assert findings(SmallLog.saying(claiming(ONE), seal)) == [("log.claims_root", "entry 1")]


def test_a_claim_that_was_left_out_of_a_seal_is_found() -> None:
    honest = SmallLog.saying(claiming(ONE), claiming(TWO))
    without = SmallLog.saying(claiming(ONE), Said()).claims().map_at(2).root()
    sealed = [*map(Said.by, honest.entries), Said("seal", "claims.seal", Seal(without, 2).as_json())]
    assert findings(SmallLog.saying(*sealed)) == [("log.claims_root", "entry 2")]


odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, True, "", [], {}, [ONE, 1], [ONE.upper()], [ONE + "\n"], [ONE, ONE], ["1a"]]
)
told = st.fixed_dictionaries({}, optional={"claimed": hashes | odd, "released": hashes | odd, "more": hashes})


@given(told | odd)
def test_the_schema_accepts_what_is_read(content: Any) -> None:
    try:
        changes({claims.FIELD: content})
        read = True
    except NotCanonical:
        read = False
    assert Draft202012Validator({**SCHEMA["fingerprints"], "$defs": SCHEMA}).is_valid(content) == read


def test_what_is_not_sorted_is_not_read() -> None:
    """The one thing that the schema does not tell."""
    with pytest.raises(NotCanonical, match=r"log\.fingerprints"):
        changes({claims.FIELD: {"claimed": [TWO, ONE], "released": []}})


@given(st.binary(min_size=32, max_size=32), st.integers(-1, canonical.MAX_INTEGER))
def test_the_schema_accepts_seals(root: bytes, size: int) -> None:
    said = Said("seal", "claims.seal", Seal(root, size).as_json())
    body = Body.decode(SmallLog.saying(said).entries[0].body)
    try:
        read = Seal.of(body) == Seal(root, size)
    except ProofError:
        read = False
    assert Draft202012Validator({**SCHEMA["seal"], "$defs": SCHEMA}).is_valid(body.statement) == read


@given(st.lists(st.tuples(hashes, hashes), max_size=8))
def test_findings_are_those_of_the_rule_that_a_claim_ends_before_the_next(
    acts: list[tuple[list[str], list[str]]],
) -> None:
    """Against the definition: per fingerprint, claims and releases take turns, a claim first."""
    log = SmallLog.saying(*(Said(CASE, "case.start", claims.statement(*act)) for act in acts))
    turns: dict[str, list[str]] = {}
    for claimed, released in acts:
        for fingerprint in released:
            turns.setdefault(fingerprint, []).append("release")
        for fingerprint in claimed:
            turns.setdefault(fingerprint, []).append("claim")
    in_turn = all(
        each == ("claim", "release")[at % 2] for order in turns.values() for at, each in enumerate(order)
    )
    followed = Claims()
    found = [
        problem
        for place, entry in enumerate(log.entries)
        for problem in followed.follow(place, Body.decode(entry.body))
    ]
    assert bool(found) != in_turn
