"""The version tag that an analyst writes into a model: `zeebe:versionTag` of its main process."""

from __future__ import annotations

from collections.abc import Mapping

from bpmn.model.source import BPMN, ZEEBE, parse_xml


def version_tag(sources: Mapping[str, bytes], process: str) -> str | None:
    """Return the version tag of a process in these sources, None when it has none.

    Raises:
        BpmnError: a BPMN file cannot be parsed.
    """
    for file in sorted(sources):
        if not file.endswith(".bpmn"):
            continue
        for node in parse_xml(sources[file], file).iterchildren(f"{{{BPMN}}}process"):
            if node.get("id") == process:
                tag = node.find(f"{{{BPMN}}}extensionElements/{{{ZEEBE}}}versionTag")
                return tag.get("value") if tag is not None else None
    return None
