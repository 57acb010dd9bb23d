"""Mirrors: a copy holds nothing that was not checked, and tells when the log showed two histories."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import Broken, Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from ledger import (
    Authority,
    DatabaseLog,
    LogClient,
    LogFolder,
    LogSource,
    Mirror,
    Recorder,
    entry_id,
    export_log,
    mirror_log,
    read_certificates,
    register_platform_key,
    revoke_key,
    rotate_platform_key,
    stamp_checkpoint,
    verify_timestamp,
)
from ledger.log_source import write_keys
from proof.checkpoint import Checkpoint, NoteKey, open_checkpoint, sign_checkpoint
from proof.entry import Body, seal
from proof.hashes import HASH_SIZE, leaf_hash
from proof.log_check import check_folder
from proof.log_files import LogFile, encode_bundle, files_between
from proof.merkle import CompactRange
from proof.signatures import BACKENDS, KeySigner, PublicKey
from proof.tiles import TileId, grow
from scf_api.entry_readers import EntryReaders
from scf_api.mirror import create_mirror_app
from support.tsa import Tsa, running_tsa

from .conftest import NOON, ORIGIN, Ledger, draft

LOG = Ed25519PrivateKey.generate()
KEY = NoteKey.of(ORIGIN, LOG)
SIGNER = ec.generate_private_key(ec.SECP256R1())
COSIGNATURE = f"— witness.example/w {base64.b64encode(bytes(80)).decode()}\n"


def entry(number: int, story: str) -> bytes:
    """An entry as the log of a test holds it; another story has other entries."""
    body = Body(
        origin=ORIGIN,
        entry_id=entry_id(f"case-{number}", 1),
        stream=f"case-{number}",
        seq=1,
        parents=(),
        kind="task.complete",
        actor=f"user:{story}",
        occurred_at=NOON,
        statement=None,
        model_hash=None,
        kernel_version=None,
        events_count=0,
        events_root="ab" * 32,
        state_root=None,
        commitments={},
        key_id=PublicKey.of(SIGNER).key_id,
    )
    return seal(body, KeySigner(SIGNER)).encode()


ENTRIES = [entry(number, "ines") for number in range(700)]


def publish(root: Path, entries: list[bytes], *, already: int = 0, cosigned: str = "") -> Path:
    """Write a log of these entries as its operator would."""
    tree = CompactRange()
    tiles = grow(tree, [leaf_hash(each) for each in entries])
    for file in files_between(already, len(entries)):
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.level is None:
            start = file.number * 256
            path.write_bytes(encode_bundle(entries[start : start + file.width]))
        else:
            path.write_bytes(tiles[TileId(file.level, file.number)][: file.width * HASH_SIZE])
    note = sign_checkpoint(Checkpoint(ORIGIN, len(entries), tree.root()), LOG)
    (root / "checkpoint").write_text(note + cosigned)
    (root / "keys").write_text(write_keys([PublicKey.of(SIGNER).der]))
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@asynccontextmanager
async def served(log: LogSource, readers: EntryReaders) -> AsyncIterator[str]:
    """Serve a log on loopback, and give its URL."""
    server = uvicorn.Server(
        uvicorn.Config(create_mirror_app(log, readers), port=0, log_level="warning", lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/log"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    """The folder of a log of 300 entries."""
    return publish(tmp_path / "operator", ENTRIES[:300])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


async def test_a_copy_is_the_log_file_by_file(operator: Path, copy: Path) -> None:
    mirrored = await mirror_log(LogFolder(operator), copy, KEY)
    assert (mirrored.origin, mirrored.old_size, mirrored.size) == (ORIGIN, 0, 300)
    assert contents(copy) == contents(operator)


@pytest.mark.parametrize("size", [301, 511, 512, 513, 700])
async def test_a_copy_grows_with_the_log(operator: Path, copy: Path, size: int) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    publish(operator, ENTRIES[:size], already=300)
    mirrored = await mirror_log(LogFolder(operator), copy, KEY)
    assert (mirrored.old_size, mirrored.size) == (300, size)
    assert contents(copy) == contents(operator)


async def test_a_log_in_a_database_is_followed_over_http(ledger: Ledger, tmp_path: Path) -> None:
    key = NoteKey.of(ORIGIN, ledger.keys.log_key)
    await ledger.log(*(draft(seq=number) for number in range(1, 271)))
    async with (
        served(DatabaseLog(ledger.database), EntryReaders(everybody=True)) as url,
        LogClient(url) as client,
    ):
        await mirror_log(client, tmp_path / "copy", key)
        await ledger.log(*(draft(seq=number) for number in range(271, 520)))
        mirrored = await mirror_log(client, tmp_path / "copy", key)
    await export_log(ledger.database, tmp_path / "exported")
    copied, exported = contents(tmp_path / "copy"), contents(tmp_path / "exported")
    assert mirrored.size == 519
    assert exported == {path: content for path, content in copied.items() if path in exported}


async def test_a_copy_serves_others_when_the_operator_is_gone(
    operator: Path, copy: Path, tmp_path: Path
) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    async with served(LogFolder(copy), EntryReaders(everybody=True)) as url, LogClient(url) as client:
        await mirror_log(client, tmp_path / "second", KEY)
        async with httpx.AsyncClient() as plain:
            gone = await plain.get(f"{url}/tile/0/001")
    assert contents(tmp_path / "second") == contents(operator)
    assert (gone.status_code, gone.json()["code"]) == (404, "ledger.log_file_unknown")


async def test_entries_that_the_server_shows_to_others_only_are_told(operator: Path, copy: Path) -> None:
    async with served(LogFolder(operator), EntryReaders()) as url, LogClient(url) as client:
        with pytest.raises(Forbidden, match=r"ledger\.entries_private"):
            await mirror_log(client, copy, KEY)
    assert not (copy / "checkpoint").exists()


async def test_a_server_that_is_not_there_is_told(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.log_client._FIRST_WAIT", 0.001)
    async with LogClient("http://127.0.0.1:9/log") as client:
        with pytest.raises(Unavailable, match=r"ledger\.log_unreachable"):
            await mirror_log(client, copy, KEY)


async def test_cosignatures_are_carried_on_untouched(operator: Path, copy: Path) -> None:
    publish(operator, ENTRIES[:300], cosigned=COSIGNATURE)
    await mirror_log(LogFolder(operator), copy, KEY)
    assert (copy / "checkpoint").read_bytes() == (operator / "checkpoint").read_bytes()
    assert COSIGNATURE in (copy / "checkpoint").read_text()


async def test_cosignatures_that_come_later_are_added_and_none_is_lost(operator: Path, copy: Path) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    plain = (operator / "checkpoint").read_text()
    (operator / "checkpoint").write_text(plain + COSIGNATURE)
    await mirror_log(LogFolder(operator), copy, KEY)
    (operator / "checkpoint").write_text(plain)
    await mirror_log(LogFolder(operator), copy, KEY)
    assert (copy / "checkpoint").read_text() == plain + COSIGNATURE


async def test_a_source_that_is_behind_changes_nothing(operator: Path, copy: Path, tmp_path: Path) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    before = contents(copy)
    behind = publish(tmp_path / "behind", ENTRIES[:270])
    mirrored = await mirror_log(LogFolder(behind), copy, KEY)
    assert (mirrored.behind, mirrored.size) == (True, 300)
    assert contents(copy) == before


@pytest.mark.parametrize("size", [10, 299, 300, 301, 700])
async def test_a_fork_is_refused_and_both_notes_are_kept(
    operator: Path, copy: Path, tmp_path: Path, size: int
) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    before = contents(copy)
    rewritten = [*ENTRIES[:5], entry(5, "mallory"), *ENTRIES[6:size]]
    other = publish(tmp_path / "other", rewritten)
    with pytest.raises(Conflict, match=r"ledger\.mirror_fork"):
        await mirror_log(LogFolder(other), copy, KEY)
    kept = [path.read_text() for path in (copy / "forks").iterdir()]
    assert sorted(kept) == sorted([before["checkpoint"].decode(), (other / "checkpoint").read_text()])
    assert {open_checkpoint(note, KEY).size for note in kept} == {300, size}
    assert {path: content for path, content in contents(copy).items() if "forks" not in path} == before


async def test_a_log_that_broke_off_and_began_anew_is_a_fork(
    operator: Path, copy: Path, tmp_path: Path
) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    anew = publish(tmp_path / "anew", [entry(number, "mallory") for number in range(2)])
    with pytest.raises(Conflict, match=r"ledger\.mirror_fork"):
        await mirror_log(LogFolder(anew), copy, KEY)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def another_log_key(root: Path) -> None:
    checkpoint = open_checkpoint((root / "checkpoint").read_text(), KEY)
    (root / "checkpoint").write_text(sign_checkpoint(checkpoint, Ed25519PrivateKey.generate()))


def another_root(root: Path) -> None:
    (root / "checkpoint").write_text(sign_checkpoint(Checkpoint(ORIGIN, 512, bytes(32)), LOG))


def an_unsigned_entry(root: Path) -> None:
    """Entries and tree fit the signed root, but one entry is signed by a key that nobody knows."""
    forged = seal(
        Body.decode(ENTRIES[400].partition(b"\n")[0]), KeySigner(ec.generate_private_key(ec.SECP256R1()))
    )
    publish(root, [*ENTRIES[:400], forged.encode(), *ENTRIES[401:512]])


TAMPERED: list[Callable[[Path], None]] = [
    lambda root: flip(root / "tile/entries/001", 50),
    lambda root: flip(root / "tile/entries/001", 30_000),
    lambda root: flip(root / "tile/0/001", 9),
    lambda root: (root / "tile/entries/001").unlink(),
    lambda root: (root / "keys").write_text(""),
    lambda root: (root / "keys").write_text("no key\n"),
    lambda root: (root / "checkpoint").write_text("nothing like a note"),
    another_log_key,
    another_root,
    an_unsigned_entry,
]


@pytest.mark.parametrize("tamper", TAMPERED)
async def test_what_does_not_hold_is_refused_and_the_copy_still_shows_its_older_log(
    operator: Path, copy: Path, tamper: Callable[[Path], None]
) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    older = (copy / "checkpoint").read_bytes()
    publish(operator, ENTRIES[:512], already=300)
    tamper(operator)
    (copy / "keys").write_text("")  # what the source tells is all that the copy can go by
    with pytest.raises(InvalidInput, match=r"ledger\.mirror_refused"):
        await mirror_log(LogFolder(operator), copy, KEY)
    assert (copy / "checkpoint").read_bytes() == older
    publish(operator, ENTRIES[:512])
    assert (await mirror_log(LogFolder(operator), copy, KEY)).size == 512
    assert {path: content for path, content in contents(copy).items()} == contents(operator)


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/1/000.p/1"])
async def test_a_copy_that_was_damaged_is_not_built_upon(operator: Path, copy: Path, path: str) -> None:
    await mirror_log(LogFolder(operator), copy, KEY)
    flip(copy / path, 5)
    publish(operator, ENTRIES[:512], already=300)
    damaged = contents(copy)
    with pytest.raises(Broken, match=r"ledger\.mirror_damaged"):
        await mirror_log(LogFolder(operator), copy, KEY)
    assert contents(copy) == damaged


async def test_a_partial_file_that_the_source_dropped_is_cut_from_the_full_one(
    operator: Path, copy: Path
) -> None:
    older = (operator / "checkpoint").read_text()
    publish(operator, ENTRIES[:512], already=300)
    for file in (LogFile(None, 1, 44), LogFile(0, 1, 44)):
        (operator / file.path).unlink()
    (operator / "checkpoint").write_text(older)
    assert (await mirror_log(LogFolder(operator), copy, KEY)).size == 300


async def test_an_empty_folder_is_no_log(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"ledger\.log_empty"):
        await mirror_log(LogFolder(tmp_path), copy, KEY)


async def test_an_entry_of_a_revoked_key_is_refused_also_by_a_copy_that_goes_on(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The registry is what the copied entries tell, from the first on, in whichever run they came."""
    root, key = tmp_path / "copy", NoteKey.of(ORIGIN, ledger.keys.log_key)
    own = ledger.keys.signing_key
    async with ledger.database.transaction() as tx:
        await register_platform_key(tx, ledger.recorder, protection="file", at=NOON)
    await ledger.log(draft(seq=1))
    mirror = Mirror(DatabaseLog(ledger.database), root, key)
    assert (await mirror.follow()).size == 2

    following = KeySigner(ec.generate_private_key(ec.SECP256R1()))
    async with ledger.database.transaction() as tx:
        await rotate_platform_key(tx, ledger.recorder, following, protection="file", at=NOON)
        await revoke_key(
            tx,
            Recorder(following, ledger.keys.vault_key, ORIGIN),
            own.public_key.key_id,
            actor="user:olga",
            reason="lost",
            at=NOON,
        )
    await ledger.log()
    assert (await mirror.follow()).size == 4
    await ledger.log(draft(seq=2))  # signed with the key that was revoked
    for follower in (mirror, mirror, Mirror(DatabaseLog(ledger.database), root, key)):
        with pytest.raises(InvalidInput, match=r"ledger\.mirror_refused.*revoked"):
            await follower.follow()
    assert open_checkpoint((root / "checkpoint").read_text(), key).size == 4

    await export_log(ledger.database, tmp_path / "export")
    checked = check_folder(tmp_path / "export", key, backends=("cryptography",))
    assert [finding.code for finding in checked.findings] == ["ledger.key_revoked"]


