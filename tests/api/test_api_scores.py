"""Questions about a score over the API: what if figures were others, and from where its figures came."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import scoring
from support.api import Api
from support.api_world import ALPHA, BETA, NOON, build

ASK = """
query ($input: WhatIfInput!) {
  whatIf(input: $input) {
    present { id points } cardId points basePoints pd grade synthetic
    reasons { feature bin points lost message } figures { name value }
    limits {
      scope present { id amount { amount } } amount { amount currency } bindingCap leftOut reviewOn
      needsSecondPerson raises { input now needed amount { amount } bindingCap }
    }
  }
}
"""
INPUTS = {"equity_ratio": Decimal("0.40"), "sector": "retail", "days_late_12m": None}


@pytest.fixture(scope="module")
async def run_id(api: Api) -> UUID:
    """The newest score of the seller Alpha, by the shipped card."""
    await build(api.database)
    async with api.database.transaction() as tx:
        await scoring.install_shipped_card(tx, approved_by="user:ben", at=NOON)
        card = await scoring.approved_card(tx.sql)
        inputs = {name: INPUTS.get(name) for name in card.features}
        at = api.clock.now()
        sources = {
            "equity_ratio": (f"statement of 2025-12-31, document {ALPHA.id('document', 1)}", NOON.date()),
            "sector": ("the company's register", NOON.date()),
        }
        return await scoring.record_run(
            tx, ALPHA.seller_id, card.score(inputs), inputs, at, ALPHA.id("entry", 1), sources
        )


@pytest.fixture(scope="module")
async def officer(api: Api) -> str:
    return await api.person("olga-w", "credit_officer")


async def ask(api: Api, token: str, **given: Any) -> Any:
    return (await api.ask(ASK, {"input": given}, token=token))["whatIf"]


async def test_an_officer_sees_score_and_limit_beside_the_present_ones(
    api: Api, run_id: UUID, officer: str
) -> None:
    party = f"Party:{ALPHA.seller_id}"
    now = await ask(api, officer, partyId=party)
    better = await ask(
        api, officer, scoreRunId=f"ScoreRun:{run_id}", figures=[{"name": "equity_ratio", "value": "0.70"}]
    )

    assert now["present"]["id"] == better["present"]["id"] == f"ScoreRun:{run_id}"
    assert now["points"] == now["present"]["points"]
    assert better["points"] >= now["points"]
    assert better["points"] == better["basePoints"] + sum(one["points"] for one in better["reasons"])
    assert {"name": "equity_ratio", "value": "0.70"} in better["figures"]
    assert {"name": "days_late_12m", "value": None} in better["figures"]
    (limit,) = better["limits"]
    assert limit["scope"] == "SELLER"
    assert limit["present"] == {"id": f"Limit:{ALPHA.id('limit')}", "amount": {"amount": "1000.00"}}
    assert limit["leftOut"] != []
    for one in limit["raises"]:
        assert Decimal(one["amount"]["amount"]) > Decimal(limit["amount"]["amount"])


async def test_who_may_not_see_the_score_gets_no_answer(api: Api, run_id: UUID) -> None:
    seller = await api.person("alpha-w", "seller_maker", party_id=ALPHA.seller_id)
    analyst = await api.person("ada-w", "analyst")
    for token in (seller, analyst):
        assert await ask(api, token, scoreRunId=f"ScoreRun:{run_id}") is None
        assert await ask(api, token, partyId=f"Party:{ALPHA.seller_id}") is None
    refused = await api.refusal(ASK, {"input": {"scoreRunId": f"ScoreRun:{run_id}"}})
    assert refused["code"] == "auth.required"


async def test_a_party_without_a_score_has_no_answer(api: Api, run_id: UUID, officer: str) -> None:
    assert await ask(api, officer, partyId=f"Party:{BETA.buyer_id}") is None


@pytest.mark.parametrize(
    ("given", "code", "where"),
    [
        ({"figures": [{"name": "ebitda", "value": "1"}]}, "scoring.feature_unknown", "ebitda"),
        ({"figures": [{"name": "equity_ratio", "value": "x"}]}, "scoring.value_type", "equity_ratio"),
        ({"figures": [{"name": "net_worth", "value": "1e99"}]}, "limit.input_invalid", "net_worth"),
        ({"figures": [{"name": "sector"}, {"name": "sector"}]}, "scoring.figure_twice", "sector"),
        ({"figures": [{"name": f"f{n}"} for n in range(51)]}, "scoring.figures_too_many", "figures"),
        ({"partyId": f"Party:{ALPHA.seller_id}"}, "scoring.what_if_of", "scoreRunId"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    api: Api, run_id: UUID, officer: str, given: dict[str, Any], code: str, where: str
) -> None:
    refused = await api.refusal(ASK, {"input": {"scoreRunId": f"ScoreRun:{run_id}", **given}}, token=officer)
    assert (refused["code"], refused["where"]) == (code, where)


async def test_one_request_asks_ten_questions_at_most(api: Api, run_id: UUID, officer: str) -> None:
    def questions(count: int) -> str:
        one = f'whatIf(input: {{scoreRunId: "ScoreRun:{run_id}"}}) {{ points }}'
        return "{" + " ".join(f"q{number}: {one}" for number in range(count)) + "}"

    assert len(await api.ask(questions(10), token=officer)) == 10
    answer = (await api.post(questions(11), token=officer)).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["request.too_many_rows"]


LINEAGE = """
query ($id: ID!) {
  node(id: $id) {
    ... on ScoreRun {
      inputsHash entry { entryId } party { id }
      lineage {
        canonicalInputs hashMatches
        figures { name value source observedOn field document { id filename contentHash } }
      }
    }
  }
}
"""


async def lineage(api: Api, token: str, run_id: UUID) -> Any:
    return (await api.ask(LINEAGE, {"id": f"ScoreRun:{run_id}"}, token=token))["node"]


async def test_a_score_leads_to_the_fields_that_it_came_from(api: Api, run_id: UUID, officer: str) -> None:
    run = await lineage(api, officer, run_id)

    assert run["entry"]["entryId"] == str(ALPHA.id("entry", 1))
    assert run["party"] == {"id": f"Party:{ALPHA.seller_id}"}
    assert run["lineage"]["hashMatches"]
    canonical = run["lineage"]["canonicalInputs"].encode()
    assert hashlib.sha256(canonical).hexdigest() == run["inputsHash"]
    figures = {one["name"]: one for one in run["lineage"]["figures"]}
    told = figures["equity_ratio"]
    assert (told["value"], told["observedOn"], told["field"]) == (
        "0.40",
        NOON.date().isoformat(),
        "/figures/equity_ratio",
    )
    assert told["document"]["id"] == f"Document:{ALPHA.id('document', 1)}"
    assert (figures["sector"]["source"], figures["sector"]["document"]) == ("the company's register", None)
    assert figures["days_late_12m"] == {
        "name": "days_late_12m",
        "value": None,
        "source": None,
        "observedOn": None,
        "field": None,
        "document": None,
    }


async def test_inputs_that_were_altered_do_not_match_and_erased_ones_are_not_told(
    api: Api, run_id: UUID, officer: str
) -> None:
    async with api.database.transaction() as tx:
        for trade, inputs, digest in ((ALPHA, '{"sector": "retail"}', "ab" * 32), (BETA, "{}", "")):
            await tx.sql.execute(
                "UPDATE scoring.run SET inputs = $2, inputs_hash = $3 WHERE id = $1",
                trade.id("score"),
                inputs,
                digest,
            )
    assert (await lineage(api, officer, ALPHA.id("score")))["lineage"]["hashMatches"] is False
    assert (await lineage(api, officer, BETA.id("score")))["lineage"] is None


async def test_the_lineage_of_a_score_is_for_those_who_see_it(api: Api, run_id: UUID) -> None:
    seller = await api.person("alpha-l", "seller_maker", party_id=ALPHA.seller_id)
    assert await lineage(api, seller, run_id) is None
