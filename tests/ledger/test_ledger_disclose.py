"""Chosen fields of an entry are opened for one reader, who checks them offline; the others stay hidden."""

from __future__ import annotations

import random

import pytest

from core import Conflict, InvalidInput, NotFound, Unavailable
from ledger import disclose, entry_id
from proof import canonical, disclosure
from proof.checkpoint import NoteKey
from proof.errors import NotCanonical, NotProven, ProofError
from proof.signatures import BACKENDS

from .conftest import ORIGIN, Ledger, draft

FIRST = entry_id("case-1", 1)
PAYLOADS = {"amount": b'"107.50"', "iban": b'"DE02"', "name": b'"Anna Muster"'}


async def disclosed(ledger: Ledger, *fields: str) -> bytes:
    return await disclose(ledger.database, FIRST, fields, "Auditor Ltd", ledger.keys.vault_key)


async def test_what_is_opened_is_proven_and_the_rest_stays_hidden(ledger: Ledger) -> None:
    await ledger.log(draft(payloads=PAYLOADS))
    file = await disclosed(ledger, "name", "amount")
    key = str(NoteKey(ORIGIN, ledger.keys.log_key.public_key().public_bytes_raw()))
    for backend in BACKENDS:
        told = disclosure.verify(file, log_key=key, backend=backend)
        assert told.payloads == {"amount": PAYLOADS["amount"], "name": PAYLOADS["name"]}
        assert (told.hidden, told.to, told.entry.body.entry_id) == (("iban",), "Auditor Ltd", FIRST)
        assert told.entry.log_key_pinned
    assert b"DE02" not in file


async def test_another_payload_salt_or_field_proves_nothing(ledger: Ledger) -> None:
    await ledger.log(draft(payloads=PAYLOADS))
    content = canonical.decode(await disclosed(ledger, "amount", "name"))
    assert isinstance(content, dict)
    openings = content["openings"]
    assert isinstance(openings, list)
    first, second = openings
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    for forged in (
        {**first, "payload": second["payload"]},
        {**first, "salt": second["salt"]},
        {**first, "field": "iban"},
        {**first, "field": "other"},
    ):
        with pytest.raises(NotProven, match=r"disclosure\.payload"):
            disclosure.verify(canonical.encode({**content, "openings": [forged]}))
    for odd in ([], [second, first], [first, first], [{**first, "salt": ""}], [{"field": "amount"}], "x"):
        with pytest.raises(NotCanonical, match=r"disclosure\.form"):
            disclosure.verify(canonical.encode({**content, "openings": odd}))  # type: ignore[dict-item]


async def test_every_flipped_byte_but_those_of_the_label_is_found(ledger: Ledger) -> None:
    await ledger.log(draft(payloads=PAYLOADS))
    file, chance = await disclosed(ledger, "amount"), random.Random(9)
    label = range(file.index(b"Auditor Ltd"), file.index(b"Auditor Ltd") + 11)
    for place in chance.sample([place for place in range(len(file)) if place not in label], 300):
        changed = bytearray(file)
        changed[place] ^= chance.randrange(1, 256)
        with pytest.raises(ProofError):
            disclosure.verify(bytes(changed))


async def test_what_cannot_be_opened_is_told(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match=r"ledger\.entry_unknown"):
        await disclosed(ledger, "amount")
    await ledger.record(draft(payloads=PAYLOADS))
    with pytest.raises(Unavailable, match=r"ledger\.entry_pending"):
        await disclosed(ledger, "amount")
    await ledger.log()
    with pytest.raises(NotFound, match=r"ledger\.field_unknown"):
        await disclosed(ledger, "amount", "secret")
    with pytest.raises(InvalidInput, match=r"ledger\.fields_missing"):
        await disclosed(ledger)
    async with ledger.database.transaction() as tx:
        await tx.sql.execute("DELETE FROM ledger.data_key")
    with pytest.raises(Conflict, match=r"ledger\.stream_erased"):
        await disclosed(ledger, "amount")
