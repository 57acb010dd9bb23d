"""Companies: found by what documents call them, created when nobody knows them yet."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from uuid import UUID

from core.database import Transaction
from core.ids import derived_id
from finance import repository
from finance.models import LegalEntity, PartyIdentifier
from finance.standards.trade import Finding, TradeParty


class PartyRefused(Exception):
    """A document's parties cannot be told, or cannot trade; `finding` says why."""

    def __init__(self, code: str, message: str, party: TradeParty, hint: str) -> None:
        super().__init__(message)
        self.finding = Finding(code, message, f"party {party.name!r}", hint)


async def resolve(tx: Transaction, party: TradeParty, *, at: datetime, learns: bool = True) -> UUID:
    """Return the id of the company that a document names, creating it as a prospect when it is new.

    A company is known by its identifiers, the strongest that is known first. Without one it is known by its
    name; a company known by name only takes the first identifiers that a document gives it. With `learns`
    False a company that is known keeps the identifiers that it has.

    Raises:
        PartyRefused: `party.ambiguous` when the name alone does not tell which company is meant.
    """
    found = await _find(tx, party)
    if found is not None and not (learns and await repository.unknown_identifiers(tx.sql, party.identifiers)):
        return found
    # Two documents that name one new company must not both create it, so that it is looked for once more.
    await repository.lock(tx.sql, "finance.parties")
    found = await _find(tx, party)
    if found is None:
        return await _create(tx, party, at)
    if learns and party.identifiers:
        await repository.add_identifiers(tx.sql, found, party.identifiers)
    return found


def name_key(name: str) -> str:
    """Return a company's name as it is compared: case, accents, spaces and punctuation do not count."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in decomposed if character.isalnum())[:200]


async def _find(tx: Transaction, party: TradeParty) -> UUID | None:
    found = await repository.party_by_identifiers(tx.sql, party.identifiers)
    return found if found is not None else await _by_name(tx, party)


async def _by_name(tx: Transaction, party: TradeParty) -> UUID | None:
    namesakes = await repository.parties_by_name(tx.sql, name_key(party.name))
    if party.identifiers:
        # Another identifier is another company, unless the namesake is known by name only.
        unidentified = [row["id"] for row in namesakes if row["identifiers"] == 0]
        return unidentified[0] if unidentified else None
    if len(namesakes) > 1:
        raise PartyRefused(
            "party.ambiguous",
            f"Several companies are called {party.name!r}.",
            party,
            "Send the document with the company's VAT or registration number.",
        )
    return namesakes[0]["id"] if namesakes else None


async def _create(tx: Transaction, party: TradeParty, at: datetime) -> UUID:
    identifier = party.identifiers[0] if party.identifiers else f"name:{name_key(party.name)}"
    party_id = derived_id("party", identifier)
    await LegalEntity.create(
        using_db=tx.orm,
        id=party_id,
        identifier=identifier,
        name=party.name,
        name_key=name_key(party.name),
        country=party.country,
        created_at=at,
    )
    await PartyIdentifier.bulk_create(
        [PartyIdentifier(identifier=value, party_id=party_id) for value in party.identifiers],
        using_db=tx.orm,
    )
    return party_id
