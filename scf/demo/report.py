"""What came of the demo: as JSON for programs, as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from scf.demo.documents import Imported

# What a person wants to see of a case; gateways and sequence flows are in the JSON and in the ledger.
_QUIET_ELEMENTS = ("Gateway", "process")


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A case with its steps, as the API told it."""

    case: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]

    @property
    def face(self) -> Mapping[str, str]:
        """The face amount of the request."""
        face: Mapping[str, str] = self.case["request"]["face"]
        return face


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What the auditor's check of the whole log found."""

    entries: int
    verified: bool
    checkpoint: str
    problems: Sequence[str]
    proof_entry: int | None
    proof_verified: bool


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything: `cases` begins with the main one."""

    documents: Sequence[Imported]
    cases: Sequence[CaseReport]
    limits: Sequence[Mapping[str, Any]]
    refused_offers: Sequence[Mapping[str, Any]]
    entry_numbers: Mapping[str, int | None]
    ledger: LedgerReport

    @property
    def sound(self) -> bool:
        """Whether nothing broke: each case ended or waits for a person, and ledger and proof are right."""
        fine = all(report.case["state"] in ("completed", "waiting") for report in self.cases)
        return bool(self.cases) and fine and self.ledger.verified and self.ledger.proof_verified

    def as_json(self) -> dict[str, Any]:
        """Return the document that `scf demo --json` writes; the main case's parts stand at the top."""
        main, *others = (self._case_json(report) for report in self.cases)
        return {
            **main,
            "exceptions": [*main["exceptions"], *self._document_findings()],
            "ledger": {
                "entries": self.ledger.entries,
                "verified": self.ledger.verified,
                "checkpoint": self.ledger.checkpoint,
                "problems": list(self.ledger.problems),
            },
            "proof": {"entry": self.ledger.proof_entry, "verified": self.ledger.proof_verified},
            "other_cases": others,
        }

    def _case_json(self, report: CaseReport) -> dict[str, Any]:
        case = report.case
        return {
            "case": {
                "id": case_id(case),
                "product": case["product"],
                "state": case["state"],
                "seller": case["request"]["sellerName"],
                "buyer": case["request"]["buyerName"],
                "face": case["request"]["face"],
            },
            "steps": [
                {
                    "element": step["element"],
                    "name": step["elementName"],
                    "kind": step["kind"],
                    "actor": step["actor"],
                    "at": step["at"],
                    "entry": step["entry"] and step["entry"]["index"],
                }
                for step in report.steps
            ],
            "journal": [
                {
                    "event": journal["event"],
                    "booked_at": journal["bookedAt"],
                    "entry": self.entry_numbers.get(journal["entryId"]),
                    "postings": journal["postings"],
                }
                for journal in nodes(case["journals"])
            ],
            "assets": nodes(case["assets"]),
            "exceptions": [
                {"kind": "match", "invoice": invoice["number"], **exception}
                for invoice in case["request"]["invoices"]
                for exception in invoice["exceptions"]
            ],
        }

    def _document_findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for result in self.documents:
            if result.refused:
                found.append({"kind": "refused", "file": result.file, **result.refused})
            elif result.document and result.state != "accepted":
                base = {"kind": result.state, "file": result.file, "number": result.document["number"]}
                refers_to = result.document["refersTo"]
                base["refers_to"] = refers_to["filename"] if refers_to else None
                found.extend({**base, **finding} for finding in result.document["findings"] or [{}])
        return found

    def for_people(self) -> RenderableType:
        """Return the tables that `scf demo` shows."""
        parts: list[RenderableType] = [_documents_table(self.documents)]
        if self.limits:
            parts.append(_limits_table(self.limits))
        parts.extend(self._case_panel(report) for report in self.cases)
        for offer in self.refused_offers:
            parts.append(Text(f"Not offered: {offer['invoices']} — {offer['message']} ({offer['code']})"))
        parts.append(_ledger_panel(self.ledger))
        return Group(*parts)

    def _case_panel(self, report: CaseReport) -> Panel:
        case, request = report.case, report.case["request"]
        head = Text.assemble(
            (f"{request['sellerName']} → {request['buyerName']}", "bold"),
            f"   {amount(request['face'])}   {case['product']}   ",
            (case["state"], "green" if case["state"] == "completed" else "yellow"),
        )
        parts: list[RenderableType] = [head, _steps_table(report)]
        exceptions = _exceptions_table(request["invoices"])
        if exceptions is not None:
            parts.append(exceptions)
        open_tasks = [task["name"] for task in nodes(case["tasks"]) if task["state"] in ("open", "claimed")]
        if open_tasks:
            parts.append(Text(f"Waits for a person: {', '.join(open_tasks)}", style="yellow"))
        if nodes(case["journals"]):
            parts.append(self._journal_table(case))
        return Panel(Group(*parts), title=f"Case {case_id(case)}", title_align="left")

    def _journal_table(self, case: Mapping[str, Any]) -> Table:
        table = _table("Journal", "date", "event", "account", ">Dr", ">Cr", ">entry")
        for journal in nodes(case["journals"]):
            day, event = journal["bookedAt"][:10], journal["event"]
            entry = number(self.entry_numbers.get(journal["entryId"]))
            for posting in journal["postings"]:
                debit = posting["side"] == "DEBIT"
                value = amount(posting["amount"])
                account = f"{posting['account']} {posting['name']}"
                table.add_row(day, event, account, value if debit else "", "" if debit else value, entry)
                day = event = entry = ""
        return table


