"""All rooms that have tables, in the order in which they migrate, and the log that they share."""

from __future__ import annotations

import finance
import ledger
import scf_api
import scoring
import workflows

# The name of an installation's log. Whoever signs for it, and whoever verifies it, names it.
LOG_ORIGIN = "scf.local/log"

ROOMS = (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM, scf_api.ROOM)
