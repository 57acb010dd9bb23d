"""Tokens inside others: subprocesses, calls, loops, ad-hoc subprocesses, and what can be undone."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

import bpmn
from support.bpmn_blocks import LOOP
from support.bpmn_migrations import move, refusals
from support.bpmn_text import NOON, Case, end, extension, flow, process, service, start, user


def nested(content: str, path: str, id: str = "sub", attributes: str = "", more: str = "") -> bytes:
    inner = start("s") + content + end("e") + flow(f"s > {path} > e")
    scope = f'<subProcess id="{id}"{attributes}>{more}{inner}</subProcess>'
    return process(start() + scope + end() + flow(f"start > {id} > end"))


def test_what_runs_in_a_subprocess_goes_on_there_with_its_variables():
    case = Case(nested(service("a") + user("b"), "a > b")).complete_job("a", inside=1)
    new = nested(service("a") + user("b") + service("c"), "a > b > c", id="renamed")
    move(case, new, elements={"sub": "renamed"})
    case.complete_task("b").complete_job("c")
    assert (case.state.status, case.value("inside")) == ("completed", 1)


def test_a_token_does_not_move_into_a_scope_or_out_of_one():
    flat = process(start() + service("a") + end() + flow("start > a > end"))
    assert refusals(Case(flat), nested(service("a"), "a")) == [("migration.scope-changed", "a")]
    assert refusals(Case(nested(service("a"), "a")), flat) == [
        ("migration.no-counterpart", "sub"),
        ("migration.scope-changed", "a"),
    ]


def test_every_token_that_cannot_go_is_told():
    def fork(*names: str) -> bytes:
        content = start() + '<parallelGateway id="f"/>' + end() + flow("start > f")
        return process(content + "".join(service(each) + flow(f"f > {each} > end") for each in names))

    case = Case(fork("a", "b", "c"))
    assert refusals(case, fork("b", "x")) == [
        ("migration.no-counterpart", "a"),
        ("migration.no-counterpart", "c"),
    ]


# Calls


def calling(called: str, content: str, path: str) -> dict[str, bytes]:
    call = f'<callActivity id="call" calledElement="{called}"/>'
    main = process(start() + call + end() + flow("start > call > end"))
    inner = process(start() + content + end() + flow(f"start > {path} > end"), id=called)
    return {"main.bpmn": main, "inner.bpmn": inner}


def test_a_called_process_goes_on_in_its_new_version():
    case = Case(calling("inner", service("a"), "a"))
    move(case, calling("inner", service("a") + service("b"), "a > b"))
    case.complete_job("inner/a", x=1)
    assert case.jobs == ["inner/b"]
    assert case.complete_job("inner/b").state.status == "completed"


def test_it_may_become_another_process_that_the_call_then_runs():
    case = Case(calling("inner", service("a"), "a"))
    new = calling("other", service("a"), "a")
    assert refusals(case, new) == [
        ("migration.no-counterpart", "inner/inner"),
        ("migration.no-counterpart", "inner/a"),
    ]
    move(case, new, elements={"inner/inner": "other/other"})
    assert case.complete_job("other/a").state.status == "completed"


def test_but_not_one_that_the_call_does_not_run():
    def both(called: str) -> dict[str, bytes]:
        calls = f'<callActivity id="call" calledElement="{called}"/>'
        other = "two" if called == "one" else "one"
        calls += f'<callActivity id="later" calledElement="{other}"/>'
        inner = {
            f"{id}.bpmn": process(start() + service("a") + end() + flow("start > a > end"), id=id)
            for id in ("one", "two")
        }
        return {"main.bpmn": process(start() + calls + end() + flow("start > call > later > end")), **inner}

    case = Case(both("one"))
    assert refusals(case, both("two")) == [("migration.call-changed", "one/one")]


def test_a_called_global_task_goes_on():
    def globally(name: str) -> bytes:
        call = f'<callActivity id="call" calledElement="{name}"/>'
        task = f'<globalUserTask id="{name}"/>'
        source = process(start() + call + end() + flow("start > call > end"), definitions=task)
        return source

    case = Case(globally("review"))
    move(case, globally("check"), elements={"review/review": "check/check"})
    assert case.complete_task("check/check").state.status == "completed"


# Loops


def looping(loop: str, inner: str = "", task: str = "a") -> bytes:
    job = extension('<zeebe:taskDefinition type="work"/>')
    content = f'<serviceTask id="{task}">{job}{loop}</serviceTask>' + inner
    return process(start() + content + end() + flow(f"start > {task} > end"))


def each(attributes: str = "", more: str = "", collection: str = "items") -> str:
    given = f'<zeebe:loopCharacteristics inputCollection="={collection}" inputElement="item" {more}/>'
    loop = "multiInstanceLoopCharacteristics"
    return f"<{loop} {attributes}>{extension(given)}</{loop}>"


ITEMS = {"items": ["x", "y", "z"], "others": ["w"]}
RESULTS = 'outputCollection="done" outputElement="=r"'
SEQUENTIAL = 'isSequential="true"'


@pytest.mark.parametrize("attributes", ["", SEQUENTIAL])
def test_the_rounds_of_a_multi_instance_go_on_and_their_results_are_kept(attributes):
    case = Case(looping(each(attributes, RESULTS)), ITEMS).complete_job("a", r=1)
    assert move(case, looping(each(attributes, RESULTS), task="b"), elements={"a": "b"}) == []
    case.complete_job("b", r=2).complete_job("b", r=3)
    assert (case.state.status, case.value("done")) == ("completed", [1, 2, 3])


def test_the_rounds_are_not_counted_again():
    case = Case(looping(each()), ITEMS)
    assert move(case, looping(each(collection="others"))) == ["migration.rounds-kept"]
    assert case.jobs == ["a", "a", "a"]


def test_a_new_completion_condition_is_asked_from_the_next_round_on():
    condition = "<completionCondition>=numberOfCompletedInstances &gt;= 2</completionCondition>"
    case = Case(looping(each()), ITEMS).complete_job("a")
    loop = each().replace("</multi", condition + "</multi")
    move(case, looping(loop))
    assert case.complete_job("a").state.status == "completed"


STANDARD = "<standardLoopCharacteristics><loopCondition>=again</loopCondition></standardLoopCharacteristics>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (each(), each(SEQUENTIAL)),
        (each(SEQUENTIAL), each()),
        (each(), ""),
        ("", each()),
        (each(), STANDARD),
        (STANDARD, ""),
        (each(), each(more=RESULTS)),
        (each(more=RESULTS), each()),
        (each(), each().replace('"item"', '"thing"')),
    ],
)
def test_a_loop_that_runs_does_not_become_another_one(old, new):
    case = Case(looping(old), {**ITEMS, "again": True})
    assert refusals(case, looping(new)) == [("migration.loop-changed", "a")]


def test_a_loop_that_could_not_begin_may_become_any_other():
    case = Case(looping(each()), {"items": 17})
    assert case.codes == ["loop.collection-no-list"]
    move(case, looping(""))
    assert case.resolve().complete_job("a").state.status == "completed"


def test_a_standard_loop_goes_on():
    case = Case(looping(STANDARD), {"again": True}).complete_job("a").complete_job("a")
    move(case, looping(STANDARD, task="b"), elements={"a": "b"})
    assert case.complete_job("b", again=False).state.status == "completed"


def test_tokens_inside_the_bodies_of_a_multi_instance_go_on_in_theirs():
    def bodies(*tasks: str) -> bytes:
        return nested("".join(service(task) for task in tasks), " > ".join(tasks), more=LOOP.format(""))

    case = Case(bodies("a", "b"), {"items": ["x", "y"]}).complete_job("a")
    assert case.jobs == ["a", "b"]
    move(case, bodies("a", "between", "b"))
    case.complete_job("b").complete_job("a").complete_job("between").complete_job("b")
    assert case.state.status == "completed"


def test_a_timer_on_the_border_of_a_loop_hangs_on_the_whole_not_on_its_rounds():
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    event = f'<boundaryEvent id="late" attachedToRef="a">{timer}</boundaryEvent>'
    event += end("lateend") + flow("late > lateend")
    case = Case(looping(each()), ITEMS)
    assert move(case, looping(each(), event)) == ["migration.wait-opened"]
    assert len(case.state.timers) == 1
    assert case.after(hours=1).state.status == "completed"


# Ad-hoc subprocesses


def ad_hoc(*tasks: str, ordering: str = "Sequential") -> bytes:
    content = "".join(map(service, tasks))
    inner = f'<adHocSubProcess id="any" ordering="{ordering}">{content}</adHocSubProcess>'
    return process(start() + inner + end() + flow("start > any > end"))


def test_in_sequence_what_has_not_begun_yet_comes_in_the_order_of_the_new_model():
    case = Case(ad_hoc("a", "b", "c")).complete_job("a")
    assert case.jobs == ["b"]
    move(case, ad_hoc("b", "more", "c"))
    ran = []
    while case.jobs:
        ran += case.jobs
        case.complete_job(case.jobs[0])
    assert (ran, case.state.status) == (["b", "more", "c"], "completed")


def test_in_sequence_nothing_may_stand_before_what_has_begun():
    case = Case(ad_hoc("a", "b")).complete_job("a")
    assert refusals(case, ad_hoc("more", "a", "b")) == [("migration.adhoc-changed", "any")]


def test_a_running_ad_hoc_subprocess_keeps_its_ordering():
    case = Case(ad_hoc("a", "b"))
    assert refusals(case, ad_hoc("a", "b", ordering="Parallel")) == [("migration.adhoc-changed", "any")]


def test_what_is_new_in_one_that_begins_all_at_once_does_not_begin_and_that_is_told():
    case = Case(ad_hoc("a", "b", ordering="Parallel"))
    assert move(case, ad_hoc("a", "b", "c", ordering="Parallel")) == ["migration.adhoc-not-begun"]
    assert case.complete_job("a").complete_job("b").state.status == "completed"


# Compensation

UNDO = "<compensateEventDefinition/>"


def undoable(name: str, handler: str = "") -> str:
    if not handler:
        return service(name)
    job = extension('<zeebe:taskDefinition type="work"/>')
    text = f'<boundaryEvent id="b{name}" attachedToRef="{name}">{UNDO}</boundaryEvent>'
    text += f'<association id="l{name}" sourceRef="b{name}" targetRef="{handler}"/>'
    return service(name) + text + f'<serviceTask id="{handler}" isForCompensation="true">{job}</serviceTask>'


def undoing(*activities: str, path: str) -> bytes:
    throw = f'<intermediateThrowEvent id="undo">{UNDO}</intermediateThrowEvent>' + service("w")
    return process(start() + "".join(activities) + throw + end() + flow(f"start > {path} > w > undo > end"))


def test_what_is_completed_is_undone_as_the_new_model_says():
    case = Case(undoing(undoable("a", "ua"), path="a")).complete_job("a")
    move(case, undoing(undoable("a", "other"), path="a"))
    assert case.complete_job("w").jobs == ["other"]


def test_what_is_completed_and_could_not_be_undone_any_more_is_refused():
    case = Case(undoing(undoable("a", "ua"), path="a")).complete_job("a")
    assert refusals(case, undoing(undoable("a"), path="a")) == [("migration.compensation-lost", "p")]
    assert refusals(case, undoing(undoable("b", "ub"), path="b")) == [("migration.compensation-lost", "p")]
    move(case, undoing(undoable("b", "ub"), path="b"), elements={"a": "b"})
    assert case.complete_job("w").jobs == ["ub"]


def test_undoing_that_is_under_way_goes_on():
    def two(a: str, b: str) -> bytes:
        return undoing(undoable("a", a), undoable("b", b), path="a > b")

    case = Case(two("ua", "ub")).complete_job("a").complete_job("b").complete_job("w")
    assert case.jobs == ["ub"]
    move(case, two("xa", "xb"), elements={"ub": "xb"})
    assert case.complete_job("xb").jobs == ["xa"]
    assert case.complete_job("xa").state.status == "completed"


def test_a_handler_that_runs_does_not_become_an_ordinary_activity():
    case = Case(undoing(undoable("a", "ua"), path="a")).complete_job("a").complete_job("w")
    assert case.jobs == ["ua"]
    new = undoing(undoable("a", "other"), service("ua"), path="a > ua")
    assert refusals(case, new) == [("migration.kind-changed", "ua")]


def test_a_completed_subprocess_is_undone_with_the_variables_that_it_had():
    def outer(handler: str) -> bytes:
        inner = start("s") + undoable("a", handler) + end("e") + flow("s > a > e")
        return undoing(f'<subProcess id="sub">{inner}</subProcess>', path="sub")

    case = Case(outer("ua")).complete_job("a", amount=5)
    move(case, outer("xa"))
    case.complete_job("w")
    assert case.jobs == ["xa"]
    assert case.state.jobs[0].variables["amount"] == 5
    case = Case(outer("ua")).complete_job("a")
    assert refusals(case, undoing(service("sub"), path="sub")) == [("migration.compensation-lost", "p")]


def test_a_subprocess_that_nothing_undoes_any_more_is_refused():
    def by_event(inner: str) -> bytes:
        content = start("s") + service("a") + end("e") + flow("s > a > e") + inner
        return undoing(f'<subProcess id="sub">{content}</subProcess>', path="sub")

    undo = f'<startEvent id="us">{UNDO}</startEvent>' + service("uw") + end("ue") + flow("us > uw > ue")
    old = by_event(f'<subProcess id="u" triggeredByEvent="true">{undo}</subProcess>')
    case = Case(old).complete_job("a")
    assert refusals(case, by_event("")) == [("migration.compensation-lost", "p")]
    assert refusals(case, old) == []
    case.complete_job("w")
    assert case.jobs == ["uw"]
    move(case, old)
    assert case.complete_job("uw").state.status == "completed"


def test_a_transaction_that_is_being_cancelled_listens_to_nothing_new():
    def transaction(more: str = "") -> bytes:
        last = '<endEvent id="e"><cancelEventDefinition/></endEvent>'
        inner = start("s") + undoable("a", "ua") + last + flow("s > a > e") + more
        left = '<boundaryEvent id="c" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>'
        left += end("cend") + flow("c > cend")
        scope = f'<transaction id="t">{inner}</transaction>'
        return process(start() + scope + left + end() + flow("start > t > end"))

    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    late = f'<startEvent id="ls">{timer}</startEvent>' + end("le") + flow("ls > le")
    new = transaction(f'<subProcess id="l" triggeredByEvent="true">{late}</subProcess>')
    case = Case(transaction())
    assert move(case, new) == ["migration.wait-opened"]
    case = Case(transaction()).complete_job("a")
    assert case.jobs == ["ua"]
    assert move(case, new) == []
    assert case.complete_job("ua").completed[-2:] == ["c", "cend"]


# What is not known, and instances that cannot go at all


@pytest.mark.parametrize(
    "data",
    [{"strange": 1}, {"brought": {"x": 1}}, {"compensable": [{"element": "a", "strange": 1}]}],
)
def test_what_a_token_remembers_and_migration_does_not_know_is_refused_by_name(data):
    case = Case(nested(service("a"), "a"))
    token = next(token for token in case.state.tokens if token.element == "sub")
    strange = replace(token, data=data)
    document = case.state.to_json()
    document["tokens"] = [
        strange.to_json() if each["key"] == token.key else each for each in document["tokens"]
    ]
    case.state = bpmn.State.from_json(case.model, document)
    assert ("migration.unknown-data", "sub") in refusals(case, nested(service("a"), "a"))


def code(state: bpmn.State, plan: bpmn.MigrationPlan, new: bpmn.Model, at) -> str:
    with pytest.raises(bpmn.MigrationRefused) as refused:
        bpmn.migrate(state, plan, new, at)
    report = bpmn.dry_run(state, plan, new, at)
    assert (report.possible, report.refusals) == (False, refused.value.refusals)
    return refused.value.code


def test_an_instance_goes_over_while_it_runs_at_its_time_by_a_plan_for_its_model():
    case = Case(nested(service("a"), "a"))
    other = bpmn.compile_model({"test.bpmn": nested(user("a"), "a")})
    plan = bpmn.plan_migration(case.model, case.model)
    assert code(case.state, plan, other, case.now) == "migration.other-model"
    assert code(case.state, plan, case.model, case.now - timedelta(hours=1)) == "migration.in-the-past"
    assert code(case.state, plan, case.model, case.now.replace(tzinfo=None)) == "migration.no-zone"
    unstarted = bpmn.new_instance(case.model, "case")
    assert code(unstarted, plan, case.model, case.now) == "migration.not-running"
    case.complete_job("a")
    assert code(case.state, plan, case.model, case.now) == "migration.not-running"


def test_a_plan_that_was_spoilt_by_hand_is_refused_before_any_token_is_looked_at():
    case = Case(nested(service("a"), "a"))
    plan = bpmn.plan_migration(case.model, case.model)
    wrong = replace(plan, elements={**plan.elements, "a": "e"})
    assert code(case.state, wrong, case.model, case.now) == "migration.kind-changed"


def test_a_log_of_commands_and_a_migration_runs_again_to_the_same_root():
    old, longer = nested(service("a"), "a"), nested(service("a") + service("b"), "a > b")
    case = Case(old)
    new = bpmn.compile_model({"test.bpmn": longer})
    plan = bpmn.plan_migration(case.model, new)
    log = [*(command.to_json() for command in case.commands), plan.to_json()]
    case.model, case.state = new, bpmn.migrate(case.state, plan, new, case.now).state
    case.commands.clear()
    case.complete_job("a").complete_job("b")
    log += [command.to_json() for command in case.commands]

    models = {model.hash: model for model in (bpmn.compile_model({"test.bpmn": old}), new)}
    state = bpmn.new_instance(models[plan.source], "case")
    for entry in json.loads(json.dumps(log)):
        if "kind" in entry:
            state = bpmn.step(state.model, state, bpmn.command_from_json(entry)).state
        else:
            again = bpmn.MigrationPlan.from_json(entry)
            state = bpmn.migrate(state, again, models[again.target], NOON).state
    assert (state.status, state.root) == ("completed", case.state.root)


def test_the_report_is_plain_data():
    case = Case(nested(service("a"), "a"))
    new = bpmn.compile_model({"test.bpmn": nested(user("a"), "a")})
    document = bpmn.dry_run(case.state, bpmn.plan_migration(case.model, new), new, case.now).to_json()
    assert document["possible"] is False
    (stays,) = [move for move in document["moves"] if move["refusals"]]
    assert (stays["element"], stays["target"], stays["refusals"][0]["code"]) == (
        "a",
        "a",
        "migration.work-changed",
    )


# Loops whose rounds can be undone

TWICE = '<standardLoopCharacteristics loopMaximum="2"/>'


def undone_rounds(loop: str, name: str = "a") -> bytes:
    activity = undoable(name, f"u{name}").replace("</serviceTask>", f"{loop}</serviceTask>", 1)
    return undoing(activity, path=name)


def test_each_round_that_was_completed_is_undone_in_the_new_model():
    case = Case(undone_rounds(TWICE)).complete_job("a").complete_job("a")
    move(case, undone_rounds(TWICE, "z"), elements={"a": "z", "ba": "bz", "ua": "uz"})
    case.complete_job("w")
    counters = []
    while case.jobs:
        counters.append(int(case.state.jobs[0].variables["loopCounter"]))
        case.complete_job("uz")
    assert (counters, case.state.status) == ([2, 1], "completed")


def test_rounds_that_could_not_be_undone_singly_any_more_are_refused():
    case = Case(undone_rounds(TWICE)).complete_job("a").complete_job("a")
    assert ("migration.compensation-lost", "p") in refusals(case, undone_rounds(""))
