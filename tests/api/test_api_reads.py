"""Reads: who sees which rows, in which pages, and at what cost."""

from __future__ import annotations

from typing import Any

import pytest

from scf_api.repository import Repository
from support.api import Api
from support.api_world import ALPHA, BETA, INVOICES, NOON, STEPS, Trade, build

Tokens = dict[str, str]

# Every list of the contract, and how many of its rows belong to one trade.
LISTS_OF_BOTH_SIDES = {
    "invoices": INVOICES,
    "orders": 1,
    "documents": INVOICES,
    "cases": 1,
}
LISTS_OF_THE_BANK = {"scoreRuns": 1, "journals": 1}


@pytest.fixture(scope="module")
async def people(api: Api) -> Tokens:
    await build(api.database)
    return {
        "seller": await api.person("alpha-maker", "seller_maker", party_id=ALPHA.seller_id),
        "buyer": await api.person("gamma-checker", "buyer_checker", party_id=ALPHA.buyer_id),
        "officer": await api.person("olga", "credit_officer"),
        "analyst": await api.person("ada", "analyst"),
        "admin": await api.person("root", "admin"),
        "auditor": await api.person("rita", "auditor"),
        "compliance": await api.person("carl", "compliance"),
    }


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def listed(api: Api, token: str, name: str) -> list[str]:
    data = await api.ask(f"{{ {name}(first: 100) {{ edges {{ node {{ id }} }} }} }}", token=token)
    return [node["id"] for node in nodes(data[name])]


@pytest.mark.parametrize(("name", "count"), LISTS_OF_BOTH_SIDES.items())
async def test_the_bank_sees_all_rows_and_a_party_its_own(
    api: Api, people: Tokens, name: str, count: int
) -> None:
    everything = await listed(api, people["officer"], name)

    assert len(everything) == 2 * count
    for party in ("seller", "buyer"):
        own = await listed(api, people[party], name)
        assert len(own) == count
        assert set(own) < set(everything)


@pytest.mark.parametrize(("name", "count"), LISTS_OF_THE_BANK.items())
async def test_scores_and_books_are_the_banks_alone(api: Api, people: Tokens, name: str, count: int) -> None:
    assert len(await listed(api, people["officer"], name)) == 2 * count
    assert await listed(api, people["seller"], name) == []
    assert await listed(api, people["buyer"], name) == []


@pytest.mark.parametrize("name", ["parties", "invoices", "cases", "tasks", "limits", "journals", "scoreRuns"])
async def test_an_administrator_sees_no_business(api: Api, people: Tokens, name: str) -> None:
    assert await listed(api, people["admin"], name) == []


async def test_an_analyst_sees_processes_but_no_customers_documents(api: Api, people: Tokens) -> None:
    assert len(await listed(api, people["analyst"], "cases")) == 2
    assert len(await listed(api, people["analyst"], "processDefinitions")) == 1
    assert await listed(api, people["analyst"], "invoices") == []
    assert await listed(api, people["analyst"], "limits") == []


async def test_compliance_sees_scores_but_no_books(api: Api, people: Tokens) -> None:
    assert len(await listed(api, people["compliance"], "scoreRuns")) == 2
    assert await listed(api, people["compliance"], "journals") == []


async def test_a_party_sees_itself_its_active_limit_and_no_proposal(api: Api, people: Tokens) -> None:
    assert await listed(api, people["seller"], "parties") == [f"Party:{ALPHA.seller_id}"]
    assert await listed(api, people["seller"], "limits") == [f"Limit:{ALPHA.id('limit')}"]
    assert await listed(api, people["buyer"], "limits") == []
    assert len(await listed(api, people["officer"], "limits")) == 4


