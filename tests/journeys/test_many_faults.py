"""Five hundred cases are in flight while processes are killed and networks are cut, and nothing is lost.

One case in twenty-five is a whole factoring case with its journal; the others are errands: a write, a call of
a bank outside, a timer, a person's task, another write. `SCF_FAULTS_CASES`, `SCF_FAULTS_KILLS` and
`SCF_FAULTS_SEED` choose other numbers and another order of the faults.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from pathlib import Path
from uuid import UUID

import pytest

from support.faults import audit
from support.faults.people import Pace, confirm_errands, finance, insist, start_errands
from support.faults.saboteur import Saboteur
from support.faults.town import Town, a_town

pytestmark = pytest.mark.platform

CASES = int(os.environ.get("SCF_FAULTS_CASES", "500"))
KILLS = int(os.environ.get("SCF_FAULTS_KILLS", "20"))
SEED = int(os.environ.get("SCF_FAULTS_SEED") or secrets.randbelow(1_000_000))

_FACTORING = max(1, CASES // 25)
_ERRANDS = CASES - _FACTORING
_LONGEST = 900  # seconds; a platform that stands still is told by this
_REPLAYED = 10


async def test_whatever_is_killed_and_cut_every_case_ends_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who acts on a financing case looks at it every two seconds: looking must not be the load.
    monkeypatch.setattr("scf.demo.acting._LOOK_AGAIN", 2.0)
    tell = Teller()
    tell(f"SCF_FAULTS_SEED={SEED} SCF_FAULTS_CASES={CASES} SCF_FAULTS_KILLS={KILLS}")
    async with asyncio.timeout(_LONGEST), a_town(tmp_path, trades=_FACTORING + 1, seed=SEED) as town:
        undisturbed = await finance_undisturbed(town)
        tell("everything is ready")
        try:
            saboteur = await live_through_faults(town, tell)
            await until_all_is_over(town)
        except BaseException:
            tell("\n".join(town.fleet.told))
            raise
        tell(f"every case has ended; killed {dict(saboteur.killed)}, cut {dict(saboteur.cuts)}")
        await all_is_well(town, undisturbed, tell)


async def all_is_well(town: Town, undisturbed: UUID, tell: Teller) -> None:
    """Check what the platform promises."""
    platform, bank, tally = town.platform, town.bank, town.tally

    # Every case ended, and no fault of the surroundings became a person's work.
    assert await audit.states(platform) == {"completed": CASES + 1}
    assert await platform.rows("SELECT * FROM workflows.incident_view") == []

    # Effects in the database happened exactly once, and effects outside once per key.
    effects = await audit.effects(platform)
    assert (len(effects), set(effects.values())) == (2 * _ERRANDS, {1})
    assert len(bank.counted) == _ERRANDS
    assert await audit.calls_that_differ(platform, bank) == []

    # No command that was acknowledged is lost, none is left over, and each has its one entry.
    assert len(tally.commands) == 2 * _ERRANDS
    assert await audit.lost(platform, tally.commands) == set()
    assert (await audit.commands(platform)).keys() == {"done"}
    assert await audit.entries_that_differ(platform) == []
    assert await audit.bursts_that_differ(platform) == []

    # The ledger verifies whole, and what it says leads to the same states again.
    assert await audit.log_findings(platform) == []
    books = await audit.books(platform)
    cases = [row["id"] for row in await platform.rows("SELECT id FROM workflows.case_view ORDER BY id")]
    sample = [*random.Random(SEED).sample(cases, _REPLAYED), *list(books)[:2]]
    assert await audit.cases_that_replay_differently(platform, sample) == []

    # The journal is balanced, proven by the ledger, and that of each case is that of one without a fault.
    assert len(books) == _FACTORING + 1
    assert [case_id for case_id, booked in books.items() if booked != books[undisturbed]] == []
    assert await audit.imbalances(platform) == []
    assert await audit.unproven(platform) == []

    tell(
        f"{tally.requests} requests of people for {_ERRANDS} tasks and {_FACTORING} financings,"
        f" {tally.submissions} submissions of {_ERRANDS} starts, {bank.calls.total()} calls of the bank for"
        f" {_ERRANDS} keys; all is well"
    )


async def finance_undisturbed(town: Town) -> UUID:
    """Run one financing to its end before anything is broken."""
    pace = Pace()
    await pace.allow(1)
    case_id = await finance(town.staff, town.trades.pop(), 0, pace)
    town.tally.requests = 0
    return case_id


async def live_through_faults(town: Town, tell: Teller) -> Saboteur:
    """Start all cases, and let people act on them while processes are killed and links are cut.

    After each kill people may end another share of the cases, so that every fault meets cases on their way.
    """
    pace, chance = Pace(), random.Random(SEED)
    saboteur = Saboteur(town.fleet, SEED, KILLS)

    async def after_kill(kills: int, victim: str) -> None:
        await pace.allow(CASES * kills // (KILLS + 1))
        tell(f"{await insist(lambda: audit.not_ended(town.platform))} cases in flight; killed {victim}")

    async def sabotage() -> None:
        await saboteur.work(after_kill)
        await pace.allow(CASES)

    clerk = town.staff.bank["operations"]
    async with asyncio.TaskGroup() as group:
        group.create_task(start_errands(town.platform, _ERRANDS, town.tally, chance))
        group.create_task(confirm_errands(clerk, _ERRANDS, pace, town.tally, chance))
        for number, trade in enumerate(town.trades):
            group.create_task(finance(town.staff, trade, number * CASES // _FACTORING, pace))
        group.create_task(sabotage())
    tell("people are done")
    return saboteur


async def until_all_is_over(town: Town) -> None:
    """Wait until every case has ended and every entry is in the log."""
    while await insist(lambda: audit.not_ended(town.platform)):
        await asyncio.sleep(0.5)
    while await insist(lambda: town.platform.rows("SELECT 1 FROM ledger.entry_view WHERE state = 'pending'")):
        await asyncio.sleep(0.5)


class Teller:
    """Tells what happens and when, for who reads the output of a run that failed."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, what: str) -> None:
        """Tell one thing."""
        print(f"{time.monotonic() - self._began:6.1f} s  {what}", flush=True)
