"""Witness policies: the text form of C2SP tlog-policy, and what k of n means."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from proof.checkpoint import NoteKey
from proof.cosignature import WitnessKey
from proof.errors import NotCanonical, NotProven
from proof.policy import Policy


def signer(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))


LOG_KEY = str(NoteKey.of("scf.example/log", signer(99)))
KEYS = [str(WitnessKey.of(f"w{number}.example", signer(number))) for number in range(1, 7)]

# The example in the specification.
EXAMPLE = f"""
log {LOG_KEY}

witness X1 {KEYS[0]}
witness X2 {KEYS[1]} https://x2.example/witness
witness X3 {KEYS[2]}
group X-witnesses 2 X1 X2 X3

\t# The others.
witness Y1 {KEYS[3]}
witness Y2\t {KEYS[4]}
witness Y3 {KEYS[5]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def parsed(text: str) -> Policy:
    return Policy.parse(text.encode())


def witnesses(count: int) -> str:
    return "".join(f"witness w{number} {KEYS[number - 1]}\n" for number in range(1, count + 1))


def test_it_reads_the_example_of_the_specification() -> None:
    policy = parsed(EXAMPLE)
    assert [str(log.key) for log in policy.logs] == [LOG_KEY]
    assert [witness.name for witness in policy.witnesses] == ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    assert policy.witnesses[1].url == "https://x2.example/witness"
    assert policy.witnesses[0].url is None
    assert policy.quorum == "X-and-Y"


@pytest.mark.parametrize(
    ("signed", "holds"),
    [
        ([], False),
        ([0, 1], False),
        ([0, 3, 4, 5], False),
        ([0, 2, 4], True),
        ([0, 1, 2, 3, 4, 5], True),
    ],
)
def test_a_quorum_of_groups(signed: Sequence[int], holds: bool) -> None:
    assert parsed(EXAMPLE).holds([KEYS[at] for at in signed]) is holds


def test_a_single_witness_can_be_the_quorum() -> None:
    policy = parsed(f"witness w {KEYS[0]}\nquorum w")
    assert policy.holds([KEYS[0]])
    assert not policy.holds([KEYS[1]])


def test_none_asks_for_nobody() -> None:
    assert parsed("quorum none\n").holds([])


def test_a_missing_quorum_tells_who_signed() -> None:
    with pytest.raises(NotProven, match=r"policy\.quorum_missing.*X1"):
        parsed(EXAMPLE).require([KEYS[0]])


def test_logs_are_those_that_it_names_or_any() -> None:
    assert parsed(EXAMPLE).accepts_log(LOG_KEY)
    assert not parsed(EXAMPLE).accepts_log(str(NoteKey.of("other.example", signer(98))))
    assert parsed("quorum none\n").accepts_log(LOG_KEY)


def test_names_are_bytes() -> None:
    policy = Policy.parse(b"witness \xe2\x84\xaa " + KEYS[0].encode() + b"\nwitness \xff " + KEYS[1].encode()
                          + b"\ngroup K all \xe2\x84\xaa \xff\nquorum K\n")  # fmt: skip
    assert policy.holds(KEYS[:2])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "policy.quorum"),
        (witnesses(1), "policy.quorum"),
        ("quorum none\nquorum none\n", "policy.quorum"),
        ("quorum w1\n" + witnesses(1), "policy.name"),
        ("quorum\n", "policy.line"),
        ("quorum none none\n", "policy.line"),
        ("quorum none # no comment after a line\n", "policy.line"),
        ("witness none " + KEYS[0] + "\nquorum none\n", "policy.name"),
        (f"witness w {KEYS[0]}\nwitness w {KEYS[1]}\nquorum w\n", "policy.name"),
        (f"witness w {KEYS[0]}\nwitness v {KEYS[0]}\nquorum w\n", "policy.key"),
        (f"log {LOG_KEY}\nlog {LOG_KEY}\nquorum none\n", "policy.key"),
        (f"log {KEYS[0]}\nquorum none\n", "policy.key"),
        (f"witness w {LOG_KEY}\nquorum none\n", "policy.key"),
        (f"log {LOG_KEY} url more\nquorum none\n", "policy.line"),
        (witnesses(2) + "group g all\nquorum g\n", "policy.line"),
        (witnesses(2) + "group g 0 w1 w2\nquorum g\n", "policy.line"),
        (witnesses(2) + "group g 3 w1 w2\nquorum g\n", "policy.line"),
        (witnesses(2) + "group g 01 w1 w2\nquorum g\n", "policy.line"),
        (witnesses(2) + "group g most w1 w2\nquorum g\n", "policy.line"),
        (witnesses(2) + "group g any w1 w1\nquorum g\n", "policy.name"),
        (witnesses(2) + "group g any w1\ngroup h any w1 w2\nquorum g\n", "policy.name"),
        (witnesses(2) + "group g any w1 g\nquorum g\n", "policy.name"),
        (witnesses(2) + "group g any w1 none\nquorum g\n", "policy.name"),
        ("witnes w\nquorum none\n", "policy.line"),
        ("quorum none\r\n", "policy.bytes"),
        ("quorum\u00a0none\n", "policy.line"),
    ],
)
def test_what_is_wrong_is_told(text: str, code: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        parsed(text)
    assert refused.value.code == code
    if code not in ("policy.bytes", "policy.quorum"):
        assert (refused.value.where or "").startswith("line ")


@given(st.integers(1, 6), st.data(), st.sets(st.integers(0, 5)))
def test_k_of_n_holds_exactly_when_k_of_the_n_signed(
    count: int, data: st.DataObject, signed: set[int]
) -> None:
    needed = data.draw(st.integers(1, count))
    names = " ".join(f"w{number}" for number in range(1, count + 1))
    policy = parsed(f"{witnesses(count)}group g {needed} {names}\nquorum g\n")
    assert policy.holds([KEYS[at] for at in signed]) is (len([at for at in signed if at < count]) >= needed)


@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_more_signatures_never_break_a_quorum(some: set[int], more: set[int]) -> None:
    policy = parsed(EXAMPLE)
    if policy.holds([KEYS[at] for at in some]):
        assert policy.holds([KEYS[at] for at in some | more])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(NotCanonical):
        Policy.parse(content)
