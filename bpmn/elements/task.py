"""Tasks that do nothing in the platform: the undefined task and the manual task."""

from __future__ import annotations

from bpmn.elements.activity import Activity


class Task(Activity):
    """A step without work of its own; it completes at once."""

    tag = "task"
    extensions = frozenset({"ioMapping"})


class ManualTask(Activity):
    """Work outside the platform, of which it learns nothing; it completes at once."""

    tag = "manualTask"
    extensions = frozenset({"ioMapping"})
