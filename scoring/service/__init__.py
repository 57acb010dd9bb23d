"""Scoring as a service: one interface, in this process or over HTTP, with the same answers to the byte.

`scoring.service.app` serves it and `scoring.service.client` asks for it; who scores in process loads neither.
"""

from scoring.service.in_process import InProcess
from scoring.service.interface import (
    Proposed,
    Scored,
    ScoreRequest,
    ScoringService,
    ServiceAddress,
    ServiceUnavailable,
)

__all__ = [
    "InProcess",
    "Proposed",
    "ScoreRequest",
    "Scored",
    "ScoringService",
    "ServiceAddress",
    "ServiceUnavailable",
]
