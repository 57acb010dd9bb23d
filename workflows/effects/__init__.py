"""What the jobs of a process do: functions over the domain's services, registered by job type.

An effect runs inside the burst's transaction, in a savepoint of its own; a bulk effect performs the open jobs
of its type together, in one savepoint. It returns the variables that
complete its job. `BusinessError` is a BPMN error that the process may catch; every other error becomes an
incident at the job.

A remote effect calls a system outside. It runs outside of every transaction, at least once, with an
idempotency key.
"""

from workflows.effects.registry import (
    BulkEffect,
    BusinessError,
    Effect,
    Effects,
    JobContext,
    RemoteContext,
    RemoteEffect,
    RemotePolicy,
    Retry,
)

__all__ = [
    "BulkEffect",
    "BusinessError",
    "Effect",
    "Effects",
    "JobContext",
    "RemoteContext",
    "RemoteEffect",
    "RemotePolicy",
    "Retry",
]
