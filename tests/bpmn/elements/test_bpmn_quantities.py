"""How many tokens an activity takes to begin, and gives when it is done; several events awaited together."""

import pytest

from support.bpmn_text import Case, end, extension, flow, process, refused, service, start

GIVES = '<task id="send" completionQuantity="2"/>'
TAKES = '<task id="receive" startQuantity="2"/>'
PAID = '<signal id="s1" name="paid"/><signal id="s2" name="shipped"/>'
BOTH = (
    '<intermediateCatchEvent id="both" parallelMultiple="true"><signalEventDefinition signalRef="s1"/>'
    '<signalEventDefinition signalRef="s2"/></intermediateCatchEvent>'
)


def signal(case: Case, name: str, **variables) -> Case:
    import bpmn

    return case.send(bpmn.BroadcastSignal(case.now, name, variables))


def test_an_activity_gives_as_many_tokens_as_its_completion_quantity():
    case = Case(process(start() + GIVES + service("w") + end() + flow("start > send > w > end")))
    assert case.jobs == ["w", "w"]


def test_an_activity_begins_with_as_many_tokens_as_its_start_quantity():
    body = start() + GIVES + service("w") + TAKES + end() + flow("start > send > w > receive > end")
    case = Case(process(body)).complete_job("w", a=1)
    assert "receive" not in case.completed
    case.complete_job("w", b=2)
    assert case.completed[-2:] == ["receive", "end"]
    assert (case.state.status, case.value("a"), case.value("b")) == ("completed", 1, 2)


def test_tokens_of_different_flows_count_together():
    body = start() + '<task id="split"/>' + service("a") + service("b") + TAKES + end()
    body += flow("start > split > a > receive > end") + flow("split > b > receive")
    case = Case(process(body)).complete_job("a").complete_job("b")
    assert case.completed.count("receive") == 1
    assert case.state.status == "completed"


def test_an_activity_that_lacks_a_token_waits():
    case = Case(process(start() + TAKES + end() + flow("start > receive > end")))
    assert (case.state.status, case.state.active_elements) == ("running", ("p", "receive"))


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "many", "1001"])
def test_a_quantity_that_is_no_small_whole_number_is_refused(quantity):
    body = start() + f'<task id="t" startQuantity="{quantity}"/>' + end() + flow("start > t > end")
    assert refused(process(body)) == [("activity.bad-quantity", "t")]


def test_a_start_quantity_without_a_flow_is_refused():
    assert ("activity.quantity-without-flow", "receive") in refused(process(start() + TAKES))


def test_a_parallel_multiple_catch_waits_for_all_of_its_events():
    case = Case(process(start() + BOTH + end() + flow("start > both > end"), definitions=PAID))
    signal(case, "paid", amount=5)
    signal(case, "paid", amount=6)
    assert "both" not in case.completed
    signal(case, "shipped", parcel="x")
    assert (case.state.status, dict(case.state.variables)) == ("completed", {"amount": 5, "parcel": "x"})


def test_a_parallel_multiple_event_cannot_decide_a_gateway():
    body = start() + '<eventBasedGateway id="g"/>' + BOTH + end() + flow("start > g > both > end")
    assert ("gateway.parallel-multiple", "g") in refused(process(body, definitions=PAID))


def test_quantities_do_not_count_for_the_rounds_of_a_loop():
    rounds = (
        "<multiInstanceLoopCharacteristics>"
        + extension('<zeebe:loopCharacteristics inputCollection="=[1,2]"/>')
        + "</multiInstanceLoopCharacteristics>"
    )
    body = start() + GIVES + f'<task id="receive" startQuantity="2">{rounds}</task>' + end()
    case = Case(process(body + flow("start > send > receive > end")))
    assert (case.state.status, case.completed.count("receive"), case.completed.count("end")) == (
        "completed",
        2,
        1,
    )
