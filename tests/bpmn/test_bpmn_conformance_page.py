"""The published scores are those of the engine as it is."""

from __future__ import annotations

from scripts.conformance import PAGE, page
from support.shared import shared_path


def test_the_page_is_what_the_suites_give_now() -> None:
    fresh = page(shared_path("conformance"))
    assert PAGE.read_text("utf-8") == fresh, (
        "The scores have changed: run `make conformance` and look at the difference."
    )
