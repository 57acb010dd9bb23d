"""Scopes: subprocesses, calls, loops, and where a variable lives."""

from decimal import Decimal

from support.bpmn_text import Case, end, extension, flow, mapping, process, script, service, start, user


def sub(id: str, content: str, more: str = "") -> str:
    return f'<subProcess id="{id}">{more}{content}</subProcess>'


def loop(*, sequential: bool = False, attributes: str = "", completion: str = "") -> str:
    condition = f"<completionCondition>{completion}</completionCondition>" if completion else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        + extension(f"<zeebe:loopCharacteristics {attributes}/>")
        + f"{condition}</multiInstanceLoopCharacteristics>"
    )


ITEMS = 'inputCollection="=items" inputElement="item" outputCollection="results" outputElement="=result"'


def test_what_a_subprocess_writes_is_seen_outside_when_it_is_done():
    inner = start("s") + script("a", "=1", "fresh") + service("w") + end("e") + flow("s > a > w > e")
    case = Case(process(start() + sub("sub", inner) + end() + flow("start > sub > end")))
    assert "fresh" not in case.state.variables
    case.complete_job("w", other="x")
    assert dict(case.state.variables) == {"fresh": Decimal(1), "other": "x"}


def test_output_mappings_choose_what_leaves_a_subprocess():
    io = extension(mapping({"local": "=1"}, {"sum": "=fresh + local"}))
    inner = start("s") + script("a", "=41", "fresh") + end("e") + flow("s > a > e")
    case = Case(process(start() + sub("sub", inner, io) + end() + flow("start > sub > end")))
    assert dict(case.state.variables) == {"sum": Decimal(42)}


def test_a_variable_that_exists_outside_is_written_there():
    inner = start("s") + script("a", "=x + 1", "x") + service("w") + end("e") + flow("s > a > w > e")
    case = Case(process(start() + sub("sub", inner) + end() + flow("start > sub > end")), {"x": 1})
    assert case.value("x") == Decimal(2)


def test_a_parallel_multi_instance_opens_all_rounds_and_keeps_the_results_in_order():
    body = start() + service("w", inner=loop(attributes=ITEMS)) + end() + flow("start > w > end")
    case = Case(process(body), {"items": ["a", "b", "c"]})
    jobs = case.state.jobs
    assert [job.variables["item"] for job in jobs] == ["a", "b", "c"]
    assert [job.variables["loopCounter"] for job in jobs] == [1, 2, 3]
    for at in (2, 0, 1):
        case.send(complete(case, jobs[at].id, result=f"r{at}"))
    assert case.value("results") == ["r0", "r1", "r2"]
    assert set(case.state.variables) == {"items", "results"}
    assert case.completed == ["start", "w", "w", "w", "end"]


def complete(case: Case, job: str, **variables):
    import bpmn

    return bpmn.CompleteJob(case.now, job, variables)


def test_a_sequential_multi_instance_opens_one_round_at_a_time():
    body = (
        start()
        + service("w", inner=loop(sequential=True, attributes=ITEMS))
        + end()
        + flow("start > w > end")
    )
    case = Case(process(body), {"items": [1, 2]})
    assert len(case.jobs) == 1
    case.complete_job("w", result="x")
    assert case.state.jobs[0].variables["item"] == Decimal(2)
    assert case.complete_job("w", result="y").value("results") == ["x", "y"]


def test_an_empty_collection_completes_at_once_with_an_empty_result():
    body = start() + service("w", inner=loop(attributes=ITEMS)) + end() + flow("start > w > end")
    case = Case(process(body), {"items": []})
    assert (case.state.status, case.value("results")) == ("completed", [])


def test_a_completion_condition_ends_the_other_rounds():
    condition = "=numberOfCompletedInstances &gt;= 2"
    body = start() + service("w", inner=loop(attributes=ITEMS, completion=condition)) + end()
    case = Case(process(body + flow("start > w > end")), {"items": [1, 2, 3]})
    case.complete_job("w", result=1).complete_job("w", result=2)
    assert (case.state.status, case.jobs) == ("completed", [])
    assert case.value("results") == [Decimal(1), Decimal(2), None]


def test_a_collection_that_is_no_list_stops_the_token():
    body = start() + service("w", inner=loop(attributes=ITEMS)) + end() + flow("start > w > end")
    case = Case(process(body), {"items": "abc"})
    assert case.codes == ["loop.collection-no-list"]
    assert case.resolve(items=["abc"]).jobs == ["w"]


def test_each_body_of_a_multi_instance_subprocess_has_variables_of_its_own():
    inner = (
        start("s")
        + service("check")
        + script("t", "=score * 2", "result")
        + end("e")
        + flow("s > check > t > e")
    )
    body = start() + sub("each", inner, loop(attributes=ITEMS)) + end() + flow("start > each > end")
    case = Case(process(body), {"items": [1, 2]})
    first, second = case.state.jobs
    case.send(complete(case, first.id, score=10)).send(complete(case, second.id, score=20))
    assert case.value("results") == [Decimal(20), Decimal(40)]
    assert set(case.state.variables) == {"items", "results"}


