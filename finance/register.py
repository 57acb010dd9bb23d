"""The blind register of claimed invoices: platforms of a consortium find what is pledged twice, and no more.

All members share a key for a period. A fingerprint is an HMAC under it over what every member reads in the
same invoice, so that equal invoices have equal fingerprints, and without the key nobody can test a guess. A
member can: it holds the key. What it learns of an invoice that it does not know is that someone has claimed
some invoice, and since when.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import ledger
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound, Unavailable
from finance import fingerprints, models
from finance import register_repository as repository
from finance.fingerprints import Identity
from finance.register_repository import ElsewhereRow, PlatformRow

if TYPE_CHECKING:
    from finance.register_repository import Connection

KEY_SIZE = 32
# Between two machines the list and its token travel encrypted; on one they need not.
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class DoublePledge:
    """An invoice that this platform has claimed, and another one, too."""

    invoice_id: UUID
    platform: str
    contact: str
    since: date


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A list of another platform: its number, how many claims it has, and what is pledged twice by now."""

    platform: str
    number: int
    claims: int
    double: Sequence[DoublePledge]


async def pledge(
    tx: Transaction, invoice_id: UUID, request_id: UUID, identity: Identity
) -> Sequence[ElsewhereRow]:
    """Return which other platforms claim an invoice; when none does, announce this platform's own claim."""
    blinds = await _blinds(tx.sql, identity)
    if not blinds:
        return ()
    found = await repository.elsewhere(tx.sql, blinds)
    claim_id = await repository.claim_of(tx.sql, invoice_id, request_id)
    if not found and claim_id is not None:
        await repository.insert_own(tx.sql, claim_id, blinds)
    return found


async def add_key(tx: Transaction, period: str, key: bytes) -> None:
    """Take the consortium's key of a period, and blind with it what is claimed already.

    Raises:
        InvalidInput: `register.period_invalid`, `register.key_invalid`.
        Conflict: `register.key_exists` when the period has another key.
    """
    if not ledger.is_period(period):
        raise InvalidInput(
            "register.period_invalid", f"{period!r} is no name of a period.", hint="Use one like 2026-11."
        )
    if len(key) != KEY_SIZE:
        raise InvalidInput("register.key_invalid", f"A key of the register has {KEY_SIZE} bytes.")
    if await repository.insert_key(tx.sql, period, key) != key:
        raise Conflict("register.key_exists", "There is another key for this period.", where=period)
    for claim in await repository.live_claims(tx.sql):
        invoice = await models.Invoice.get(id=claim["invoice_id"], using_db=tx.orm)
        await repository.insert_own(
            tx.sql, claim["id"], await _blinds(tx.sql, fingerprints.identity_of(invoice))
        )


async def drop_key(tx: Transaction, period: str) -> None:
    """Forget the key of a period that is over, and all that it blinded.

    Raises:
        NotFound: `register.key_unknown`.
    """
    if not await repository.delete_key(tx.sql, period):
        raise NotFound("register.key_unknown", "There is no key for this period.", where=period)


async def set_contact(tx: Transaction, contact: str) -> None:
    """Tell whom other platforms are to ask; from then on this platform publishes what it claims.

    The contact stands in the log for good: a place of the bank, not a person.

    Raises:
        InvalidInput: `register.contact_invalid`.
    """
    if not 1 <= len(contact) <= 200 or not contact.isprintable():
        raise InvalidInput("register.contact_invalid", "A contact has 1 to 200 printable characters.")
    await repository.set_contact(tx.sql, contact)


async def set_platform(
    tx: Transaction, name: str, log_key: str, *, url: str | None = None, token: str | None = None
) -> str | None:
    """Know another platform by a name that we give it, and how to fetch its list.

    Returns:
        The token with which it may fetch ours; None for one that is known, which has one.

    Raises:
        InvalidInput: `register.url_invalid`, `register.name_invalid`, or what is wrong with the key.
        Conflict: `register.platform_exists` when a name or a key belongs to another.
    """
    ledger.require_log_key(log_key)
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InvalidInput("register.name_invalid", "A name has 1 to 100 printable characters.")
    if (url is None) != (token is None) or (url is not None and not _is_safe(url)):
        raise InvalidInput(
            "register.url_invalid",
            "A platform is fetched by an https:// address with the token that it has given.",
            where=url,
        )
    for known in await repository.platforms(tx.sql):
        if (known.name == name) != (known.log_key == log_key):
            raise Conflict(
                "register.platform_exists",
                "The name or the key belongs to another platform.",
                where=known.name,
                hint="Forget that one first: scf ledger register forget NAME",
            )
    access = secrets.token_urlsafe(32)
    new = await repository.put_platform(
        tx.sql, name, log_key=log_key, url=url, token=token, access_hash=_hash(access)
    )
    return access if new else None


