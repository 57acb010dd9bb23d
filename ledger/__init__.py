"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.alerts import Alert, alerts, clear_alert
from ledger.backlog import Backlogged
from ledger.checker import Finding
from ledger.claims import claims_statement, next_number, prove_claim, seal_claims
from ledger.committed import Committed, committed
from ledger.cosigning import Cosigning
from ledger.disclose import disclose
from ledger.draft import EntryDraft, entry_id
from ledger.erase import Erasures, Person
from ledger.erasure_repository import Subject, streams_of
from ledger.keys import (
    Keys,
    load_or_create_keys,
    next_signing_key,
    take_next_signing_key,
    vault_key_in,
)
from ledger.log_client import LogClient
from ledger.log_export import Exported, export_log
from ledger.log_folder import LogFolder
from ledger.log_source import DatabaseLog, LogSource, StampName, unknown_file, write_names
from ledger.mirror import Mirror, Mirrored, mirror_log
from ledger.origin import DEFAULT_ORIGIN, log_origin
from ledger.policy import adopt_policy, parse_policy, policy_text
from ledger.prove import prove, prove_step, prove_stream, prove_streams
from ledger.prove_case import prove_case
from ledger.public_keys import PublicKeyInfo, public_keys
from ledger.published import is_published, published_checkpoint
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
from ledger.rotation import Rotated, rotate_party, rotate_root
from ledger.sequencer import Sequencer
from ledger.signers import NEXT_ENTRY_KEY, Held, configured_signer
from ledger.status import LogStatus, WitnessStatus, log_status, streams_between, witnessing
from ledger.timestamps import (
    Authority,
    keep_stamping,
    read_certificates,
    stamp_checkpoint,
    verify_timestamp,
)
from ledger.vault_keys import PayloadKey, VaultKeys
from ledger.verify import LogReport, verify_log
from ledger.witness_check import WitnessCheck
from proof.register import Claim, Register

__all__ = [
    "DEFAULT_ORIGIN",
    "NEXT_ENTRY_KEY",
    "REVOCATION_REASONS",
    "ROOM",
    "Alert",
    "Authority",
    "Backlogged",
    "Claim",
    "Committed",
    "Cosigning",
    "DatabaseLog",
    "EntryDraft",
    "Erasures",
    "Exported",
    "Finding",
    "Held",
    "Keys",
    "LogClient",
    "LogFolder",
    "LogReport",
    "LogSource",
    "LogStatus",
    "Mirror",
    "Mirrored",
    "Opened",
    "PayloadKey",
    "Person",
    "PublicKeyInfo",
    "Recorder",
    "Register",
    "RegisteredKeyRow",
    "Rotated",
    "Sequencer",
    "StampName",
    "Subject",
    "VaultKeys",
    "WitnessCheck",
    "WitnessStatus",
    "adopt_policy",
    "alerts",
    "claims_statement",
    "clear_alert",
    "committed",
    "configured_signer",
    "disclose",
    "encode_claims",
    "endorse_key",
    "entry_id",
    "export_log",
    "hold_key",
    "is_period",
    "is_published",
    "keep_stamping",
    "key_stream",
    "list_draft",
    "list_file",
    "load_or_create_keys",
    "log_key_of_list",
    "log_origin",
    "log_status",
    "mirror_log",
    "next_number",
    "next_signing_key",
    "open_entry",
    "open_list",
    "parse_policy",
    "policy_text",
    "prove",
    "prove_case",
    "prove_claim",
    "prove_step",
    "prove_stream",
    "prove_streams",
    "public_keys",
    "published_checkpoint",
    "read_certificates",
    "register_key",
    "register_platform_key",
    "require_log_key",
    "reveal",
    "reveal_events",
    "revoke_key",
    "rotate_party",
    "rotate_platform_key",
    "rotate_root",
    "seal_claims",
    "stamp_checkpoint",
    "streams_between",
    "streams_of",
    "take_next_signing_key",
    "unknown_file",
    "vault_key_in",
    "verify_log",
    "verify_timestamp",
    "witnessing",
    "write_names",
]
