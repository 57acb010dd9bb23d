"""The ledger: what happened, signed, in one order, provable to anyone. Stands on `core` and `proof`."""

from ledger.draft import EntryDraft, entry_id
from ledger.keys import Keys, load_or_create_keys
from ledger.recorder import Recorder
from ledger.room import ROOM

__all__ = [
    "ROOM",
    "EntryDraft",
    "Keys",
    "Recorder",
    "entry_id",
    "load_or_create_keys",
]
