"""Several processes in one file, and what passes between their instances."""

import bpmn
from bpmn.simulation.world import World
from support.bpmn_text import HEAD, end, extension, flow, mapping, refused, service, start

ORDER = extension('<zeebe:subscription correlationKey="=order"/>')
DEFINITIONS = (
    f'<message id="m-order" name="order">{ORDER}</message>'
    f'<message id="m-answer" name="answer">{ORDER}</message>'
    '<signal id="s-closed" name="closed"/>'
)
POOLS = (
    '<collaboration id="c"><participant id="p1" processRef="buyer"/>'
    '<participant id="p2" processRef="seller"/>'
    '<messageFlow id="f1" sourceRef="ask" targetRef="asked"/>'
    '<messageFlow id="f2" sourceRef="answer" targetRef="answered"/></collaboration>'
)


def throw(id: str, message: str, **content: str) -> str:
    given = extension(mapping(content))
    event = f'<messageEventDefinition messageRef="{message}"/>'
    return f'<intermediateThrowEvent id="{id}">{given}{event}</intermediateThrowEvent>'


def pool(id: str, body: str) -> str:
    return f'<process id="{id}" isExecutable="true">{body}</process>'


CLOSED = '<startEvent id="{0}"><signalEventDefinition signalRef="s-closed"/></startEvent><task id="{0}-t"/>'
BUYER = (
    start()
    + throw("ask", "m-order", order="=order", amount="=amount")
    + '<receiveTask id="answered" messageRef="m-answer"/>'
    + end("bought")
    + flow("start > ask > answered > bought")
    + '<subProcess id="give-up" triggeredByEvent="true">'
    + CLOSED.format("shut")
    + flow("shut > shut-t")
    + "</subProcess>"
)
SELLER = (
    '<startEvent id="asked"><messageEventDefinition messageRef="m-order"/></startEvent>'
    + service("offer")
    + throw("answer", "m-answer", order="=order", price="=price")
    + end("sold")
    + flow("asked > offer > answer > sold")
)
TRADE = f"{HEAD}{DEFINITIONS}{POOLS}{pool('buyer', BUYER)}{pool('seller', SELLER)}</definitions>".encode()


def world() -> World:
    return World(
        bpmn.compile_model({"trade.bpmn": TRADE}, process=process) for process in ("buyer", "seller")
    )


def running(world: World) -> list[str]:
    return [state.model.process_id for state in world.states if state.status == "running"]


def test_one_of_several_executable_processes_has_to_be_chosen():
    assert refused(TRADE) == [("process.ambiguous", None)]
    for process in ("buyer", "seller"):
        findings = bpmn.lint({"trade.bpmn": TRADE}, process=process)
        assert [str(each) for each in findings] == []
        model = bpmn.compile_model({"trade.bpmn": TRADE}, process=process)
        assert (model.process_id, model.processes) == (process, (process,))


def test_a_message_starts_the_other_pool_and_its_answer_finds_the_instance_by_its_key():
    trade = world()
    trade.start("buyer", {"order": "A", "amount": 5})
    trade.start("buyer", {"order": "B", "amount": 7})
    assert running(trade) == ["buyer", "seller", "buyer", "seller"]

    offer = trade.states[3].jobs[0]
    assert (offer.variables["order"], offer.variables["amount"]) == ("B", 7)
    trade.send(3, bpmn.CompleteJob(trade.now, offer.id, {"price": 70}))

    assert running(trade) == ["buyer", "seller"]
    assert trade.states[2].variables["price"] == 70
    assert "price" not in trade.states[0].variables


def test_an_answer_that_nobody_waits_for_reaches_nobody():
    trade = world()
    trade.start("seller", {"order": "A", "price": 1}, start_element="asked")
    trade.send(0, bpmn.CompleteJob(trade.now, trade.states[0].jobs[0].id))
    assert [state.status for state in trade.states] == ["completed"]


def test_a_signal_reaches_every_instance_that_waits_for_it():
    trade = world()
    for order in ("A", "B"):
        trade.start("buyer", {"order": order, "amount": 5})
    trade.signal("closed", {})
    assert running(trade) == ["seller", "seller"]
    completed = [event.element for event in trade.events if event.kind == "element.completed"]
    assert completed.count("give-up") == 2


def test_a_signal_thrown_in_one_pool_starts_another_once():
    closing = start() + '<endEvent id="close"><signalEventDefinition signalRef="s-closed"/></endEvent>'
    closing += flow("start > close")
    source = (
        f"{HEAD}{DEFINITIONS}{pool('closer', closing)}{pool('watcher', CLOSED.format('w') + flow('w > w-t'))}"
        "</definitions>"
    ).encode()
    both = World(bpmn.compile_model({"a.bpmn": source}, process=each) for each in ("closer", "watcher"))
    both.start("closer", {})
    assert [(state.model.process_id, state.status) for state in both.states] == [
        ("closer", "completed"),
        ("watcher", "completed"),
    ]