async def test_a_proposal_tells_what_would_raise_it_and_when_it_is_reviewed(api: Api, people: Tokens) -> None:
    query = """
    query ($id: ID!) { node(id: $id) { ... on Limit {
      reviewOn needsSecondPerson onHoldSince
      raises { input now needed amount { amount currency } bindingCap }
    } } }
    """
    proposal = await api.ask(query, {"id": f"Limit:{ALPHA.id('proposal')}"}, token=people["officer"])
    in_force = await api.ask(query, {"id": f"Limit:{ALPHA.id('limit')}"}, token=people["seller"])

    assert proposal["node"] == {
        "reviewOn": "2027-05-02",
        "needsSecondPerson": True,
        "onHoldSince": None,
        "raises": [
            {
                "input": "grade",
                "now": "D",
                "needed": "C",
                "amount": {"amount": "2500.00", "currency": "EUR"},
                "bindingCap": "need",
            }
        ],
    }
    assert in_force["node"] == {
        "reviewOn": None,
        "needsSecondPerson": False,
        "onHoldSince": None,
        "raises": None,
    }


async def test_what_holds_a_limit_is_the_banks_to_know(api: Api, people: Tokens) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on Limit { onHoldSince } } }"
    limit = {"id": f"Limit:{BETA.id('limit')}"}
    seller = await api.person("beta-maker", "seller_maker", party_id=BETA.seller_id)
    async with api.database.transaction() as tx:
        await tx.sql.execute(
            "UPDATE finance.limit_ SET on_hold_since = $2 WHERE id = $1", BETA.id("limit"), NOON
        )

    assert (await api.ask(query, limit, token=people["officer"]))["node"]["onHoldSince"] == NOON.isoformat()
    assert (await api.ask(query, limit, token=seller))["node"]["onHoldSince"] is None


async def test_a_party_sees_the_processes_and_the_checkpoints_of_the_log(api: Api, people: Tokens) -> None:
    assert len(await listed(api, people["seller"], "processDefinitions")) == 1
    assert await api.ask("{ checkpoints { edges { node { size } } } }", token=people["seller"]) == {
        "checkpoints": {"edges": []}
    }


async def test_a_party_sees_the_tasks_that_are_its_own_to_do(api: Api, people: Tokens) -> None:
    assert await listed(api, people["seller"], "tasks") == [f"Task:{ALPHA.id('task', 'accept')}"]
    assert await listed(api, people["buyer"], "tasks") == [f"Task:{ALPHA.id('task', 'verify')}"]
    assert len(await listed(api, people["officer"], "tasks")) == 6


async def test_my_tasks_are_those_that_my_roles_may_do(api: Api, people: Tokens) -> None:
    data = await api.ask(
        '{ tasks(mine: true, state: "open") { edges { node { element } } } }', token=people["officer"]
    )

    assert [task["element"] for task in nodes(data["tasks"])] == ["approve", "approve"]


def things(trade: Trade) -> dict[str, str]:
    """Return the id of each kind of thing of a trade."""
    return {
        name: f"{name}:{key}"
        for name, key in {
            "Party": trade.seller_id,
            "Order": trade.id("order"),
            "Invoice": trade.id("invoice", 1),
            "Document": trade.id("document", 1),
            "FinancingRequest": trade.id("request"),
            "Limit": trade.id("limit"),
            "ScoreRun": trade.id("score"),
            "Journal": trade.id("journal"),
            "Case": trade.id("case"),
            "Task": trade.id("task", "accept"),
            "Incident": trade.id("incident"),
            "LedgerEntry": trade.id("entry", 1),
        }.items()
    }


@pytest.mark.parametrize("name", things(ALPHA))
async def test_what_is_not_yours_looks_like_what_does_not_exist(api: Api, people: Tokens, name: str) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    foreign = {"id": things(BETA)[name]}
    nothing = {"id": f"{name}:00000000-0000-4000-8000-000000000000"}

    officer = await api.ask(query, foreign, token=people["officer"])
    seller = await api.post(query, foreign, token=people["seller"])
    missing = await api.post(query, nothing, token=people["seller"])

    assert officer == {"node": foreign}
    assert seller.content == missing.content == b'{"data":{"node":null}}'


