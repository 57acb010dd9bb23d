"""XML made to exhaust who reads it is refused before it can."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

import bpmn
from bpmn.dmn import DmnError, compile_dmn

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"
LAUGHS = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 11))


def document(content: str, dtd: str = "", encoding: str = "utf-8") -> Callable[[str], bytes]:
    """A file with this inside, in the namespace that it is asked for."""

    def of(namespace: str) -> bytes:
        doctype = f"<!DOCTYPE definitions {dtd}>" if dtd else ""
        head = f'<?xml version="1.0" encoding="{encoding}"?>\n<!-- model -->\n{doctype}'
        return f'{head}<definitions xmlns="{namespace}">{content}</definitions>'.encode(encoding)

    return of


BOMBS = {
    "billion laughs": document("<process>&l10;</process>", f'[<!ENTITY l0 "lol">{LAUGHS}]'),
    "billion laughs in an attribute": document('<process id="&l10;"/>', f'[<!ENTITY l0 "lol">{LAUGHS}]'),
    "billion laughs in UTF-16": document("&l10;", f'[<!ENTITY l0 "lol">{LAUGHS}]', "utf-16"),
    "quadratic blowup": document("&q;" * 20_000, f'[<!ENTITY q "{"q" * 100_000}">]'),
    "parameter entities": document("", "[<!ENTITY % a \"<!ENTITY b 'c'>\"> %a; %a;]"),
    "file": document("&e;", '[<!ENTITY e SYSTEM "file:///etc/passwd">]'),
    "address": document("", 'SYSTEM "http://127.0.0.1:9/x.dtd"'),
    "many entities": document(
        "", f"[{''.join(f'<!ENTITY e{at} {chr(34)}x{chr(34)}>' for at in range(200_000))}]"
    ),
    "deep": document("<process>" * 500_000),
    "long attribute": document(f'<process id="{"a" * 10_300_000}"/>'),
    "too long": document(" " * 11_000_000),
}
CODES = {"source.dtd", "source.not-xml", "source.too-large", "dmn.doctype", "dmn.not_xml", "dmn.too_large"}


def seconds(refused: Callable[[], str]) -> float:
    """The CPU time that a refusal takes, at best of three."""
    times = []
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        code = refused()
        times.append(time.process_time() - began)
        assert code in CODES
    return min(times)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_a_tenth_of_a_second(name: str) -> None:
    process, decision = BOMBS[name](BPMN), BOMBS[name](DMN)

    def deploy() -> str:
        with pytest.raises(bpmn.ModelRefused) as caught:
            bpmn.compile_model({"bomb.bpmn": process})
        return caught.value.code

    def check() -> str:
        return bpmn.lint({"bomb.bpmn": process})[0].code

    def decide() -> str:
        with pytest.raises(DmnError) as caught:
            compile_dmn(decision)
        return caught.value.code

    assert max(map(seconds, (deploy, check, decide))) < 0.1


@pytest.mark.parametrize(
    "content",
    [
        "<task/>" * 120_000,
        f"<process {' '.join(f'a{at}={chr(34)}{chr(34)}' for at in range(100_000))}/>",
    ],
    ids=["elements", "attributes"],
)
def test_a_tree_too_large_to_work_on_is_refused(content: str) -> None:
    assert bpmn.lint({"a.bpmn": document(content)(BPMN)})[0].code == "source.too-large"
    with pytest.raises(DmnError) as caught:
        compile_dmn(document(content)(DMN))
    assert caught.value.code == "dmn.too_large"


def test_what_only_looks_like_a_document_type_is_read() -> None:
    inner = "<documentation><![CDATA[<!DOCTYPE x>]]></documentation>"
    content = f'<process id="p" isExecutable="true">{inner}</process>'
    assert bpmn.lint({"a.bpmn": document(content)(BPMN)})[0].code == "start.missing"
    commented = b"<!-- <!DOCTYPE x> -->" + document(content)(BPMN).partition(b"-->")[2]
    assert bpmn.lint({"a.bpmn": commented})[0].code == "start.missing"
