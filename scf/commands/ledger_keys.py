"""`scf ledger rotate-key`, `revoke-key` and `schema`: the platform's own entry key, and the log's formats."""

from __future__ import annotations

import asyncio
import os
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

import ledger
from core.clock import SystemClock
from core.errors import InvalidInput
from proof.schemas import SCHEMAS, schema
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, data_folder, platform_database

_ACTOR = "system:operator"

SchemaChoice = Enum("SchemaChoice", {name: name for name in SCHEMAS}, type=str)  # type: ignore[misc]
Reason = Enum("Reason", {name: name for name in ledger.REVOCATION_REASONS}, type=str)  # type: ignore[misc]


def rotate_key(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Make the platform's next entry key, and let the one that signs now bring it in.

    A key that is not to lie in a file is named by SCF_NEXT_ENTRY_KEY_PKCS11 or SCF_NEXT_ENTRY_KEY_PEM;
    name it without NEXT after that. Restart the workers. The old key counts until it is
    revoked: scf ledger revoke-key.
    """
    old, new = asyncio.run(_rotate(data, database))
    if json:
        console.print_json({"old": old, "new": new})
        return
    console.out.print(f"New entry key {new}", markup=False, soft_wrap=True)
    console.err.print("Restart the workers; then end the old key with:", markup=False)
    console.err.print(f"scf ledger revoke-key {old} --reason replaced", markup=False, soft_wrap=True)


def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The key's id: SHA-256 of the public key, in hexadecimal.")],
    reason: Annotated[Reason, typer.Option(help="Why.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """End a key: what is signed with it after this is reported by verification."""
    asyncio.run(_revoke(key_id, reason.value, data, database))
    console.out.print(f"Revoked {key_id}", markup=False, soft_wrap=True)


def schema_command(
    name: Annotated[SchemaChoice, typer.Argument(help="The body of an entry, or what a person signs.")],
) -> None:
    """Print the JSON Schema (draft 2020-12) of what the log holds."""
    print(schema(name.value), end="")


async def _rotate(data: Path | None, database: str | None) -> tuple[str, str]:
    folder = data_folder(data).keys
    keys = ledger.load_or_create_keys(folder)
    elsewhere = ledger.configured_signer(os.environ, ledger.NEXT_ENTRY_KEY)
    if elsewhere is None and keys.protection != "file":
        raise InvalidInput(
            "ledger.next_key_missing",
            "The platform's key does not lie in a file, and no next one is named.",
            where=ledger.NEXT_ENTRY_KEY,
            hint=f"Set {ledger.NEXT_ENTRY_KEY}_PKCS11 or {ledger.NEXT_ENTRY_KEY}_PEM.",
        )
    new = elsewhere or ledger.Held(ledger.next_signing_key(folder), "file")
    async with platform_database(data, database) as opened:
        origin = await ledger.log_origin(opened)
        recorder = ledger.Recorder(keys.signing_key, keys.vault_key, origin)
        now = SystemClock().now()
        async with opened.transaction() as tx:
            await ledger.register_platform_key(tx, recorder, protection=keys.protection, at=now)
            await ledger.rotate_platform_key(tx, recorder, new.signer, protection=new.protection, at=now)
    # Only what the log knows may sign. Where this process ends before, the next call takes up the same key.
    if elsewhere is None:
        ledger.take_next_signing_key(folder)
    return keys.signing_key.public_key.key_id, new.signer.public_key.key_id


async def _revoke(key_id: str, reason: str, data: Path | None, database: str | None) -> None:
    keys = ledger.load_or_create_keys(data_folder(data).keys)
    async with platform_database(data, database) as opened:
        origin = await ledger.log_origin(opened)
        recorder = ledger.Recorder(keys.signing_key, keys.vault_key, origin)
        at = SystemClock().now()
        async with opened.transaction() as tx:
            await ledger.revoke_key(tx, recorder, key_id, actor=_ACTOR, reason=reason, at=at)
