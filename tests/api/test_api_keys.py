"""Keys through the API: registered with proof of possession, endorsed, used to sign a decision, revoked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import NewDatabase

import finance
import ledger
import scf_api
import scoring
import workflows
from scf_api import ApiSettings
from support.api import Api, HandClock, running
from support.by_hand import ByHand
from support.person_keys import PersonKey
from support.repeating import repeating

MODELS = Path(__file__).parents[1] / "workflows" / "models"
ROOMS = (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM, scf_api.ROOM)
ORIGIN = "test.example/log"
APPROVE = {"decision": "approve"}

KEYS = """query { myKeys { edges { node {
  keyId holder state protection endorsedBy validBy { kind actor } revokedFor } } } }"""
TO_SIGN = "toSign { domain text } userErrors { code field }"


@pytest.fixture(scope="module")
async def api(new_database: NewDatabase) -> AsyncIterator[Api]:
    clock = HandClock()
    settings = ApiSettings(
        await new_database(ROOMS),
        clock=clock,
        cookie_secure=False,
        command_wait=timedelta(seconds=20),
        origin=ORIGIN,
    )
    async with running(settings, clock) as started:
        yield started


@pytest.fixture(scope="module")
async def by_hand(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ByHand]:
    """A worker for the API's commands, with the API's time."""
    keys = ledger.load_or_create_keys(tmp_path_factory.mktemp("keys"))
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, ORIGIN)
    hand = ByHand(api.database, recorder, keys.vault_key, time=api.clock.now())
    await hand.deploy("signed", MODELS)
    async with repeating(hand.carry_out_all):
        yield hand


@pytest.fixture(scope="module")
async def people(api: Api) -> dict[str, str]:
    return {
        "otto": await api.person("otto", "credit_officer"),
        "cara": await api.person("cara", "compliance"),
        "adam": await api.person("adam", "auditor"),
        "selma": await api.person("selma", "seller_maker", party_id=UUID(int=21)),
    }


async def mutate(api: Api, token: str, name: str, answer: str, **given: Any) -> dict[str, Any]:
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {answer} }} }}"
    data: dict[str, Any] = (await api.ask(query, {"input": given}, token=token))[name]
    return data


async def on_key(api: Api, token: str, name: str, **given: Any) -> tuple[str | None, list[str]]:
    """Perform a mutation about a key; return the key's state, or the codes of what was refused."""
    answer = "command { state } userErrors { code } key { keyId state }"
    told = await mutate(api, token, name, answer, idempotencyKey=uuid4().hex, **given)
    state = told["key"]["state"] if told["key"] else None
    return state, [error["code"] for error in told["userErrors"]]


async def register(api: Api, token: str, key: PersonKey) -> tuple[str | None, list[str]]:
    asked = await mutate(api, token, "registrationFor", TO_SIGN, publicKeyBase64=key.public_b64)
    to_sign = asked["toSign"]
    signature = key.sign(f"{to_sign['domain']}{to_sign['text']}".encode())
    return await on_key(
        api,
        token,
        "registerKey",
        registration=to_sign["text"],
        publicKeyBase64=key.public_b64,
        signatureBase64=signature,
    )


