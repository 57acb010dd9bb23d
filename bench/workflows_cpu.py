"""Processor time by kind of process, so that a figure tells where a case's cost lies."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import psutil

KINDS = ("worker", "postgres", "temporal")


def cpu_seconds() -> Mapping[str, float]:
    """Return the processor time so far of this process (client and worker) and of the servers beside it.

    A server's process that ends between two calls takes its time with it; connections stay open in a run.
    """
    mine = psutil.Process().cpu_times()
    spent = {"worker": mine.user + mine.system, "postgres": 0.0, "temporal": 0.0}
    beside = psutil.Process().parent()
    for process in beside.children(recursive=True) if beside else ():
        with contextlib.suppress(psutil.Error):
            name = process.name().split(":")[0]
            if name in spent:
                times = process.cpu_times()
                spent[name] += times.user + times.system
    return spent
