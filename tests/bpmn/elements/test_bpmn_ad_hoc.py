"""Ad-hoc subprocesses: each activity once, in no order or one by one, until it is enough."""

import pytest

from support.bpmn_text import Case, end, flow, process, refused, service, start


def ad_hoc(content: str, attributes: str = "", condition: str = "") -> bytes:
    more = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    inner = f'<adHocSubProcess id="any" {attributes}>{content}{more}</adHocSubProcess>'
    return process(start() + inner + end() + flow("start > any > end"))


THREE = service("a") + service("b") + service("c") + flow("b > c")
ENOUGH = "=enough"


def test_all_activities_without_a_flow_to_them_begin_at_once():
    case = Case(ad_hoc(THREE))
    assert case.jobs == ["a", "b"]
    case.complete_job("b").complete_job("a")
    assert case.jobs == ["c"]
    assert case.complete_job("c", found=1).completed[-2:] == ["any", "end"]
    assert (case.state.status, case.value("found")) == ("completed", 1)


def test_in_sequence_one_path_follows_the_other():
    case = Case(ad_hoc(service("x") + THREE, 'ordering="Sequential"'))
    ran = []
    while case.jobs:
        (job,) = case.jobs
        ran.append(job)
        case.complete_job(job)
    assert (ran, case.state.status) == (["x", "a", "b", "c"], "completed")


def test_a_true_completion_condition_ends_the_rest():
    case = Case(ad_hoc(THREE, condition=ENOUGH), {"enough": False}).complete_job("a")
    assert case.jobs == ["b"]
    case = Case(ad_hoc(THREE, condition=ENOUGH), {"enough": False}).complete_job("a", enough=True)
    assert (case.state.status, case.state.jobs, "b" in case.completed) == ("completed", (), False)


def test_what_runs_may_run_out_but_nothing_more_begins():
    case = Case(ad_hoc(THREE, 'cancelRemainingInstances="false"', ENOUGH), {"enough": False})
    case.complete_job("a", enough=True)
    assert (case.state.status, case.jobs) == ("running", ["b"])
    case.complete_job("b")
    assert (case.state.status, "c" in case.completed) == ("completed", False)


def test_in_sequence_nothing_begins_after_it_is_enough():
    case = Case(ad_hoc(THREE, 'ordering="Sequential"', ENOUGH), {"enough": False})
    case.complete_job("a", enough=True)
    assert (case.state.status, case.jobs) == ("completed", [])


def test_a_condition_without_an_answer_is_an_incident_at_the_completed_activity():
    case = Case(ad_hoc(THREE, condition=ENOUGH)).complete_job("a")
    assert (case.codes, case.state.incidents[0].element) == (["adhoc.condition-not-boolean"], "a")
    assert case.resolve(enough=True).state.status == "completed"
    assert case.completed.count("a") == 1


@pytest.mark.parametrize(
    ("content", "condition", "found"),
    [
        ("", "", ("adhoc.empty", "any")),
        (start("s") + service("a") + flow("s > a"), "", ("adhoc.start-or-end", "s")),
        (service("a"), "soon", ("adhoc.condition-no-feel", "any")),
    ],
)
def test_what_could_not_run_as_drawn_is_refused(content, condition, found):
    assert found in refused(ad_hoc(content, condition=condition))
