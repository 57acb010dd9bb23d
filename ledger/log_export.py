"""Writing the log of the database into a folder that any web server, or a disk, hands on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from ledger import timestamp_repository
from ledger.log_folder import LogFolder
from ledger.log_source import KEYS, DatabaseLog
from ledger.log_tree import root_of
from ledger.published import published_checkpoint
from proof.checkpoint import Checkpoint, split_note
from proof.errors import ProofError
from proof.log_files import CHECKPOINT, files_between

# Where time stamps lie, beside the checkpoint. They are no part of tlog-tiles.
TIMESTAMPS = "timestamps"


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
        InvalidInput: `ledger.folder_unusable`, or `ledger.folder_damaged` when its checkpoint cannot be read.
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
    files += await _write_timestamps(database, folder, target.size)
    await folder.write(KEYS, (await log.keys()).encode())
    await folder.write(CHECKPOINT, published.note.encode())
    return Exported(old_size, target.size, files)


async def _write_timestamps(database: Database, folder: LogFolder, size: int) -> int:
    """Write what authorities answered, each beside the note that it is over; return how many files came."""
    files = 0
    async with database.reading() as connection:
        stamps = await timestamp_repository.timestamps_upto(connection, size)
    for number, stamp in stamps:
        name = f"{TIMESTAMPS}/{stamp.size}-{number}"
        if not (folder.root / f"{name}.tsr").exists():
            await folder.write(f"{name}.checkpoint", stamp.note.encode())
            await folder.write(f"{name}.tsr", stamp.response)
            files += 2
    return files


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
        raise InvalidInput(
            "ledger.folder_damaged",
            f"The folder's checkpoint cannot be read: {error.message}",
            where=str(where / CHECKPOINT),
            hint="Export to another folder.",
        ) from error
