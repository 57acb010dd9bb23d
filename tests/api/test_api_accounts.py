"""Accounts: names, passwords, and the roles that one person may hold together."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from core import Conflict, InvalidInput
from scf_api import create_account
from scf_api.roles import ALL_ROLES, BUSINESS_ROLES, PARTY_ROLES, Area, Viewer, check_roles
from support.api import PASSWORD, Api

PARTY = UUID("00000000-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ({"analyst", "product_owner"}, "models a product"),
        ({"credit_officer", "treasury"}, "grants credit"),
        ({"credit_analyst", "operations"}, "grants credit"),
        ({"admin", "collections"}, "administers accounts"),
        ({"auditor", "compliance"}, "audits"),
        ({"auditor", "admin"}, "administers accounts"),
    ],
)
def test_roles_that_exclude_each_other_are_refused(roles: set[str], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        check_roles(roles, None)

    assert refused.value.code == "account.roles_exclusive"


def test_a_customer_cannot_also_work_for_the_bank() -> None:
    with pytest.raises(InvalidInput, match="not the bank"):
        check_roles({"seller_maker", "credit_officer"}, PARTY)


@pytest.mark.parametrize("role", sorted(BUSINESS_ROLES - {"admin"}))
def test_no_business_role_goes_with_administration(role: str) -> None:
    with pytest.raises(InvalidInput):
        check_roles({role, "admin"}, PARTY if role in PARTY_ROLES else None)


@pytest.mark.parametrize("role", sorted(ALL_ROLES))
def test_each_role_can_be_held_alone(role: str) -> None:
    assert check_roles([role], PARTY if role in PARTY_ROLES else None) == {role}


def test_people_of_a_seller_need_their_party_and_people_of_the_bank_have_none() -> None:
    with pytest.raises(InvalidInput) as missing:
        check_roles({"seller_maker"}, None)
    with pytest.raises(InvalidInput) as superfluous:
        check_roles({"auditor"}, PARTY)

    assert (missing.value.code, superfluous.value.code) == (
        "account.party_missing",
        "account.party_not_allowed",
    )


def test_what_a_role_reads_is_everything_its_own_or_nothing() -> None:
    auditor = Viewer(uuid4(), "rita", frozenset({"auditor"}), None)
    seller = Viewer(uuid4(), "sam", frozenset({"seller_maker"}), PARTY)
    admin = Viewer(uuid4(), "root", frozenset({"admin"}), None)

    assert auditor.scope(Area.JOURNALS).everything
    assert seller.scope(Area.DOCUMENTS).party_id == PARTY
    assert not seller.scope(Area.DOCUMENTS).everything
    assert seller.scope(Area.JOURNALS).party_id is None
    assert admin.scope(Area.DOCUMENTS).party_id is None
    assert not admin.scope(Area.DOCUMENTS).everything


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("x", PASSWORD, "account.name_invalid"),
        ("anna; drop table", PASSWORD, "account.name_invalid"),
        ("anna", "too short", "account.password_short"),
        ("anna", "x" * 257, "account.password_long"),
    ],
)
async def test_a_bad_name_or_password_is_refused(api: Api, name: str, password: str, code: str) -> None:
    async with api.database.transaction() as tx:
        with pytest.raises(InvalidInput) as refused:
            await create_account(tx, name=name, password=password, roles=["auditor"], at=api.clock.now())

    assert refused.value.code == code


async def test_a_name_is_taken_whatever_its_case(api: Api) -> None:
    await api.account("Clara.Officer", "credit_officer")

    with pytest.raises(Conflict) as refused:
        await api.account("clara.OFFICER", "credit_officer")

    assert refused.value.code == "account.name_taken"


async def test_only_an_argon2id_hash_of_the_password_is_stored(api: Api) -> None:
    await api.account("hashed", "auditor")

    async with api.database.reading() as sql:
        stored = await sql.fetchval("SELECT password_hash FROM api.account WHERE name = 'hashed'")

    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
