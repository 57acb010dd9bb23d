"""The demo from end to end, on a running platform."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

import ledger
from core.clock import Clock
from core.database import Database
from core.errors import Broken
from proof.errors import ProofError
from proof.signatures import BACKENDS, Backend
from proof.verdicts import entry_verdict
from scf import console
from scf.demo import queries
from scf.demo.acting import CaseParties, run_to_its_end
from scf.demo.client import Person, refusal
from scf.demo.documents import Offer, import_documents, offers, trade_documents
from scf.demo.report import CaseReport, DemoReport, LedgerReport, nodes
from scf.demo.staff import Staff, hire_bank, hire_company

_LOG_PATIENCE = 30.0  # seconds until the sequencer has logged everything


async def run_demo(
    folder: Path, *, database: Database, http: httpx.AsyncClient, clock: Clock
) -> tuple[DemoReport, Staff]:
    """Bring the folder's documents in, run a case for each seller and buyer, and verify the ledger.

    Everything goes through the API, as a front end would, but for the accounts of the people.

    Raises:
        NotFound: `demo.folder_missing` or `demo.folder_empty`.
        Broken: `demo.case_stuck`, `demo.nothing_to_finance`, or what the API refused.
    """
    with console.step("Hiring the bank's people"):
        staff = await hire_bank(database, http, clock.now())
    return await finance_folder(folder, staff, database=database, http=http, clock=clock)


async def finance_folder(
    folder: Path, staff: Staff, *, database: Database, http: httpx.AsyncClient, clock: Clock
) -> tuple[DemoReport, Staff]:
    """Do the demo's work with people who are there already; see `run_demo`."""
    files = trade_documents(folder)
    with console.step(f"Importing {len(files)} documents"):
        imported = await import_documents(staff.bank["operations"], files, folder)
    cases: list[CaseParties] = []
    refused: list[Mapping[str, Any]] = []
    with console.step("Offering the invoices for financing"):
        for offer in offers(imported):
            staff, parties, error = await _submit(staff, offer, database, http, clock)
            if parties is not None:
                cases.append(parties)
            if error is not None:
                refused.append(error)
    if not cases:
        raise Broken(
            "demo.nothing_to_finance",
            "No invoice in this folder can be offered for financing.",
            where=str(folder),
            hint="See the documents' findings: scf demo FOLDER without --json shows them.",
        )
    with console.step(f"Running {len(cases)} factoring cases to their end"):
        await asyncio.gather(*(run_to_its_end(staff, parties) for parties in cases))
    auditor = staff.bank["auditor"]
    with console.step("Verifying the ledger"):
        numbers = await _entry_numbers(auditor)
        reports = sorted(
            await asyncio.gather(*(_report(auditor, parties) for parties in cases)),
            key=_importance,
            reverse=True,
        )
        ledger_report = await _verify(auditor, database, reports[0])
        limits = nodes((await auditor.ask(queries.LIMITS))["limits"])
    return DemoReport(imported, reports, limits, refused, numbers, ledger_report), staff


async def _submit(
    staff: Staff, offer: Offer, database: Database, http: httpx.AsyncClient, clock: Clock
) -> tuple[Staff, CaseParties | None, Mapping[str, Any] | None]:
    """Let the seller offer its invoices; both companies get their people first."""
    seller, buyer = await _party_ids(database, offer)
    for role, party in (("seller_maker", seller), ("buyer_checker", buyer)):
        staff = await hire_company(staff, database, http, role=role, party_id=party, at=clock.now())
    numbers = [invoice["number"] for invoice in offer.invoices]
    while True:
        # The case starts a moment after the request is taken; asking again with the same key changes nothing.
        payload = await staff.companies["seller_maker", seller].do(
            queries.SUBMIT_REQUEST,
            "submitFinancingRequest",
            idempotencyKey=f"submit/{offer.seller}/{offer.buyer}/{'/'.join(numbers)}",
            invoiceIds=[invoice["id"] for invoice in offer.invoices],
        )
        error = refusal(payload)
        if error is not None:
            return staff, None, {"invoices": ", ".join(numbers), **error}
        if payload["case"] is not None:
            return staff, CaseParties(payload["case"]["id"], seller, buyer, offer.buyer_name), None
        await asyncio.sleep(0.1)


async def _party_ids(database: Database, offer: Offer) -> tuple[UUID, UUID]:
    async with database.reading() as sql:
        rows = await sql.fetch(
            "SELECT identifier, id FROM finance.party_view WHERE identifier = ANY($1)",
            [offer.seller, offer.buyer],
        )
    ids = {row["identifier"]: row["id"] for row in rows}
    return ids[offer.seller], ids[offer.buyer]


def _importance(report: CaseReport) -> tuple[bool, int, float]:
    """The main case is the one that got furthest, then the one with exceptions, then the largest."""
    invoices = report.case["request"]["invoices"]
    exceptions = sum(len(invoice["exceptions"]) for invoice in invoices)
    return (report.case["state"] == "completed", exceptions, float(report.face["amount"]))


async def _report(auditor: Person, parties: CaseParties) -> CaseReport:
    case = (await auditor.ask(queries.REPORT, id=parties.case_id))["case"]
    steps: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = (await auditor.ask(queries.STEPS, id=parties.case_id, after=after))["case"]["steps"]
        steps.extend(nodes(page))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return CaseReport(case, steps)


async def _entry_numbers(auditor: Person) -> dict[str, int | None]:
    """Wait until every entry has its place in the log; return the places."""
    try:
        async with asyncio.timeout(_LOG_PATIENCE):
            while nodes((await auditor.ask(queries.PENDING_ENTRIES))["ledgerEntries"]):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise Broken(
            "demo.log_behind", "The sequencer does not keep up.", hint="Look into its log in the data folder."
        ) from None
    return {entry["entryId"]: entry["index"] for entry in await _all_entries(auditor)}


async def _all_entries(auditor: Person) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = (await auditor.ask(queries.ENTRIES, after=after))["ledgerEntries"]
        entries.extend(nodes(page))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return entries


async def _verify(auditor: Person, database: Database, main: CaseReport) -> LedgerReport:
    """Check the whole log as an auditor does, and one proof of the main case offline."""
    backends: tuple[Backend, ...] = BACKENDS
    report = await ledger.verify_log(database, backends=backends)
    problems = [f"{finding.code} {finding.where}: {finding.message}" for finding in report.findings]
    proof_entry, proof_verified = None, False
    last = main.steps[-1]["entry"]
    proof = (await auditor.ask(queries.PROOF, entryId=last["entryId"]))["proof"]
    if proof is not None:
        proof_entry = last["index"]
        try:
            proof_verified = entry_verdict(proof["text"].encode()).facts["entry"] == proof_entry
        except ProofError as error:
            problems.append(str(error))
    async with database.reading() as sql:
        checkpoint = await sql.fetchval("SELECT note FROM ledger.checkpoint_view ORDER BY size DESC LIMIT 1")
    return LedgerReport(
        entries=report.entries,
        verified=report.ok and report.pending == 0,
        checkpoint=checkpoint or "",
        problems=problems,
        proof_entry=proof_entry,
        proof_verified=proof_verified,
    )
