"""Gateways: who goes on, who waits, and when nobody may."""

from support.bpmn_text import Case, end, flow, process, script, service, start, user


def test_an_exclusive_gateway_takes_the_first_true_flow_else_the_default():
    body = (
        start()
        + '<exclusiveGateway id="g" default="g-c"/><task id="a"/><task id="b"/><task id="c"/>'
        + flow("start > g > a", {"g-a": "=amount &gt; 100"})
        + flow("g > b", {"g-b": "=amount &gt; 10"})
        + flow("g > c")
    )
    assert Case(process(body), {"amount": 500}).completed[-1] == "a"
    assert Case(process(body), {"amount": 50}).completed[-1] == "b"
    assert Case(process(body), {"amount": 5}).completed[-1] == "c"


def test_without_a_true_condition_the_token_stops_and_can_be_resolved():
    body = start() + '<exclusiveGateway id="g"/>' + end("a") + end("b")
    body += flow("start > g > a", {"g-a": "=x = 1"}) + flow("g > b", {"g-b": "=x = 2"})
    case = Case(process(body), {"x": 9})
    assert (case.codes, case.state.status) == (["flow.none-true"], "running")

    case.resolve(x=2)

    assert case.completed == ["start", "g", "b"]
    assert case.state.status == "completed"


def test_a_condition_that_is_neither_true_nor_false_is_an_incident():
    body = start() + '<exclusiveGateway id="g" default="g-b"/>' + end("a") + end("b")
    body += flow("start > g > a", {"g-a": "=missing"}) + flow("g > b")
    assert Case(process(body)).codes == ["flow.condition-not-boolean"]


def test_a_parallel_gateway_waits_for_every_branch():
    body = (
        start()
        + '<parallelGateway id="fork"/>'
        + service("a")
        + service("b")
        + '<parallelGateway id="join"/>'
        + end()
        + flow("start > fork > a > join > end")
        + flow("fork > b > join")
    )
    case = Case(process(body))
    assert case.jobs == ["a", "b"]
    case.complete_job("b")
    assert case.state.status == "running"
    case.complete_job("a")
    assert case.completed.count("join") == 1
    assert case.state.status == "completed"


def test_a_parallel_join_counts_each_flow_once():
    """Two tokens on one incoming flow do not stand for one on each."""
    body = (
        start()
        + '<parallelGateway id="fork"/><exclusiveGateway id="merge"/>'
        + service("a")
        + service("b")
        + service("c")
        + '<parallelGateway id="join"/>'
        + end()
        + flow("start > fork > a > merge > join > end")
        + flow("fork > b > merge")
        + flow("fork > c > join")
    )
    case = Case(process(body)).complete_job("a").complete_job("b")
    assert "join" not in case.completed
    case.complete_job("c")
    assert case.completed.count("end") == 1
    assert case.state.status == "running"  # the second token of flow merge-join still waits


def test_an_inclusive_join_waits_only_for_what_can_still_come():
    body = (
        start()
        + '<inclusiveGateway id="split" default="split-c"/>'
        + service("a")
        + service("b")
        + service("c")
        + '<inclusiveGateway id="merge"/>'
        + end()
        + flow("start > split > a > merge > end", {"split-a": "=true"})
        + flow("split > b > merge", {"split-b": "=both"})
        + flow("split > c > merge")
    )
    case = Case(process(body), {"both": True}).complete_job("a")
    assert case.state.status == "running"
    assert case.complete_job("b").state.status == "completed"
    assert case.completed.count("merge") == 1
    assert Case(process(body), {"both": False}).complete_job("a").state.status == "completed"


def test_an_inclusive_join_does_not_wait_for_a_token_that_a_boundary_event_has_led_away():
    body = (
        start()
        + '<parallelGateway id="fork"/>'
        + service("a")
        + service("b")
        + '<boundaryEvent id="late" attachedToRef="b"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        + "</timerEventDefinition></boundaryEvent>"
        + '<inclusiveGateway id="merge"/>'
        + end()
        + end("gone")
        + flow("start > fork > a > merge > end")
        + flow("fork > b > merge")
        + flow("late > gone")
    )
    case = Case(process(body)).complete_job("a")
    assert "merge" not in case.completed
    case.after(hours=1)
    assert case.completed[-1] == "end"
    assert case.state.status == "completed"


def test_a_merge_that_leads_straight_into_another_counts_once_there():
    body = (
        start()
        + '<parallelGateway id="s1"/><parallelGateway id="s2"/>'
        + '<inclusiveGateway id="m1"/><inclusiveGateway id="m2"/>'
        + user("a")
        + user("b")
        + user("c")
        + user("after")
        + end()
        + flow("start > s1 > s2 > a > m1 > m2 > after > end")
        + flow("s2 > b > m1")
        + flow("s1 > c > m2")
    )
    case = Case(process(body))
    for task in ("c", "a", "b"):
        case.complete_task(task)
    assert case.tasks == ["after"]
    assert case.complete_task("after").state.status == "completed"


def test_an_event_based_gateway_goes_the_way_of_the_first_event():
    body = (
        start()
        + '<eventBasedGateway id="g"/>'
        + '<intermediateCatchEvent id="paid"><messageEventDefinition messageRef="m"/>'
        + "</intermediateCatchEvent>"
        + '<intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>P1D</timeDuration>'
        + "</timerEventDefinition></intermediateCatchEvent>"
        + end("settled")
        + end("overdue")
        + flow("start > g > paid > settled")
        + flow("g > late > overdue")
    )
    source = process(body, definitions='<message id="m" name="paid"/>')
    paid = Case(source).message("paid", amount=3)
    assert paid.completed == ["start", "g", "paid", "settled"]
    assert paid.state.timers == ()
    late = Case(source).after(days=1)
    assert late.completed == ["start", "g", "late", "overdue"]
    assert late.state.messages == ()


def test_flows_out_of_a_task_split_by_themselves():
    body = (
        start()
        + script("t", "=1", "x")
        + end("a")
        + end("b")
        + end("c")
        + flow("start > t > a", {"t-a": "=x = 1"})
        + flow("t > b", {"t-b": "=x = 2"})
        + flow("t > c")
    )
    assert Case(process(body)).completed == ["start", "t", "a", "c"]
