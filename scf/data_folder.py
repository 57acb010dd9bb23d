"""The data folder: where one platform keeps its database, Temporal's file, its keys and its logs."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Conflict, InvalidInput


def default_data_folder() -> Path:
    """Return the folder of the platform's user: `$SCF_DATA`, `/var/lib/scf` for root, else below the home."""
    if configured := os.environ.get("SCF_DATA"):
        return Path(configured)
    if os.geteuid() == 0:
        return Path("/var/lib/scf")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "scf"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The places inside one data folder."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> DataFolder:
        """Create what is missing; nobody else may list the folder.

        Raises:
            InvalidInput: `data.folder_unusable` when it cannot be a folder of this user.
        """
        root = root.resolve()
        folder = cls(root)
        try:
            root.mkdir(mode=0o711, parents=True, exist_ok=True)
            for private in (folder.keys, folder.logs, folder.run, folder.temporal):
                private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                "data.folder_unusable",
                f"This cannot be the data folder: {error.strerror}.",
                where=str(root),
                hint="Give a folder that you may write to with --data DIR.",
            ) from error
        return folder

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own data."""
        return self.root / "postgres"

    @property
    def temporal(self) -> Path:
        """The folder of Temporal's database file."""
        return self.root / "temporal"

    @property
    def keys(self) -> Path:
        """Signing keys, the vault key and the database password; readable by the owner alone."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """One log file per child process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """The lock, and what is running now."""
        return self.root / "run"

    def secret(self, name: str) -> str:
        """Return a random secret that is made at first use and kept with mode 0600."""
        path = self.keys / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            value = secrets.token_urlsafe(32)
            file.write(value)
        return value

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one platform at a time.

        The system releases the lock when its holder ends, however it ends, so a lock is never stale.

        Raises:
            Conflict: `up.already_running` when another platform holds the folder.
        """
        path = self.run / "lock"
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise Conflict(
                    "up.already_running",
                    f"Another platform (process {holder}) runs on this data folder.",
                    where=str(self.root),
                    hint=f"Stop it (kill {holder}), or give this one a folder of its own with --data DIR.",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