async def forget_platform(tx: Transaction, name: str) -> None:
    """Forget another platform and what it claims; its token opens nothing any more.

    Raises:
        NotFound: `register.platform_unknown`.
    """
    if not await repository.delete_platform(tx.sql, name):
        raise NotFound("register.platform_unknown", "There is no platform of this name.", where=name)


async def publish(database: Database, recorder: ledger.Recorder, at: datetime) -> bool:
    """Bring the published list nearer to what is claimed now; False when nothing was to do.

    A changed list becomes an entry of the log first, and a file once the entry has its place there.
    """
    async with database.transaction() as tx:
        own = await repository.lock_self(tx.sql)
        if own is None:
            return False
        if own.number > own.published:
            return await _publish_logged(database, tx, own)
        claims = await repository.own_claims(tx.sql)
        encoded = ledger.encode_claims(claims)
        if encoded == own.claims:
            return False
        await recorder.record(tx, ledger.list_draft(own.number + 1, claims, own.contact, at))
        await repository.store_list(tx.sql, own.number + 1, encoded)
    return True


async def _publish_logged(database: Database, tx: Transaction, own: repository.SelfRow) -> bool:
    try:
        file = await ledger.list_file(database, own.number, own.claims)
    except Unavailable:
        return False
    await repository.store_file(tx.sql, own.number, file)
    return True


async def published(sql: Connection) -> bytes:
    """Return the file that other platforms take in.

    Raises:
        NotFound: `register.unpublished`.
    """
    file = await repository.own_file(sql)
    if file is None:
        raise NotFound(
            "register.unpublished",
            "This platform has published no list.",
            hint="Set a contact (scf ledger register contact), and let worker and sequencer run.",
        )
    return file


async def may_fetch(sql: Connection, token: str) -> bool:
    """Tell whether a token is one that was given to another platform."""
    return await repository.may_fetch(sql, _hash(token))


async def platforms(sql: Connection) -> Sequence[PlatformRow]:
    """Return the other platforms, with the newest list that was taken in of each."""
    return await repository.platforms(sql)


async def double_pledges(sql: Connection) -> list[DoublePledge]:
    """Return what this platform has claimed, and another one, too."""
    return [DoublePledge(*row.values()) for row in await repository.double_pledges(sql)]


async def take_in(tx: Transaction, file: bytes, *, at: datetime) -> TakenIn:
    """Take in the list of another platform: from now on it claims exactly what stands there.

    Raises:
        InvalidInput: the code of what does not hold in the file.
        NotFound: `register.platform_unknown`.
        Conflict: `register.list_old` when a later list of it, or one under a larger checkpoint, is here.
    """
    log_key = ledger.log_key_of_list(file)
    known = await repository.lock_platform(tx.sql, log_key)
    if known is None:
        raise NotFound(
            "register.platform_unknown",
            "The list is of the log of nobody who is known.",
            where=log_key,
            hint="Add its platform: scf ledger register platform NAME LOG_KEY",
        )
    name = known.name
    told = ledger.open_list(file, known.log_key)
    if told.number < known.number or told.size < known.size:
        raise Conflict(
            "register.list_old",
            f"A later list of {name} is here: number {known.number}.",
            where=f"number {told.number}",
            hint="Fetch its newest one.",
        )
    await repository.replace_foreign(
        tx.sql, name, number=told.number, size=told.size, contact=told.contact, claims=told.claims, at=at
    )
    double = [pledged for pledged in await double_pledges(tx.sql) if pledged.platform == name]
    return TakenIn(name, told.number, len(told.claims), double)


async def _blinds(sql: Connection, identity: Identity) -> set[tuple[str, str]]:
    """Return the blind fingerprints of an invoice: one for each key, and each identifier of its seller."""
    keys = await repository.keys(sql)
    if not keys:
        return set()
    identifiers = await repository.identifiers(sql, identity.seller_id)
    return {
        (period, fingerprints.blind(key, identifier, identity))
        for period, key in keys.items()
        for identifier in identifiers
    }


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
