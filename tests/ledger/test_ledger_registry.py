"""Keys are registered, endorsed, rotated and revoked by entries, and verification holds all to them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import ledger as room
from core import Conflict, Forbidden, InvalidInput, NotFound
from ledger import Recorder, verify_log
from proof.canonical import Json
from proof.signatures import KeySigner
from proof.statement import REGISTRATION_DOMAIN, STATEMENT_DOMAIN, Decision, Registration, SignedDecision

from .conftest import NOON, ORIGIN, Ledger, draft

INES, OLGA = "user:ines", "user:olga"


def new_signer() -> KeySigner:
    return KeySigner(ec.generate_private_key(ec.SECP256R1()))


async def register(ledger: Ledger, signer: KeySigner, holder: str = INES, **changes: Any) -> UUID:
    registration = Registration(ORIGIN, holder, signer.public_key.key_id, "browser", secrets.token_hex(16))
    possession = signer.sign(REGISTRATION_DOMAIN + registration.encode())
    async with ledger.database.transaction() as tx:
        return await room.register_key(
            tx,
            ledger.recorder,
            replace(registration, **changes),
            signer.public_key.der,
            possession,
            at=NOON,
        )


async def endorse(ledger: Ledger, signer: KeySigner, actor: str = OLGA) -> UUID:
    async with ledger.database.transaction() as tx:
        key_id = signer.public_key.key_id
        return await room.endorse_key(tx, ledger.recorder, key_id, actor=actor, at=NOON)


async def revoke(ledger: Ledger, signer: KeySigner, reason: str = "lost") -> UUID:
    async with ledger.database.transaction() as tx:
        key_id = signer.public_key.key_id
        return await room.revoke_key(tx, ledger.recorder, key_id, actor=OLGA, reason=reason, at=NOON)


async def platform_key(ledger: Ledger, recorder: Recorder | None = None) -> UUID | None:
    async with ledger.database.transaction() as tx:
        return await room.register_platform_key(tx, recorder or ledger.recorder, protection="file", at=NOON)


async def codes(ledger: Ledger, **options: Any) -> set[str]:
    while await ledger.sequencer.sequence_once():
        pass
    return set((await verify_log(ledger.database, **options)).counts)


def signed(signer: KeySigner, registered_by: UUID, **changes: Any) -> dict[str, Json]:
    decision = Decision(
        origin=ORIGIN,
        account=INES,
        key_id=signer.public_key.key_id,
        case="case-1",
        task="task-1",
        element="approve",
        decision={"approve": True},
        shown={"variables": "ab" * 32},
        model_hash="ab" * 32,
        nonce=secrets.token_hex(16),
    )
    decision = replace(decision, **changes)
    signature = signer.sign(STATEMENT_DOMAIN + decision.encode())
    return {
        "signed": SignedDecision(
            decision, signature, signer.public_key.der, "browser", registered_by
        ).as_json()
    }


async def test_the_platform_registers_its_first_key_itself_and_once(ledger: Ledger) -> None:
    assert await platform_key(ledger) is not None
    assert await platform_key(ledger) is None
    await ledger.log(draft())
    report = await verify_log(ledger.database)
    assert (report.ok, report.registry_from, report.entries) == (True, 0, 2)


async def test_a_log_that_began_without_a_registry_is_held_to_it_from_its_first_key_entry_on(
    ledger: Ledger,
) -> None:
    await ledger.log(draft())
    await platform_key(ledger)
    await ledger.log(draft(seq=2))
    report = await verify_log(ledger.database)
    assert (report.ok, report.registry_from) == (True, 1)


async def test_an_entry_of_an_unregistered_key_is_found(ledger: Ledger) -> None:
    await platform_key(ledger)
    stranger = Recorder(new_signer(), ledger.keys.vault_key, ORIGIN)
    async with ledger.database.transaction() as tx:
        await stranger.record(tx, draft())
    assert await codes(ledger) == {"ledger.key_unregistered"}


async def test_a_rotated_key_is_brought_in_by_the_one_before(ledger: Ledger) -> None:
    await platform_key(ledger)
    new = new_signer()
    async with ledger.database.transaction() as tx:
        await room.rotate_platform_key(tx, ledger.recorder, new, protection="hsm", at=NOON)
    after = Recorder(new, ledger.keys.vault_key, ORIGIN)
    assert await platform_key(ledger, after) is None, "it is registered already"
    async with ledger.database.transaction() as tx:
        await after.record(tx, draft())
    await ledger.record(draft("case-2"))  # a worker that still has the old key
    assert await codes(ledger) == set()


async def test_a_later_key_that_no_earlier_one_brought_in_is_found_until_it_is_trusted(
    ledger: Ledger,
) -> None:
    await platform_key(ledger)
    new = Recorder(new_signer(), ledger.keys.vault_key, ORIGIN)
    await platform_key(ledger, new)
    assert await codes(ledger) == {"ledger.key_unvouched"}
    assert await codes(ledger, trusted_keys=[new.signer.public_key.key_id]) == set()


async def test_an_entry_of_a_revoked_key_is_found(ledger: Ledger) -> None:
    await platform_key(ledger)
    old, new = ledger.keys.signing_key, new_signer()
    assert isinstance(old, KeySigner)
    async with ledger.database.transaction() as tx:
        await room.rotate_platform_key(tx, ledger.recorder, new, protection="file", at=NOON)
    await revoke(ledger, old, "replaced")
    assert await codes(ledger) == set()
    await ledger.log(draft())
    assert await codes(ledger) == {"ledger.key_revoked"}


async def test_the_platforms_only_key_cannot_be_revoked(ledger: Ledger) -> None:
    await platform_key(ledger)
    assert isinstance(ledger.keys.signing_key, KeySigner)
    with pytest.raises(Conflict, match=r"key\.last"):
        await revoke(ledger, ledger.keys.signing_key)


async def test_a_persons_key_signs_once_it_is_endorsed_and_until_it_is_revoked(ledger: Ledger) -> None:
    await platform_key(ledger)
    mine = new_signer()
    entry = await register(ledger, mine)
    await ledger.log(draft(seq=1, statement=signed(mine, entry)))
    assert await codes(ledger) == {"ledger.key_not_yet_valid"}
    endorsed = await endorse(ledger, mine)
    await ledger.log(draft(seq=2, statement=signed(mine, endorsed)))
    assert await codes(ledger) == {"ledger.key_not_yet_valid"}, "the second one is as it must be"
    await revoke(ledger, mine)
    await ledger.log(draft(seq=3, statement=signed(mine, endorsed)))
    assert await codes(ledger) == {"ledger.key_not_yet_valid", "ledger.key_revoked"}


@pytest.mark.parametrize(
    "changes",
    [{"case": "case-2"}, {"account": OLGA}, {"origin": "scf.example/other"}],
)
async def test_a_signed_statement_that_is_for_something_else_is_found(
    ledger: Ledger, changes: dict[str, str]
) -> None:
    await platform_key(ledger)
    mine = new_signer()
    await register(ledger, mine)
    endorsed = await endorse(ledger, mine)
    await ledger.log(draft(statement=signed(mine, endorsed, **changes)))
    assert await codes(ledger) == {"ledger.statement"}


async def test_a_signed_statement_that_stands_in_the_log_twice_is_found(ledger: Ledger) -> None:
    await platform_key(ledger)
    mine = new_signer()
    await register(ledger, mine)
    statement = signed(mine, await endorse(ledger, mine))
    await ledger.log(draft(statement=statement), draft(seq=2, statement=statement))
    assert await codes(ledger) == {"ledger.statement"}


async def test_a_signature_that_is_not_the_persons_is_found(ledger: Ledger) -> None:
    await platform_key(ledger)
    mine = new_signer()
    await register(ledger, mine)
    endorsed = await endorse(ledger, mine)
    ours: Any = signed(mine, endorsed)
    theirs: Any = signed(new_signer(), endorsed)
    ours["signed"]["signature"] = theirs["signed"]["signature"]
    await ledger.log(draft(statement=ours))
    assert await codes(ledger) == {"ledger.statement"}


async def test_a_registration_takes_proof_of_possession(ledger: Ledger) -> None:
    with pytest.raises(InvalidInput, match=r"key\.possession"):
        await register(ledger, new_signer(), nonce="0" * 32)


async def test_a_key_is_registered_once_for_good(ledger: Ledger) -> None:
    mine = new_signer()
    await register(ledger, mine)
    with pytest.raises(Conflict, match=r"key\.registered"):
        await register(ledger, mine, OLGA)
    await revoke(ledger, mine)
    with pytest.raises(Conflict, match=r"key\.registered"):
        await register(ledger, mine)


async def test_nobody_endorses_their_own_key_nor_one_twice(ledger: Ledger) -> None:
    mine = new_signer()
    with pytest.raises(NotFound, match=r"key\.unknown"):
        await endorse(ledger, mine)
    await register(ledger, mine)
    with pytest.raises(Forbidden, match=r"key\.own"):
        await endorse(ledger, mine, INES)
    await endorse(ledger, mine)
    with pytest.raises(Conflict, match=r"key\.endorsed"):
        await endorse(ledger, mine)
    await revoke(ledger, mine)
    with pytest.raises(Conflict, match=r"key\.revoked"):
        await revoke(ledger, mine)


async def test_a_table_of_keys_that_says_something_else_is_found(ledger: Ledger) -> None:
    await platform_key(ledger)
    mine = new_signer()
    await register(ledger, mine)
    assert await codes(ledger) == set()
    async with ledger.database.transaction() as tx:
        await tx.sql.execute(
            "UPDATE ledger.registered_key SET valid_by = registered_by, valid_at = registered_at"
        )
    assert await codes(ledger) == {"ledger.key_table"}


async def test_key_events_that_are_forged_are_found(ledger: Ledger) -> None:
    """Whoever writes entries directly still cannot make a key valid that nobody endorsed."""
    await platform_key(ledger)
    mine = new_signer()
    await register(ledger, mine)
    stream = room.key_stream(mine.public_key.key_id)
    told: dict[str, Json] = {"key": mine.public_key.key_id, "holder": INES}
    await ledger.log(draft(stream, 2, kind="key.endorse", actor=INES, statement=told))
    await ledger.log(draft("key:other", 1, kind="key.endorse", actor=OLGA, statement=told))
    await ledger.log(draft("key:third", 1, kind="key.register", actor=INES, statement=None))
    assert (await verify_log(ledger.database)).counts["ledger.key_event"] >= 2
