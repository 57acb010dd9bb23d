"""`scf ledger verify`, `scf ledger keys`: the whole log recomputed, and the keys that signed it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import ledger
from proof.signatures import BACKENDS, Backend
from scf import console
from scf.commands.options import (
    DatabaseOption,
    DataOption,
    EntryKeyOption,
    JsonOption,
    LogKeyOption,
    data_folder,
    platform_database,
)
from scf.commands.verdict import show_facts, show_found, show_verdict
from scf.exit_codes import EXIT_FINDINGS


def verify_log(
    both: Annotated[
        bool, typer.Option("--both", help="Check each signature with a second library too (slower).")
    ] = False,
    vault: Annotated[
        bool,
        typer.Option("--vault", help="Also open what is sealed, with the data folder's vault key (slower)."),
    ] = False,
    log_key: LogKeyOption = None,
    entry_key: EntryKeyOption = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute the whole log: every signature, the chain, the tree, every checkpoint."""
    backends = BACKENDS if both else BACKENDS[:1]
    report = asyncio.run(_verify(data, database, log_key, backends, entry_key or [], vault=vault))
    if json:
        console.print_json(report.as_json())
    else:
        _show(report)
    if not report.ok:
        raise typer.Exit(EXIT_FINDINGS)


def keys(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show the public keys of the log; hand them to those who will check proofs."""
    known = asyncio.run(_keys(data, database))
    if json:
        console.print_json([asdict(key) for key in known])
        return
    for key in known:
        console.out.print(f"{key.purpose}  {key.id}", markup=False, soft_wrap=True)


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


async def _keys(data: Path | None, database: str | None) -> list[ledger.PublicKeyInfo]:
    async with platform_database(data, database) as opened:
        return await ledger.public_keys(opened)


def _registry(report: ledger.LogReport) -> str:
    if report.registry_from is None:
        return "no registry in this log yet"
    return f"each held to the registry, from entry {report.registry_from} on"


def _show(report: ledger.LogReport) -> None:
    show_verdict(holds=report.ok, good="The log is whole.", bad="The log is not as it must be.")
    show_facts(
        {
            "log": report.origin,
            "entries": f"{report.entries} logged, {report.pending} waiting",
            "checkpoints": report.checkpoints,
            "root": report.root,
            "chain": report.chain,
            "signatures by": list(report.backends),
            "keys": _registry(report),
        }
    )
    show_found(report.findings, report.counts)
    if not report.pinned:
        console.err.print("The log's own key was used; give the one that you know with --log-key.")
