"""The log over HTTP, as C2SP tlog-tiles describes it: what witnesses, mirrors and auditors read.

Checkpoint, hash tiles, public keys and time stamps are for everybody. Bundles of entries tell who did what,
though they hold no payloads: unless a setting opens them, they are for mirrors' tokens and for whoever may
read the whole log through GraphQL, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import Broken, Clock, Database, Forbidden, NotFound, ScfError
from ledger import LogSource, StampName, unknown_file, write_names
from proof.errors import ProofError
from proof.log_files import LogFile
from scf_api.entry_readers import EntryReaders
from scf_api.errors import error_extensions, to_tell
from scf_api.requests import session_token

_SECOND = "public, max-age=1"
_MINUTE = "public, max-age=60"
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_EVER_BUT_PRIVATE = "private, max-age=31536000, immutable"

_STAMP_TYPES = {"checkpoint": "text/plain", "tsr": "application/timestamp-reply"}

_STATUS: dict[type[ScfError], int] = {Forbidden: 403, NotFound: 404, Broken: 500}


def log_routes(source: Callable[[Request], LogSource], readers: EntryReaders, clock: Clock) -> list[Route]:
    """Return the routes below `/log`; `source` gives the log that a request is about."""

    async def checkpoint(request: Request) -> Response:
        return PlainTextResponse(await source(request).checkpoint(), headers={"cache-control": _SECOND})

    async def keys(request: Request) -> Response:
        return PlainTextResponse(await source(request).keys(), headers={"cache-control": _MINUTE})

    async def file(request: Request) -> Response:
        wanted = _parse(f"tile/{request.path_params['path']}")
        cached = _FOR_EVER
        if wanted.level is None and not readers.everybody:
            database: Database | None = getattr(request.app.state, "database", None)
            if not await readers.include(session_token(request), database, clock):
                raise _forbidden(wanted)
            cached = _FOR_EVER_BUT_PRIVATE
        content = await source(request).read(wanted)
        return Response(content, media_type="application/octet-stream", headers={"cache-control": cached})

    async def timestamp(request: Request) -> Response:
        name, dot, kind = str(request.path_params["name"]).partition(".")
        log = source(request)
        if (name, dot) == ("list", ""):
            names = write_names(await log.timestamps())
            return PlainTextResponse(names, headers={"cache-control": _MINUTE})
        wanted = _parse_stamp(name)
        if kind not in _STAMP_TYPES:
            raise unknown_file(f"timestamps/{request.path_params['name']}")
        stamp = await log.timestamp(wanted)
        content = stamp.note.encode() if kind == "checkpoint" else stamp.answer
        return Response(content, media_type=_STAMP_TYPES[kind], headers={"cache-control": _FOR_EVER})

    return [
        Route("/log/timestamps/{name}", _told(timestamp)),
        Route("/log/checkpoint", _told(checkpoint)),
        Route("/log/keys", _told(keys)),
        Route("/log/tile/{path:path}", _told(file)),
    ]


def _parse(path: str) -> LogFile:
    try:
        return LogFile.parse(path)
    except ProofError as error:
        raise NotFound("ledger.log_file_unknown", error.message, where=path) from None


def _parse_stamp(name: str) -> StampName:
    try:
        return StampName.parse(name)
    except ProofError as error:
        raise NotFound("ledger.log_file_unknown", error.message, where=f"timestamps/{name}") from None


def _forbidden(file: LogFile) -> Forbidden:
    return Forbidden(
        "ledger.entries_private",
        "Entries of this log are shown to those only who may read all of it.",
        where=file.path,
        hint="Send a session's or a mirror's token as a bearer.",
    )


def _told(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Let an endpoint's errors be told as JSON with a code."""

    async def telling(request: Request) -> Response:
        try:
            return await answer(request)
        except Exception as error:
            return _refusal(to_tell(error))

    return telling


def _refusal(error: ScfError) -> Response:
    return Response(
        orjson.dumps({"message": error.message, **error_extensions(error)}),
        status_code=_STATUS.get(type(error), 503),
        media_type="application/json",
    )
