"""`scf ledger`: check the log, prove an entry or a case, check a proof."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

import ledger
from core.errors import InvalidInput
from proof.entry import Body
from proof.entry_proof import Verified, verify
from proof.errors import ProofError
from proof.key_holder import KeyHolder, key_holder
from proof.policy import Policy
from proof.signatures import Backend
from scf import console
from scf.commands import (
    ledger_export,
    ledger_journal,
    ledger_keys,
    ledger_mirror,
    ledger_policy,
    ledger_status,
    ledger_timestamp,
    ledger_witness,
)
from scf.commands.ledger_case_proof import check_case_proof, is_case_proof, read_file, show_case_proof
from scf.commands.ledger_disclose import disclose, verify_disclosure
from scf.commands.ledger_erase import erase
from scf.commands.ledger_register import app as register_app
from scf.commands.ledger_rotate import rotate
from scf.commands.ledger_verify_export import verify_export
from scf.commands.options import (
    DatabaseOption,
    DataOption,
    JsonOption,
    PolicyOption,
    data_folder,
    platform_database,
    read_policy,
)
from scf.exit_codes import EXIT_FINDINGS

BOTH: tuple[Backend, ...] = ("cryptography", "ecdsa")

app = typer.Typer(
    name="ledger", help="The signed log: check it, prove an entry, check a proof.", no_args_is_help=True
)
app.command("erase")(erase)
app.command("rotate-vault-key")(rotate)
app.command("disclose")(disclose)
app.command("verify-disclosure")(verify_disclosure)
app.command("verify-export")(verify_export)
app.add_typer(register_app)

app.add_typer(ledger_export.app)
app.add_typer(ledger_mirror.app)
app.add_typer(ledger_timestamp.app)
app.add_typer(ledger_witness.app)
app.command("policy")(ledger_policy.policy)
app.command("journal")(ledger_journal.journal)
app.command("status")(ledger_status.status)
app.command("clear-alert")(ledger_status.clear)
app.command("rotate-key")(ledger_keys.rotate_key)
app.command("revoke-key")(ledger_keys.revoke_key)
app.command("schema")(ledger_keys.schema_command)

LogKeyOption = Annotated[
    str | None, typer.Option("--log-key", help="The log's public key as you know it (name+hash+key).")
]


@app.command("verify")
def verify_command(
    both: Annotated[
        bool, typer.Option("--both", help="Check each signature with a second library too (slower).")
    ] = False,
    vault: Annotated[
        bool,
        typer.Option("--vault", help="Also open what is sealed, with the data folder's vault key (slower)."),
    ] = False,
    log_key: LogKeyOption = None,
    entry_key: Annotated[
        list[str] | None,
        typer.Option("--entry-key", help="The id of a key of the platform that you know; may be repeated."),
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute the whole log: every signature, the chain, the tree, every checkpoint."""
    backends = BOTH if both else BOTH[:1]
    report = asyncio.run(_verify(data, database, log_key, backends, entry_key or [], vault=vault))
    if json:
        console.print_json(report.as_json())
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(EXIT_FINDINGS)


