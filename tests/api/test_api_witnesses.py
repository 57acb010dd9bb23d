"""How far the witnesses have the log, as front ends see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import Cosigning, EntryDraft, Recorder, Sequencer, VaultKeys, adopt_policy
from proof.checkpoint import NoteKey
from proof.signatures import KeySigner
from support.api import Api
from support.witnesses import witness_in_thread

ORIGIN = "scf.example/log"
STATUS = """{
  logStatus {
    origin entries published policy
    witnesses { name validates size problem }
    alerts { code witness stops theirs }
  }
  ledgerEntries { edges { node {
    seq state witnessing { signed witnesses quorum endorsed validators }
  } } }
}"""


async def log_one(api: Api, keys: tuple[ec.EllipticCurvePrivateKey, Ed25519PrivateKey], seq: int) -> None:
    entry = EntryDraft(
        stream="test", seq=seq, kind="test", occurred_at=api.clock.now(), actor="system:test",
        statement=None, model_hash=None, kernel_version=None, events=(), state_root=None, payloads={},
    )  # fmt: skip
    async with api.database.transaction() as tx:
        await Recorder(KeySigner(keys[0]), VaultKeys.of(bytes(32)), ORIGIN).record_all(tx, [entry])
    sequencer = Sequencer(api.database, keys[1], ORIGIN)
    while not await sequencer.sequence_once():
        pass
    await sequencer.close()


async def ask_all(api: Api) -> None:
    cosigning = Cosigning(api.database)
    await cosigning.round()
    await cosigning.settled()
    await cosigning.close()


@pytest.fixture
async def auditor(api: Api) -> str:
    return await api.person("rita", "auditor")


async def test_entries_tell_how_many_witnesses_have_them(api: Api, auditor: str, tmp_path: Path) -> None:
    keys = ec.generate_private_key(ec.SECP256R1()), Ed25519PrivateKey.generate()
    log = NoteKey.of(ORIGIN, keys[1])
    await log_one(api, keys, 1)
    told = await api.ask(STATUS, token=auditor)
    assert told["logStatus"] == {
        "origin": ORIGIN, "entries": 1, "published": 1, "policy": False, "witnesses": [], "alerts": []
    }  # fmt: skip
    assert witnessing(told) == [(1, 0, 0, True, 0, 0)]

    with (
        witness_in_thread(tmp_path / "a", "bank.example/w", log) as bank,
        witness_in_thread(tmp_path / "b", "bank.example/w/validated", log) as validated,
    ):
        policy = bank.line("bank") + validated.line("bank-validated") + "quorum bank\n"
        await adopt_policy(api.database, policy.encode(), "ines")
        await ask_all(api)
    await log_one(api, keys, 2)
    await ask_all(api)
    told = await api.ask(STATUS, token=auditor)
    assert (told["logStatus"]["entries"], told["logStatus"]["published"]) == (2, 1)
    assert [witness["size"] for witness in told["logStatus"]["witnesses"]] == [1, 1]
    assert all("no answer" in witness["problem"] for witness in told["logStatus"]["witnesses"])
    assert witnessing(told) == [(2, 0, 1, False, 0, 1), (1, 1, 1, True, 1, 1)]


async def test_what_went_wrong_with_a_witness_is_told_to_the_bank_only(api: Api) -> None:
    admin = await api.person("root", "admin")
    assert (await api.ask("{ logStatus { origin } }", token=admin))["logStatus"] == {"origin": ORIGIN}
    assert (await api.refusal("{ logStatus { origin } }"))["code"] == "auth.required"


def witnessing(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    entries = [edge["node"] for edge in told["ledgerEntries"]["edges"]]
    return [(entry["seq"], *entry["witnessing"].values()) for entry in entries]
