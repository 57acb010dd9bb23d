"""Bundles and persons for the tests of drafts and deployments."""

from __future__ import annotations

from support.bpmn_text import end, extension, flow, process, service, start, user
from workflows import Actor

ANNA = Actor("anna", frozenset({"analyst"}))
ADAM = Actor("adam", frozenset({"analyst"}))
PAULA = Actor("paula", frozenset({"product_owner"}))
# No account may hold both roles; that no person decides on own work does not rest on accounts alone.
BOTH = Actor("bea", frozenset({"analyst", "product_owner"}))


def bundle(key: str, task: str = "look", *, tag: str | None = None, job: str | None = None) -> dict[str, str]:
    """A process with one user task, or with one job; `tag` is its version tag."""
    version = extension(f'<zeebe:versionTag value="{tag}"/>') if tag else ""
    step = service(task, type=job) if job else user(task)
    content = version + start() + step + end() + flow(f"start > {task} > end")
    return {f"{key}.bpmn": process(content, id=key).decode()}
