"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.alerts import Alert, alerts, clear_alert
from ledger.checker import Finding
from ledger.cosigning import Cosigning
from ledger.draft import EntryDraft, entry_id
from ledger.keys import Keys, load_or_create_keys, vault_key_in
from ledger.policy import adopt_policy, parse_policy, policy_text
from ledger.prove import prove, prove_step, prove_stream, prove_streams
from ledger.public_keys import PublicKeyInfo, public_keys
from ledger.published import is_published, published_checkpoint
from ledger.recorder import Recorder
from ledger.reveal import Opened, open_entry, reveal, reveal_events
from ledger.room import ROOM
from ledger.sequencer import Sequencer
from ledger.status import LogStatus, WitnessStatus, log_status, streams_between, witnessing
from ledger.verify import LogReport, verify_log
from ledger.witness_check import WitnessCheck

__all__ = [
    "ROOM",
    "Alert",
    "Cosigning",
    "EntryDraft",
    "Finding",
    "Keys",
    "LogReport",
    "LogStatus",
    "Opened",
    "PublicKeyInfo",
    "Recorder",
    "Sequencer",
    "WitnessCheck",
    "WitnessStatus",
    "adopt_policy",
    "alerts",
    "clear_alert",
    "entry_id",
    "is_published",
    "load_or_create_keys",
    "log_status",
    "open_entry",
    "parse_policy",
    "policy_text",
    "prove",
    "prove_step",
    "prove_stream",
    "prove_streams",
    "public_keys",
    "published_checkpoint",
    "reveal",
    "reveal_events",
    "streams_between",
    "vault_key_in",
    "verify_log",
    "witnessing",
]
