"""One cosigner: a name, a key, the logs that it follows, and the rules of C2SP tlog-witness."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof.add_checkpoint import SIZE_TYPE, AddCheckpoint
from proof.checkpoint import Checkpoint, NoteKey, SignatureLine, join_note, opened_by_log, split_note
from proof.cosignature import WitnessKey, cosign
from proof.errors import NotCanonical, NotProven
from proof.merkle import verify_consistency
from scf.witness.store import Seen, Store

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the log."""

    status: HTTPStatus
    body: str
    media_type: str = _TEXT


# Looks at what else the cosignature states about the entries from the known size on, up to the checkpoint;
# returns None when it may be given, else the answer.
Examine = Callable[[int, Checkpoint], Answer | None]

# How long (seconds) a request waits for one before it about the same log.
_PATIENCE = 5.0


class Cosigner:
    """Cosigns checkpoints that extend what it saw before.

    Args:
        store: What it saw.
        name: The name of its key.
        key: Its key, which signs nothing else.
        logs: The keys of the logs that it follows; a log may have several, all of its name.
        clock: The seconds since 1970.
        examine: What must hold besides consistency before it signs.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        key: Ed25519PrivateKey,
        logs: Sequence[NoteKey],
        clock: Callable[[], int],
        examine: Examine = lambda _known, _checkpoint: None,
    ) -> None:
        self.key = WitnessKey.of(name, key)
        self._store = store
        self._signing_key = key
        self._logs = {log.name: [each for each in logs if each.name == log.name] for log in logs}
        self._locks = {origin: threading.Lock() for origin in self._logs}
        self._clock = clock
        self._examine = examine

    def seen(self) -> dict[str, Seen | None]:
        """Return what it saw last of each log that it follows."""
        return {origin: self._store.newest(origin) for origin in self._logs}

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request: 200 with the cosignature, 400, 403, 404, 409 with the size, or 422 for a fork.

        A 422 carries the note that contradicts the request, so that the log's owner and everybody else can
        hold both against each other.
        """
        try:
            request = AddCheckpoint.decode(body)
            text, lines = split_note(request.note)
            checkpoint = Checkpoint.parse(text)
        except NotCanonical as error:
            return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            return Answer(HTTPStatus.NOT_FOUND, "This log is not followed here.\n")
        own = _line_of_log(text, lines, keys)
        if own is None:
            return Answer(HTTPStatus.FORBIDDEN, "No key of the log signed this checkpoint.\n")
        if request.old_size > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, "The old size is larger than the checkpoint's.\n")
        lock = self._locks[checkpoint.origin]
        if not lock.acquire(timeout=_PATIENCE):
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "A request before this one is still examined.\n")
        try:
            return self._answer(request, checkpoint, join_note(text, [own]))
        finally:
            lock.release()

    def _answer(self, request: AddCheckpoint, checkpoint: Checkpoint, note: str) -> Answer:
        last = self._store.newest(checkpoint.origin)
        known = last.size if last else 0
        if request.old_size != known:
            return _told_size(known)
        if last and known > 0:
            if known == checkpoint.size and last.root != checkpoint.root:
                # The specification asks for this answer; the log tells the fork by the size being its own.
                return _told_size(known)
            try:
                verify_consistency(known, checkpoint.size, last.root, checkpoint.root, request.path)
            except NotProven:
                return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, last.note)
        if problem := self._examine(known, checkpoint):
            return problem
        if not self._store.advance(checkpoint.origin, last, Seen(checkpoint.size, checkpoint.root, note)):
            last = self._store.newest(checkpoint.origin)
            return _told_size(last.size if last else 0)
        line = cosign(checkpoint, self.key.name, self._signing_key, self._clock())
        return Answer(HTTPStatus.OK, f"{line}\n")


def _line_of_log(text: str, lines: Sequence[SignatureLine], keys: Sequence[NoteKey]) -> SignatureLine | None:
    """Return the line with which one of a log's keys signed; signatures of others are passed over."""
    for line in lines:
        for key in keys:
            try:
                opened_by_log(text, line, key)
            except NotProven:
                continue
            return line
    return None


def _told_size(size: int) -> Answer:
    return Answer(HTTPStatus.CONFLICT, f"{size}\n", SIZE_TYPE)
