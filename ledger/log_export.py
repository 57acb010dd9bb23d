"""Writing the log of the database into a folder that any web server, or a disk, hands on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from ledger.log_folder import LogFolder
from ledger.log_source import KEYS, TIMESTAMP_LIST, DatabaseLog
from ledger.log_tree import root_of
from ledger.published import published_checkpoint
from proof.checkpoint import Checkpoint, split_note
from proof.errors import ProofError
from proof.log_files import CHECKPOINT, files_between


@dataclass(frozen=True, slots=True)
class Exported:
    """What a run wrote: the sizes of the folder's log before and after it, and the number of new files."""

    old_size: int
    size: int
    files: int


async def export_log(database: Database, root: Path) -> Exported:
    """Bring a folder to the newest published checkpoint; what is there already stays as it is.

    The checkpoint is written last: until then the folder shows its older one, with all that belongs to it.

    Raises:
        NotFound: `ledger.log_empty` when nothing is published yet.
        Conflict: `ledger.export_other_log` when the folder holds another log, or a longer one.
        InvalidInput: `ledger.folder_unusable`, or `ledger.folder_damaged` when its checkpoint, or its list of
            time stamps, cannot be read.
        Broken: `ledger.log_file_broken`.
    """
    folder, log = LogFolder(root), DatabaseLog(database)
    async with database.reading() as connection:
        published = await published_checkpoint(connection)
    target = _checkpoint(published.note, root)
    before = await _checkpoint_in(folder)
    old_size = before.size if before else 0
    if before and not (
        before.origin == target.origin
        and old_size <= target.size
        and before.root == await root_of(log, old_size, target.size)
    ):
        raise Conflict(
            "ledger.export_other_log",
            f"The folder holds a log of {before.origin} that this one, with {target.size} entries, does not"
            " extend.",
            where=str(root),
            hint="Keep it, since it tells that a log was written anew; export to another folder.",
        )
    files = 0
    for file in files_between(old_size, target.size):
        await folder.write(file.path, await log.read(file))
        files += 1
    files += await _write_timestamps(log, folder, target.size)
    await folder.write(KEYS, (await log.keys()).encode())
    await folder.write(CHECKPOINT, published.note.encode())
    return Exported(old_size, target.size, files)


async def _write_timestamps(log: DatabaseLog, folder: LogFolder, size: int) -> int:
    """Write what authorities answered, each beside the note that it is over; return how many files came."""
    try:
        there = set(await folder.timestamps())
    except ProofError as error:
        raise _damaged("list of time stamps", folder.root / TIMESTAMP_LIST, error) from error
    new = [name for name in await log.timestamps() if name.size <= size and name not in there]
    await folder.keep_timestamps([(name, await log.timestamp(name)) for name in new])
    return 2 * len(new)


async def _checkpoint_in(folder: LogFolder) -> Checkpoint | None:
    try:
        return _checkpoint(await folder.checkpoint(), folder.root)
    except NotFound:
        return None


def _checkpoint(note: str, where: Path) -> Checkpoint:
    """Read a note of our own; whether it is signed is for those to check who read the folder."""
    try:
        return Checkpoint.parse(split_note(note)[0])
    except ProofError as error:
        raise _damaged("checkpoint", where / CHECKPOINT, error) from error


def _damaged(what: str, where: Path, error: ProofError) -> InvalidInput:
    return InvalidInput(
        "ledger.folder_damaged",
        f"The folder's {what} cannot be read: {error.message}",
        where=str(where),
        hint="Export to another folder.",
    )
