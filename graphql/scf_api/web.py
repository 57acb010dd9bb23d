"""The web app and the explorer: static files from one folder, with the headers that keep a browser strict."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CONSOLE = Path(__file__).parent / "console"

# Scripts come from files of this origin only. Styles may stand inline: Mantine, bpmn-js and GraphiQL set them
# so.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the security headers to every response; answers of the API are never cached."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if https:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class WebApp(StaticFiles):
    """The built web app: files as they are, and its one page for every path that it routes itself."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; a path without one and without a suffix is a page of the app."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or Path(path).suffix:
                raise
            response = await super().get_response("index.html", scope)
        # The build names its assets by their content's hash.
        forever = path.startswith("assets/") and response.status_code == 200
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if forever else "no-cache"
        return response


async def explorer_page(web_folder: Path | None) -> Response:
    """Return GraphiQL when the web app was built, else the small console that comes with the API."""
    if web_folder is not None:
        graphiql = web_folder / "graphiql" / "index.html"
        if graphiql.is_file():
            return FileResponse(graphiql, headers={"cache-control": "no-cache"})
    return FileResponse(_CONSOLE / "index.html", headers={"cache-control": "no-cache"})


def console_files() -> StaticFiles:
    """Return the files of the small console."""
    return StaticFiles(directory=_CONSOLE)
