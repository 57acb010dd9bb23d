"""Checking an exported folder, or a mirror's copy, as it lies on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from core.errors import NotFound
from proof.checkpoint import NoteKey
from proof.log_check import LogChecked, check_log
from proof.policy import Policy
from proof.signatures import BACKENDS, Backend


async def check_folder(
    root: Path, log_key: NoteKey, policy: Policy | None = None, *, backends: Sequence[Backend] = BACKENDS
) -> LogChecked:
    """Recompute the log in a folder from its entries.

    Args:
        root: The folder.
        log_key: The log's note key as known from elsewhere than the folder.
        policy: Whose cosignatures its checkpoint must carry.
        backends: The libraries that check each entry's signature.

    Raises:
        NotFound: `ledger.folder_missing` when there is no such folder.
    """
    if not root.is_dir():
        raise NotFound("ledger.folder_missing", "There is no such folder.", where=str(root))
    return await asyncio.to_thread(_check, root, log_key, policy, backends)


def _check(root: Path, log_key: NoteKey, policy: Policy | None, backends: Sequence[Backend]) -> LogChecked:
    paths = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    return check_log(
        paths, lambda path: (root / path).read_bytes(), log_key, policy=policy, backends=backends
    )
