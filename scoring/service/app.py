"""The scoring service over HTTP: `POST /score`, `POST /limit`, and `GET /readyz`."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import Broken, Conflict, Forbidden, InvalidInput, NotFound, ScfError
from scoring.service import wire
from scoring.service.in_process import InProcess

_log = logging.getLogger(__name__)

# A request is a few dozen figures, or a limit's inputs with the policy.
MOST_BYTES: Final = 256 * 1024
_STATUS: Final[Mapping[type[ScfError], int]] = {
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 401,
    Broken: 500,
}

_Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(service: InProcess, token: str) -> Starlette:
    """Build the service. Whoever asks must know the bearer token; `/readyz` is for everybody.

    Refusals are JSON with the code, as `docs/scoring/service.md` tells.
    """

    async def score(body: bytes) -> bytes:
        return wire.answer_json(await service.score(wire.read_score_request(body)))

    async def propose(body: bytes) -> bytes:
        return wire.answer_json(await service.propose(wire.read_limit_inputs(body)))

    async def ready(_request: Request) -> Response:
        return JSONResponse({"cards": list(service.card_ids)})

    expected = _digest(token)
    return Starlette(
        routes=[
            Route("/score", _answering(score, expected), methods=["POST"]),
            Route("/limit", _answering(propose, expected), methods=["POST"]),
            Route("/readyz", ready, methods=["GET"]),
        ]
    )


def _answering(answer: Callable[[bytes], Awaitable[bytes]], expected: bytes) -> _Endpoint:
    async def respond(request: Request) -> Response:
        try:
            _require_token(request, expected)
            return _json(await answer(await _body(request)), 200)
        except ScfError as error:
            return _json(wire.error_json(error), _STATUS.get(type(error), 500))
        except Exception as error:
            # The asker must not try again for ever what breaks the scorer; the log has the whole error.
            _log.exception("A request could not be answered")
            failed = Broken("scoring.service_failed", f"The scoring service failed: {type(error).__name__}.")
            return _json(wire.error_json(failed), 500)

    return respond


def _require_token(request: Request, expected: bytes) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(_digest(given), expected):
        raise Forbidden(
            "scoring.token_refused",
            "The scoring service does not know this token.",
            hint="Give asker and service the same token: SCF_SCORING_TOKEN_FILE or SCF_SCORING_TOKEN.",
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise InvalidInput(
                "scoring.request_too_large", f"A request has at most {MOST_BYTES} bytes.", where="the request"
            )
    return bytes(body)


def _json(content: bytes, status: int) -> Response:
    return Response(content, status, media_type="application/json")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
