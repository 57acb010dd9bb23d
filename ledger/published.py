"""Which checkpoint the log shows the world. All that is served, exported or time-stamped asks here.

With a witness policy it is the newest one that enough witnesses cosigned; without one, the newest.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotFound
from ledger import repository, witness_repository
from ledger.repository import CheckpointRow, Connection
from proof.checkpoint import SignatureLine
from proof.cosignature import with_cosignatures


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """A checkpoint as the log signed it, with the keys and the lines of those that cosigned it."""

    checkpoint: CheckpointRow
    witness_keys: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def note(self) -> str:
        """The note with all its signature lines."""
        return with_cosignatures(self.checkpoint.note, map(SignatureLine.parse, self.lines))


async def published_checkpoint(connection: Connection) -> CheckpointRow:
    """Return the newest checkpoint that is published; its note carries the cosignatures.

    Raises:
        NotFound: `ledger.log_empty` when none is, yet.
    """
    checkpoint = await _published(connection)
    if checkpoint is None:
        raise NotFound(
            "ledger.log_empty",
            "The log has no published checkpoint yet.",
            hint="The first one comes with the first entry; the sequencer must be running, and with a policy"
            " its witnesses too.",
        )
    return checkpoint._replace(note=(await cosigned_checkpoint(connection, checkpoint)).note)


async def covering_checkpoint(connection: Connection, index: int) -> CosignedCheckpoint | None:
    """Return the checkpoint to prove an entry against: the published one, or the newest when it is longer.

    An entry that no published checkpoint covers yet is proven all the same; such a proof does not yet satisfy
    the policy. None when no checkpoint covers the entry.
    """
    checkpoint = await _published(connection)
    if checkpoint is None or checkpoint.size <= index:
        checkpoint = await repository.newest_checkpoint(connection)
    if checkpoint is None or checkpoint.size <= index:
        return None
    return await cosigned_checkpoint(connection, checkpoint)


async def is_published(connection: Connection, stream: str, seq: int) -> bool:
    """Tell whether the published checkpoint covers an entry of a stream, and so all before it."""
    index = await witness_repository.index_of(connection, stream, seq)
    checkpoint = await _published(connection)
    return index is not None and checkpoint is not None and checkpoint.size > index


async def cosigned_checkpoint(connection: Connection, checkpoint: CheckpointRow) -> CosignedCheckpoint:
    """Return a checkpoint with its cosignatures."""
    rows = await witness_repository.cosignatures(connection, checkpoint.size)
    return CosignedCheckpoint(checkpoint, tuple(row.key for row in rows), tuple(row.line for row in rows))


async def _published(connection: Connection) -> CheckpointRow | None:
    if await witness_repository.policy(connection) is None:
        return await repository.newest_checkpoint(connection)
    return await witness_repository.newest_published(connection)
