"""Open jobs, tasks and incidents: who works on them does not notice, unless the plan says so."""

import pytest

import bpmn
from support.bpmn_migrations import kinds, move, refusals
from support.bpmn_text import Case, end, extension, flow, mapping, process, script, service, start, user


def one(task: str, id: str = "a", more: str = "") -> bytes:
    return process(start() + task + more + end() + flow(f"start > {id} > end"))


def form(name: str, assignee: str = "ann") -> str:
    return f'<zeebe:formDefinition formId="{name}"/><zeebe:assignmentDefinition assignee="{assignee}"/>'


def test_a_job_keeps_its_id_and_whoever_works_on_it_completes_it():
    case = Case(one(service("a")))
    (job,) = case.state.jobs
    before = len(case.events)
    assert move(case, process(start() + service("a") + user("b") + end() + flow("start > a > b > end"))) == []
    assert kinds(case, before) == [("instance.migrated", "p")]
    assert case.state.jobs[0].id == job.id
    case.complete_job("a")
    assert case.tasks == ["b"]


def test_a_job_of_a_renamed_element_has_another_id_of_which_an_event_tells():
    case = Case(one(service("a")))
    (was,) = case.state.jobs
    move(case, one(service("b"), "b"), elements={"a": "b"})
    (job,) = case.state.jobs
    told = {event.kind: (event.element, event.data) for event in case.events}
    assert told["token.migrated"] == ("b", {"token": job.token, "from": "a"})
    assert told["job.migrated"] == ("b", {"job": job.id, "from": was.id})
    assert (was.id, job.id) == (f"a:{was.id[2:]}", f"b:{was.id[2:]}")
    with pytest.raises(bpmn.CommandRefused, match="No open job"):
        case.send(bpmn.CompleteJob(case.now, was.id, {}))
    assert case.complete_job("b").state.status == "completed"


def test_a_job_is_not_turned_into_one_of_another_type_unknown_to_its_worker():
    case = Case(one(service("a", type="scan")))
    assert refusals(case, one(service("a", type="copy"))) == [("migration.job-type-changed", "a")]


def test_a_renewed_job_is_cancelled_and_opened_as_the_new_model_says():
    case = Case(one(service("a", type="scan")))
    (was,) = case.state.jobs
    before = len(case.events)
    assert move(case, one(service("a", type="copy")), renew=["a"]) == ["migration.wait-renewed"]
    (job,) = case.state.jobs
    assert (job.type, job.id != was.id) == ("copy", True)
    assert kinds(case, before)[1:] == [("job.cancelled", "a"), ("job.created", "a")]


def test_headers_and_retries_stay_as_the_job_was_opened():
    case = Case(one(service("a")))
    header = '<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>'
    assert move(case, one(service("a", more=header))) == ["migration.wait-kept"]
    assert case.state.jobs[0].headers == {}


def test_a_job_may_become_that_of_another_kind_of_task():
    case = Case(one(service("a")))
    send = '<sendTask id="a">' + extension('<zeebe:taskDefinition type="work"/>') + "</sendTask>"
    move(case, one(send))
    assert case.complete_job("a").state.status == "completed"


@pytest.mark.parametrize("task", [user("a"), script("a", "=1", "x"), '<task id="a"/>'])
def test_a_job_needs_an_element_that_opens_one(task):
    assert refusals(Case(one(service("a"))), one(task)) == [("migration.work-changed", "a")]


@pytest.mark.parametrize("task", [service("a"), '<manualTask id="a"/>'])
def test_a_user_task_stays_one(task):
    assert refusals(Case(one(user("a"))), one(task)) == [("migration.work-changed", "a")]


def test_a_user_task_keeps_what_the_person_sees():
    case = Case(one(user("a", more=form("old"))))
    (was,) = case.state.tasks
    assert move(case, one(user("a", more=form("new", "bob")))) == ["migration.wait-kept"]
    (task,) = case.state.tasks
    assert (task.id, task.form, task.assignee) == (was.id, "old", "ann")


def test_a_renewed_user_task_is_opened_as_the_new_model_says():
    case = Case(one(user("a", more=form("old"))))
    before = len(case.events)
    assert move(case, one(user("a", more=form("new", "bob"))), renew=["a"]) == ["migration.wait-renewed"]
    (task,) = case.state.tasks
    assert (task.form, task.assignee) == ("new", "bob")
    assert kinds(case, before)[1:] == [("task.cancelled", "a"), ("task.created", "a")]
    assert case.complete_task("a").state.status == "completed"