async def test_a_key_that_nobody_brought_in_is_refused_unless_it_is_known(
    ledger: Ledger, tmp_path: Path
) -> None:
    key = NoteKey.of(ORIGIN, ledger.keys.log_key)
    stranger = KeySigner(ec.generate_private_key(ec.SECP256R1()))
    for signer in (ledger.keys.signing_key, stranger):
        async with ledger.database.transaction() as tx:
            recorder = Recorder(signer, ledger.keys.vault_key, ORIGIN)
            await register_platform_key(tx, recorder, protection="file", at=NOON)
    await ledger.log()
    log = DatabaseLog(ledger.database)
    with pytest.raises(InvalidInput, match="brought in"):
        await mirror_log(log, tmp_path / "refused", key)
    known = (stranger.public_key.key_id,)
    assert (await mirror_log(log, tmp_path / "copy", key, known)).size == 2
    unknown = check_folder(tmp_path / "copy", key, backends=BACKENDS)
    assert [finding.code for finding in unknown.findings] == ["ledger.key_unvouched"]
    assert not check_folder(tmp_path / "copy", key, backends=BACKENDS, trusted_keys=known).findings


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with running_tsa(tmp_path_factory.mktemp("tsa")) as running:
        yield running


@pytest.fixture
async def stamped(ledger: Ledger, tsa: Tsa) -> Ledger:
    """A log whose first and third checkpoints were stamped."""
    authority = Authority.at(tsa.url, tsa.certificates)
    await ledger.log(draft(seq=1))
    await stamp_checkpoint(ledger.database, authority)
    await ledger.log(draft(seq=2))
    await ledger.log(draft(seq=3))
    await stamp_checkpoint(ledger.database, authority)
    return ledger


