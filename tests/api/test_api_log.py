"""The log over HTTP: as C2SP tlog-tiles lays it out, and entries only for those who may read all of it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import EntryDraft, Recorder, Sequencer, VaultKeys
from proof import merkle
from proof.checkpoint import NoteKey, open_checkpoint
from proof.entry import Body, Envelope
from proof.log_files import decode_bundle
from proof.signatures import KeySigner, PublicKey
from scf_api import create_app
from scf_api.entry_readers import EntryReaders
from support.api import Api, HandClock

ORIGIN = "scf.example/log"
LOG_KEY = Ed25519PrivateKey.generate()
MIRROR = "a mirror's token"
SIZE = 260


def drafts(count: int) -> list[EntryDraft]:
    at = HandClock().now()
    return [
        EntryDraft(stream="case-1", seq=number, kind="task.complete", occurred_at=at, actor="user:ines")
        for number in range(1, count + 1)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def logged(api: Api) -> Api:
    """An API over a log of 260 entries."""
    recorder = Recorder(KeySigner(ec.generate_private_key(ec.SECP256R1())), VaultKeys.of(bytes(32)), ORIGIN)
    sequencer = Sequencer(api.database, LOG_KEY, ORIGIN)
    async with api.database.transaction() as tx:
        await recorder.record_all(tx, drafts(SIZE))
    await sequencer.sequence_once()
    await sequencer.close()
    return api


@asynccontextmanager
async def same_log(api: Api, readers: EntryReaders) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the same log with another setting of who reads its entries."""
    app = create_app(replace(api.settings, entry_readers=readers))
    app.state.database = api.database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scf.test") as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def opened(logged: Api) -> AsyncIterator[httpx.AsyncClient]:
    """The log behind an API that opens its entries to everybody."""
    async with same_log(logged, EntryReaders(everybody=True)) as client:
        yield client


async def test_an_empty_log_has_no_checkpoint_yet(api: Api) -> None:
    answer = await api.client.get("/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (404, "ledger.log_empty")


async def test_the_newest_checkpoint_is_a_note_that_is_cached_for_a_second(logged: Api) -> None:
    answer = await logged.client.get("/log/checkpoint")
    checkpoint = open_checkpoint(answer.text, NoteKey.of(ORIGIN, LOG_KEY))
    assert checkpoint.size == SIZE
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"


async def test_tiles_lead_to_the_checkpoints_root_and_never_change(logged: Api) -> None:
    note = (await logged.client.get("/log/checkpoint")).text
    full = await logged.client.get("/log/tile/0/000")
    partial = await logged.client.get("/log/tile/0/001.p/4")
    above = await logged.client.get("/log/tile/1/000.p/1")
    hashes = full.content + partial.content
    leaves = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    assert merkle.root(leaves) == open_checkpoint(note, NoteKey.of(ORIGIN, LOG_KEY)).root
    assert merkle.root(leaves[:256]) == above.content
    for answer in (full, partial, above):
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_narrower_tile_than_the_newest_is_still_there(logged: Api) -> None:
    narrow = await logged.client.get("/log/tile/0/001.p/3")
    assert narrow.content == (await logged.client.get("/log/tile/0/001.p/4")).content[:96]


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/0/001.p/5",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/000",
        "tile/",
        "tile/9999999999999999999/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
async def test_what_the_log_does_not_have_is_not_found(logged: Api, path: str) -> None:
    answer = await logged.client.get(f"/log/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "ledger.log_file_unknown")
    assert answer.headers["cache-control"] == "no-store"


async def test_entries_are_closed_to_the_public(logged: Api) -> None:
    answer = await logged.client.get("/log/tile/entries/000")
    assert (answer.status_code, answer.json()["code"]) == (403, "ledger.entries_private")


@pytest.mark.parametrize("token", ["nobody's", "", "a mirror's token "])
async def test_an_unknown_token_opens_no_entries(logged: Api, token: str) -> None:
    answer = await logged.client.get("/log/tile/entries/000", headers={"authorization": f"Bearer {token}x"})
    assert answer.status_code == 403


async def test_an_auditor_reads_entries_and_no_shared_cache_keeps_them(logged: Api) -> None:
    token = await logged.person("auditor", "auditor")
    answer = await logged.client.get(
        "/log/tile/entries/001.p/4", headers={"authorization": f"Bearer {token}"}
    )
    envelopes = [Envelope.decode(entry) for entry in decode_bundle(answer.content, 4)]
    assert [Body.decode(envelope.body).seq for envelope in envelopes] == [257, 258, 259, 260]
    tile = (await logged.client.get("/log/tile/0/001.p/4")).content
    assert b"".join(envelope.leaf for envelope in envelopes) == tile
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


async def test_a_seller_who_sees_entries_of_own_cases_only_reads_no_bundle(logged: Api) -> None:
    token = await logged.person("seller", "seller_maker", party_id=uuid4())
    answer = await logged.client.get("/log/tile/entries/000", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 403


async def test_a_mirror_reads_entries_with_its_token(logged: Api) -> None:
    readers = EntryReaders(token_hashes=("00" * 32, sha256(MIRROR.encode()).hexdigest()))
    async with same_log(logged, readers) as client:
        known = await client.get("/log/tile/entries/000", headers={"authorization": f"Bearer {MIRROR}"})
        unknown = await client.get("/log/tile/entries/000")
    assert (known.status_code, unknown.status_code) == (200, 403)


async def test_entries_are_public_when_the_operator_says_so(opened: httpx.AsyncClient) -> None:
    answer = await opened.get("/log/tile/entries/000")
    assert len(decode_bundle(answer.content, 256)) == 256
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_the_public_keys_that_sign_entries_are_open(logged: Api, opened: httpx.AsyncClient) -> None:
    answer = await logged.client.get("/log/keys")
    (key,) = [PublicKey(base64.b64decode(line)) for line in answer.text.splitlines()]
    bundle = (await opened.get("/log/tile/entries/000")).content
    Envelope.decode(decode_bundle(bundle, 256)[0]).verify(key)
