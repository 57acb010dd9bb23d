"""The data folder: private, and held by one platform at a time."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from scf.commands.options import platform_database
from scf.data_folder import DataFolder


def test_secrets_are_made_once_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path)
    first = folder.secret("password")

    assert folder.secret("password") == first
    assert stat.S_IMODE((folder.keys / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.keys.stat().st_mode) == 0o700


def test_a_second_platform_on_the_same_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path)
    with folder.locked(), pytest.raises(Conflict, match="Another platform") as caught, folder.locked():
        pass
    assert caught.value.code == "up.already_running"
    assert caught.value.hint is not None
    assert "--data" in caught.value.hint


def test_a_lock_whose_holder_is_gone_does_not_hinder(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path)
    with folder.locked():
        pass
    with folder.locked():
        pass


def test_what_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    for place in (file, file / "below"):
        with pytest.raises(InvalidInput) as refused:
            DataFolder.at(place)
        assert refused.value.code == "data.folder_unusable"
        assert refused.value.where == str(place)


async def test_a_command_that_reads_does_not_begin_a_platform(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(NotFound) as refused:
        async with platform_database(missing, None):
            pass

    assert refused.value.code == "data.folder_empty"
    assert not missing.exists()
