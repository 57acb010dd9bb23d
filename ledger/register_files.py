"""The lists of the blind register as the rooms above write and read them: each tied to a log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from core.database import Database
from core.errors import InvalidInput
from ledger.draft import EntryDraft, entry_id
from ledger.prove import prove
from proof import register
from proof.checkpoint import NoteKey
from proof.errors import ProofError
from proof.register import Claim, Register


def encode_claims(claims: Collection[Claim]) -> bytes:
    """Return the one form of a list of claims."""
    return register.encoded_claims(claims)


def is_period(name: str) -> bool:
    """Tell whether a text can name the period of a key."""
    return register.PERIOD.fullmatch(name) is not None


def list_draft(number: int, claims: Collection[Claim], contact: str, at: datetime) -> EntryDraft:
    """Return the entry that states a list of claims."""
    return EntryDraft(
        stream=register.STREAM,
        seq=number,
        kind=register.KIND,
        occurred_at=at,
        actor="system:register",
        statement=register.statement(register.encoded_claims(claims), len(claims), contact),
    )


def list_entry(number: int) -> UUID:
    """Return the id of the entry that states the list of this number."""
    return entry_id(register.STREAM, number)


async def list_file(database: Database, number: int, claims: bytes) -> bytes:
    """Return the file of an encoded list whose entry is in the log.

    Raises:
        Unavailable: `ledger.entry_pending`.
    """
    return register.encode(claims, await prove(database, list_entry(number)))


def log_key_of_list(file: bytes) -> str:
    """Return the key of the log that a file claims to be of.

    Raises:
        InvalidInput: the code of what is wrong with its form.
    """
    try:
        return register.log_key_of(file)
    except ProofError as error:
        raise _wrong(error) from error


def open_list(file: bytes, log_key: str) -> Register:
    """Check the file of another platform with the key of its log.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        return register.verify(file, log_key=log_key)
    except ProofError as error:
        raise _wrong(error) from error


def require_log_key(text: str) -> None:
    """Refuse a text that is no key of a log.

    Raises:
        InvalidInput: the code of what is wrong with its form.
    """
    try:
        NoteKey.parse(text)
    except ProofError as error:
        raise _wrong(error) from error


def _wrong(error: ProofError) -> InvalidInput:
    return InvalidInput(error.code, error.message, where=error.where, hint=error.hint)
