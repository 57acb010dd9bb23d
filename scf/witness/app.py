"""The witness as an HTTP service: C2SP tlog-witness's `add-checkpoint`, and a page that tells what it saw."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from scf.witness.cosigner import Cosigner

# A request is a checkpoint with some signatures and at most 63 hashes.
_MOST_BYTES = 64 * 1024

_Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(cosigners: Mapping[str, Cosigner]) -> Starlette:
    """Build the service.

    Args:
        cosigners: By the prefix of their URLs: `""` is the witness, `/validated` its second key.

    Routes: `POST <prefix>/add-checkpoint`, and `GET /`, a page for people.
    """
    return Starlette(
        routes=[
            *(
                Route(f"{prefix}/add-checkpoint", _add_checkpoint(cosigner), methods=["POST"])
                for prefix, cosigner in cosigners.items()
            ),
            Route("/", _page(cosigners), methods=["GET"]),
        ]
    )


def _add_checkpoint(cosigner: Cosigner) -> _Endpoint:
    async def answer(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return PlainTextResponse("The request is too large.\n", 413)
        given = await asyncio.to_thread(cosigner.add_checkpoint, bytes(body))
        return Response(given.body, given.status, media_type=given.media_type)

    return answer


def _page(cosigners: Mapping[str, Cosigner]) -> _Endpoint:
    async def show(_request: Request) -> Response:
        lines = []
        for prefix, cosigner in cosigners.items():
            lines += [str(cosigner.key), f"takes checkpoints at {prefix}/add-checkpoint"]
            for origin, seen in (await asyncio.to_thread(cosigner.seen)).items():
                state = f"{seen.size} {base64.b64encode(seen.root).decode()}" if seen else "nothing yet"
                lines.append(f"  {origin}  {state}")
        return PlainTextResponse("\n".join(lines) + "\n")

    return show