@pytest.mark.parametrize("name", sorted(set(things(ALPHA)) - {"ScoreRun", "Journal", "Incident"}))
async def test_a_seller_finds_its_own_things_by_id(api: Api, people: Tokens, name: str) -> None:
    mine = {"id": things(ALPHA)[name]}

    assert await api.ask("query ($id: ID!) { node(id: $id) { id } }", mine, token=people["seller"]) == {
        "node": mine
    }


async def test_a_reference_to_what_is_not_yours_is_null(api: Api, people: Tokens) -> None:
    data = await api.ask(
        "query ($id: ID!) { invoice(id: $id) { sellerName buyerName seller { name } buyer { name } } }",
        {"id": things(ALPHA)["Invoice"]},
        token=people["seller"],
    )

    assert data["invoice"] == {
        "sellerName": ALPHA.seller,
        "buyerName": ALPHA.buyer,
        "seller": {"name": ALPHA.seller},
        "buyer": None,
    }


async def test_a_sellers_view_of_its_case_holds_no_deliberation_of_the_bank(api: Api, people: Tokens) -> None:
    query = """
    query ($id: ID!) { case(id: $id) {
      steps(first: 1) { edges { node { element data entry { kind } } } }
      journals { edges { node { id } } } incidents { edges { node { id } } }
      tasks { edges { node { element } } } } }
    """
    case = {"id": things(ALPHA)["Case"]}

    seller = (await api.ask(query, case, token=people["seller"]))["case"]
    officer = (await api.ask(query, case, token=people["officer"]))["case"]

    assert nodes(seller["steps"]) == [{"element": "element-1", "data": None, "entry": {"kind": "case.start"}}]
    assert nodes(seller["journals"]) == nodes(seller["incidents"]) == []
    assert nodes(seller["tasks"]) == [{"element": "accept"}]
    assert nodes(officer["steps"])[0]["data"] == {"internal": "grade B"}
    assert len(nodes(officer["journals"])) == len(nodes(officer["incidents"])) == 1
    assert len(nodes(officer["tasks"])) == 3


async def test_pages_follow_one_another_without_a_gap_or_a_repeat(api: Api, people: Tokens) -> None:
    query = """
    query ($after: String) { invoices(first: 3, after: $after) {
      edges { cursor node { id issueDate } } pageInfo { hasNextPage hasPreviousPage endCursor } } }
    """
    seen: list[tuple[str, str]] = []
    after = None
    pages = 0
    while True:
        page = (await api.ask(query, {"after": after}, token=people["officer"]))["invoices"]
        seen += [(node["issueDate"], node["id"]) for node in nodes(page)]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        pages += 1
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert pages == 4
    assert len(set(seen)) == len(seen) == 2 * INVOICES
    assert [day for day, _ in seen] == sorted((day for day, _ in seen), reverse=True)


async def test_the_steps_of_a_case_are_paged_from_the_first(api: Api, people: Tokens) -> None:
    query = """
    query ($id: ID!, $after: String) { case(id: $id) { steps(first: 5, after: $after) {
      edges { node { seq } } pageInfo { endCursor hasNextPage } } } }
    """
    seqs: list[int] = []
    after = None
    more = True
    while more:
        variables = {"id": things(ALPHA)["Case"], "after": after}
        page = (await api.ask(query, variables, token=people["officer"]))["case"]["steps"]
        seqs += [node["seq"] for node in nodes(page)]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert seqs == list(range(1, STEPS + 1))


async def test_amounts_are_exact_strings_with_the_currencys_places(api: Api, people: Tokens) -> None:
    data = await api.ask(
        """query ($id: ID!) { invoice(id: $id) {
             total { amount currency } eligible { amount } lines { quantity unitPrice amount }
             exceptions { code } document { filename findings { code } } case { product } } }""",
        {"id": things(ALPHA)["Invoice"]},
        token=people["officer"],
    )

    assert data["invoice"] == {
        "total": {"amount": "100.00", "currency": "EUR"},
        "eligible": {"amount": "99.50"},
        "lines": [{"quantity": "10", "unitPrice": "10", "amount": "100"}],
        "exceptions": [],
        "document": {"filename": "invoice-1.xml", "findings": [{"code": "x.y"}]},
        "case": {"product": "factoring"},
    }


