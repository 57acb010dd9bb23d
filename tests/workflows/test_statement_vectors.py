"""What the browser checks before it signs is what the platform asks to be signed: both read one vector."""

from __future__ import annotations

import json
from pathlib import Path

from proof.statement import Decision, declared
from workflows.signed_decisions import shown_digests

VECTOR = Path(__file__).parents[2] / "ui" / "src" / "keys" / "vectors" / "statement.json"


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
