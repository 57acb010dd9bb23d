"""What a request must be before it is worked on: from where it may come, how large it may be, who sent it."""

from __future__ import annotations

from starlette.requests import HTTPConnection, Request

from core import Forbidden, InvalidInput
from scf_api.sessions import COOKIE
from scf_api.settings import ApiSettings

# A document of 10 MB in base64 (4/3), with room for the rest of the request.
LARGEST_BODY = 14_200_000
LARGEST_ANONYMOUS_BODY = 65_536
# Pages cannot send it to another origin without that origin's consent, which this API never gives.
CLIENT_HEADER = "x-scf-client"


def session_token(request: Request) -> str | None:
    """Return the session's token from `Authorization: Bearer` or, failing that, from the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(COOKIE)


def client_address(request: HTTPConnection) -> str:
    """Return the caller's address; a socket file has none."""
    return request.client.host if request.client else "local"


def refuse_foreign_pages(request: Request, settings: ApiSettings) -> None:
    """Refuse what another site's page makes a browser send (cross-site request forgery).

    A request of a page tells its origin: it must be our own. A request that rests on the cookie must tell an
    origin, or carry a header that no foreign page can send. `SameSite=Strict` holds beside this, not in its
    place.

    Raises:
        Forbidden: `request.origin_foreign` or `request.origin_missing`.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        if not _is_own(origin, request, settings):
            raise Forbidden(
                "request.origin_foreign",
                "Pages of another site may not call this API.",
                where="Origin",
                hint="Name the site in the API's allowed origins when it is yours.",
            )
    elif (
        COOKIE in request.cookies
        and "authorization" not in request.headers
        and CLIENT_HEADER not in request.headers
    ):
        raise Forbidden(
            "request.origin_missing",
            "A request with a cookie tells where it comes from.",
            where="Origin",
            hint=f"Send the header Origin or {CLIENT_HEADER}, or use a bearer token.",
        )


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body, and stop as soon as it is larger than allowed.

    Raises:
        InvalidInput: `request.too_large`.
    """
    too_large = InvalidInput(
        "request.too_large",
        f"A request has at most {limit:,} bytes.",
        hint="Documents may have 10 MB; without a login a request may have 64 KiB.",
    )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _is_own(origin: str, request: Request, settings: ApiSettings) -> bool:
    # The host, not the scheme, is compared: behind a proxy that ends TLS the API itself is spoken to by HTTP.
    _, separator, host = origin.partition("://")
    return origin in settings.allowed_origins or (
        separator != "" and host.lower() == request.headers.get("host", "").lower() != ""
    )
