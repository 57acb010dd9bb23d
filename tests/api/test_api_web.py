"""The web app and the explorer: what is served, and with which headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from scf_api import ApiSettings, create_app
from support.api import ORIGIN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<title>app</title>")
    (web / "assets" / "app-1a2b.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    return web


@pytest.fixture
async def web(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(ApiSettings("postgresql://nobody@nowhere/none", web_folder=folder))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/cases", "/cases/Case:5b0f", "/tasks/mine/open"])
async def test_every_page_of_the_app_is_its_one_page(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)

    assert (answer.status_code, answer.text) == (200, "<title>app</title>")
    assert answer.headers["cache-control"] == "no-cache"


async def test_an_asset_is_named_by_its_content_and_kept_for_ever(web: httpx.AsyncClient) -> None:
    answer = await web.get("/assets/app-1a2b.js")

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"]
)
async def test_what_is_not_there_or_outside_is_not_found(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)

    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_graphiql_is_served_once_it_was_built(web: httpx.AsyncClient, folder: Path) -> None:
    before = await web.get("/graphql")
    (folder / "graphiql").mkdir()
    (folder / "graphiql" / "index.html").write_text("<title>GraphiQL</title>")
    after = await web.get("/graphql")

    assert "console" in before.text
    assert after.text == "<title>GraphiQL</title>"


async def test_the_small_console_comes_with_its_files_and_from_nowhere_else(web: httpx.AsyncClient) -> None:
    page = (await web.get("/graphql")).text
    script = await web.get("/graphql/console/console.js")

    assert "http://" not in page
    assert "https://" not in page
    assert script.status_code == 200


@pytest.mark.parametrize("path", ["/", "/graphql", "/healthz", "/assets/app-1a2b.js", "/assets/gone.js"])
async def test_every_answer_keeps_the_browser_strict(web: httpx.AsyncClient, path: str) -> None:
    headers = (await web.get(path)).headers
    policy = headers["content-security-policy"]

    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self';" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "strict-transport-security" in headers


async def test_without_a_built_app_the_root_says_so() -> None:
    app = create_app(ApiSettings("postgresql://nobody@nowhere/none"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        assert "not built" in (await client.get("/")).text