async def test_a_case_tells_its_process_its_request_and_its_books(api: Api, people: Tokens) -> None:
    data = await api.ask(
        """query ($id: ID!) { case(id: $id) { activeElements incidentCount stateRoot
             definition { key version bpmnXml hash }
             request { face { amount } invoices { number } }
             journals { edges { node { event entryId postings { account side amount { amount } } } } }
             entries { edges { node { state index kind } } } } }""",
        {"id": things(ALPHA)["Case"]},
        token=people["officer"],
    )
    case = data["case"]

    assert case["activeElements"] == ["approve", "accept"]
    assert case["definition"] == {
        "key": "factoring",
        "version": 1,
        "bpmnXml": "<definitions/>",
        "hash": "ab" * 32,
    }
    assert [invoice["number"] for invoice in case["request"]["invoices"]] == [
        f"I-{number}" for number in range(INVOICES)
    ]
    assert [
        (posting["account"], posting["side"], posting["amount"]["amount"])
        for posting in nodes(case["journals"])[0]["postings"]
    ] == [("1200", "DEBIT", "500.00"), ("2110", "CREDIT", "500.00")]
    assert nodes(case["entries"]) == [{"state": "PENDING", "index": None, "kind": "case.start"}]


async def test_the_log_and_what_waits_for_it_are_two_lists(api: Api, people: Tokens) -> None:
    query = "query ($state: EntryState!) { ledgerEntries(state: $state) { edges { node { stream } } } }"

    logged = await api.ask(query, {"state": "LOGGED"}, token=people["auditor"])
    pending = await api.ask(query, {"state": "PENDING"}, token=people["auditor"])
    own = await api.ask(query, {"state": "PENDING"}, token=people["seller"])

    assert nodes(logged["ledgerEntries"]) == []
    assert len(nodes(pending["ledgerEntries"])) == 4
    assert {node["stream"] for node in nodes(own["ledgerEntries"])} == {
        str(ALPHA.id("case")),
        f"command:{ALPHA.id('import')}",
    }


async def test_a_proof_of_an_entry_that_is_pending_or_not_yours_is_null(api: Api, people: Tokens) -> None:
    query = "query ($id: ID!) { proof(entryId: $id) { text } }"

    assert await api.ask(query, {"id": str(ALPHA.id("entry", 1))}, token=people["seller"]) == {"proof": None}
    assert await api.ask(query, {"id": str(BETA.id("entry", 1))}, token=people["seller"]) == {"proof": None}


async def test_lists_within_lists_are_bounded_together(api: Api, people: Tokens) -> None:
    def query(lists: int) -> str:
        runs = " ".join(
            f"r{size}: scoreRuns(first: {size}) {{ edges {{ cursor }} }}"
            for size in range(100, 100 - lists, -1)
        )
        return f"{{ parties(first: 100) {{ edges {{ node {{ {runs} }} }} }} }}"

    fine = await api.ask(query(lists=20), token=people["officer"])
    refused = (await api.post(query(lists=30), token=people["officer"])).json()

    assert len(nodes(fine["parties"])) == 4
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"request.too_many_rows"}
    assert refused["data"] is None


async def test_the_number_of_statements_does_not_grow_with_the_rows(
    api: Api, people: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    fetch = Repository._fetch

    async def counted(self: Repository, text: str, statement: Any) -> Any:
        statements.append(text)
        return await fetch(self, text, statement)

    monkeypatch.setattr(Repository, "_fetch", counted)
    query = """
    query ($first: Int!) { invoices(first: $first) { edges { node {
      seller { name } document { filename } lines { line }
      case { definition { name } steps(first: 3) { edges { node { entry { kind } } } } } } } } }
    """
    await api.ask(query, {"first": 1}, token=people["officer"])
    for_one = len(statements)
    statements.clear()
    await api.ask(query, {"first": 10}, token=people["officer"])

    assert len(statements) == for_one == 8
