"""The map of claims: its root is that of the plain tree of 256 levels, and a path shows what stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from proof.claims_map import EMPTY, LEVELS, ClaimsMap, key_of, leaf_of, root_of

# Few first bytes, so that keys share long ways; and some that differ in their last bits only.
keys = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.sampled_from([0, 1, 2, 3, 128]).map(lambda last: bytes(31) + bytes([last])),
    st.sampled_from([b"\x00", b"\x01", b"\x80"]).map(lambda first: first + bytes(31)),
)
leaves = st.binary(max_size=3).map(leaf_of)
contents = st.dictionaries(keys, leaves, max_size=12)


def naive_root(content: Mapping[bytes, bytes], level: int = 0) -> bytes:
    """The definition: each level parts the keys by their next bit; over nothing is EMPTY."""
    if not content:
        return EMPTY
    if level == LEVELS:
        (leaf,) = content.values()
        return leaf
    sides: list[dict[bytes, bytes]] = [{}, {}]
    for key, leaf in content.items():
        bits = f"{int.from_bytes(key):0256b}"
        sides[int(bits[level])][key] = leaf
    return sha256(b"\x05" + naive_root(sides[0], level + 1) + naive_root(sides[1], level + 1)).digest()


def made_of(content: Mapping[bytes, bytes]) -> ClaimsMap:
    made = ClaimsMap()
    for key, leaf in content.items():
        made = made.put(key, leaf)
    return made


@given(contents)
def test_the_root_is_that_of_the_plain_tree(content: Mapping[bytes, bytes]) -> None:
    assert made_of(content).root() == naive_root(content)


@given(contents, st.randoms())
def test_the_root_does_not_tell_in_which_order_it_was_filled(
    content: Mapping[bytes, bytes], random: object
) -> None:
    shuffled = list(content.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert made_of(dict(shuffled)).root() == made_of(content).root()


@given(contents, contents)
def test_what_is_put_later_replaces_and_leaves_the_earlier_map_as_it_was(
    first: Mapping[bytes, bytes], then: Mapping[bytes, bytes]
) -> None:
    before = made_of(first)
    after = before
    for key, leaf in then.items():
        before.root()  # what was hashed before must not be taken for what is there now
        after = after.put(key, leaf)
    assert after.root() == naive_root({**first, **then})
    assert before.root() == naive_root(first)


@given(contents, keys, leaves)
def test_a_path_shows_what_stands_under_a_key_and_nothing_else(
    content: Mapping[bytes, bytes], key: bytes, other: bytes
) -> None:
    made = made_of(content)
    path, there = made.path(key), content.get(key, EMPTY)
    assert EMPTY not in path.values()
    assert root_of(key, there, path) == made.root()
    for wrong in {other, EMPTY, leaf_of(b"else")} - {there}:
        assert root_of(key, wrong, path) != made.root()


@given(contents.filter(bool), keys)
def test_a_path_with_a_sibling_more_less_or_changed_leads_elsewhere(
    content: Mapping[bytes, bytes], key: bytes
) -> None:
    made = made_of(content)
    path, leaf = made.path(key), content.get(key, EMPTY)
    for level in path:
        less = {at: node for at, node in path.items() if at != level}
        assert root_of(key, leaf, less) != made.root()
        assert root_of(key, leaf, {**path, level: leaf_of(path[level])}) != made.root()
    more = next(level for level in reversed(range(LEVELS)) if level not in path)
    assert root_of(key, leaf, {**path, more: leaf_of(b"")}) != made.root()


def test_paths_are_about_as_long_as_the_number_of_keys_has_bits() -> None:
    made = made_of({key_of(bytes([number])): leaf_of(b"") for number in range(256)})
    assert max(len(made.path(key_of(bytes([number])))) for number in range(256)) < 20
    assert max(len(made.path(key_of(b"none" + bytes([number])))) for number in range(256)) < 20


def test_a_known_map() -> None:
    """Held fast: a root that changes would make every seal of before a finding."""
    assert ClaimsMap().root() == bytes(32)
    made = made_of({key_of(bytes([number]) * 32): leaf_of(b"%d" % number) for number in range(3)})
    assert made.root().hex() == "636f967a90aac59d358729dc4723ef2403244c816f091666680e4abfb996527c"