def case_id(case: Mapping[str, Any]) -> str:
    """Return the case's id as the command line takes it, out of its id in the API."""
    return str(case["id"]).rpartition(":")[2]


def nodes(connection: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes of a connection."""
    return [edge["node"] for edge in connection["edges"]]


def amount(money: Mapping[str, str]) -> str:
    """Write an amount as people read it, from its decimal string."""
    whole, _, fraction = money["amount"].partition(".")
    grouped = f"{int(whole):,}"
    return f"{money['currency']} {grouped}.{fraction}" if fraction else f"{money['currency']} {grouped}"


def number(index: int | None) -> str:
    """Write an entry's place in the log."""
    return "" if index is None else f"#{index}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left")
    return table


def _documents_table(documents: Sequence[Imported]) -> Table:
    table = _table("Documents", "file", "kind", "number", "state", "what was found")
    colours = {"accepted": "green", "duplicate": "yellow", "conflict": "yellow", "quarantined": "yellow"}
    for result in documents:
        document = result.document or {}
        if result.refused:
            found = f"{result.refused['code']}: {result.refused['message']}"
        else:
            found = "; ".join(f"{finding['code']}: {finding['message']}" for finding in document["findings"])
            if result.state in ("duplicate", "conflict") and document["refersTo"]:
                verb = "repeats" if result.state == "duplicate" else "contradicts"
                found = f"{verb} {document['refersTo']['filename']} {found}".rstrip()
        state = Text(result.state, style=colours.get(result.state, "red"))
        table.add_row(result.file, document.get("kind", ""), document.get("number") or "", state, found)
    return table


def _limits_table(limits: Sequence[Mapping[str, Any]]) -> Table:
    table = _table(
        "Scores and limits", "scope", "party", ">points", ">PD", "grade", ">limit", "bound by", "state"
    )
    synthetic = False
    for limit in limits:
        score = limit["scoreRun"] or {}
        synthetic = synthetic or bool(score.get("synthetic"))
        table.add_row(
            limit["scope"].lower(),
            limit["partyName"] or "",
            str(score.get("points", "")),
            f"{Decimal(score['pd']):.2%}" if score else "",
            score.get("grade", ""),
            amount(limit["amount"]),
            limit["bindingCap"] or "",
            limit["state"].lower(),
        )
    if synthetic:
        table.caption = "The card behind these scores was trained on simulated data."
    return table


def _steps_table(report: CaseReport) -> Table:
    table = _table("Steps", "date", "step", "actor", ">entry")
    for step in report.steps:
        if step["kind"] != "element.completed" or step["elementType"].endswith(_QUIET_ELEMENTS):
            continue
        if step["elementName"] in ("", step["element"]):
            continue  # the analyst gave it no name: it is there for the drawing
        entry = step["entry"]
        table.add_row(
            step["at"][:10],
            step["elementName"],
            step["actor"],
            number(entry and entry["index"]),
        )
    return table


def _exceptions_table(invoices: Sequence[Mapping[str, Any]]) -> Table | None:
    rows = [(invoice, exception) for invoice in invoices for exception in invoice["exceptions"]]
    if not rows:
        return None
    table = _table("Match exceptions", "invoice", "line", "code", "what was found")
    for invoice, exception in rows:
        table.add_row(invoice["number"], exception["line"] or "", exception["code"], exception["message"])
    return table


def _ledger_panel(ledger: LedgerReport) -> Panel:
    good = ledger.verified and ledger.proof_verified
    lines = [
        f"{ledger.entries} entries, signatures, chain and Merkle root "
        + ("verified" if ledger.verified else "DO NOT VERIFY"),
        f"proof of entry {number(ledger.proof_entry)} "
        + ("verified with two libraries" if ledger.proof_verified else "DOES NOT VERIFY"),
        *ledger.problems,
        "",
        ledger.checkpoint.strip(),
    ]
    return Panel(
        "\n".join(lines),
        title="Ledger",
        title_align="left",
        border_style="green" if good else "red",
        highlight=False,
    )
