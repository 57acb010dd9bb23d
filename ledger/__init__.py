"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.backlog import Backlogged
from ledger.checker import Finding
from ledger.draft import EntryDraft, entry_id
from ledger.keys import Keys, load_or_create_keys, vault_key_in
from ledger.log_client import LogClient
from ledger.log_export import Exported, export_log
from ledger.log_folder import LogFolder
from ledger.log_source import DatabaseLog, LogSource
from ledger.mirror import Mirrored, mirror_log
from ledger.prove import prove, prove_step, prove_stream
from ledger.public_keys import PublicKeyInfo, public_keys
from ledger.recorder import Recorder
from ledger.reveal import Opened, open_entry, reveal, reveal_events
from ledger.room import ROOM
from ledger.sequencer import Sequencer
from ledger.timestamps import (
    Authority,
    keep_stamping,
    read_certificates,
    stamp_checkpoint,
    verify_timestamp,
)
from ledger.verify import LogReport, verify_log

__all__ = [
    "ROOM",
    "Authority",
    "Backlogged",
    "DatabaseLog",
    "EntryDraft",
    "Exported",
    "Finding",
    "Keys",
    "LogClient",
    "LogFolder",
    "LogReport",
    "LogSource",
    "Mirrored",
    "Opened",
    "PublicKeyInfo",
    "Recorder",
    "Sequencer",
    "entry_id",
    "export_log",
    "keep_stamping",
    "load_or_create_keys",
    "mirror_log",
    "open_entry",
    "prove",
    "prove_step",
    "prove_stream",
    "public_keys",
    "read_certificates",
    "reveal",
    "reveal_events",
    "stamp_checkpoint",
    "vault_key_in",
    "verify_log",
    "verify_timestamp",
]
