"""Local accounts: who may log in, with which roles, for which party."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from core import Conflict, InvalidInput, Transaction, random_id
from scf_api.models import Account
from scf_api.roles import Viewer, check_roles

MINIMUM_PASSWORD = 12
MAXIMUM_PASSWORD = 256
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,79}")
# argon2id with the library's defaults, which follow RFC 9106's second recommendation (64 MiB, 3 passes).
_hasher = PasswordHasher()
# Compared against when there is no such account, so that an unknown name takes as long as a wrong password.
_NOBODYS_HASH = _hasher.hash("no account has this password")
# Each hash takes 64 MiB and a core for a moment; two at a time keep a small server alive.
_hashing = ThreadPoolExecutor(2, "argon2")


async def create_account(
    tx: Transaction,
    *,
    name: str,
    password: str,
    roles: Collection[str],
    at: datetime,
    party_id: UUID | None = None,
) -> Viewer:
    """Create a local account.

    Args:
        tx: the transaction in which it is created.
        name: what the person types to log in; case does not matter.
        password: at least 12 characters.
        roles: roles that do not exclude each other, see `scf_api.roles`.
        at: the time of creation.
        party_id: the seller or buyer that the person works for; None for the bank's own people.

    Raises:
        InvalidInput: `account.name_invalid`, `account.password_short`, `account.password_long`, or a code of
            `check_roles`.
        Conflict: `account.name_taken`.
    """
    login = name.strip().lower()
    if not _NAME.fullmatch(login):
        raise InvalidInput(
            "account.name_invalid",
            f"{name!r} is not a name for an account.",
            where="name",
            hint="Use 2 to 80 letters, digits, dots, dashes, underscores or @.",
        )
    check_password(password)
    held = check_roles(roles, party_id)
    if await Account.filter(name=login).using_db(tx.orm).exists():
        raise Conflict("account.name_taken", f"There is an account {login!r} already.", where="name")
    password_hash = await asyncio.get_running_loop().run_in_executor(_hashing, _hasher.hash, password)
    account = await Account.create(
        using_db=tx.orm,
        id=random_id(),
        name=login,
        password_hash=password_hash,
        roles=sorted(held),
        party_id=party_id,
        created_at=at,
    )
    return Viewer(account.id, login, held, party_id)


async def colleague(viewer: Viewer, name: str) -> Viewer | None:
    """Return who a person may give work to: somebody of the same company; the bank's people are one.

    None when nobody of that name can log in, or only somebody of another company: the two are not told apart.
    """
    account = await Account.get_or_none(name=name.strip().lower(), disabled=False)
    if account is None or account.party_id != viewer.party_id:
        return None
    return Viewer(account.id, account.name, frozenset(account.roles), account.party_id)


def check_password(password: str) -> None:
    """Refuse a password that is too short to resist guessing, or too long to be one.

    Raises:
        InvalidInput: `account.password_short` or `account.password_long`.
    """
    if len(password) < MINIMUM_PASSWORD:
        raise InvalidInput(
            "account.password_short",
            f"A password has at least {MINIMUM_PASSWORD} characters.",
            where="password",
            hint="Use a sentence or a password manager.",
        )
    if len(password) > MAXIMUM_PASSWORD:
        raise InvalidInput(
            "account.password_long",
            f"A password has at most {MAXIMUM_PASSWORD} characters.",
            where="password",
        )


async def password_matches(password_hash: str | None, password: str) -> bool:
    """Verify a password in the same time whether or not there is an account (`password_hash` None)."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _verify, password_hash, password)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        _hasher.verify(password_hash or _NOBODYS_HASH, password)
    except VerificationError:
        return False
    return password_hash is not None
