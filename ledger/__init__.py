"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.checker import Finding
from ledger.draft import EntryDraft, entry_id
from ledger.keys import Keys, load_or_create_keys, vault_key_in
from ledger.prove import prove, prove_step
from ledger.public_keys import PublicKeyInfo, public_keys
from ledger.recorder import Recorder
from ledger.reveal import reveal, reveal_events
from ledger.room import ROOM
from ledger.sequencer import Sequencer
from ledger.verify import LogReport, verify_log

__all__ = [
    "ROOM",
    "EntryDraft",
    "Finding",
    "Keys",
    "LogReport",
    "PublicKeyInfo",
    "Recorder",
    "Sequencer",
    "entry_id",
    "load_or_create_keys",
    "prove",
    "prove_step",
    "public_keys",
    "reveal",
    "reveal_events",
    "vault_key_in",
    "verify_log",
]
