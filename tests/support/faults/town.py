"""A running platform with the people, companies and the bank around it, before anything is broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.clock import SystemClock
from core.database import Database
from scf.demo.staff import Staff, hire_bank, hire_company
from scf.rooms import ROOMS
from support.bank import Bank
from support.cases import Platform
from support.factoring import Trade, bring_trade
from support.faults import errand
from support.faults.fleet import Fleet, running_fleet
from support.faults.people import Tally, people_client
from support.faults.worker_program import all_effects
from workflows.worker import WorkerSettings

_INDUSTRY = "logistics"
_FORTY_DAYS_A_SECOND = "3456000"
_AT_ONCE = 4


@dataclass
class Town:
    """`platform` reaches the database without a link between; `staff` reaches the API over one."""

    fleet: Fleet
    platform: Platform
    bank: Bank
    staff: Staff
    trades: list[Trade]
    tally: Tally


@asynccontextmanager
async def a_town(root: Path, *, trades: int, seed: int) -> AsyncIterator[Town]:
    """Start the platform, deploy the errand, hire everybody, and import so many trades to be financed."""
    tally = Tally()
    async with Bank(seed).open() as bank:
        environment = {"SCF_SIMULATED_RATE": _FORTY_DAYS_A_SECOND, "ERRAND_BANK": bank.url}
        async with running_fleet(root, environment) as fleet, people_client(fleet.api_url, tally) as http:
            database = await Database.open(fleet.database_url, ROOMS, pool_size=6)
            try:
                platform = Platform(
                    database, WorkerSettings(fleet.database_url, "", fleet.folder.keys), all_effects()
                )
                now = SystemClock().now()
                async with database.transaction() as tx:
                    await tx.sql.execute(errand.EFFECT_TABLE)
                await platform.deploy_text(errand.KEY, {f"{errand.KEY}.bpmn": errand.ERRAND}, at=now)
                staff = await hire_bank(database, http, now)
                gate = asyncio.Semaphore(_AT_ONCE)

                async def bring(number: int) -> tuple[Trade, Staff]:
                    async with gate:
                        trade = await bring_trade(platform, _INDUSTRY, f"F{number}")
                        people = replace(staff, companies={})
                        for role, who in (("seller_maker", trade.seller), ("buyer_checker", trade.buyer)):
                            assert who.party_id is not None
                            people = await hire_company(
                                people, database, http, role=role, party_id=who.party_id, at=now
                            )
                        return trade, people

                brought = await asyncio.gather(*(bring(number) for number in range(trades)))
                companies = {key: person for _, people in brought for key, person in people.companies.items()}
                yield Town(
                    fleet,
                    platform,
                    bank,
                    replace(staff, companies=companies),
                    [trade for trade, _ in brought],
                    tally,
                )
            finally:
                await database.close()