async def test_time_stamps_are_copied_over_http_and_from_mirror_to_mirror(
    stamped: Ledger, tsa: Tsa, tmp_path: Path
) -> None:
    key = NoteKey.of(ORIGIN, stamped.keys.log_key)
    copy, second = tmp_path / "copy", tmp_path / "second"
    everybody = EntryReaders(everybody=True)
    async with served(DatabaseLog(stamped.database), everybody) as url, LogClient(url) as client:
        await mirror_log(client, copy, key)
        async with httpx.AsyncClient() as http:
            for odd in ("nothing.tsr", "1-1.exe", "9-9.tsr", "1-1"):
                refused = await http.get(f"{url}/timestamps/{odd}")
                assert (refused.status_code, refused.json()["code"]) == (404, "ledger.log_file_unknown"), odd
    async with served(LogFolder(copy), everybody) as url, LogClient(url) as client:
        await mirror_log(client, second, key)
    await export_log(stamped.database, tmp_path / "export")
    assert contents(second) == contents(copy) == contents(tmp_path / "export")

    names = (second / "timestamps" / "list").read_text().split()
    assert [name.partition("-")[0] for name in names] == ["1", "3"]
    certificates = read_certificates(tsa.certificates)
    for name in names:
        note, answer = (second / "timestamps" / f"{name}.{kind}" for kind in ("checkpoint", "tsr"))
        verify_timestamp(note.read_text(), answer.read_bytes(), certificates)