def test_a_boundary_event_of_a_multi_instance_ends_all_its_rounds():
    body = (
        start()
        + user("w", inner=loop(attributes=ITEMS))
        + '<boundaryEvent id="late" attachedToRef="w"><timerEventDefinition><timeDuration>P1D</timeDuration>'
        + "</timerEventDefinition></boundaryEvent>"
        + end()
        + end("expired")
        + flow("start > w > end")
        + flow("late > expired")
    )
    case = Case(process(body), {"items": [1, 2]}).complete_task("w", result=1).after(days=1)
    assert (case.state.status, case.completed[-1]) == ("completed", "expired")
    assert case.state.to_json()["stored"] == []


def test_a_called_process_works_on_copies_and_gives_back_what_it_wrote():
    called = process(
        start("s")
        + script("a", "=x + 1", "y")
        + script("b", "=100", "x")
        + service("w")
        + end("e")
        + flow("s > a > b > w > e"),
        id="called",
    )
    call = (
        '<callActivity id="call">'
        + extension('<zeebe:calledElement processId="called"/>')
        + "</callActivity>"
    )
    main = process(start() + call + end() + flow("start > call > end"), id="main")
    case = Case({"main.bpmn": main, "called.bpmn": called}, {"x": 1, "z": 3})
    assert case.model.process_id == "main"
    assert case.jobs == ["called/w"]
    assert case.value("x") == Decimal(1)
    case.complete_job("called/w")
    assert dict(case.state.variables) == {"x": Decimal(100), "y": Decimal(2), "z": Decimal(3)}


def test_output_mappings_of_a_call_choose_what_comes_back():
    called = process(start("s") + script("a", "=x + 1", "y") + end("e") + flow("s > a > e"), id="called")
    io = '<zeebe:calledElement processId="called" propagateAllParentVariables="false"/>'
    io += mapping({"x": "=seven"}, {"answer": "=y"})
    call = f'<callActivity id="call">{extension(io)}</callActivity>'
    main = process(start() + call + end() + flow("start > call > end"), id="main")
    case = Case({"main.bpmn": main, "called.bpmn": called}, {"seven": 7})
    assert dict(case.state.variables) == {"seven": Decimal(7), "answer": Decimal(8)}


def test_an_error_in_a_called_process_is_caught_at_the_call():
    called = process(
        start("s") + '<endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>' + flow("s > bad"),
        id="called",
        definitions='<error id="x" errorCode="NO"/>',
    )
    call = (
        '<callActivity id="call">'
        + extension('<zeebe:calledElement processId="called"/>')
        + "</callActivity>"
    )
    call += (
        '<boundaryEvent id="caught" attachedToRef="call"><errorEventDefinition errorRef="x"/></boundaryEvent>'
    )
    main = process(
        start() + call + end() + end("declined") + flow("start > call > end") + flow("caught > declined"),
        id="main",
        definitions='<error id="x" errorCode="NO"/>',
    )
    assert Case({"main.bpmn": main, "called.bpmn": called}).completed[-1] == "declined"


def test_a_loop_of_a_thousand_rounds_is_no_matter():
    body = start() + '<exclusiveGateway id="again"/>' + script("inc", "=n + 1", "n")
    body += '<exclusiveGateway id="more" default="more-end"/>' + end()
    body += flow("start > again > inc > more > again", {"more-again": "=n &lt; 1000"}) + flow("more > end")
    case = Case(process(body), {"n": 0})
    assert (case.state.status, case.value("n")) == ("completed", Decimal(1000))


def test_a_model_that_loops_for_ever_stops_with_an_incident(monkeypatch):
    monkeypatch.setattr("bpmn.kernel.burst.MAX_STEPS", 500)
    body = start() + '<exclusiveGateway id="g"/><task id="t"/>' + flow("start > g > t > g")
    assert Case(process(body)).codes == ["burst.too-long"]


def test_tokens_that_multiply_stop_before_they_fill_the_memory(monkeypatch):
    """Three elements that each make 400 tokens of one would make 64 million."""
    monkeypatch.setattr("bpmn.kernel.burst.MAX_STEPS", 1000)
    names = ("a", "b", "c")
    tasks = "".join(f'<task id="{name}" completionQuantity="400"/>' for name in names)
    rounds = '<task id="t"/>' + start("s") + flow("s > t")
    for name in names:
        loop = "<multiInstanceLoopCharacteristics><loopCardinality>400</loopCardinality>"
        rounds = sub(name, rounds, f"{loop}</multiInstanceLoopCharacteristics>")
        rounds += start(f"s{name}") + flow(f"s{name} > {name}")
    for body in (start() + tasks + end() + flow("start > a > b > c > end"), rounds):
        case = Case(process(body))
        assert set(case.codes) == {"burst.too-long"}
        assert len(case.events) < 10_000


def test_a_process_may_call_itself_hundreds_of_calls_deep():
    call = '<callActivity id="call">' + extension('<zeebe:calledElement processId="p"/>') + "</callActivity>"
    body = start() + script("down", "=n - 1", "n") + '<exclusiveGateway id="deep" default="deep-end"/>' + call
    body += end() + end("back") + flow("start > down > deep > call > back", {"deep-call": "=n &gt; 0"})
    case = Case(process(body + flow("deep > end")), {"n": 400})
    assert (case.state.status, case.value("n")) == ("completed", Decimal(0))
    assert case.completed.count("call") == 399
