"""Time stamps (RFC 3161): an authority outside the platform confirms when a checkpoint was there.

The authority signs its time over the SHA-256 of a checkpoint's note. Everything under that checkpoint was
therefore in the log by then, whoever holds the platform's keys and clock. What is kept is the authority's
whole answer beside the note's very bytes: `openssl ts -verify` needs no more than these two and the
authority's certificates.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound, ScfError, Unavailable
from ledger import timestamp_repository
from ledger.published import published_checkpoint
from ledger.timestamp_der import with_sorted_certificates
from ledger.timestamp_repository import TimestampRow

_logger = logging.getLogger(__name__)

_SHA256 = "2.16.840.1.101.3.4.2.1"
_LARGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping authority: where it answers, and the certificates that its answers must lead to."""

    url: str
    certificates: tuple[Certificate, ...]

    @classmethod
    def at(cls, url: str, certificates: Path) -> Authority:
        """Name the authority at a URL, with a file of its certificates.

        Raises:
            NotFound, InvalidInput: what `read_certificates` raises.
        """
        return cls(url, read_certificates(certificates))


def read_certificates(file: Path) -> tuple[Certificate, ...]:
    """Read certificates in PEM: the root's, and any between it and the authority's own.

    Raises:
        NotFound: `timestamp.certificates_missing`.
        InvalidInput: `timestamp.certificates_invalid`.
    """
    try:
        return tuple(load_pem_x509_certificates(file.read_bytes()))
    except OSError as error:
        raise NotFound(
            "timestamp.certificates_missing", f"The file cannot be read: {error.strerror}.", where=str(file)
        ) from None
    except ValueError:
        raise InvalidInput(
            "timestamp.certificates_invalid",
            "The file does not hold certificates in PEM.",
            where=str(file),
            hint="Give the certificates that the authority publishes for checking its time stamps.",
        ) from None


async def stamp_checkpoint(database: Database, authority: Authority) -> TimestampRow:
    """Have the published checkpoint time-stamped, check the answer, and keep it.

    Raises:
        NotFound: `ledger.log_empty`.
        Unavailable: `timestamp.unreachable` when the authority gives no time stamp.
        InvalidInput: `timestamp.invalid` when its answer does not hold.
    """
    async with database.reading() as connection:
        published = await published_checkpoint(connection)
    request = _request(published.note)
    response = await _ask(authority.url, request.as_bytes())
    stamped_at = _verified(published.note, response, authority.certificates, request)
    row = TimestampRow(published.size, published.note, authority.url, response, stamped_at)
    async with database.transaction() as tx:
        await timestamp_repository.add_timestamp(tx.sql, row)
    return row


def verify_timestamp(note: str, response: bytes, certificates: Sequence[Certificate]) -> datetime:
    """Check offline that an authority stamped a note; return the time (UTC) that it confirmed.

    Raises:
        InvalidInput: `timestamp.invalid`.
    """
    return _verified(note, response, certificates, None)


def is_over(response: bytes, note: str) -> bool:
    """Tell whether an authority's answer names this note; whose signature it carries is not looked at."""
    try:
        imprint = decode_timestamp_response(with_sorted_certificates(response)).tst_info.message_imprint
    except ValueError:
        return False
    return (imprint.hash_algorithm.dotted_string, imprint.message) == (
        _SHA256,
        sha256(note.encode()).digest(),
    )


async def keep_stamping(
    database: Database, authority: Authority, every: timedelta, clock: Clock, stop: asyncio.Event
) -> None:
    """Have the published checkpoint stamped in an interval, while it grows, until `stop` is set.

    An authority that does not answer is asked again at the next turn; the log never waits for it.
    """
    while not stop.is_set():
        try:
            if await _is_due(database, every, clock):
                await stamp_checkpoint(database, authority)
        except NotFound:
            pass  # nothing is in the log, yet
        except ScfError as error:
            _logger.warning("%s The next attempt comes in %s.", error, every)
        try:
            await asyncio.wait_for(stop.wait(), every.total_seconds())
        except TimeoutError:
            continue


async def _is_due(database: Database, every: timedelta, clock: Clock) -> bool:
    """Tell whether there is something new to be stamped, and nobody else has just done it.

    Sequencers that stand by run this too. Half the interval is enough to tell them apart, and leaves room for
    the difference between the authority's clock and ours.
    """
    async with database.reading() as connection:
        published = await published_checkpoint(connection)
        newest = await timestamp_repository.newest_timestamp(connection)
    if newest is None:
        return True
    return published.size > newest.size and clock.now() - newest.stamped_at >= every / 2


def _request(note: str) -> TimeStampRequest:
    return TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).build()


async def _ask(url: str, query: bytes) -> bytes:
    headers = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}
    answer = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=30) as client,
            client.stream("POST", url, content=query, headers=headers) as response,
        ):
            problem = f"it answers {response.status_code}" if response.status_code != 200 else None
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > _LARGEST_ANSWER:
                    problem = "its answer is far too long"
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        problem = f"{type(error).__name__} {error}".strip()
    if problem:
        raise Unavailable(
            "timestamp.unreachable",
            f"The authority gives no time stamp: {problem}.",
            where=url,
            hint="Check the URL; the log goes on without a time stamp.",
        )
    return bytes(answer)


def _verified(
    note: str, response: bytes, certificates: Sequence[Certificate], request: TimeStampRequest | None
) -> datetime:
    """Check an answer against the note, and against the request that it must belong to."""
    builder = VerifierBuilder.from_request(request) if request else VerifierBuilder()
    for certificate in certificates:
        builder = builder.add_root_certificate(certificate)
    try:
        decoded = decode_timestamp_response(with_sorted_certificates(response))
        builder.build().verify_message(decoded, note.encode())
        said = decoded.tst_info
    except (ValueError, VerificationError) as error:
        raise _invalid(str(error)) from error
    if said.message_imprint.hash_algorithm.dotted_string != _SHA256:
        raise _invalid("it is over another hash than SHA-256")
    return said.gen_time.replace(tzinfo=UTC) if said.gen_time.tzinfo is None else said.gen_time


def _invalid(problem: str) -> InvalidInput:
    return InvalidInput(
        "timestamp.invalid",
        f"The time stamp does not hold: {problem}.",
        hint="Check that note, time stamp and certificates belong together.",
    )
