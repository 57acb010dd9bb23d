"""Parallel branches and the variables that they share: an update is never lost in silence."""

from decimal import Decimal

from support.bpmn_text import Case, end, extension, flow, process, service, start, user

TWICE = (
    "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
    "</multiInstanceLoopCharacteristics>"
)


def fork(*branches: str) -> str:
    body = start() + '<parallelGateway id="fork"/><parallelGateway id="join"/>' + flow("start > fork")
    for branch in branches:
        body += service(branch) + flow(f"fork > {branch} > join")
    return body


def test_two_branches_that_write_one_variable_conflict():
    case = Case(process(fork("a", "b") + end() + flow("join > end")), {"x": 0})
    case.complete_job("a", x=1).complete_job("b", x=2)
    assert case.codes == ["variable.conflict"]
    assert case.value("x") == Decimal(1)


def test_the_conflict_stops_only_its_token_and_a_person_may_decide_for_the_later_value():
    case = (
        Case(process(fork("a", "b") + end() + flow("join > end")))
        .complete_job("a", x=1)
        .complete_job("b", x=2)
    )
    assert case.state.status == "running"
    case.resolve()
    assert (case.state.status, case.value("x")) == ("completed", Decimal(2))


def test_branches_that_write_different_variables_do_not_conflict():
    case = Case(process(fork("a", "b") + end() + flow("join > end")))
    case.complete_job("a", x=1).complete_job("b", y=2)
    assert dict(case.state.variables) == {"x": Decimal(1), "y": Decimal(2)}


def test_after_the_join_both_branches_writes_are_past():
    body = fork("a", "b") + service("c") + end() + flow("join > c > end")
    case = Case(process(body)).complete_job("a", x=1).complete_job("b", y=1).complete_job("c", x=3, y=3)
    assert (case.codes, case.value("x")) == ([], Decimal(3))


def test_a_write_before_the_fork_is_past_for_every_branch():
    body = start() + service("first") + '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    body += service("a") + service("b") + end()
    body += flow("start > first > fork > a > join > end") + flow("fork > b > join")
    case = Case(process(body)).complete_job("first", x=0).complete_job("b", x=1)
    assert case.codes == []


def test_a_branch_may_write_again_what_it_wrote():
    body = (
        start()
        + '<parallelGateway id="fork"/>'
        + service("a")
        + service("a2")
        + service("b")
        + end()
        + end("e2")
    )
    body += flow("start > fork > a > a2 > end") + flow("fork > b > e2")
    case = Case(process(body)).complete_job("a", x=1).complete_job("a2", x=2)
    assert (case.codes, case.value("x")) == ([], Decimal(2))


def test_rounds_of_a_parallel_multi_instance_conflict_on_an_outer_variable():
    body = start() + service("w", inner=TWICE) + end() + flow("start > w > end")
    case = Case(process(body), {"x": 0}).complete_job("w", x=1).complete_job("w", x=2)
    assert case.codes == ["variable.conflict"]


def test_what_rounds_wrote_outside_is_past_when_the_activity_is_done():
    inner = start("s") + service("w") + end("e") + flow("s > w > e")
    body = start() + f'<subProcess id="each">{TWICE}{inner}</subProcess>' + service("after") + end()
    case = Case(process(body + flow("start > each > after > end")), {"x": 0, "y": 0})
    case.complete_job("w", x=1).complete_job("w", y=1).complete_job("after", x=2, y=2)
    assert (case.codes, case.state.status) == ([], "completed")


def test_a_handler_beside_an_activity_conflicts_with_it_but_an_interrupting_one_comes_after():
    def model(cancel: str) -> bytes:
        inner = start("s") + service("w1") + service("w2") + end("e") + flow("s > w1 > w2 > e")
        body = start() + f'<subProcess id="sub">{inner}</subProcess>'
        body += f'<boundaryEvent id="b" attachedToRef="sub" cancelActivity="{cancel}">'
        body += '<messageEventDefinition messageRef="m"/></boundaryEvent>' + service("h") + end() + end("he")
        body += flow("start > sub > end") + flow("b > h > he")
        return process(body, definitions='<message id="m" name="m"/>')

    beside = Case(model("false"), {"x": 0}).message("m").complete_job("w1", x=1).complete_job("h", x=2)
    assert beside.codes == ["variable.conflict"]
    after = Case(model("true"), {"x": 0}).complete_job("w1", x=1).message("m").complete_job("h", x=2)
    assert (after.codes, after.value("x")) == ([], Decimal(2))


def test_the_clock_of_a_token_stays_small_in_a_loop_of_forks():
    body = (
        start()
        + '<exclusiveGateway id="again"/><parallelGateway id="fork"/><parallelGateway id="join"/>'
        + user("a")
        + user("b")
        + '<exclusiveGateway id="more" default="more-end"/>'
        + end()
        + flow("start > again > fork > a > join > more > again", {"more-again": "=go"})
        + flow("fork > b > join")
        + flow("more > end")
    )
    case = Case(process(body), {"go": True, "x": 0, "y": 0})
    sizes = []
    for at in range(40):
        case.complete_task("b", y=at).complete_task("a", x=at)
        sizes.append(max(len(token.seen) for token in case.state.tokens))
    assert case.codes == []
    assert max(sizes) <= 9


def test_what_an_input_mapping_made_local_stays_inside_even_when_it_is_written():
    io = extension('<zeebe:ioMapping><zeebe:input source="=1" target="x"/></zeebe:ioMapping>')
    inner = start("s") + service("w") + end("e") + flow("s > w > e")
    body = start() + f'<subProcess id="sub">{io}{inner}</subProcess>' + end() + flow("start > sub > end")
    case = Case(process(body), {"x": 0}).complete_job("w", x=5)
    assert case.value("x") == Decimal(0)
