"""The server: one process of the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

import finance
import ledger
import scoring
import workflows
from core import Database, Unavailable
from core.database import LOST_DATABASE
from scf_api.bundle_routes import bundle_routes
from scf_api.commands import Commands
from scf_api.endpoint import GraphQLEndpoint
from scf_api.log import log_routes
from scf_api.register import register_routes
from scf_api.room import ROOM
from scf_api.settings import ApiSettings
from scf_api.web import SecurityHeaders, WebApp, console_files

# The rooms whose functions the API calls: each finds its own tables.
_ROOMS = (ledger.ROOM, scoring.ROOM, finance.ROOM, workflows.ROOM, ROOM)
_NO_WEB_APP = "The web app was not built (make ui). The API answers at /graphql."


def create_app(settings: ApiSettings) -> Starlette:
    """Build the server. It opens its database when it starts and closes it when it stops.

    Routes: `/graphql` (POST executes, GET shows the explorer), `/healthz` (the process lives), `/readyz` (it
    can answer), `/log/…` (the log in the layout of C2SP tlog-tiles), `/bundles/cases` (audit bundles, for
    those entitled), `/register/list` (for other platforms), and the web app everywhere else.
    """
    endpoint = GraphQLEndpoint(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        database = await Database.open(settings.database_url, _ROOMS, pool_size=settings.pool_size)
        commands = Commands(database, settings.command_wait)
        await commands.start()
        endpoint.open(database, commands)
        app.state.database = database
        try:
            yield
        finally:
            app.state.database = None
            await commands.stop()
            await database.close()

    return Starlette(
        routes=[
            Route("/healthz", _health),
            Route("/readyz", _ready),
            Route("/graphql", endpoint, methods=["GET", "POST"]),
            Mount("/graphql/console", console_files()),
            *log_routes(_log, settings.entry_readers, settings.clock),
            *bundle_routes(settings.case_bundles, settings.clock),
            *register_routes(_database),
            *_web_routes(settings),
        ],
        middleware=[Middleware(SecurityHeaders, https=settings.cookie_secure)],
        lifespan=lifespan,
    )


def _database(request: Request) -> Database | None:
    database: Database | None = getattr(request.app.state, "database", None)
    return database


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    """Ask the database for a sign of life, for two seconds at most."""
    database = _database(request)
    if database is None:
        return JSONResponse({"status": "starting"}, status_code=503)
    try:
        async with asyncio.timeout(2), database.reading() as sql:
            await sql.fetchval("SELECT 1")
    except (*LOST_DATABASE, TimeoutError, asyncpg.PostgresError):
        return JSONResponse({"status": "database.unreachable"}, status_code=503)
    return JSONResponse({"status": "ready"})


def _log(request: Request) -> ledger.LogSource:
    database: Database | None = getattr(request.app.state, "database", None)
    if database is None:
        raise Unavailable("server.starting", "The server has not started yet.")
    return ledger.DatabaseLog(database)


def _web_routes(settings: ApiSettings) -> list[Route | Mount]:
    if settings.web_folder is None:

        async def no_web_app(_request: Request) -> Response:
            return PlainTextResponse(_NO_WEB_APP)

        return [Route("/", no_web_app)]
    return [Mount("/", WebApp(directory=settings.web_folder, html=True))]
