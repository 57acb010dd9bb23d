"""The key files: created once, the same for all processes, closed to others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import Broken, Forbidden, NotFound
from ledger import VaultKeys, load_or_create_keys, vault_key_in


def test_keys_are_created_once_and_only_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first, second = load_or_create_keys(folder), load_or_create_keys(folder)
    assert first.signing_key.public_key.key_id == second.signing_key.public_key.key_id
    assert first.log_key.private_bytes_raw() == second.log_key.private_bytes_raw()
    assert first.vault_key.first == second.vault_key.first
    assert first.vault_key.payload_key == second.vault_key.payload_key
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert modes == {
        "entry-signing-key.pem": 0o600,
        "log-signing-key.pem": 0o600,
        "vault": 0o700,
        "vault-key.hex": 0o600,
        "temporal-payload-key.hex": 0o600,
    }


def test_processes_that_start_together_end_up_with_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_create_keys(tmp_path / "keys"), range(8)))
    assert len({one.vault_key.first for one in keys}) == 1
    assert len({one.signing_key.public_key.key_id for one in keys}) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_create_keys(tmp_path / "keys")
    (tmp_path / "keys" / "vault" / "vault-key.hex").chmod(0o644)
    with pytest.raises(Forbidden, match=r"ledger\.key_exposed"):
        load_or_create_keys(tmp_path / "keys")


@pytest.mark.parametrize(
    "name",
    [
        "entry-signing-key.pem",
        "log-signing-key.pem",
        "vault/vault-key.hex",
        "vault/temporal-payload-key.hex",
    ],
)
@pytest.mark.parametrize("content", [b"", b"junk", b"\xff\xfe"])
def test_a_damaged_key_file_is_never_replaced(tmp_path: Path, name: str, content: bytes) -> None:
    load_or_create_keys(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(content)
    with pytest.raises(Broken, match=r"ledger\.key_unreadable"):
        load_or_create_keys(tmp_path / "keys")
    assert (tmp_path / "keys" / name).read_bytes() == content


def test_keys_do_not_print_themselves(tmp_path: Path) -> None:
    assert repr(load_or_create_keys(tmp_path / "keys")) == "Keys(…)"


def test_who_only_reads_payloads_gets_the_vault_key_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        vault_key_in(tmp_path)
    assert caught.value.code == "ledger.keys_missing"
    assert list(tmp_path.iterdir()) == []

    keys = load_or_create_keys(tmp_path)
    assert vault_key_in(tmp_path).first == keys.vault_key.first


def test_who_only_reads_payloads_needs_the_vaults_folder_alone(tmp_path: Path) -> None:
    keys = load_or_create_keys(tmp_path / "keys")
    alone = tmp_path / "alone"
    shutil.copytree(tmp_path / "keys" / "vault", alone / "vault")
    before = sorted(alone.rglob("*"))
    assert vault_key_in(alone).first == keys.vault_key.first
    assert sorted(alone.rglob("*")) == before


@pytest.mark.parametrize("reader", [vault_key_in, lambda folder: load_or_create_keys(folder).vault_key])
def test_what_an_older_release_kept_beside_the_other_keys_is_moved(
    tmp_path: Path, reader: Callable[[Path], VaultKeys]
) -> None:
    keys = load_or_create_keys(tmp_path)
    names = [path.name for path in (tmp_path / "vault").iterdir()]
    for name in names:
        (tmp_path / "vault" / name).rename(tmp_path / name)
    (tmp_path / "vault").rmdir()
    opened = reader(tmp_path)
    assert (opened.first, opened.payload_key) == (keys.vault_key.first, keys.vault_key.payload_key)
    assert {path.name for path in (tmp_path / "vault").iterdir()} == set(names)
    assert not any((tmp_path / name).exists() for name in names)


def test_a_key_that_an_older_release_made_afterwards_is_not_lost(tmp_path: Path) -> None:
    keys = load_or_create_keys(tmp_path)
    stray = tmp_path / "temporal-payload-key.hex"
    stray.write_text("ab" * 48)
    stray.chmod(0o600)
    assert load_or_create_keys(tmp_path).vault_key.payload_key == keys.vault_key.payload_key
    assert stray.read_text() == "ab" * 48
