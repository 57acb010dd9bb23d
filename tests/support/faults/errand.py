"""The small process that most of the cases run: a write, a call outside, a timer, a person, a write."""

from __future__ import annotations

from support.bpmn_text import end, flow, process, service, start, user

KEY = "errand"
ROLE = "operations"

# No key keeps a row from being there twice.
EFFECT_TABLE = """
CREATE TABLE public.effect (case_id uuid NOT NULL, part text NOT NULL, entry_id uuid NOT NULL)
"""

_WAIT = (
    '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>=duration(wait)</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
)

ERRAND = process(
    start()
    + service("open", type="errand.open")
    + service("pay", type="errand.pay")
    + _WAIT
    + user("confirm", more=f'<zeebe:assignmentDefinition candidateGroups="{ROLE}"/>')
    + service("close", type="errand.close")
    + end()
    + flow("start > open > pay > wait > confirm > close > end"),
    id=KEY,
).decode()
