"""The state's building blocks: a persistent Merkle map and a persistent sorted set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bpmn.kernel.index import SortedKeys
from bpmn.kernel.table import EMPTY_ROOT, Table

keys = st.integers(min_value=1, max_value=5_000)
changes = st.lists(st.dictionaries(keys, st.none() | st.integers(0, 9), max_size=20), max_size=12)


def canonical(record: int) -> bytes:
    return str(record).encode()


def empty() -> Table[int]:
    return Table(canonical)


@given(changes)
def test_a_table_is_a_map_that_remembers_every_version(batches):
    table, model = empty(), {}
    versions = [(table, {})]
    for batch in batches:
        table = table.updated(batch)
        model = {key: value for key, value in {**model, **batch}.items() if value is not None}
        versions.append((table, dict(model)))
    for version, expected in versions:
        assert list(version) == [expected[key] for key in sorted(expected)]
        assert len(version) == len(expected)
        assert all(version.get(key) == expected.get(key) for key in range(1, 60))


@given(changes)
def test_the_root_is_a_function_of_the_contents_not_of_the_history(batches):
    table = empty()
    model: dict[int, int | None] = {}
    for batch in batches:
        table = table.updated(batch)
        table.root()  # caches hashes half way, as bursts do
        model = {key: value for key, value in {**model, **batch}.items() if value is not None}
    assert table.root() == empty().updated(dict(sorted(model.items(), reverse=True))).root()
    assert (table.root() == EMPTY_ROOT) == (not model)


@given(st.dictionaries(keys, st.integers(0, 9), min_size=1), keys, st.integers(10, 19))
def test_any_other_contents_give_another_root(contents, key, other):
    table = empty().updated(contents)
    assert table.updated({key: other}).root() != table.root()
    one = next(iter(contents))
    assert table.updated({one: None}).root() != table.root()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 400)), max_size=900))
def test_a_sorted_set_orders_and_finds_by_prefix(operations):
    keys, model = SortedKeys(), set()
    for add, scope, member in operations:
        if add:
            keys = keys.with_key((scope, member))
            model.add((scope, member))
        else:
            keys = keys.without_key((scope, member))
            model.discard((scope, member))
    assert list(keys) == sorted(model)
    assert keys.first() == (min(model) if model else None)
    for scope in range(10):
        assert list(keys.starting_with((scope,))) == sorted(key for key in model if key[0] == scope)
    assert list(SortedKeys.of(list(model))) == sorted(model)


def test_a_sorted_set_holds_many():
    keys = SortedKeys()
    for at in range(5_000):
        keys = keys.with_key((at * 7919 % 5_003, at))
    assert len(list(keys)) == 5_000
    for at in range(0, 5_000, 2):
        keys = keys.without_key((at * 7919 % 5_003, at))
    assert len(list(keys)) == 2_500
