"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.checker import Finding
from ledger.draft import EntryDraft, entry_id
from ledger.keys import (
    Keys,
    load_or_create_keys,
    next_signing_key,
    take_next_signing_key,
    vault_key_in,
)
from ledger.prove import prove, prove_step, prove_stream
from ledger.public_keys import PublicKeyInfo, public_keys
from ledger.recorder import Recorder
from ledger.registry import (
    REVOCATION_REASONS,
    endorse_key,
    key_stream,
    register_key,
    register_platform_key,
    revoke_key,
    rotate_platform_key,
)
from ledger.registry_repository import RegisteredKeyRow, hold_key
from ledger.reveal import Opened, open_entry, reveal, reveal_events
from ledger.room import ROOM
from ledger.sequencer import Sequencer
from ledger.signers import NEXT_ENTRY_KEY, Held, configured_signer
from ledger.verify import LogReport, verify_log

__all__ = [
    "NEXT_ENTRY_KEY",
    "REVOCATION_REASONS",
    "ROOM",
    "EntryDraft",
    "Finding",
    "Held",
    "Keys",
    "LogReport",
    "Opened",
    "PublicKeyInfo",
    "Recorder",
    "RegisteredKeyRow",
    "Sequencer",
    "configured_signer",
    "endorse_key",
    "entry_id",
    "hold_key",
    "key_stream",
    "load_or_create_keys",
    "next_signing_key",
    "open_entry",
    "prove",
    "prove_step",
    "prove_stream",
    "public_keys",
    "register_key",
    "register_platform_key",
    "reveal",
    "reveal_events",
    "revoke_key",
    "rotate_platform_key",
    "take_next_signing_key",
    "vault_key_in",
    "verify_log",
]
