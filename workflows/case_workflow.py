"""The workflow that drives a case: a small, stable, durable loop around one local activity.

It holds no business state. What it waits for are commands, which arrive as updates that carry only the id
of a command, and the earliest due time of the case, for which it keeps one durable timer. For each it runs
the local activity `advance`, which does everything in one transaction. So a change of kernel, model or
effects never meets the determinism of this file; only a change of this file does, and recorded histories
are replayed in the tests to hold that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import RetryPolicy

ADVANCE = "advance"

# A burst that meets a transient failure (a lost connection, a serialization failure) is tried until it
# commits.
_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=10))
_BURST_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Drive:
    """The workflow's input: the case, and the command that starts it (None when it is taken up again).

    `continue_after` is the length of history after which the workflow continues as new, when that is to come
    before the server suggests it.
    """

    case_id: str
    command_id: str | None = None
    continue_after: int | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    """The local activity's input: ids and the time, nothing else."""

    case_id: str
    command_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Waits:
    """The local activity's answer: whether the case is over, or when it is due next, in real time."""

    ended: bool
    due: datetime | None = None


@workflow.defn(name="CaseWorkflow")
class CaseWorkflow:
    """Drives one case until it ends."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waits: Waits | None = None

    @workflow.run
    async def run(self, drive: Drive) -> None:
        """Advance the case whenever it is due, and continue as new before the history grows long."""
        self._drive = drive
        await self._advance(drive.command_id)
        while not self._ended and not self._history_is_long():
            waits = self._waits
            try:
                await workflow.wait_condition(
                    partial(self._has_news_since, waits), timeout=_until(waits.due if waits else None)
                )
            except TimeoutError:
                await self._advance(None)
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._ended:
            workflow.continue_as_new(Drive(drive.case_id, None, drive.continue_after))

    @workflow.update
    async def command(self, command_id: str) -> None:
        """Carry out a command that the inbox has accepted; its outcome is recorded there."""
        await workflow.wait_condition(lambda: self._waits is not None)
        await self._advance(command_id)

    @command.validator
    def _refuse_when_ended(self, command_id: str) -> None:
        if self._ended:
            raise ValueError(f"the case is over: {command_id}")

    @property
    def _ended(self) -> bool:
        return self._waits is not None and self._waits.ended

    def _has_news_since(self, waits: Waits | None) -> bool:
        return self._waits is not waits or self._history_is_long()

    def _history_is_long(self) -> bool:
        info = workflow.info()
        limit = self._drive.continue_after
        return info.is_continue_as_new_suggested() or (
            limit is not None and info.get_current_history_length() >= limit
        )

    async def _advance(self, command_id: str | None) -> None:
        async with self._turn:
            self._waits = await workflow.execute_local_activity(
                ADVANCE,
                Burst(self._drive.case_id, command_id, workflow.now()),
                result_type=Waits,
                start_to_close_timeout=_BURST_TIMEOUT,
                retry_policy=_RETRY,
            )


def _until(due: datetime | None) -> timedelta | None:
    return max(due - workflow.now(), timedelta(0)) if due is not None else None
