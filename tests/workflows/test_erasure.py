"""Erasing a case and a party: no column holds their texts any more, every proof stays valid."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest_asyncio
from conftest import NewDatabase
from temporalio.client import Client

import finance
import ledger
from ledger import Sequencer, prove, verify_log
from proof.entry_proof import verify
from support.cases import Platform
from support.factoring import OPERATIONS, Trade, bring_trade, shipped_platform
from support.secrets import places_of
from workflows import Actor
from workflows.audit import export_case, verify_bundle
from workflows.domain_commands import NewCaseClock
from workflows.replay import replay_case
from workflows.worker import WorkerSettings, rooms

CLOCK = NewCaseClock(Decimal(2_000_000), frozenset({"task", "message"}), from_documents=True)
CARLA = Actor("carla", frozenset({"compliance"}))
CONRAD = Actor("conrad", frozenset({"compliance"}))
# What only the erased case knows, in documents, numbers, remarks, drafts, refusals and payments.
SECRETS = ("Geheimware 4711", "GEHEIM7", "Verdacht auf Betrug", "Halb geschrieben", "Zahler Zwiebel")


@dataclass
class World:
    """A platform with a settled case that is to be erased, and another of the same companies."""

    platform: Platform
    client: Client
    erased: UUID
    other: UUID
    trade: Trade

    async def log(self) -> None:
        keys = ledger.load_or_create_keys(self.platform.settings.key_folder)
        sequencer = Sequencer(self.platform.database, keys.log_key, self.platform.settings.origin)
        while await sequencer.sequence_once():
            pass
        await sequencer.close()

    async def ask(self, subject: str, subject_id: UUID, by: Actor = CARLA) -> str:
        payload = {"subject": subject, "subject_id": str(subject_id), "reason": "Art. 17 GDPR"}
        erasure: str = (await self.platform.perform("vault.request-erasure", payload, actor=by))["erasure_id"]
        return erasure

    async def scf(self, *words: object, alone: bool = False) -> dict[str, Any]:
        """Run the command line beside the running platform; `alone` as on another machine."""
        settings = self.platform.settings
        where = ("--data", settings.key_folder.parent, "--database", settings.database_url)
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scf", *map(str, (*words, *(() if alone else where)))),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await running.communicate()
        assert running.returncode == 0
        told: dict[str, Any] = orjson.loads(out)
        return told

    async def runs_in_temporal(self, workflow_id: str) -> int:
        return len([run async for run in self.client.list_workflows(f'WorkflowId = "{workflow_id}"')])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    new_database: NewDatabase, temporal_target: str, tmp_path_factory: Any
) -> AsyncIterator[World]:
    url, keys = await new_database(rooms()), tmp_path_factory.mktemp("data") / "keys"
    settings = WorkerSettings(
        url,
        temporal_target,
        keys,
        task_queue="test-erasure",
        case_clock=CLOCK,
        archive_every=timedelta(seconds=0.2),
    )
    async with shipped_platform(settings) as platform, platform.running():
        plain = await bring_trade(platform, "retail", "71")
        other = await _settled(plain)
        ware = "Extra virgin olive oil 750 ml|Geheimware 4711"
        trade = await bring_trade(platform, "retail", "71", series="-Geheim7", order=ware, invoice=ware)
        erased = await _settled(trade, told=True)
        for case_id in (erased, other):
            await platform.until(
                "SELECT FROM workflows.case_ WHERE id = $1 AND history = 'archived'", 1, case_id
            )
        client = await Client.connect(temporal_target)
        world = World(platform, client, erased, other, trade)
        await world.log()
        yield world


async def _settled(trade: Trade, *, told: bool = False) -> UUID:
    """Let a trade be financed, paid and settled; with secrets in remarks, drafts and refusals."""
    platform = trade.platform
    case_id = await trade.request()
    if told:
        # It looks like the other one: a person has to tell the two apart.
        reason = {"decision": "accept", "reason": "Verdacht auf Betrug"}
        await platform.complete(case_id, "ReviewMatch", OPERATIONS, **reason)
    element = await platform.first_of(case_id, "VerifyWithBuyer", "ApproveFinancing")
    if element == "VerifyWithBuyer":
        await platform.complete(case_id, "VerifyWithBuyer", trade.buyer, decision="confirmed")
    if told:
        officer = Actor("olivia", frozenset({"credit_officer"}))
        task = {"task_id": str(await platform.task(case_id, "ApproveFinancing"))}
        await platform.perform("task.comment", {**task, "text": "Verdacht auf Betrug"}, actor=officer)
        draft = {**task, "draft": {"reason": "Halb geschrieben"}}
        await platform.perform("task.save-draft", draft, actor=officer)
        odd = {**task, "variables": {"decision": "Verdacht auf Betrug"}}
        await platform.outcome(await platform.submit("task.complete", odd, actor=officer))
    await trade.approve(case_id)
    await trade.fund(case_id)
    await platform.case_at(case_id, "WaitForPayment")
    await platform.perform(
        "payment.record",
        {
            "reference": f"Invoice {trade.number}",
            "amount": trade.amount,
            "currency": trade.currency,
            "value_date": "2026-03-23",
            "bank_ref": f"IN-{trade.invoice_id}",
            "payer": "Zahler Zwiebel" if told else "the buyer",
        },
    )
    await platform.case_in(case_id, "completed")
    return case_id


async def test_a_running_case_is_not_erased_and_a_cancelled_one_is_by_the_command_line(world: World) -> None:
    again = await bring_trade(world.platform, "retail", "73")
    case_id = await again.request()
    await world.platform.first_of(case_id, "VerifyWithBuyer", "ApproveFinancing")
    asked = {"subject": "case", "subject_id": str(case_id), "reason": "Art. 17 GDPR"}
    assert await world.platform.refusal("vault.request-erasure", asked, actor=CARLA) == "ledger.erase_running"
    party = {"subject": "party", "subject_id": str(again.buyer.party_id), "reason": "Art. 17 GDPR"}
    assert await world.platform.refusal("vault.request-erasure", party, actor=CARLA) == "ledger.erase_running"
    await world.platform.perform("case.cancel", {"reason": "given up"}, case_id=case_id, actor=OPERATIONS)
    await world.platform.case_in(case_id, "cancelled")
    told = await world.scf(
        "ledger", "erase", "--case", case_id, "--reason", "Art. 17 GDPR", "--yes", "--json"
    )
    assert (told["case"], told["state"]) == (str(case_id), "done")
    await world.log()
    assert (await replay_case(world.platform.database, case_id, world.platform.vault_key)).erased


async def test_what_is_unknown_is_told(world: World) -> None:
    asked = {"subject": "case", "subject_id": str(UUID(int=1)), "reason": "Art. 17 GDPR"}
    assert await world.platform.refusal("vault.request-erasure", asked, actor=CARLA) == "case.unknown"
    unknown = {"erasure_id": str(UUID(int=1))}
    assert await world.platform.refusal("vault.erase", unknown, actor=CARLA) == "ledger.erase_unknown"


async def test_an_erased_case_leaves_no_text_behind_and_every_proof_valid(world: World) -> None:
    platform, database = world.platform, world.platform.database
    # What was disclosed of it lies in the outcome of the command until then.
    entry = ledger.entry_id(str(world.erased), 1)
    disclosed = {"entry_id": str(entry), "fields": ["commands"], "to": "Auditor", "reason": "review"}
    await platform.perform("vault.disclose", disclosed, actor=CARLA)
    held = await places_of(database, *SECRETS)
    assert len(held) >= 20, held  # the scan sees what is there
    assert {"finance.document.content", "workflows.command.payload", "workflows.task_comment.text"} <= held
    entries = await platform.rows("SELECT entry_id FROM ledger.entry ORDER BY index")
    proofs = [await prove(database, row["entry_id"]) for row in entries]
    bundle = await export_case(database, world.erased, platform.vault_key)
    (case,) = await platform.rows(
        "SELECT product || '/' || business_key AS id, request_id FROM workflows.case_view WHERE id = $1",
        world.erased,
    )
    assert await world.runs_in_temporal(case["id"]) > 0

    erasure = await world.ask("case", world.erased)
    twice = {"subject": "case", "subject_id": str(world.erased), "reason": "again"}
    assert await platform.refusal("vault.request-erasure", twice, actor=CARLA) == "ledger.erase_requested"
    approval = {"erasure_id": erasure}
    assert await platform.refusal("vault.erase", approval, actor=CARLA) == "ledger.erase_four_eyes"
    done = await platform.perform("vault.erase", approval, actor=CONRAD)
    assert (done["state"], done["streams"] > 5) == ("done", True)
    assert await platform.perform("vault.erase", approval, actor=CONRAD) == done

    await platform.until("SELECT WHERE NOT EXISTS (SELECT FROM workflows.erased_workflow)", 1)
    assert await world.runs_in_temporal(case["id"]) == 0
    assert await places_of(database, *SECRETS) == set()

    await world.log()
    assert (await verify_log(database, vault_key=platform.vault_key)).ok
    for proof in proofs:
        verify(proof)
    for row in entries:
        verify(await prove(database, row["entry_id"]))
    assert verify_bundle(bundle).reexecuted
    after = verify_bundle(await export_case(database, world.erased, platform.vault_key))
    assert (after.ok, after.reexecuted, after.withheld > 0) == (True, False, True)
    assert (await replay_case(database, world.erased, platform.vault_key)).erased
    assert (await replay_case(database, world.other, platform.vault_key)).agrees
    async with database.transaction() as tx:
        assert await finance.verify_books(tx) == []


async def test_the_erasure_is_an_entry_that_says_who_what_and_which_streams(world: World) -> None:
    entry, *_ = await world.platform.rows(
        "SELECT actor, body -> 'statement' ->> 'requested_by' AS asked,"
        " body -> 'statement' ->> 'case' AS case,"
        " body -> 'statement' -> 'streams' ? $1 AS named, entry_id FROM ledger.entry_view"
        " WHERE kind = 'vault.erase' AND body -> 'statement' ->> 'case' = $1",
        str(world.erased),
    )
    assert (entry["actor"], entry["asked"], entry["case"], entry["named"]) == (
        "user:conrad",
        "user:carla",
        str(world.erased),
        True,
    )
    async with world.platform.database.reading() as sql:
        opened = await ledger.reveal(sql, entry["entry_id"], world.platform.vault_key)
    assert opened["reason"] == b'"Art. 17 GDPR"'


async def test_an_erased_case_takes_no_command_and_its_invoice_is_not_financed_again(world: World) -> None:
    refused = await world.platform.refusal(
        "case.cancel",
        {"reason": "no"},
        case_id=world.erased,
        actor=OPERATIONS,
    )
    assert refused == "case.ended"
    ware = "Extra virgin olive oil 750 ml|Geheimware 4711"
    again = await bring_trade(world.platform, "retail", "71", series="-Geheim7", order=ware, invoice=ware)
    case_id = await again.request()
    await world.platform.case_in(case_id, "completed", "failed", "cancelled")
    (request,) = await world.platform.rows(
        "SELECT state FROM finance.request_view WHERE case_id = $1", case_id
    )
    assert request["state"] == "DECLINED"


async def test_a_rejected_erasure_changes_nothing(world: World) -> None:
    erasure = await world.ask("case", world.other)
    await world.platform.perform(
        "vault.reject-erasure", {"erasure_id": erasure, "reason": "must be kept"}, actor=CONRAD
    )
    approval = {"erasure_id": erasure}
    assert await world.platform.refusal("vault.erase", approval, actor=CONRAD) == "ledger.erase_rejected"
    assert (await replay_case(world.platform.database, world.other, world.platform.vault_key)).agrees


async def test_an_erased_party_is_named_nowhere(world: World) -> None:
    platform, database = world.platform, world.platform.database
    seller_id = world.trade.seller.party_id
    assert seller_id is not None
    (party,) = await platform.rows("SELECT name, identifier FROM finance.party_view WHERE id = $1", seller_id)
    names = (party["name"], party["identifier"].partition(":")[2])
    assert len(await places_of(database, *names)) >= 5
    erasure = await world.ask("party", seller_id)
    await platform.perform("vault.erase", {"erasure_id": erasure}, actor=CONRAD)
    await platform.until("SELECT WHERE NOT EXISTS (SELECT FROM workflows.erased_workflow)", 1)
    assert await places_of(database, *names) == set()
    keys = await platform.rows("SELECT wrapped FROM ledger.party_key WHERE owner = $1", f"party:{seller_id}")
    assert [row["wrapped"] for row in keys] == [None] * len(keys) != []
    await world.log()
    assert (await verify_log(database, vault_key=platform.vault_key)).ok
    assert (await replay_case(database, world.other, platform.vault_key)).erased
    async with database.transaction() as tx:
        assert await finance.verify_books(tx) == []


async def test_fields_are_disclosed_by_the_command_line_and_verified_without_the_platform(
    world: World, tmp_path: Path
) -> None:
    """A request that nobody has erased: its entry is opened for an auditor, and the log says so."""
    trade = await bring_trade(world.platform, "retail", "75")
    await world.log()
    (entry,) = await world.platform.rows(
        "SELECT e.entry_id FROM ledger.entry_view e JOIN finance.document_view d USING (entry_id)"
        " JOIN finance.invoice_view i ON i.document_id = d.id WHERE i.id = $1",
        trade.invoice_id,
    )
    file = tmp_path / "opened.json"
    words = ("--field", "request", "--to", "Auditor Ltd", "-o", file, "--json")
    await world.scf("ledger", "disclose", entry["entry_id"], *words)
    told = await world.scf("ledger", "verify-disclosure", file, "--json", alone=True)
    assert (told["to"], told["kind"], told["hidden"]) == ("Auditor Ltd", "document.import", [])
    assert "invoice.xml" in told["fields"]["request"]
    (said,) = await world.platform.rows(
        "SELECT body -> 'statement' ->> 'entry' AS entry, actor FROM ledger.entry_view"
        " WHERE kind = 'vault.disclose' AND actor LIKE 'system:cli/%'"
    )
    assert said["entry"] == str(entry["entry_id"])
