"""Complex gateways: start when the activation condition is true, consume the rest, begin again."""

from support.bpmn_text import Case, end, flow, process, refused, service, start

FORK = '<parallelGateway id="f"/>'


def merge(condition: str) -> str:
    return f'<complexGateway id="m"><activationCondition>{condition}</activationCondition></complexGateway>'


def three(condition: str, tail: str = "end") -> bytes:
    body = start() + FORK + service("a") + service("b") + service("c") + merge(condition) + end()
    body += service("next") if tail != "end" else ""
    flows = flow("start > f > a > m") + flow("f > b > m") + flow("f > c > m")
    return process(body + flows + flow(f"m > {tail}"))


TWO = "=activationCount &gt;= 2"


def test_it_goes_on_with_the_second_of_three_and_consumes_the_third():
    case = Case(three(TWO)).complete_job("b")
    assert "m" not in case.completed
    case.complete_job("a")
    assert case.completed[-2:] == ["m", "end"]
    assert case.state.status == "running"
    case.complete_job("c")
    assert (case.state.status, case.completed.count("m")) == ("completed", 1)
    assert [event.kind for event in case.events].count("gateway.reset") == 1


def test_it_waits_only_for_what_can_still_come():
    split = '<inclusiveGateway id="f" default="f-c"/>'
    body = start() + split + service("a") + service("b") + service("c")
    body += merge("=activationCount &gt;= 1") + end()
    body += flow("start > f > a > m", {"f-a": "=x"}) + flow("f > b > m", {"f-b": "=y"})
    case = Case(process(body + flow("f > c > m > end")), {"x": True, "y": False})
    assert (case.jobs, case.complete_job("a").state.status) == (["a"], "completed")


def test_after_the_reset_the_next_tokens_start_it_anew():
    loop = '<exclusiveGateway id="again" default="again-end"/><exclusiveGateway id="top"/>'
    body = start() + loop + FORK + service("a") + service("b") + merge("=activationCount &gt;= 1") + end()
    body += service("next") + flow("start > top > f > a > m > next > again > end") + flow("f > b > m")
    case = Case(process(body + flow("again > top", {"again-top": "=more"})))
    case.complete_job("a").complete_job("b").complete_job("next", more=True)
    case.complete_job("b").complete_job("a").complete_job("next", more=False)
    assert (case.state.status, case.completed.count("m")) == ("completed", 2)


def test_a_condition_may_ask_for_variables_and_a_bad_one_can_be_resolved():
    case = Case(three("=enough")).complete_job("a")
    assert case.codes == ["gateway.condition-not-boolean"]
    case.complete_job("b").resolve(enough=True)
    assert case.completed[-2:] == ["m", "end"]
    assert case.complete_job("c").state.status == "completed"


def test_it_splits_like_an_inclusive_gateway():
    body = start() + '<complexGateway id="s" default="s-c"/>' + service("a") + service("b") + service("c")
    body += (
        end() + flow("start > s > a > end", {"s-a": "=x &gt; 1"}) + flow("s > b > end", {"s-b": "=x &gt; 2"})
    )
    model = process(body + flow("s > c > end"))
    assert [Case(model, {"x": x}).jobs for x in (1, 2, 3)] == [["c"], ["a"], ["a", "b"]]


def test_a_merge_without_an_activation_condition_is_refused():
    body = start() + FORK + '<complexGateway id="m"/>' + end()
    body += '<task id="a"/>' + flow("start > f > m > end") + flow("f > a > m")
    assert refused(process(body)) == [("gateway.no-activation", "m")]
