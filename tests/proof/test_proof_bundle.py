"""Audit bundles: one form, no byte that is not covered, and every change that is well-formed is found."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof import canonical, merkle
from proof.bundle import Bundle, BundleEntry, Opening, check, history_stream
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.entry import Body, Envelope, seal
from proof.errors import NotCanonical
from proof.hashes import commitment, event_leaf, leaf_hash
from proof.signatures import KeySigner, PublicKey

KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(8, ec.SECP256R1())
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "scf.example/log"
CASE = "5cf00000-0000-5000-8000-0000000000ca"
SALT = bytes(range(32))


def sealed(stream: str, seq: int, parent: Envelope | None, payloads: Mapping[str, bytes]) -> Envelope:
    events = EVENTS[: seq + 1]
    return seal(
        Body(
            origin=ORIGIN,
            entry_id=UUID(int=seq),
            stream=stream,
            seq=seq,
            parents=(parent.leaf.hex(),) if parent else (),
            kind="task.complete",
            actor="user:ines",
            occurred_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
            statement=None,
            model_hash="ab" * 32,
            kernel_version="1",
            events_count=len(events),
            events_root=merkle.root([event_leaf(event) for event in events]).hex(),
            state_root="cd" * 32,
            commitments={name: commitment(SALT, payload).hex() for name, payload in payloads.items()},
            key_id=PublicKey.of(KEY).key_id,
        ),
        KeySigner(KEY),
    )


EVENTS = [{"kind": "task.completed", "seq": number} for number in range(5)]
PAYLOADS = {"commands": b'[{"kind":"start"}]', "note": b"\x00\xff"}


def whole() -> Bundle:
    """A case of three entries and its history, among entries of others."""
    envelopes: list[Envelope] = []
    for seq in (1, 2, 3):
        envelopes.append(sealed(CASE, seq, envelopes[-1] if envelopes else None, PAYLOADS))
    envelopes.append(sealed(history_stream(CASE), 1, None, {"run-1.json": b"{}"}))
    leaves = [leaf_hash(bytes([number])) for number in range(9)]
    places = (1, 4, 5, 8)
    for place, envelope in zip(places, envelopes, strict=True):
        leaves[place] = envelope.leaf
    entries = [
        BundleEntry(
            envelope,
            place,
            tuple(merkle.inclusion_path(leaves, place)),
            canonical.encode(EVENTS[: Body.decode(envelope.body).seq + 1]),
            {name: Opening(SALT, payload) for name, payload in PAYLOADS.items()},
        )
        for place, envelope in zip(places, envelopes, strict=True)
    ]
    entries[3] = replace(entries[3], openings={"run-1.json": Opening(SALT, b"{}")})
    return Bundle(
        case_stream=CASE,
        process="p",
        checkpoint=sign_checkpoint(Checkpoint(ORIGIN, 9, merkle.root(leaves)), LOG_KEY),
        log_key=str(NoteKey.of(ORIGIN, LOG_KEY)),
        entry_keys=(PublicKey.of(KEY).der,),
        model={"p.bpmn": b"<definitions/>", "rules für p.dmn": b"<rules/>"},
        case=tuple(entries[:3]),
        history=tuple(entries[3:]),
    )


WHOLE = whole()


def codes(bundle: Bundle, **known: Any) -> set[str]:
    """Read the bundle again from its bytes, and return the codes of what is found."""
    return {finding.code for finding in check(Bundle.decode(bundle.encode()), **known).findings}


def entry(number: int, **changed: Any) -> Bundle:
    entries = list(WHOLE.case)
    entries[number] = replace(entries[number], **changed)
    return replace(WHOLE, case=tuple(entries))


def test_a_whole_bundle_has_no_finding() -> None:
    checked = check(Bundle.decode(WHOLE.encode()), log_key=WHOLE.log_key)
    assert checked.findings == ()
    assert [body.seq for body in checked.bodies] == [1, 2, 3]
    assert checked.withheld == 0
    assert checked.pinned
    assert checked.checkpoint is not None
    assert checked.checkpoint.size == 9
    assert not check(WHOLE).pinned


def test_a_bundle_has_one_form() -> None:
    assert Bundle.decode(WHOLE.encode()) == WHOLE
    assert WHOLE.encode() == WHOLE.encode()
    with zipfile.ZipFile(io.BytesIO(WHOLE.encode())) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("case/000001/payload/commands") == PAYLOADS["commands"]


def test_every_flipped_byte_is_found() -> None:
    data = WHOLE.encode()
    chance = random.Random(5)
    for place in chance.sample(range(len(data)), 200):
        flipped = bytearray(data)
        flipped[place] ^= chance.randrange(1, 256)
        with pytest.raises(NotCanonical):
            Bundle.decode(bytes(flipped))


@pytest.mark.parametrize("cut", [0, 1, 21, 22, 100, -1, -22])
def test_a_cut_file_is_refused(cut: int) -> None:
    with pytest.raises(NotCanonical):
        Bundle.decode(WHOLE.encode()[:cut])


@pytest.mark.parametrize("more", [b"\x00", b"PK", b"a comment that nobody signed"])
def test_a_file_with_more_around_it_is_refused(more: bytes) -> None:
    for data in (WHOLE.encode() + more, more + WHOLE.encode()):
        with pytest.raises(NotCanonical):
            Bundle.decode(data)


FORGED = sealed(CASE, 2, WHOLE.case[0].envelope, {"commands": b"[]"})
CHANGES: dict[str, tuple[Callable[[], Bundle], set[str]]] = {
    "entry that was never logged": (
        lambda: entry(1, envelope=FORGED, openings={}),
        {"merkle.inclusion", "bundle.stream"},
    ),
    "signature of another body": (
        lambda: entry(0, envelope=Envelope(WHOLE.case[0].envelope.body, WHOLE.case[1].envelope.signature)),
        {"signature.invalid", "merkle.inclusion", "bundle.stream"},
    ),
    "body that is none": (
        lambda: entry(2, envelope=Envelope(b"{}", WHOLE.case[2].envelope.signature)),
        {"entry.version"},
    ),
    "other index": (lambda: entry(0, index=2), {"merkle.inclusion"}),
    "index beyond": (lambda: entry(0, index=2**53 - 1), {"merkle.inclusion"}),
    "other path": (lambda: entry(0, path=WHOLE.case[1].path), {"merkle.inclusion"}),
    "other element steps": (lambda: entry(0, events=canonical.encode(EVENTS)), {"bundle.events"}),
    "element steps that are no list": (lambda: entry(0, events=b"{}"), {"bundle.events"}),
    "element steps in another spelling": (lambda: entry(0, events=b"[ ]"), {"canonical.bytes"}),
    "other payload": (
        lambda: entry(0, openings={"commands": Opening(SALT, b"[]")}),
        {"bundle.payload"},
    ),
    "other salt": (
        lambda: entry(0, openings={"commands": Opening(bytes(32), PAYLOADS["commands"])}),
        {"bundle.payload"},
    ),
    "payload that nothing commits to": (
        lambda: entry(0, openings={"more": Opening(SALT, b"")}),
        {"bundle.payload"},
    ),
    "entry left out": (
        lambda: replace(WHOLE, case=(WHOLE.case[0], WHOLE.case[2])),
        {"bundle.stream"},
    ),
    "first entry left out": (lambda: replace(WHOLE, case=WHOLE.case[1:]), {"bundle.stream"}),
    "no entry": (lambda: replace(WHOLE, case=()), {"bundle.stream"}),
    "other case": (lambda: replace(WHOLE, case_stream="another"), {"bundle.stream"}),
    "history of another case": (lambda: replace(WHOLE, history=WHOLE.case[:1]), {"bundle.stream"}),
    "key left out": (lambda: replace(WHOLE, entry_keys=()), {"bundle.key"}),
    "key that signed nothing": (
        lambda: replace(WHOLE, entry_keys=(*WHOLE.entry_keys, PublicKey.of(OTHER_KEY).der)),
        {"bundle.key_unused"},
    ),
    "key that is none": (
        lambda: replace(WHOLE, entry_keys=(*WHOLE.entry_keys, b"no key")),
        {"signature.key"},
    ),
    "checkpoint of another key": (
        lambda: replace(
            WHOLE,
            log_key=str(NoteKey.of(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))),
        ),
        {"checkpoint.signature"},
    ),
    "checkpoint of another log": (
        lambda: replace(
            WHOLE,
            checkpoint=sign_checkpoint(Checkpoint("other/log", 9, bytes(32)), LOG_KEY),
            log_key=str(NoteKey.of("other/log", LOG_KEY)),
        ),
        {"bundle.origin", "merkle.inclusion"},
    ),
    "checkpoint that is none": (lambda: replace(WHOLE, checkpoint="hello"), {"checkpoint.form"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_well_formed_change_is_found(name: str) -> None:
    change, expected = CHANGES[name]
    assert codes(change()) == expected


def test_another_log_key_than_the_known_one_is_found() -> None:
    assert codes(WHOLE, log_key="another") == {"bundle.log_key"}


def test_what_is_withheld_is_counted_and_no_finding() -> None:
    checked = check(Bundle.decode(entry(0, events=None, openings={}).encode()))
    assert checked.findings == ()
    assert checked.withheld == 3  # two payloads and a list of element steps


@pytest.mark.parametrize(
    "name", ["../p.bpmn", "a/b.bpmn", ".hidden", "", "a\\b", "a\x00b", "x" * 201, "/etc/passwd"]
)
def test_no_file_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        replace(WHOLE, model={name: b""}).encode()
    assert refused.value.code == "bundle.name"


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, method
            archive.writestr(info, content)
    return written.getvalue()


def unpacked() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(WHOLE.encode())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_files_in_another_archive_are_refused() -> None:
    files = unpacked()
    assert packed(files) == WHOLE.encode()
    backwards = dict(reversed(files.items()))
    for other in (packed(files, zipfile.ZIP_DEFLATED), packed(backwards)):
        with pytest.raises(NotCanonical) as refused:
            Bundle.decode(other)
        assert refused.value.code == "bundle.container"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bundle.json", None),
        ("bundle.json", b'{"case":"c","format":"scf-audit-bundle/2","process":"p"}'),
        ("bundle.json", b'{"case":1,"format":"scf-audit-bundle/1","process":"p"}'),
        ("bundle.json", b"[]"),
        ("keys.json", None),
        ("keys.json", b'{"entries":[],"log":1}'),
        ("keys.json", b'{"entries":{},"log":""}'),
        ("checkpoint.txt", None),
        ("checkpoint.txt", b"\xff"),
        ("readme.txt", b""),
        ("case/000002/envelope", None),
        ("case/000002/envelope", b"no line feed"),
        ("case/000004/envelope", b""),
        ("case/000009/inclusion.json", b"{}"),
        ("case/000002/inclusion.json", b'{"index":-1,"path":[]}'),
        ("case/000002/inclusion.json", b'{"index":true,"path":[]}'),
        ("case/000002/inclusion.json", b'{"index":1,"path":["AAAA"]}'),
        ("case/000002/salts.json", None),
        ("case/000002/salts.json", b"{}"),
        ("case/000002/salts.json", b'{"commands":"AAAA","note":"AAAA"}'),
        ("case/000002/payload/note", None),
        ("case/000002/payload/no field", b""),
        ("case/000002/other", b""),
    ],
)
def test_files_that_are_not_a_bundles_are_refused(name: str, content: bytes | None) -> None:
    files = unpacked()
    if content is None:
        del files[name]
    else:
        files[name] = content
    with pytest.raises(NotCanonical):
        Bundle.decode(packed(dict(sorted(files.items()))))
