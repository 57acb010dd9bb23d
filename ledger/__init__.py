"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.checker import Finding
from ledger.disclose import disclose
from ledger.draft import EntryDraft, entry_id
from ledger.erase import Erasures, Person
from ledger.erasure_repository import Subject, streams_of
from ledger.keys import Keys, load_or_create_keys, vault_key_in
from ledger.prove import prove, prove_step, prove_stream
from ledger.public_keys import PublicKeyInfo, public_keys
from ledger.recorder import Recorder
from ledger.register_files import (
    encode_claims,
    is_period,
    list_draft,
    list_file,
    log_key_of_list,
    open_list,
    require_log_key,
)
from ledger.reveal import Opened, open_entry, reveal, reveal_events
from ledger.room import ROOM
from ledger.rotation import Rotated, rotate_party, rotate_root
from ledger.sequencer import Sequencer
from ledger.vault_keys import PayloadKey, VaultKeys
from ledger.verify import LogReport, verify_log
from proof.register import Claim, Register

__all__ = [
    "ROOM",
    "Claim",
    "EntryDraft",
    "Erasures",
    "Finding",
    "Keys",
    "LogReport",
    "Opened",
    "PayloadKey",
    "Person",
    "PublicKeyInfo",
    "Recorder",
    "Register",
    "Rotated",
    "Sequencer",
    "Subject",
    "VaultKeys",
    "disclose",
    "encode_claims",
    "entry_id",
    "is_period",
    "list_draft",
    "list_file",
    "load_or_create_keys",
    "log_key_of_list",
    "open_entry",
    "open_list",
    "prove",
    "prove_step",
    "prove_stream",
    "public_keys",
    "require_log_key",
    "reveal",
    "reveal_events",
    "rotate_party",
    "rotate_root",
    "streams_of",
    "vault_key_in",
    "verify_log",
]