def test_what_cannot_be_opened_anew_is_refused_and_not_left_as_an_incident():
    case = Case(one(user("a")))
    unassignable = one(user("a", more='<zeebe:assignmentDefinition assignee="=17"/>'))
    assert refusals(case, unassignable, renew=["a"]) == [("migration.wait-cannot-open", "a")]


def test_the_job_of_a_throwing_event_stays_open():
    message = '<message id="m" name="hello"/>'

    def throwing(id: str) -> bytes:
        event = '<messageEventDefinition messageRef="m"/>' + extension('<zeebe:taskDefinition type="work"/>')
        content = f'<intermediateThrowEvent id="{id}">{event}</intermediateThrowEvent>'
        return process(start() + content + end() + flow(f"start > {id} > end"), definitions=message)

    case = Case(throwing("a"))
    move(case, throwing("b"), elements={"a": "b"})
    assert case.complete_job("b").state.status == "completed"


# Incidents


def test_a_failed_job_stays_failed_and_goes_on_when_it_is_resolved():
    case = Case(one(service("a")))
    case.send(bpmn.FailJob(case.now, case.state.jobs[0].id, "work.failed", "no"))
    (was,) = case.state.incidents
    move(case, one(service("b"), "b"), elements={"a": "b"})
    (incident,) = case.state.incidents
    assert (incident.element, incident.code, incident.id[2:]) == ("b", "work.failed", was.id[2:])
    told = {event.kind: event.data for event in case.events}
    assert told["incident.migrated"] == {"incident": incident.id, "from": was.id}
    assert case.resolve().complete_job("b").state.status == "completed"


def test_renewing_a_failed_job_resolves_its_incident():
    case = Case(one(service("a", type="scan")))
    case.send(bpmn.FailJob(case.now, case.state.jobs[0].id, "work.failed", "no"))
    move(case, one(service("a", type="copy")), renew=["a"])
    assert (case.codes, [job.type for job in case.state.jobs]) == ([], ["copy"])
    assert case.complete_job("a").state.status == "completed"


def test_a_step_that_could_not_begin_begins_in_the_new_model():
    case = Case(one(service("a", type="=missing")))
    assert case.codes == ["job.no-type"]
    move(case, one(user("a")))
    case.resolve()
    assert (case.tasks, case.codes) == (["a"], [])


def test_a_choice_without_a_way_finds_one_in_the_new_model():
    def choice(condition: str) -> bytes:
        ways = flow("x > end", {"x-end": condition}) + flow("x > other", {"x-other": "=false"})
        return process(
            start() + '<exclusiveGateway id="x"/>' + end() + end("other") + flow("start > x") + ways
        )

    case = Case(choice("=false"))
    assert case.codes == ["flow.none-true"]
    move(case, choice("=true"))
    assert case.resolve().state.status == "completed"


def test_an_inclusive_choice_without_a_way_too_though_it_knows_by_which_flow_it_was_reached():
    def choice(kind: str, condition: str) -> bytes:
        ways = flow("x > end", {"x-end": condition}) + flow("x > other", {"x-other": "=false"})
        gateway = f'<{kind} id="x"/>'
        return process(start() + gateway + end() + end("other") + flow("start > x") + ways)

    case = Case(choice("inclusiveGateway", "=false"))
    move(case, choice("parallelGateway", "=false"))
    assert case.resolve().completed[-3:] == ["x", "end", "other"]


def test_a_result_that_could_not_be_taken_is_kept_and_taken_as_the_new_model_says():
    def taking(source: str) -> bytes:
        return one(service("a", more=mapping(outputs={"x": source})))

    case = Case(taking("=function(y) y")).complete_job("a", r=7)
    assert len(case.codes) == 1
    move(case, taking("=r"))
    assert case.resolve().state.status == "completed"
    assert case.value("x") == 7


def test_no_border_is_drawn_around_a_step_that_is_over():
    def bordered(condition: str, border: str) -> bytes:
        ways = flow("a > end", {"a-end": condition})
        return process(start() + service("a") + border + end() + flow("start > a") + ways)

    event = '<boundaryEvent id="late" attachedToRef="a"><timerEventDefinition>'
    event += "<timeDuration>PT1H</timeDuration>"
    event += "</timerEventDefinition></boundaryEvent>" + end("later") + flow("late > later")
    case = Case(bordered("=false", "")).complete_job("a")
    assert case.codes == ["flow.none-true"]
    assert move(case, bordered("=true", event)) == []
    assert case.state.timers == ()
    assert case.resolve().state.status == "completed"
