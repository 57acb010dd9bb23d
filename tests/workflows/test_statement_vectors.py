"""What the browser checks before it signs is what the platform asks to be signed: both read one vector."""

from __future__ import annotations

import json
from pathlib import Path

from proof.entry import Body
from proof.key_holder import key_holder
from proof.signatures import BACKENDS
from proof.statement import Decision, declared
from workflows.signed_decisions import shown_digests

SOURCES = Path(__file__).parents[2] / "ui" / "src"
VECTOR = SOURCES / "keys" / "vectors" / "statement.json"
SIGNED_BODY = SOURCES / "proof" / "vectors" / "signed-body.json"


def test_the_browsers_vector_is_a_statement_of_the_platform() -> None:
    vector = json.loads(VECTOR.read_text())
    nonce = "0123456789abcdef" * 2
    decision = Decision(
        origin="scf.local/log",
        account=f"user:{vector['account']}",
        key_id=vector["keyId"],
        case=vector["caseId"].removeprefix("Case:"),
        task=vector["taskId"].removeprefix("Task:"),
        element="approve",
        decision={name: declared(answer, nonce) for name, answer in vector["answers"].items()},
        shown=shown_digests(vector["variables"], vector["form"]),
        model_hash="ab" * 32,
        nonce=nonce,
    )
    assert vector["text"] == decision.encode().decode()


def test_the_browsers_signed_body_is_one_of_the_platform() -> None:
    vector = json.loads(SIGNED_BODY.read_text())
    for backend in BACKENDS:
        holder = key_holder(Body.decode(vector["body"].encode()), backend)
        assert (holder.account, holder.key_id) == (vector["account"], vector["keyId"])
