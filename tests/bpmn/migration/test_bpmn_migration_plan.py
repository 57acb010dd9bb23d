"""Plans: what becomes what without a word, what may be said, and what cannot be."""

import json

import pytest

import bpmn
from support.bpmn_text import end, flow, process, service, start, user


def model(content: str, **more) -> bpmn.Model:
    return bpmn.compile_model({"m.bpmn": process(content, **more)})


def line(*tasks: str, names: str) -> str:
    return start() + "".join(tasks) + end() + flow(f"start > {names} > end")


OLD = model(line(service("a"), user("b"), names="a > b"))


def reasons(old: bpmn.Model, new: bpmn.Model) -> dict[str, str]:
    plan = bpmn.plan_migration(old, new)
    assert (
        plan.elements.keys() | {each.element for each in bpmn.unmapped(plan, old, new)} == old.elements.keys()
    )
    return {each.element: each.code for each in bpmn.unmapped(plan, old, new)}


def faults(old: bpmn.Model, new: bpmn.Model, **given) -> list[tuple[str, str]]:
    with pytest.raises(bpmn.MigrationRefused) as refused:
        bpmn.plan_migration(old, new, **given)
    assert all(each.token is None and each.message and each.hint for each in refused.value.refusals)
    return [(each.code, each.element) for each in refused.value.refusals]


def test_namesakes_of_one_kind_in_one_scope_belong_together():
    new = model(line(service("a"), service("more"), user("b"), names="a > more > b"))
    assert bpmn.plan_migration(OLD, new).elements == {ref: ref for ref in OLD.elements}


def test_the_main_process_becomes_the_main_process_whatever_its_id():
    new = model(line(service("a"), user("b"), names="a > b"), id="q")
    assert bpmn.plan_migration(OLD, new).elements["p"] == "q"
    assert reasons(OLD, new) == {}


def test_what_is_gone_has_no_counterpart():
    assert reasons(OLD, model(line(user("b"), names="b"))) == {"a": "migration.no-counterpart"}


def test_tasks_are_one_kind():
    new = model(line(user("a"), service("b"), names="a > b"))
    assert bpmn.plan_migration(OLD, new).elements["a"] == "a"


def inside(content: str) -> str:
    return '<subProcess id="sub">' + start("s") + content + end("e") + "</subProcess>"


def test_another_kind_is_no_counterpart():
    sub = inside(service("x") + flow("s > x > e")).replace('id="sub"', 'id="a"')
    new = model(start() + sub + user("b") + end() + flow("start > a > b > end"))
    assert reasons(OLD, new) == {"a": "migration.kind-changed"}


def test_what_moved_into_another_scope_is_no_counterpart():
    new = model(
        start() + inside(service("a") + flow("s > a > e")) + user("b") + end() + flow("start > sub > b > end")
    )
    assert reasons(OLD, new) == {"a": "migration.scope-changed"}


def test_a_boundary_event_on_another_host_is_no_counterpart():
    def bound(host: str) -> bpmn.Model:
        event = f'<boundaryEvent id="late" attachedToRef="{host}"><timerEventDefinition>'
        event += "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        return model(line(service("a"), user("b"), event, names="a > b") + flow("late > end"))

    assert reasons(bound("a"), bound("b")) == {"late": "migration.host-changed"}


def test_the_processes_that_are_called_go_with_their_call():
    def calling(called: str) -> bpmn.Model:
        call = f'<callActivity id="call" calledElement="{called}"/>'
        inner = process(line(service("work"), names="work"), id=called)
        return bpmn.compile_model({"m.bpmn": process(line(call, names="call")), "n.bpmn": inner})

    old = calling("inner")
    assert reasons(old, calling("inner")) == {}
    plan = bpmn.plan_migration(old, calling("other"), elements={"inner/inner": "other/other"})
    assert plan.elements["inner/work"] == "other/work"
    assert plan.elements.keys() == old.elements.keys()


def test_pairs_that_are_given_come_before_names():
    new = model(line(service("c"), user("b"), names="c > b"))
    assert bpmn.plan_migration(OLD, new, elements={"a": "c"}).elements["a"] == "c"


def test_pairs_that_cannot_be_are_refused_all_at_once():
    new = model(line(service("a"), user("b"), names="a > b"))
    given = {"a": "start", "ghost": "a", "b": "nobody"}
    assert set(faults(OLD, new, elements=given)) == {
        ("migration.kind-changed", "a"),
        ("migration.unknown-element", "ghost"),
        ("migration.unknown-element", "b"),
    }
    assert faults(OLD, new, renew=["ghost"]) == [("migration.unknown-element", "ghost")]
    assert faults(OLD, new, flows={"start-a": "a-b"}) == [("migration.unknown-flow", "start-a")]


def test_what_is_given_to_one_gateway_is_not_the_namesake_of_another():
    old = model(
        start() + '<parallelGateway id="f"/><exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
        '<parallelGateway id="j"/>' + end() + flow("start > f > x > j > end") + flow("f > y > j")
    )
    plan = bpmn.plan_migration(old, old, elements={"x": "y"})
    assert plan.elements["x"] == "y"
    assert "y" not in plan.elements


def test_only_tasks_may_become_one():
    old = model(
        start() + '<parallelGateway id="f"/><parallelGateway id="j"/><exclusiveGateway id="x"/>'
        '<exclusiveGateway id="y"/>' + end() + flow("start > f > x > j > end") + flow("f > y > j")
    )
    assert faults(old, old, elements={"x": "y", "y": "y"}) == [
        ("migration.merged", "x"),
        ("migration.merged", "y"),
    ]
    tasks = model(line(service("a"), service("b"), names="a > b"))
    assert bpmn.plan_migration(tasks, tasks, elements={"a": "b"}).elements["a"] == "b"


def test_a_plan_comes_back_from_json_as_it_was():
    plan = bpmn.plan_migration(OLD, OLD, renew=["b", "a"])
    assert bpmn.MigrationPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"source": 1},
        {"elements": ["a"]},
        {"elements": {"a": 1}},
        {"flows": {"a": None}},
        {"renew": "a"},
        {"renew": [1]},
        {"more": 1},
    ],
)
def test_what_is_no_plan_is_refused(change):
    with pytest.raises(bpmn.MigrationRefused) as refused:
        bpmn.MigrationPlan.from_json(bpmn.plan_migration(OLD, OLD).to_json() | change)
    assert refused.value.code == "migration.bad-plan"


@pytest.mark.parametrize("document", [None, [], "plan", {}])
def test_neither_is_other_json(document):
    with pytest.raises(bpmn.MigrationRefused) as refused:
        bpmn.MigrationPlan.from_json(document)
    assert refused.value.code == "migration.bad-plan"
