"""The version tag that an analyst writes into a model."""

import pytest

from bpmn.errors import BpmnError
from bpmn.model.version_tag import version_tag
from support.bpmn_text import end, extension, flow, process, start

PLAIN = start() + end() + flow("start > end")
TAGGED = extension('<zeebe:versionTag value="2026-q4"/>') + PLAIN


def test_it_is_that_of_the_main_process_in_whichever_file_that_is():
    sources = {"a.bpmn": process(PLAIN, id="other"), "b.bpmn": process(TAGGED, id="main"), "c.dmn": b"<x/>"}
    assert version_tag(sources, "main") == "2026-q4"
    assert version_tag(sources, "other") is None
    assert version_tag(sources, "missing") is None


def test_a_file_that_cannot_be_parsed_is_told():
    with pytest.raises(BpmnError) as wrong:
        version_tag({"a.bpmn": b"<no xml"}, "a")
    assert wrong.value.code == "source.not-xml"
