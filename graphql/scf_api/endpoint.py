"""POST /graphql executes, GET /graphql shows the explorer."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult

from core import Database, Forbidden, InvalidInput, ScfError, Unavailable
from scf_api import sessions
from scf_api.commands import Commands
from scf_api.context import Context
from scf_api.errors import error_extensions, format_error, to_tell
from scf_api.requests import (
    LARGEST_ANONYMOUS_BODY,
    LARGEST_BODY,
    client_address,
    read_body,
    refuse_foreign_pages,
    session_token,
)
from scf_api.schema.contract import schema
from scf_api.settings import ApiSettings
from scf_api.web import explorer_page

# A request that takes longer has lost its caller's patience; what it waits for is freed.
_LONGEST_REQUEST_SECONDS = 60


class GraphQLEndpoint(GraphQL[Context, None]):
    """The GraphQL endpoint of one process; `open` gives it its database once that is there."""

    def __init__(self, settings: ApiSettings) -> None:
        super().__init__(schema, graphql_ide=None, allow_queries_via_get=False)
        self._settings = settings
        self._database: Database | None = None
        self._commands: Commands | None = None
        self._running = 0

    def open(self, database: Database, commands: Commands) -> None:
        """Begin to serve from a database."""
        self._database, self._commands = database, commands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever goes wrong, the answer is GraphQL's JSON with a code."""
        if self._running >= self._settings.max_requests:
            busy = Unavailable("server.busy", "The server has enough to do.", hint="Try again in a second.")
            await _refusal(busy, 503)(scope, receive, send)
            return
        self._running += 1
        try:
            async with asyncio.timeout(_LONGEST_REQUEST_SECONDS):
                response = await self._answer(Request(scope, receive))
        except TimeoutError:
            late = Unavailable("server.timeout", "The request took too long.", hint="Ask for less at once.")
            response = _refusal(late, 503)
        finally:
            self._running -= 1
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            return await explorer_page(self._settings.web_folder)
        try:
            return await self._execute(request)
        except HTTPException as error:
            return _refusal(InvalidInput("request.invalid", error.reason), error.status_code)
        except InvalidInput as error:
            return _refusal(error, 413 if error.code == "request.too_large" else 400)
        except ClientDisconnect:
            return Response(status_code=400)
        except Forbidden as error:
            return _refusal(error, 403)
        except Exception as error:
            told = to_tell(error)
            return _refusal(told, 503 if isinstance(told, Unavailable) else 500)

    async def _execute(self, request: Request) -> Response:
        if self._database is None:
            raise Unavailable("server.starting", "The server has not started yet.")
        refuse_foreign_pages(request, self._settings)
        token = session_token(request)
        viewer = (
            await sessions.viewer_of(self._database, token, self._settings.clock.now()) if token else None
        )
        body = await read_body(request, LARGEST_BODY if viewer else LARGEST_ANONYMOUS_BODY)
        replayed = Request(request.scope, _replay(body))
        replayed.state.session_token, replayed.state.viewer = token, viewer
        return await self.run(replayed)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Return what the resolvers of a request share."""
        if self._database is None or self._commands is None or not isinstance(response, Response):
            raise Unavailable("server.starting", "The server has not started yet.")
        return Context(
            settings=self._settings,
            database=self._database,
            commands=self._commands,
            response=response,
            address=client_address(request),
            session_token=request.state.session_token,
            viewer=request.state.viewer,
        )

    def decode_json(self, data: str | bytes) -> object:
        """Decode a request: one operation, no batch."""
        decoded = orjson.loads(data)
        if not isinstance(decoded, dict):
            raise HTTPException(400, "The body must be one JSON object with the operation.")
        return decoded

    def encode_json(self, data: object) -> bytes:
        """Encode an answer."""
        return orjson.dumps(data)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Shape an answer: errors get a code, and what was not meant for the caller is masked."""
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [format_error(error) for error in result.errors]
        return answer  # type: ignore[return-value]


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _refusal(error: ScfError, status: int) -> Response:
    content = {"data": None, "errors": [{"message": error.message, "extensions": error_extensions(error)}]}
    return Response(
        orjson.dumps(content),
        status_code=status,
        media_type="application/json",
        headers={"retry-after": "1"} if status == 503 else None,
    )
