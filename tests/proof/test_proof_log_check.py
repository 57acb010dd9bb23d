"""Checking a log in files: a whole one passes and tells where its streams end; what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof import merkle
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint, split_note
from proof.cosignature import WitnessKey, cosign, with_cosignatures
from proof.log_check import LogChecked, check_log
from proof.log_files import LogFile, encode_bundle
from proof.policy import Policy
from proof.signatures import BACKENDS
from support.small_log import CASE, LOG_KEY, NOTE_KEY, ORIGIN, SmallLog

LOG = SmallLog.of(5)
BUNDLE, TILE = LogFile(None, 0, 5).path, LogFile(0, 0, 5).path
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(32))

Files = dict[str, bytes]


def checked(files: Files, policy: Policy | None = None, key: NoteKey = NOTE_KEY) -> LogChecked:
    return check_log(files, files.__getitem__, key, policy=policy, backends=BACKENDS)


def codes(files: Files) -> set[str]:
    return {finding.code for finding in checked(files).findings}


def test_a_whole_log_has_no_finding_and_tells_where_its_streams_end() -> None:
    found = checked(LOG.files())
    assert not found.findings
    assert found.checkpoint is not None
    assert found.checkpoint.size == 5
    assert found.ends == {CASE: (3, LOG.entries[4].leaf.hex()), "case-2": (2, LOG.entries[3].leaf.hex())}


def test_files_of_smaller_sizes_are_its_beginning() -> None:
    older = {path: content for path, content in SmallLog.of(3).files().items() if path.startswith("tile")}
    assert not codes({**LOG.files(), **older})
    assert codes({**LOG.files(), **older, LogFile(0, 0, 3).path: bytes(96)}) == {"log.file"}
    assert codes({**LOG.files(), LogFile(None, 0, 3).path: b""}) == {"log.file"}


def test_what_lies_beside_the_log_is_named_as_not_checked() -> None:
    assert checked({**LOG.files(), "timestamps/5-1.tsr": b"?"}).others == ("timestamps/5-1.tsr",)


def test_of_several_tiles_each_is_compared() -> None:
    size = 300
    log = SmallLog.of(size)
    leaves = [entry.leaf for entry in log.entries]
    files = log.files() | {
        LogFile(None, 0).path: encode_bundle(entry.encode() for entry in log.entries[:256]),
        LogFile(None, 1, 44).path: encode_bundle(entry.encode() for entry in log.entries[256:]),
        LogFile(0, 0).path: b"".join(leaves[:256]),
        LogFile(0, 1, 44).path: b"".join(leaves[256:]),
        LogFile(1, 0, 1).path: merkle.root(leaves[:256]),
    }
    files = {path: content for path, content in files.items() if "300" not in path}
    assert not check_log(files, files.__getitem__, NOTE_KEY).findings
    for path in files:
        changed = {**files, path: files[path][:-1] + bytes([files[path][-1] ^ 1])}
        assert check_log(changed, changed.__getitem__, NOTE_KEY).findings, path


def test_the_log_of_another_key_is_none() -> None:
    other = NoteKey.of(ORIGIN, Ed25519PrivateKey.generate())
    assert {finding.code for finding in checked(LOG.files(), key=other).findings} == {"checkpoint.signature"}


def without(path: str) -> Callable[[], Files]:
    return lambda: {name: content for name, content in LOG.files().items() if name != path}


def signed_over(places: list[int]) -> Files:
    """What an operator can sign who rewrites the order of the entries, or leaves one out."""
    entries = [LOG.entries[place] for place in places]
    root = merkle.root([entry.leaf for entry in entries])
    return {
        "checkpoint": sign_checkpoint(Checkpoint(ORIGIN, len(entries), root), LOG_KEY).encode(),
        "keys": LOG.files()["keys"],
        LogFile(None, 0, len(entries)).path: encode_bundle(entry.encode() for entry in entries),
        LogFile(0, 0, len(entries)).path: b"".join(entry.leaf for entry in entries),
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (without("checkpoint"), "log.missing"),
        (without("keys"), "log.missing"),
        (without(BUNDLE), "log.missing"),
        (without(TILE), "log.missing"),
        (lambda: {**LOG.files(), LogFile(0, 0, 6).path: bytes(192)}, "log.beyond"),
        (lambda: {**LOG.files(), "tile/x": b""}, "log.path"),
        (lambda: {**LOG.files(), "keys": LOG.files()["keys"] * 2}, "log.keys"),
        (lambda: {**LOG.files(), "checkpoint": b"\xff"}, "log.text"),
        (lambda: signed_over([0, 1, 3, 4]), "log.stream"),
        (lambda: signed_over([2, 0]), "log.stream"),
        (lambda: signed_over([0, 1, 2, 0]), "log.stream"),
        (lambda: {**signed_over([0, 1]), "checkpoint": SmallLog.of(3).files()["checkpoint"]}, "log.missing"),
        (lambda: {**LOG.files(), BUNDLE: encode_bundle([b"?"] * 5)}, "entry.envelope"),
    ],
)
def test_what_is_wrong_is_named(changed: Callable[[], Files], code: str) -> None:
    assert code in codes(changed())


def test_cosignatures_count_when_a_policy_names_their_witnesses() -> None:
    key = WitnessKey.of("witness.example/w", WITNESS)
    checkpoint = Checkpoint.parse(split_note(LOG.note)[0])
    line = cosign(checkpoint, key.name, WITNESS, 1_790_000_000)
    files = {**LOG.files(), "checkpoint": with_cosignatures(LOG.note, [line]).encode()}
    assert checked(files).unchecked == (key.name,)

    policy = Policy.parse(f"log {NOTE_KEY}\nwitness w {key}\nquorum w\n".encode())
    found = checked(files, policy)
    assert (found.findings, found.cosigned_by, found.unchecked) == ((), (key.name,), ())
    missing = {finding.code for finding in checked(LOG.files(), policy).findings}
    assert missing == {"policy.quorum_missing"}
