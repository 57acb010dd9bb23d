"""The embedded PostgreSQL: behind a password, on a socket, and the same data at the next start."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import asyncpg
import pytest

from core import Conflict
from scf.data_folder import DataFolder
from scf.embedded_postgres import prepare_postgres
from scf.supervisor import Supervisor


async def test_it_keeps_its_data_asks_for_the_password_and_survives_a_kill(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path / "data")
    child, url = prepare_postgres(folder)
    async with Supervisor(folder.logs, folder.run, print) as supervisor:
        await supervisor.add(child)
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept (x int)")
        await connection.execute("INSERT INTO kept VALUES (7)")
        assert await connection.fetchval("SHOW listen_addresses") == ""
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace(folder.secret("postgres-password"), "wrong"))
        os.kill(supervisor.pid("postgres"), signal.SIGKILL)

    again, url = prepare_postgres(folder)
    async with Supervisor(folder.logs, folder.run, print) as supervisor:
        await supervisor.add(again)
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT x FROM kept") == 7
        await connection.close()


def test_a_socket_folder_that_somebody_else_could_have_put_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    linked, open_to_all = DataFolder.at(tmp_path / "a"), DataFolder.at(tmp_path / "b")
    (linked.root / "socket").symlink_to(tmp_path / "elsewhere")
    (open_to_all.root / "socket").mkdir()
    (open_to_all.root / "socket").chmod(0o777)

    for folder in (linked, open_to_all):
        with pytest.raises(Conflict) as refused:
            prepare_postgres(folder)
        assert refused.value.code == "postgres.folder_taken"
        assert refused.value.where == str(folder.root / "socket")
