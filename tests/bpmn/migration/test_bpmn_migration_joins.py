"""Tokens that wait for others: at parallel, inclusive and complex joins, and for a start quantity."""

import pytest

from support.bpmn_migrations import kinds, move, refusals
from support.bpmn_text import Case, end, flow, process, service, start


def joined(*branches: str, kind: str = "parallelGateway", join: str = "", more: str = "") -> bytes:
    """A fork `f`, branches as paths of services, and a join `j`."""
    content = start() + f'<parallelGateway id="f"/><{kind} id="j">{join}</{kind}>' + service("after") + end()
    content += "".join(service(name) for branch in branches for name in branch.split(" > "))
    content += (
        flow("start > f") + flow("j > after > end") + "".join(flow(f"f > {each} > j") for each in branches)
    )
    return process(content + more)


def test_what_has_come_to_a_join_stays_there():
    case = Case(joined("a", "b")).complete_job("a")
    before = len(case.events)
    assert move(case, joined("a", "b")) == []
    assert kinds(case, before) == [("instance.migrated", "p")]
    assert case.complete_job("b").jobs == ["after"]


def test_it_came_by_the_flow_from_the_same_element_even_if_the_branch_was_made_longer():
    case = Case(joined("a", "b")).complete_job("a")
    move(case, joined("a > check", "b"))
    assert case.complete_job("b").jobs == ["after"]


def test_or_shorter():
    case = Case(joined("a > check", "b")).complete_job("a").complete_job("check")
    move(case, joined("a", "b"))
    assert case.complete_job("b").jobs == ["after"]


def test_a_token_does_not_wait_for_a_branch_that_never_began():
    case = Case(joined("a", "b"))
    assert move(case, joined("a", "b", "c")) == ["migration.join-may-starve"]
    case = Case(joined("a", "b")).complete_job("a")
    assert refusals(case, joined("a", "b", "c")) == [("migration.join-starved", "p")]


def test_nor_at_a_join_that_is_drawn_around_it():
    case = Case(process(start() + service("a") + end() + flow("start > a > end")))
    assert move(case, joined("a", "b")) == ["migration.join-may-starve"]


def test_a_branch_more_may_be_led_out_of_one_that_runs():
    more = service("c") + flow("b > c > j")
    case = Case(joined("a", "b")).complete_job("a")
    assert move(case, joined("a", "b", more=more)) == []
    assert case.complete_job("b").jobs == ["c"]
    assert case.complete_job("c").jobs == ["after"]


def test_a_branch_more_is_begun_if_the_fork_lies_ahead():
    def ahead(*branches: str) -> bytes:
        return (
            joined(*branches, more=service("first"))
            .replace(b'"start-f"', b'"x"')
            .replace(b'targetRef="f"', b'targetRef="first"')
            .replace(b"</process>", flow("first > f").encode() + b"</process>")
        )

    case = Case(ahead("a", "b"))
    assert case.jobs == ["first"]
    assert move(case, ahead("a", "b", "c")) == []
    case.complete_job("first").complete_job("a").complete_job("b").complete_job("c")
    assert case.jobs == ["after"]


def test_a_join_without_the_branch_that_it_waited_for_goes_on():
    case = Case(joined("a", "b")).complete_job("a")
    before = len(case.events)
    beside = service("b") + flow("f > b") + end("other") + flow("b > other")
    move(case, joined("a", more=beside))
    assert kinds(case, before)[1:3] == [("gateway.joined", "j"), ("element.completed", "j")]
    assert case.jobs == ["b", "after"]
    assert case.complete_job("after").complete_job("b").state.status == "completed"


def test_a_join_goes_on_as_often_as_it_has_what_it_needs():
    def twice(flow_b: str) -> bytes:
        content = (
            start() + '<task id="two" completionQuantity="2"/><parallelGateway id="j"/>' + service("after")
        )
        content += service("b") + end() + end("other") + '<parallelGateway id="f"/>'
        return process(content + flow("start > f > two > j > after > end") + flow(f"f > b > {flow_b}"))

    case = Case(twice("j"))
    assert case.jobs == ["b"]
    move(case, twice("other"))
    assert case.jobs == ["b", "after", "after"]


def test_a_token_that_came_by_a_flow_that_is_gone_is_refused():
    case = Case(joined("a", "b")).complete_job("a")
    beside = service("a") + flow("f > a") + end("other") + flow("a > other")
    assert refusals(case, joined("b", more=beside)) == [("migration.flow-gone", "j")]


def test_unless_the_plan_says_by_which_flow_it_came():
    case = Case(joined("a", "b")).complete_job("a")
    move(case, joined("x", "b"), flows={"a-j": "x-j"})
    assert case.complete_job("b").jobs == ["after"]


