"""Canonical JSON: RFC 8785's bytes within the profile, and a refusal outside it."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from proof.canonical import MAX_INTEGER, decode, encode
from proof.errors import NotCanonical

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(max_codepoint=127), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)


@given(values)
def test_what_is_written_is_read_back(value: object) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "canonical.type"),
        ({"a": [b"bytes"]}, "canonical.type"),
        (2**53, "canonical.integer"),
        ({"ä": 1}, "canonical.key"),
        ({1: 1}, "canonical.key"),
        ("\ud800", "canonical.text"),
        ({"a": {1, 2}}, "canonical.type"),
    ],
)
def test_what_has_no_single_form_is_refused(value: object, code: str) -> None:
    with pytest.raises(NotCanonical) as caught:
        encode(value)
    assert caught.value.code == code


def test_deep_nesting_is_refused_instead_of_exhausting_the_stack() -> None:
    value: object = 1
    for _ in range(5000):
        value = [value]
    with pytest.raises(NotCanonical, match=r"canonical\.depth"):
        encode(value)
    with pytest.raises(NotCanonical):
        decode(b"[" * 5000 + b"]" * 5000)


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"b":1,"a":2}', b'{ "a":1}', b'{"a":1,"a":1}', b'"\\u0061"', b"1.0", b"1e2", b"", b"\xff", b"1 "),
        *(b"NaN", b"Infinity", b"9" * 5000, b"\xef\xbb\xbf1", "1".encode("utf-16"), b'"\\ud800"', b'"\x07"'),
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        decode(data)