@app.command("prove")
def prove(
    entry: Annotated[str | None, typer.Argument(help="The entry's number in the log, or its id.")] = None,
    case: Annotated[
        UUID | None, typer.Option("--case", help="Instead of one entry: all entries of this case.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file to write; else stdout.")] = None,
    step: Annotated[
        int | None, typer.Option(help="Also prove this element step of the entry (from 0).")
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write a proof file for an entry, or for a case without what is sealed of it; it verifies offline."""
    if case is None and entry is not None:
        content = asyncio.run(_prove(_entry(entry), step, data, database))
    elif case is not None and entry is None and step is None:
        content = asyncio.run(_prove_case(case, data, database))
    else:
        raise InvalidInput(
            "ledger.proof_of_what",
            "A proof is of one entry, perhaps with one of its steps, or of one case.",
            hint="Give an entry, or --case, and --step only with an entry.",
        )
    if out is None:
        sys.stdout.buffer.write(content if case else content + b"\n")
    else:
        out.write_bytes(content)
        console.err.print(f"Wrote {out}. Check it with: scf ledger verify-proof {out}", markup=False)


@app.command("verify-proof")
def verify_proof(
    file: Annotated[Path, typer.Argument(help="The proof file.")],
    log_key: LogKeyOption = None,
    policy: PolicyOption = None,
    json: JsonOption = False,
) -> None:
    """Check a proof file offline, its signature with two libraries that must agree."""
    content = read_file(file)
    if is_case_proof(content):
        checked = check_case_proof(content, log_key=log_key, policy=read_policy(policy))
        show_case_proof(checked, read_policy(policy), json=json)
        return
    verified = check_proof(content.strip(), log_key=log_key, policy=read_policy(policy))
    body, checkpoint = verified.body, verified.checkpoint
    holder = check_holder(body)
    told = {
        "entry": verified.index,
        "stream": body.stream,
        "kind": body.kind,
        "actor": body.actor,
        "occurred_at": body.occurred_at,
        "log": checkpoint.origin,
        "log_size": checkpoint.size,
        "log_key": "the one that you gave" if verified.log_key_pinned else "the file's own",
        "cosigned_by": [key.partition("+")[0] for key in verified.cosigned_by],
        "quorum": "holds" if policy is not None else "not asked for",
        "verified_by": list(BOTH),
        "key_holder": holder.told,
        "key": holder.key_id,
        **({"key_valid_by": holder.valid_by} if holder.valid_by else {}),
    }
    if json:
        console.print_json({**told, "key_holder": holder.as_json()})
        return
    table = Table.grid(padding=(0, 2))
    for name, value in told.items():
        table.add_row(name.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value))
    console.out.print("[green]The proof holds.[/green]")
    console.out.print(table)
    if not verified.log_key_pinned:
        console.err.print("Get the log's key from elsewhere than the file, and give it with --log-key.")


@app.command("keys")
def keys(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show the public keys of the log; hand them to those who will check proofs."""
    known = asyncio.run(_keys(data, database))
    if json:
        console.print_json([asdict(key) for key in known])
        return
    for key in known:
        console.out.print(f"{key.purpose}  {key.id}", markup=False, soft_wrap=True)


def check_proof(content: bytes, *, log_key: str | None = None, policy: Policy | None = None) -> Verified:
    """Check a proof file with both libraries.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        results = [verify(content, log_key=log_key, policy=policy, backend=backend) for backend in BOTH]
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    return results[0]


def check_holder(body: Body) -> KeyHolder:
    """Return who held the key that signed an entry, checking a person's signature with both libraries.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        holders = [key_holder(body, backend) for backend in BOTH]
    except ProofError as error:
        raise InvalidInput(error.code, error.message, where=error.where, hint=error.hint) from error
    return holders[0]


async def _verify(
    data: Path | None,
    database: str | None,
    log_key: str | None,
    backends: tuple[Backend, ...],
    trusted: list[str],
    *,
    vault: bool,
) -> ledger.LogReport:
    async with platform_database(data, database) as opened:
        vault_key = ledger.vault_key_in(data_folder(data).keys) if vault else None
        return await ledger.verify_log(
            opened, log_key=log_key, backends=backends, vault_key=vault_key, trusted_keys=trusted
        )


async def _prove_case(case: UUID, data: Path | None, database: str | None) -> bytes:
    async with platform_database(data, database) as opened:
        return await ledger.prove_case(opened, case)


async def _prove(entry: UUID | int, step: int | None, data: Path | None, database: str | None) -> bytes:
    async with platform_database(data, database) as opened:
        if step is None:
            return await ledger.prove(opened, entry)
        vault_key = ledger.vault_key_in(data_folder(data).keys)
        return await ledger.prove_step(opened, entry, step, vault_key)


async def _keys(data: Path | None, database: str | None) -> list[ledger.PublicKeyInfo]:
    async with platform_database(data, database) as opened:
        return await ledger.public_keys(opened)


def _entry(text: str) -> UUID | int:
    try:
        return int(text) if text.isdecimal() else UUID(text)
    except ValueError:
        raise InvalidInput(
            "ledger.entry_name_invalid", f"{text!r} is neither the number of an entry nor an id."
        ) from None


def _registry(report: ledger.LogReport) -> str:
    if report.registry_from is None:
        return "no registry in this log yet"
    return f"each held to the registry, from entry {report.registry_from} on"


def _show(report: ledger.LogReport) -> None:
    good = "[green]The log is whole.[/green]" if report.ok else "[red]The log is not as it must be.[/red]"
    console.out.print(good)
    table = Table.grid(padding=(0, 2))
    table.add_row("log", report.origin)
    table.add_row("entries", f"{report.entries} logged, {report.pending} waiting")
    table.add_row("checkpoints", str(report.checkpoints))
    table.add_row("root", report.root)
    table.add_row("chain", report.chain)
    table.add_row("signatures by", ", ".join(report.backends))
    table.add_row("keys", _registry(report))
    console.out.print(table)
    for finding in report.findings:
        console.out.print(f"[red]{finding.code}[/red] {finding.where}: {finding.message}", soft_wrap=True)
    for code, count in report.counts.items():
        console.out.print(f"{code}: {count} in all")
    if not report.pinned:
        console.err.print("The log's own key was used; give the one that you know with --log-key.")