def test_two_tokens_do_not_become_arrivals_of_one_flow():
    case = Case(joined("a", "b", "c")).complete_job("a").complete_job("b")
    new = joined("x", "c")
    assert refusals(case, new, flows={"a-j": "x-j", "b-j": "x-j"}) == [("migration.flows-merged", "j")]


def test_an_inclusive_join_asks_the_new_model_what_can_still_come():
    case = Case(joined("a", "b", kind="inclusiveGateway")).complete_job("a")
    assert case.jobs == ["b"]
    beside = service("b") + flow("f > b") + end("other") + flow("b > other")
    move(case, joined("a", kind="inclusiveGateway", more=beside))
    assert case.jobs == ["b", "after"]


def test_a_parallel_join_that_waits_in_vain_is_mended_by_an_inclusive_one():
    choice = '<exclusiveGateway id="x" default="x-z"/>' + service("z") + end("zend") + flow("x > z > zend")

    def fork(kind: str) -> bytes:
        branch = flow("x > j", {"x-j": "=false"})
        return joined("a", kind=kind, more=choice + flow("f > x") + branch)

    case = Case(fork("parallelGateway")).complete_job("a").complete_job("z")
    assert (case.jobs, case.state.status) == ([], "running")
    move(case, fork("inclusiveGateway"))
    assert case.jobs == ["after"]


ENOUGH = "<activationCondition>=activationCount &gt;= {}</activationCondition>"


def complex_join(count: int, *branches: str) -> bytes:
    return joined(*branches, kind="complexGateway", join=ENOUGH.format(count))


def test_a_complex_join_goes_on_when_the_new_condition_has_enough():
    case = Case(complex_join(3, "a", "b", "c")).complete_job("a").complete_job("b")
    assert case.jobs == ["c"]
    move(case, complex_join(2, "a", "b", "c"))
    assert case.jobs == ["c", "after"]
    assert case.complete_job("after").complete_job("c").state.status == "completed"


def test_a_complex_join_that_has_gone_on_still_knows_for_which_flows():
    case = Case(complex_join(1, "a", "b", "c")).complete_job("a")
    assert case.jobs == ["b", "c", "after"]
    move(case, complex_join(1, "a > more", "b", "c"))
    case.complete_job("b").complete_job("c").complete_job("after")
    assert case.state.status == "completed"
    case = Case(complex_join(1, "a", "b", "c")).complete_job("a")
    assert refusals(case, complex_join(1, "b", "c")) == [("migration.flow-gone", "j")]


def gathering(takes: int, *sources: str) -> bytes:
    content = start() + '<parallelGateway id="f"/>' + end() + flow("start > f")
    job = '<extensionElements><zeebe:taskDefinition type="work"/></extensionElements>'
    content += f'<serviceTask id="all" startQuantity="{takes}">{job}</serviceTask>' + flow("all > end")
    return process(content + "".join(service(each) + flow(f"f > {each} > all") for each in sources))


def test_an_activity_begins_when_it_now_takes_no_more_than_have_come():
    case = Case(gathering(3, "a", "b", "c")).complete_job("a").complete_job("b")
    move(case, gathering(2, "a", "b", "c"))
    assert case.jobs == ["c", "all"]


def test_an_activity_that_takes_more_goes_on_gathering():
    case = Case(gathering(2, "a", "b", "c")).complete_job("a")
    move(case, gathering(3, "a", "b", "c"))
    assert case.complete_job("b").jobs == ["c"]
    assert case.complete_job("c").jobs == ["all"]


def test_more_tokens_than_it_takes_are_refused():
    case = Case(gathering(3, "a", "b", "c")).complete_job("a").complete_job("b")
    assert refusals(case, gathering(1, "a", "b", "c")) == [("migration.too-many-gathered", "all")]


@pytest.mark.parametrize("both", [True, False])
def test_two_activities_that_gather_do_not_become_one_while_both_wait(both):
    def model(*names: str) -> bytes:
        job = '<extensionElements><zeebe:taskDefinition type="work"/></extensionElements>'
        content = start() + '<parallelGateway id="f"/>' + end() + flow("start > f")
        for name in names:
            content += f'<serviceTask id="{name}" startQuantity="2">{job}</serviceTask>' + flow(
                f"{name} > end"
            )
            content += "".join(service(f"{name}{at}") + flow(f"f > {name}{at} > {name}") for at in "12")
        return process(content)

    case = Case(model("x", "y")).complete_job("x1")
    if both:
        case.complete_job("y1")
    names = {"y": "x", "y1": "x1", "y2": "x2"}
    flows = {"y1-y": "x1-x", "y2-y": "x2-x"}
    found = refusals(case, model("x"), elements=names, flows=flows)
    assert found == ([("migration.joins-merged", "p")] if both else [])
