"""Erasures over the API: who asks does not decide, and only the bank's people know of them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ledger
from proof import disclosure
from support.api import Api
from support.bpmn_text import end, flow, process, start, user
from support.commands import do, result_of
from support.inbox_worker import inbox_worker
from support.jobs import Jobs
from workflows import definitions

MODEL = process(start() + user("only") + end() + flow("start > only > end"), id="forget")
TOLD = """
  command { state } userErrors { code field }
  erasure { id state reason requestedBy decidedBy streams case { state } party { name } }
"""
REQUEST = f"mutation ($input: RequestErasureInput!) {{ requestErasure(input: $input) {{ {TOLD} }} }}"
APPROVE = f"mutation ($input: ErasureInput!) {{ approveErasure(input: $input) {{ {TOLD} }} }}"
REJECT = f"mutation ($input: RejectErasureInput!) {{ rejectErasure(input: $input) {{ {TOLD} }} }}"
DISCLOSE = """
mutation ($input: DiscloseEntryInput!) {
  discloseEntry(input: $input) { command { state } userErrors { code } fileBase64 }
}
"""
LIST = "query { erasures(state: DONE) { edges { node { reason } } } }"


@pytest.fixture(scope="module", autouse=True)
async def worker(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """Carries out commands as the platform's worker does, but for Temporal between."""
    jobs = Jobs()
    async with api.database.transaction() as tx:
        await definitions.deploy(
            tx,
            "forget",
            {"forget.bpmn": MODEL.decode()},
            job_types=jobs.effects.job_types,
            deployed_by="test",
            at=api.clock.now(),
        )
    async with inbox_worker(api.database, tmp_path_factory.mktemp("keys"), api.clock, jobs.effects):
        yield


async def test_a_second_person_erases_a_case(api: Api) -> None:
    carla = await api.person("carla-e", "compliance")
    conrad = await api.person("conrad-e", "compliance")
    payload = {"product": "forget", "business_key": str(uuid4()), "variables": {"name": "Anna Muster"}}
    case_id = UUID((await result_of(api.database, "case.start", payload))["case_id"])
    given = {"caseId": f"Case:{case_id}", "reason": "she asked for it"}

    running = await do(api, carla, REQUEST, **given)
    assert [error["code"] for error in running["userErrors"]] == ["ledger.erase_running"]
    await result_of(api.database, "case.cancel", {"reason": "over"}, case_id)
    asked = await do(api, carla, REQUEST, **given)
    assert (asked["erasure"]["state"], asked["erasure"]["requestedBy"]) == ("REQUESTED", "carla-e")
    assert asked["erasure"]["case"] == {"state": "cancelled"}
    erasure = {"erasureId": asked["erasure"]["id"]}

    own = await do(api, carla, APPROVE, **erasure)
    assert [error["code"] for error in own["userErrors"]] == ["ledger.erase_four_eyes"]
    done = await do(api, conrad, APPROVE, **erasure)
    assert (done["erasure"]["state"], done["erasure"]["decidedBy"]) == ("DONE", "conrad-e")
    late = await do(api, conrad, REJECT, **erasure, reason="too late")
    assert [error["code"] for error in late["userErrors"]] == ["ledger.erase_done"]
    listed = await api.ask(LIST, token=conrad)
    assert {"node": {"reason": "she asked for it"}} in listed["erasures"]["edges"]


async def test_it_is_for_compliance_and_names_one_thing(api: Api) -> None:
    officer = await api.person("olga-e", "credit_officer")
    conrad = await api.person("conni-e", "compliance")
    given = {"caseId": f"Case:{uuid4()}", "reason": "because"}
    refused = await do(api, officer, REQUEST, **given)
    assert [error["code"] for error in refused["userErrors"]] == ["command.forbidden"]
    both = await do(api, conrad, REQUEST, **given, partyId=f"Party:{uuid4()}")
    assert [error["code"] for error in both["userErrors"]] == ["ledger.erase_what"]
    unknown = await do(api, conrad, REQUEST, **given)
    assert [error["code"] for error in unknown["userErrors"]] == ["case.unknown"]


async def test_only_compliance_discloses_and_only_what_is_logged(api: Api) -> None:
    officer = await api.person("otto-e", "credit_officer")
    conrad = await api.person("cora-e", "compliance")
    payload = {"product": "forget", "business_key": str(uuid4()), "variables": {}}
    case_id = (await result_of(api.database, "case.start", payload))["case_id"]
    given = {
        "entryId": f"LedgerEntry:{ledger.entry_id(case_id, 1)}",
        "fields": ["commands"],
        "to": "Auditor",
        "reason": "review",
    }
    refused = await do(api, officer, DISCLOSE, **given)
    assert [error["code"] for error in refused["userErrors"]] == ["command.forbidden"]
    early = await do(api, conrad, DISCLOSE, **given)
    assert [error["code"] for error in early["userErrors"]] == ["ledger.entry_pending"]
    log_key = Ed25519PrivateKey.generate()
    sequencer = ledger.Sequencer(api.database, log_key, "test.example/log")
    while await sequencer.sequence_once():
        pass
    await sequencer.close()
    done = await do(api, conrad, DISCLOSE, **given)
    told = disclosure.verify(base64.b64decode(done["fileBase64"]))
    assert set(told.payloads) == {"commands"}


async def test_sellers_know_of_no_erasure(api: Api) -> None:
    seller = await api.person("sally-e", "seller_maker", party_id=uuid4())
    assert (await api.ask(LIST, token=seller))["erasures"]["edges"] == []
