"""The request in which a log asks a witness for a cosignature (C2SP tlog-witness, `add-checkpoint`).

old <size of the witness's last checkpoint>
<consistency path, a hash in base64 a line>

<checkpoint, a signed note>
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proof.checkpoint import decode_base64, encode_base64
from proof.errors import NotCanonical
from proof.hashes import HASH_SIZE

# The media type of the answer that tells a witness's size.
SIZE_TYPE = "text/x.tlog.size"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})")
_LONGEST_PATH = 63


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint, and the proof that it extends the witness's last one, of `old_size` entries."""

    old_size: int
    path: tuple[bytes, ...]
    note: str

    def encode(self) -> bytes:
        """Return the request's body."""
        lines = [f"old {self.old_size}", *map(encode_base64, self.path), "", self.note]
        return "\n".join(lines).encode()

    @classmethod
    def decode(cls, body: bytes) -> AddCheckpoint:
        """Read a request's body; the note is not looked at.

        Raises:
            NotCanonical: `witness.request`.
        """
        try:
            head, parted, note = body.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise NotCanonical("witness.request", "The request is not UTF-8.") from None
        first, *rest = head.split("\n")
        old = _OLD.fullmatch(first)
        if not parted or old is None or len(rest) > _LONGEST_PATH:
            raise NotCanonical("witness.request", "A request is a line old SIZE, a path, and a checkpoint.")
        path = tuple(decode_base64(line, "witness.request") for line in rest)
        if any(len(node) != HASH_SIZE for node in path) or (path and old[1] == "0"):
            raise NotCanonical("witness.request", "A path is of SHA-256 hashes, and empty from size 0 on.")
        return cls(int(old[1]), path, note)
