"""The files of a log: their names, which of them a log of some size has, and bundles of entries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.errors import NotCanonical
from proof.log_files import LogFile, decode_bundle, encode_bundle, files_between
from proof.tiles import TILE_WIDTH


@pytest.mark.parametrize(
    ("file", "path"),
    [
        (LogFile(0, 0), "tile/0/000"),
        (LogFile(0, 0, 1), "tile/0/000.p/1"),
        (LogFile(1, 999), "tile/1/999"),
        (LogFile(3, 1000, 255), "tile/3/x001/000.p/255"),
        (LogFile(0, 1_234_067), "tile/0/x001/x234/067"),
        (LogFile(None, 1_234_067, 8), "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_a_path_is_as_tlog_tiles_writes_it(file: LogFile, path: str) -> None:
    assert file.path == path
    assert LogFile.parse(path) == file


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/07",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/٠٠١",
        "tile/0/../../checkpoint",
        "tile/data/000",
        "/tile/0/000",
    ],
)
def test_no_other_spelling_names_a_file(path: str) -> None:
    with pytest.raises(NotCanonical, match=r"log\.path"):
        LogFile.parse(path)


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**18), st.integers(1, 256))
def test_each_file_has_one_path(level: int | None, number: int, width: int) -> None:
    file = LogFile(level, number, width)
    assert LogFile.parse(file.path) == file


def test_a_log_of_seventy_thousand_entries_has_tiles_on_three_levels() -> None:
    files = list(files_between(0, 70_000))
    assert sum(file.level is None for file in files) == 274
    assert [file.path for file in files if (file.level or 0) > 0] == [
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert files[273].path == "tile/entries/273.p/112"


def test_an_empty_log_has_no_files() -> None:
    assert list(files_between(0, 0)) == []


@given(st.integers(0, 200_000), st.integers(0, 200_000), st.integers(0, 70_000))
def test_growing_in_steps_leads_to_every_file_of_the_whole(first: int, second: int, third: int) -> None:
    low, middle, high = sorted((first, second, third))
    whole = set(files_between(0, high))
    steps = {*files_between(0, low), *files_between(low, middle), *files_between(middle, high)}
    assert whole <= steps
    assert all(file.is_in(high) for file in steps)
    assert all(file.width < TILE_WIDTH for file in steps - whole)
    assert not any(file.is_in(low) for file in files_between(low, high))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    bundle = encode_bundle(entries)
    assert decode_bundle(bundle, len(entries)) == entries
    with pytest.raises(NotCanonical, match=r"log\.bundle"):
        decode_bundle(bundle + b"\x00", len(entries))


def test_a_bundle_of_another_number_of_entries_is_refused() -> None:
    with pytest.raises(NotCanonical, match=r"log\.bundle"):
        decode_bundle(encode_bundle([b"one", b"two"]), 3)
    with pytest.raises(NotCanonical, match=r"log\.bundle"):
        decode_bundle(encode_bundle([b"one", b"two"])[:-1], 2)
