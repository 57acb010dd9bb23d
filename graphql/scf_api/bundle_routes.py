"""Audit bundles over HTTP, for auditors and for validating witnesses of a party.

A bundle discloses everything that a case was given, also what a party sees nowhere else: scores, prices, the
bank's remarks. So people of a seller or a buyer get those of their own cases only where an operator decided
that they may.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import ledger
from core import Clock, Database, Forbidden, InvalidInput, NotFound, ScfError, Unavailable
from scf_api import sessions, views
from scf_api.case_bundles import CaseBundles
from scf_api.repository import Repository
from scf_api.requests import session_token
from scf_api.roles import PARTY_ROLES, Area, Viewer

_STATUS: dict[type[ScfError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def bundle_routes(bundles: CaseBundles | None, clock: Clock) -> list[Route]:
    """Return the routes, none where bundles cannot be made.

    `GET /bundles/cases?since=&size=` lists the cases with entries from the place `since` on, below `size`;
    `GET /bundles/cases/ID?size=` is the bundle of one as of that size. Both take a session's token.
    """
    if bundles is None:
        return []

    async def cases(request: Request, database: Database, viewer: Viewer) -> Response:
        since, size = _number(request, "since"), _number(request, "size")
        streams = await ledger.streams_between(database, since, size)
        return JSONResponse({"cases": await _visible(database, viewer, streams)})

    async def bundle(request: Request, database: Database, viewer: Viewer) -> Response:
        case: UUID = request.path_params["case"]
        if not await _visible(database, viewer, [str(case)]):
            raise NotFound("case.unknown", "There is no such case.", where=str(case))
        content = await bundles.export(database, case, _number(request, "size"))
        headers = {"content-disposition": f'attachment; filename="{case}.zip"'}
        return Response(content, media_type="application/zip", headers=headers)

    def answering(handler: Callable[[Request, Database, Viewer], Awaitable[Response]]) -> _Endpoint:
        async def answer(request: Request) -> Response:
            try:
                database = _database(request)
                token = session_token(request)
                viewer = await sessions.viewer_of(database, token, clock.now()) if token else None
                if viewer is None:
                    return JSONResponse({"code": "auth.required"}, HTTPStatus.UNAUTHORIZED)
                _require_entitled(viewer, bundles)
                return await handler(request, database, viewer)
            except ScfError as error:
                status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
                return JSONResponse({"code": error.code, "message": error.message}, status)

        return answer

    return [
        Route("/bundles/cases", answering(cases), methods=["GET"]),
        Route("/bundles/cases/{case:uuid}", answering(bundle), methods=["GET"]),
    ]


_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def _require_entitled(viewer: Viewer, bundles: CaseBundles) -> None:
    entitled = "auditor" in viewer.roles or (bundles.for_parties and viewer.roles & PARTY_ROLES)
    if not entitled:
        raise Forbidden("bundle.forbidden", "Bundles disclose whole cases; your roles do not allow that.")


async def _visible(database: Database, viewer: Viewer, streams: list[str]) -> list[str]:
    """Return those of the streams that are cases which the person may see, in their order."""
    ids = [found for found in map(_uuid, streams) if found is not None]
    seen = await Repository(database).lookup(views.CASE, viewer.scope(Area.CASES), "id", ids, "id")
    return [str(each) for each in ids if each in seen]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise InvalidInput("bundle.number", f"{name} must be a number from 0 on.", where=name)
    return int(text)


def _database(request: Request) -> Database:
    database: Database | None = getattr(request.app.state, "database", None)
    if database is None:
        raise Unavailable("server.starting", "The server has not started yet.")
    return database