async def test_a_person_signs_a_decision_with_a_key_of_their_own(
    api: Api, by_hand: ByHand, people: dict[str, str]
) -> None:
    key = PersonKey()
    assert await register(api, people["otto"], key) == ("REGISTERED", [])
    assert await on_key(api, people["cara"], "endorseKey", keyId=key.key_id) == ("VALID", [])

    case_id = await by_hand.start("signed", {"face": "500.00"})
    task_id = f"Task:{(await by_hand.task(case_id, 'approve'))['id']}"
    asked = await api.ask(
        "query ($id: ID!) { task(id: $id) { requiresSignature } }", {"id": task_id}, token=people["otto"]
    )
    assert asked == {"task": {"requiresSignature": True}}
    given = {"taskId": task_id, "variables": APPROVE, "keyId": key.key_id}
    to_sign = (await mutate(api, people["otto"], "statementFor", TO_SIGN, **given))["toSign"]
    signature = key.sign(f"{to_sign['domain']}{to_sign['text']}".encode())
    done = await mutate(
        api,
        people["otto"],
        "completeTask",
        "command { state } userErrors { code } task { state }",
        idempotencyKey=uuid4().hex,
        taskId=task_id,
        variables=APPROVE,
        signed={"statement": to_sign["text"], "signatureBase64": signature},
    )
    assert (done["command"]["state"], done["userErrors"]) == ("DONE", [])

    entries = await api.ask(
        "query ($s: String) { ledgerEntries(stream: $s) { edges { node { kind keyHolder {"
        " heldBy account keyId told } } } } }",
        {"s": str(case_id)},
        token=people["otto"],
    )
    signed, started = (edge["node"] for edge in entries["ledgerEntries"]["edges"])
    assert (signed["kind"], started["kind"]) == ("task.complete", "case.start")
    assert signed["keyHolder"]["heldBy"] == "PERSON"
    assert (signed["keyHolder"]["account"], signed["keyHolder"]["keyId"]) == ("user:otto", key.key_id)
    assert started["keyHolder"]["heldBy"] == "PLATFORM"
    assert "no signature of a person" in started["keyHolder"]["told"]


async def test_keys_tell_their_life(api: Api, by_hand: ByHand, people: dict[str, str]) -> None:
    key = PersonKey()
    await register(api, people["selma"], key)
    await on_key(api, people["cara"], "endorseKey", keyId=key.key_id)
    revoked = await on_key(api, people["selma"], "revokeKey", keyId=key.key_id, reason="LOST")
    assert revoked == ("REVOKED", [])
    (mine,) = (await api.ask(KEYS, token=people["selma"]))["myKeys"]["edges"]
    assert mine["node"] == {
        "keyId": key.key_id,
        "holder": "user:selma",
        "state": "REVOKED",
        "protection": "BROWSER",
        "endorsedBy": "user:cara",
        "validBy": {"kind": "key.endorse", "actor": "user:cara"},
        "revokedFor": "LOST",
    }
    everybody = "query { keys { edges { node { holder } } } }"
    seen = (await api.ask(everybody, token=people["selma"]))["keys"]["edges"]
    assert {edge["node"]["holder"] for edge in seen} == {"user:selma"}
    seen = (await api.ask(everybody, token=people["adam"]))["keys"]["edges"]
    assert {edge["node"]["holder"] for edge in seen} >= {"user:selma", "user:otto"}


async def test_who_may_not_is_told(api: Api, by_hand: ByHand, people: dict[str, str]) -> None:
    key = PersonKey()
    assert await register(api, people["adam"], key) == (None, ["command.forbidden"])
    await register(api, people["cara"], key)
    assert await on_key(api, people["cara"], "endorseKey", keyId=key.key_id) == (None, ["key.own"])
    assert await on_key(api, people["otto"], "endorseKey", keyId=key.key_id) == (None, ["command.forbidden"])
    revoked = await on_key(api, people["otto"], "revokeKey", keyId=key.key_id, reason="LOST")
    assert revoked == (None, ["key.not_yours"])

    case_id = await by_hand.start("signed", {})
    task_id = f"Task:{(await by_hand.task(case_id, 'approve'))['id']}"
    given = {"taskId": task_id, "variables": APPROVE, "keyId": key.key_id}
    for name, codes in (("otto", ["statement.key_unknown"]), ("selma", ["task.unknown"])):
        refused = await mutate(api, people[name], "statementFor", TO_SIGN, **given)
        assert [error["code"] for error in refused["userErrors"]] == codes


@pytest.mark.parametrize("public_key", ["AAAA", "not base64"])
async def test_what_is_no_key_is_refused(
    api: Api, by_hand: ByHand, people: dict[str, str], public_key: str
) -> None:
    refused = await mutate(api, people["otto"], "registrationFor", TO_SIGN, publicKeyBase64=public_key)
    assert refused["userErrors"][0]["code"] in ("signature.key", "command.field_invalid")
