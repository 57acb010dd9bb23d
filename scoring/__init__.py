"""Scoring: cards that turn figures into points, PD and reasons, and limits from these.

Importing this package loads neither statsmodels nor pandas nor numpy; what trains is loaded when it is
first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scoring.contract import SME_FEATURES, FeatureSpec
from scoring.limits import LimitInputs, LimitPolicy, LimitProposal
from scoring.scorer import CompiledCard, Reason, Score, load_card

if TYPE_CHECKING:
    from scoring.erasure import erase_runs, judging_entries
    from scoring.registry import (
        approve,
        approved_card,
        install_shipped_card,
        kept_run,
        record_run,
        register,
        shipped_card,
    )
    from scoring.room import ROOM
    from scoring.snapshot import canonical_inputs, inputs_hash
    from scoring.training import train

_LOADED_WHEN_ASKED = {
    "ROOM": "scoring.room",
    "approve": "scoring.registry",
    "approved_card": "scoring.registry",
    "canonical_inputs": "scoring.snapshot",
    "erase_runs": "scoring.erasure",
    "inputs_hash": "scoring.snapshot",
    "install_shipped_card": "scoring.registry",
    "judging_entries": "scoring.erasure",
    "kept_run": "scoring.registry",
    "record_run": "scoring.registry",
    "register": "scoring.registry",
    "shipped_card": "scoring.registry",
    "train": "scoring.training",
}

__all__ = [
    "ROOM",
    "SME_FEATURES",
    "CompiledCard",
    "FeatureSpec",
    "LimitInputs",
    "LimitPolicy",
    "LimitProposal",
    "Reason",
    "Score",
    "approve",
    "approved_card",
    "canonical_inputs",
    "erase_runs",
    "inputs_hash",
    "install_shipped_card",
    "judging_entries",
    "kept_run",
    "load_card",
    "record_run",
    "register",
    "shipped_card",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _LOADED_WHEN_ASKED:
        raise AttributeError(f"module 'scoring' has no attribute {name!r}")
    return getattr(import_module(_LOADED_WHEN_ASKED[name]), name)
