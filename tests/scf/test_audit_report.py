"""The audit report tells who did what, gaps, keys and coverage, and takes nothing from a bundle as markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from proof import canonical, merkle
from proof.bundle import Bundle, BundleEntry, Opening
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.entry import Body, seal
from proof.hashes import commitment, event_leaf
from proof.signatures import KeySigner, PublicKey
from scf.audit_report import Format, render, sections_of
from scf.commands.audit import app
from workflows.audit import verify_bundle

KEY = ec.derive_private_key(7, ec.SECP256R1())
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "scf.example/log"
HOSTILE = "<script>alert('1')</script>\"&"
EVENTS = [{"kind": "task.completed", "element": f"Approve{HOSTILE}\x1b[2J\u202e"}]


def bundle(case: str = "case-1") -> Bundle:
    """A bundle of one entry, whose every text is hostile; its model compiles to nothing."""
    body = Body(
        origin=ORIGIN,
        entry_id=UUID(int=1),
        stream=case,
        seq=1,
        parents=(),
        kind="task.complete",
        actor=f"user:{HOSTILE}",
        occurred_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        statement=None,
        model_hash="ab" * 32,
        kernel_version="1",
        events_count=1,
        events_root=merkle.root([event_leaf(event) for event in EVENTS]).hex(),
        state_root="cd" * 32,
        commitments={name: commitment(bytes(32), b"x").hex() for name in ("commands", "note")},
        key_id=PublicKey.of(KEY).key_id,
    )
    envelope = seal(body, KeySigner(KEY))
    return Bundle(
        case_stream=case,
        process="p",
        checkpoint=sign_checkpoint(Checkpoint(ORIGIN, 1, merkle.root([envelope.leaf])), LOG_KEY),
        log_key=str(NoteKey.of(ORIGIN, LOG_KEY)),
        entry_keys=(PublicKey.of(KEY).der,),
        model={"p.bpmn": b"<definitions/>"},
        case=(
            BundleEntry(envelope, 0, (), canonical.encode(EVENTS), {"commands": Opening(bytes(32), b"x")}),
        ),
    )


def rows(of: Bundle, title: str) -> tuple[tuple[str, ...], ...]:
    report = verify_bundle(of.encode())
    return next(section.rows for section in sections_of(of, report) if section.title == title)


def test_the_report_tells_who_did_what_with_which_key_and_what_is_disclosed() -> None:
    (deed,) = rows(bundle(), "Who did what")
    assert deed[:4] == ("1", "2026-11-23T12:00:00.000000Z", f"user:{HOSTILE}", "task.complete")
    assert deed[4].endswith("task.completed")
    (key,) = rows(bundle(), "Keys")
    assert key[1:4] == (PublicKey.of(KEY).key_id, "the platform", "not told by the bundle")
    assert rows(bundle(), "Coverage") == (("1", "disclosed", "commands", "note"),)
    assert rows(bundle(), "Gaps") == ()


def test_what_is_withheld_and_what_is_missing_is_told() -> None:
    whole = bundle()
    closed = replace(whole, case=(replace(whole.case[0], events=None, openings={}),))
    assert rows(closed, "Coverage") == (("1", "not disclosed", "", "commands, note"),)
    assert rows(closed, "Who did what")[0][4] == "1, not disclosed"
    assert rows(replace(whole, case_stream="another"), "Gaps")
    assert rows(whole, "Other findings")  # its model is none


@pytest.mark.parametrize("form", ["text", "html"])
def test_hostile_texts_stay_texts(form: Format) -> None:
    hostile = bundle(case="<img/src=x>")
    written = render(hostile, verify_bundle(hostile.encode()), form)
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert "\\x1b[2J\\u202e" in written
    if form == "html":
        assert "<script" not in written
        assert "<img" not in written
        assert "&lt;script&gt;alert(&#x27;1&#x27;)" in written
        assert "default-src &#x27;none&#x27;" in written
        assert "http://" not in written
        assert "https://" not in written


@pytest.mark.parametrize("form", ["text", "html"])
def test_the_command_writes_the_report_also_of_what_is_wrong(form: Format, tmp_path: Path) -> None:
    file, out = tmp_path / "case.zip", tmp_path / "report"
    file.write_bytes(bundle().encode())
    done = CliRunner().invoke(app, ["verify", str(file), "--report", form, "-o", str(out)])
    assert done.exit_code == 6
    assert out.read_text("utf-8") == render(bundle(), verify_bundle(bundle().encode()), form)
