"""Regular expressions are XPath's, and take time in proportion to text and pattern."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmn.feel.limits import Limits
from bpmn.feel.regex import BadPattern, compile_pattern, expand
from bpmn.feel.runtime import Run


def a_run() -> Run:
    return Run(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), Limits(steps=50_000_000), strict=False)


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "found"),
    [
        ("bra", "", "abracadabra", True),
        ("^a.*a$", "", "abracadabra", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        ("^b$", "m", "a\nb\nc", True),
        ("[A-Z-[OI]]", "", "O", False),
        ("[A-Z-[OI]]", "i", "x", True),
        ("[^Q]", "i", "q", False),
        ("(.)\\1", "", "aa", True),
        ("(.)\\1", "", "ab", False),
        ("\\p{Lu}+\\d", "", "AB1", True),
        ("\\P{IsBasicLatin}", "", "abc", False),
        ("a{2,3}", "", "xaay", True),
        ("a.c", "q", "abc", False),
        ("he l l o", "x", "hello", True),
    ],
)
def test_a_pattern_is_found_as_xpath_says(pattern: str, flags: str, text: str, found: bool) -> None:
    assert (compile_pattern(pattern, flags).search(a_run(), text) is not None) is found


@pytest.mark.parametrize(
    "pattern", ["(", ")", "a**", "[", "[z-a]", "\\3", "(a)\\2", "\\q", "a{3,2}", "(?=a)", "\\p{Xx}"]
)
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*a){8}b"])
def test_patterns_that_explode_elsewhere_stay_linear(pattern: str) -> None:
    began = time.monotonic()
    assert compile_pattern(pattern).search(a_run(), "a" * 2_000) is None
    assert time.monotonic() - began < 10


_piece = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "(a)", "(b|a)", "(?:ab)", "a*", "b+?", "(ab)*", "a?", "x{1,2}"]
)


@given(st.lists(_piece, min_size=1, max_size=5), st.text("abx", max_size=12))
def test_matches_and_groups_agree_with_python_where_the_dialects_do(pieces: list[str], text: str) -> None:
    pattern = "".join(pieces)
    ours = compile_pattern(pattern).search(a_run(), text)
    theirs = re.search(pattern, text)
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert ours[0] == theirs.span()


def test_a_replacement_names_groups() -> None:
    found = compile_pattern("(a)(b)?").search(a_run(), "xa")
    assert found is not None
    assert expand("[$0$1$2\\$]", "xa", found) == "[aa$]"
    with pytest.raises(BadPattern):
        expand("$x", "xa", found)
