"""The people of the demo: one account per role, and one for each seller and buyer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx

import scf_api
from core.database import Database
from scf.demo.client import Person

# The bank's people: account name → role. Nobody holds two roles, so four eyes are four eyes.
BANK = {
    "olivia.operations": "operations",
    "tariq.treasury": "treasury",
    "carla.credit": "credit_officer",
    "felix.credit": "credit_officer_2",
    "anna.audit": "auditor",
}


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody who is logged in: by role, and for companies by role and party."""

    bank: Mapping[str, Person]
    companies: Mapping[tuple[str, UUID], Person]
    passwords: Mapping[str, str]

    def who_may(self, groups: list[str], seller: UUID | None, buyer: UUID | None) -> Person | None:
        """Return the person for a task: of the bank by role, or of the case's seller or buyer."""
        for group in groups:
            party = seller if group.startswith("seller") else buyer
            person = self.bank.get(group) or (self.companies.get((group, party)) if party else None)
            if person is not None:
                return person
        return None


async def hire_bank(database: Database, http: httpx.AsyncClient, now: datetime) -> Staff:
    """Create the bank's accounts with random passwords, and log each in."""
    passwords: dict[str, str] = {}
    bank: dict[str, Person] = {}
    for name, role in BANK.items():
        passwords[name] = secrets.token_urlsafe(12)
        async with database.transaction() as tx:
            await scf_api.create_account(tx, name=name, password=passwords[name], roles=[role], at=now)
        bank[role] = await Person.login(http, name, passwords[name])
    return Staff(bank, {}, passwords)


async def hire_company(
    staff: Staff, database: Database, http: httpx.AsyncClient, *, role: str, party_id: UUID, at: datetime
) -> Staff:
    """Return the staff with one more account: a person of a seller or a buyer."""
    if (role, party_id) in staff.companies:
        return staff
    name = f"{role.replace('_', '.')}.{str(party_id)[:8]}"
    password = secrets.token_urlsafe(12)
    async with database.transaction() as tx:
        await scf_api.create_account(tx, name=name, password=password, roles=[role], party_id=party_id, at=at)
    person = await Person.login(http, name, password)
    return Staff(
        staff.bank,
        {**staff.companies, (role, party_id): person},
        {**staff.passwords, name: password},
    )
