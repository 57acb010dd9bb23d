"""Who only reads makes no keys: a wrong folder is told, not furnished."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import NotFound
from ledger import load_or_create_keys, vault_key_in


def test_the_vault_key_is_the_one_of_the_installation(tmp_path: Path) -> None:
    keys = load_or_create_keys(tmp_path)
    assert vault_key_in(tmp_path) == keys.vault_key


def test_a_folder_without_keys_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        vault_key_in(tmp_path)
    assert caught.value.code == "ledger.keys_missing"
    assert list(tmp_path.iterdir()) == []
