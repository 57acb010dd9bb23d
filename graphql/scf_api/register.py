"""The blind register over HTTP: other platforms fetch this one's list with the token that they were given."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import Database, NotFound
from finance import register


def register_routes(database_of: Callable[[Request], Database | None]) -> list[Route]:
    """Return the route `/register/list`."""

    async def newest_list(request: Request) -> Response:
        database = database_of(request)
        if database is None:
            return JSONResponse({"code": "server.starting"}, status_code=503)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        async with database.reading() as sql:
            if scheme.lower() != "bearer" or not await register.may_fetch(sql, token):
                return JSONResponse(
                    {"code": "register.token_unknown"},
                    status_code=401,
                    headers={"www-authenticate": "Bearer"},
                )
            try:
                file = await register.published(sql)
            except NotFound as missing:
                return JSONResponse({"code": missing.code}, status_code=404)
        return Response(file, media_type="application/json")

    return [Route("/register/list", newest_list, methods=["GET"])]