async def test_a_later_run_adds_the_time_stamps_that_came(stamped: Ledger, tsa: Tsa, tmp_path: Path) -> None:
    key, log = NoteKey.of(ORIGIN, stamped.keys.log_key), DatabaseLog(stamped.database)
    await mirror_log(log, tmp_path, key)
    before = contents(tmp_path)
    await stamp_checkpoint(stamped.database, Authority.at(tsa.url, tsa.certificates))
    await mirror_log(log, tmp_path, key)
    after = contents(tmp_path)
    assert len(after) == len(before) + 2
    assert after["timestamps/list"].startswith(before.pop("timestamps/list"))
    assert before.items() <= after.items()


@pytest.mark.parametrize("damage", ["note", "answer", "list", "missing"])
async def test_a_time_stamp_of_something_else_is_refused_and_the_log_copied(
    stamped: Ledger, tmp_path: Path, damage: str
) -> None:
    key, source, copy = NoteKey.of(ORIGIN, stamped.keys.log_key), tmp_path / "source", tmp_path / "copy"
    await export_log(stamped.database, source)
    stamps = source / "timestamps"
    first, last = (stamps / name for name in (stamps / "list").read_text().split())
    match damage:
        case "note":
            first.with_suffix(".checkpoint").write_bytes(last.with_suffix(".checkpoint").read_bytes())
        case "answer":
            first.with_suffix(".tsr").write_bytes(last.with_suffix(".tsr").read_bytes())
        case "list":
            (stamps / "list").write_text("../../etc/passwd\n")
        case "missing":
            first.with_suffix(".tsr").unlink()
    with pytest.raises(InvalidInput, match=r"ledger\.mirror_timestamp"):
        await mirror_log(LogFolder(source), copy, key)
    assert open_checkpoint((copy / "checkpoint").read_text(), key).size == 3
    assert not (copy / "timestamps").exists()


async def test_a_stamped_note_of_another_history_is_a_fork(stamped: Ledger, tmp_path: Path) -> None:
    """Who holds the log's key had another log stamped than the one that is shown."""
    key, source, copy = NoteKey.of(ORIGIN, stamped.keys.log_key), tmp_path / "source", tmp_path / "copy"
    await export_log(stamped.database, source)
    (name, *_) = (source / "timestamps" / "list").read_text().split()
    other = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), stamped.keys.log_key)
    (source / "timestamps" / f"{name}.checkpoint").write_text(other)
    with pytest.raises(Conflict, match=r"ledger\.mirror_fork"):
        await mirror_log(LogFolder(source), copy, key)
    assert other in {path.read_text() for path in (copy / "forks").iterdir()}
