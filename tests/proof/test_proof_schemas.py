"""The JSON Schemas say what the code says: they accept what it reads, and refuse what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proof import canonical
from proof.entry import Body
from proof.errors import ProofError
from proof.schemas import SCHEMAS, schema
from proof.statement import PROTECTIONS, Decision, Registration

ENTRY = Draft202012Validator(json.loads(schema("entry")))
STATEMENT = Draft202012Validator(json.loads(schema("statement")))

hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)
nonces = st.text("0123456789abcdef", min_size=32, max_size=32)
visible = st.characters(min_codepoint=33, max_codepoint=126)
names = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=8)
whole = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
field_names = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,63}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | whole | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, values, max_size=3)
holders = st.builds(
    "{}:{}".format,
    st.sampled_from(["user", "system"]),
    st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=9),
)
# What stands in no field, or only in some: wrong kinds, wrong lengths, letters in the wrong case, line feeds.
odd = (
    values
    | st.text(max_size=5)
    | st.sampled_from([0, -1, 1, 2, 2**53, True, "", "\n", "AB" * 32, "ab" * 32, "ab" * 32 + "\n", [], {}])
    | st.sampled_from(["2026-11-23T12:00:00Z", "2026-13-23T12:00:00.000000Z", "0000-01-01T00:00:00.000000Z"])
    | st.sampled_from(["user:", "user:a\n", "robot:a", "task.complete", "Task", "a" * 65, "a b", "a+b"])
    | st.sampled_from(
        [["ab" * 32], ["ab" * 32] * 2, {"a": "ab" * 32}, {"a b": "ab" * 32}, {"a": {"b": "\x00"}}]
    )
    | st.sampled_from([{"é": 1}, {"a\x00": 1}, {"a": 2**53}, str(UUID(int=7)), str(UUID(int=10**38)).upper()])
)


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    seq = draw(st.integers(1, canonical.MAX_INTEGER))
    return Body(
        origin=draw(st.text(st.characters(min_codepoint=44, max_codepoint=126), min_size=1, max_size=9)),
        entry_id=draw(st.uuids()),
        stream=draw(st.text(visible, min_size=1, max_size=9)),
        seq=seq,
        parents=() if seq == 1 else (draw(hexadecimal),),
        kind=draw(st.from_regex(r"[a-z][a-z0-9._-]{0,63}", fullmatch=True)),
        actor=draw(holders),
        occurred_at=draw(st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC))),
        statement=draw(st.none() | objects),
        model_hash=draw(st.none() | hexadecimal),
        kernel_version=draw(st.none() | st.text(visible, min_size=1, max_size=9)),
        events_count=draw(st.integers(0, canonical.MAX_INTEGER)),
        events_root=draw(hexadecimal),
        state_root=draw(st.none() | hexadecimal),
        commitments=draw(st.dictionaries(field_names, hexadecimal, max_size=3)),
        key_id=draw(hexadecimal),
    )


decisions = st.builds(
    Decision,
    origin=texts,
    account=holders,
    key_id=hexadecimal,
    case=texts,
    task=texts,
    element=texts,
    decision=objects,
    shown=st.dictionaries(names, hexadecimal, max_size=2),
    model_hash=hexadecimal,
    nonce=nonces,
)
registrations = st.builds(
    Registration,
    origin=texts,
    holder=holders,
    key_id=hexadecimal,
    protection=st.sampled_from(PROTECTIONS),
    nonce=nonces,
)


def reads(decode: Callable[[bytes], object], content: Any) -> bool:
    try:
        decode(canonical.encode(content))
    except ProofError:
        return False
    return True


@st.composite
def mutated(draw: st.DrawFn, valid: st.SearchStrategy[Any]) -> dict[str, Any]:
    """A valid object with one field replaced, left out or added."""
    content: dict[str, Any] = json.loads(draw(valid).encode())
    field = draw(st.sampled_from(sorted(content)))
    match draw(st.sampled_from(["replace", "drop", "add"])):
        case "replace":
            content[field] = draw(odd)
        case "drop":
            del content[field]
        case _:
            content[draw(names)] = draw(odd)
    return content


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_schemas(name: Any) -> None:
    Draft202012Validator.check_schema(json.loads(schema(name)))


@given(bodies())
def test_what_a_body_can_be_the_schema_accepts(body: Body) -> None:
    ENTRY.validate(json.loads(body.encode()))


@given(mutated(bodies()))
def test_what_is_no_body_the_schema_refuses_too(content: dict[str, Any]) -> None:
    actor = content.get("actor")
    assume(not isinstance(actor, str) or actor.isprintable() or "\n" in actor)
    assert ENTRY.is_valid(content) == reads(Body.decode, content)


@given(decisions | registrations)
def test_what_a_statement_can_be_the_schema_accepts(statement: Decision | Registration) -> None:
    STATEMENT.validate(json.loads(statement.encode()))


@given(mutated(decisions) | mutated(registrations))
def test_what_is_no_statement_the_schema_refuses_too(content: dict[str, Any]) -> None:
    read = reads(Decision.decode, content) or reads(Registration.decode, content)
    assert STATEMENT.is_valid(content) == read
