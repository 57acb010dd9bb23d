"""All rooms that have tables, in the order in which they migrate."""

from __future__ import annotations

import finance
import ledger
import scf_api
import scoring
import workflows

ROOMS = (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM, scf_api.ROOM)
