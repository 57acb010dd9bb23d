"""Asking a witness to cosign a checkpoint (C2SP tlog-witness). One that answers nonsense does no harm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from ledger.repository import CheckpointRow
from proof.add_checkpoint import AddCheckpoint
from proof.checkpoint import split_note
from proof.cosignature import Cosignature, WitnessKey, known_cosignatures, parse_lines
from proof.errors import ProofError

# The first attempt, one with the size that the witness told, and one in case it moved on in between.
_ATTEMPTS = 3
_MOST_BYTES = 64 * 1024
_TOLD = 300  # characters of an answer that are worth keeping
_END_OF_TIME = 253402300799  # the year 9999, beyond which the database keeps no time

# Returns the consistency path from an older size to the checkpoint.
PathFrom: TypeAlias = Callable[[int], Awaitable[Sequence[bytes]]]


@dataclass(frozen=True, slots=True)
class Signed:
    """It cosigned."""

    cosignature: Cosignature


@dataclass(frozen=True, slots=True)
class Ahead:
    """It has seen a checkpoint of this size, which is larger than ours."""

    size: int


@dataclass(frozen=True, slots=True)
class Forked:
    """What it saw contradicts our checkpoint; `theirs` is the note that it gives as its reason, if any."""

    theirs: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """It says that our checkpoint is no result of what it ran again (424; only witnesses of ours do)."""

    problem: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not cosign for a reason that says nothing about the log: unreachable, or not set up for it."""

    problem: str


Reply: TypeAlias = Signed | Ahead | Forked | Declined | Failed


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str


async def ask(
    http: httpx.AsyncClient,
    url: str,
    key: WitnessKey,
    checkpoint: CheckpointRow,
    known: int,
    path_from: PathFrom,
    timeout: float,
) -> Reply:
    """Ask a witness to cosign a checkpoint.

    Args:
        http: The client; it follows no redirects.
        url: The witness's submission prefix.
        key: The key under which its cosignature must verify.
        checkpoint: The checkpoint, as the log signed it.
        known: The size up to which it cosigned, as far as we know; a wrong one costs one more request.
        path_from: Makes consistency paths to the checkpoint.
        timeout: Seconds for each request.
    """
    old = known if known <= checkpoint.size else 0
    for _ in range(_ATTEMPTS):
        path = await path_from(old) if 0 < old < checkpoint.size else ()
        body = AddCheckpoint(old, tuple(path), checkpoint.note).encode()
        try:
            answer = await _post(http, f"{url.rstrip('/')}/add-checkpoint", body, timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Failed(f"no answer: {type(error).__name__} {error}".strip())
        match answer.status:
            case 200:
                return _signed(answer.text, key, checkpoint)
            case 409:
                told = answer.text.removesuffix("\n")
                if not (told.isascii() and told.isdecimal() and len(told) <= 16):
                    return Failed(f"409 without a size: {answer.text[:_TOLD]}")
                size = int(told)
                if size > checkpoint.size:
                    return Ahead(size)
                if size == old:
                    same = "it refuses the size that it has itself"
                    return Forked(None) if size == checkpoint.size else Failed(f"409: {same}, {size}")
                old = size
            case 422:
                return Forked(answer.text or None)
            case 424:
                return Declined(answer.text[:_TOLD].strip())
            case status:
                return Failed(f"{status}: {answer.text[:_TOLD].strip()}")
    return Failed("its size changes with each answer")


def _signed(text: str, key: WitnessKey, checkpoint: CheckpointRow) -> Reply:
    try:
        signed, _ = split_note(checkpoint.note)
        found = known_cosignatures(signed, parse_lines(text), [key])
    except ProofError as error:
        return Failed(f"its answer is no cosignature: {error.message}")
    if not found:
        return Failed(f"its answer holds no cosignature of {key.name}")
    if found[0].timestamp > _END_OF_TIME:
        return Failed("its cosignature is of a time that never comes")
    return Signed(found[0])


async def _post(http: httpx.AsyncClient, url: str, body: bytes, timeout: float) -> _Answer:
    content = bytearray()
    async with http.stream("POST", url, content=body, timeout=timeout) as response:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > _MOST_BYTES:
                break
    return _Answer(response.status_code, content[:_MOST_BYTES].decode(errors="replace"))
