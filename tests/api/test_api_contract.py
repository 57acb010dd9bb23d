"""The contract: the exported text, the ids, and the room's place on the import path."""

from __future__ import annotations

from pathlib import Path

import graphql
import pytest

from scf_api.schema.contract import schema, sdl
from scf_api.schema.scalars import valid_lei

ROOT = Path(__file__).resolve().parents[2]


def test_the_exported_contract_is_the_one_that_is_served() -> None:
    exported = (ROOT / "graphql" / "schema.graphql").read_text()

    assert exported == sdl(), "run: python -m scf_api > graphql/schema.graphql"


def test_the_folder_graphql_does_not_shadow_graphql_core() -> None:
    assert not (ROOT / "graphql" / "__init__.py").exists()
    assert "site-packages" in Path(graphql.__file__).parts


def test_every_type_of_the_contract_is_described() -> None:
    own = [
        named
        for name, named in schema._schema.type_map.items()
        if not name.startswith("__") and not graphql.is_specified_scalar_type(named)
    ]

    assert [named.name for named in own if not named.description] == []


def test_every_mutation_that_commits_a_command_takes_an_idempotency_key() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    keyed = {
        name
        for name, field in mutations.fields.items()
        if "input" in field.args
        and "idempotencyKey" in graphql.get_named_type(field.args["input"].type).fields
    }

    assert set(mutations.fields) - keyed == {"login", "logout", "registrationFor", "statementFor"}


@pytest.mark.parametrize("lei", ["529900T8BM49AURSDO55", "5493001KJTIIGC8Y1R12", "213800WSGIIZCXF1P572"])
def test_real_legal_entity_identifiers_have_right_check_digits(lei: str) -> None:
    assert valid_lei(lei)


@pytest.mark.parametrize("text", ["529900T8BM49AURSDO54", "529900T8BM49AURSDO5", "4000001000005", ""])
def test_what_is_no_legal_entity_identifier_is_told(text: str) -> None:
    assert not valid_lei(text)
