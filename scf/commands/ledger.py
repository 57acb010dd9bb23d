"""`scf ledger`: the signed log and all that is proven by it."""

from __future__ import annotations

import typer

from scf.commands import (
    ledger_disclose,
    ledger_erase,
    ledger_export,
    ledger_journal,
    ledger_keys,
    ledger_mirror,
    ledger_policy,
    ledger_prove,
    ledger_register,
    ledger_rotate,
    ledger_seal,
    ledger_status,
    ledger_timestamp,
    ledger_verify,
    ledger_verify_export,
    ledger_verify_proof,
    ledger_witness,
)

app = typer.Typer(
    name="ledger", help="The signed log: check it, prove an entry, check a proof.", no_args_is_help=True
)
app.command("verify")(ledger_verify.verify_log)
app.command("prove")(ledger_prove.prove)
app.command("seal-claims")(ledger_seal.seal_claims)
app.command("verify-proof")(ledger_verify_proof.verify_proof)
app.command("status")(ledger_status.status)
app.command("journal")(ledger_journal.journal)

app.add_typer(ledger_export.app)
app.command("verify-export")(ledger_verify_export.verify_export)
app.add_typer(ledger_mirror.app)
app.add_typer(ledger_timestamp.app)

app.add_typer(ledger_witness.app)
app.command("policy")(ledger_policy.policy)
app.command("clear-alert")(ledger_status.clear)

app.command("keys")(ledger_verify.keys)
app.command("rotate-key")(ledger_keys.rotate_key)
app.command("revoke-key")(ledger_keys.revoke_key)
app.command("rotate-vault-key")(ledger_rotate.rotate)
app.command("schema")(ledger_keys.schema_command)

app.command("erase")(ledger_erase.erase)
app.command("disclose")(ledger_disclose.disclose)
app.command("verify-disclosure")(ledger_disclose.verify_disclosure)
app.add_typer(ledger_register.app)
