"""A processor quota for processes, by the kernel's control groups; only root may give one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_PERIOD_US = 20_000


@dataclass(frozen=True, slots=True)
class Quota:
    """A control group that a process may be put into."""

    folder: Path

    def holds(self, pid: int) -> None:
        """Put a process, with the threads that it has, into the group."""
        (self.folder / "cgroup.procs").write_text(str(pid))


@contextlib.contextmanager
def quota(name: str, cores: float) -> Iterator[Quota]:
    """Yield a group whose processes together get so many cores; its processes must have ended at the end.

    Raises:
        OSError: this machine does not let us.
    """
    microseconds = int(cores * _PERIOD_US)
    unified = (_GROUPS / "cgroup.controllers").exists()
    folder = _GROUPS / name if unified else _GROUPS / "cpu" / name
    folder.mkdir()
    try:
        if unified:
            (folder / "cpu.max").write_text(f"{microseconds} {_PERIOD_US}")
        else:
            (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(str(microseconds))
        yield Quota(folder)
    finally:
        folder.rmdir()
