"""Data objects, properties, data inputs and outputs, and the associations that copy between them."""

from decimal import Decimal

import pytest

import bpmn
from support.bpmn_text import Case, end, extension, flow, mapping, process, refused, script, service, start

XPATH = '<transformation language="xpath">=1</transformation>'
STORE = '<dataStoreReference id="s"/>'
ORDER = '<dataObject id="order"/>'


def copy(way: str, source: str, target: str, inner: str = "", *, id: str = "a") -> str:
    """A data association; `way` is "Input" or "Output", `source` may name several."""
    sources = "".join(f"<sourceRef>{each}</sourceRef>" for each in source.split())
    association = f"data{way}Association"
    return f'<{association} id="{id}">{sources}<targetRef>{target}</targetRef>{inner}</{association}>'


def assign(given: str, to: str) -> str:
    return f"<assignment><from>{given}</from><to>{to}</to></assignment>"


def io(inputs: str = "", outputs: str = "", *, optional: str = "") -> str:
    """An ioSpecification; the data is given by ids, that of `optional` may be missing."""

    def data(tag: str, ids: str) -> str:
        return "".join(f'<data{tag} id="{each}"/>' for each in ids.split())

    def sets(tag: str, ids: str) -> str:
        inner = "".join(f"<data{tag}Refs>{each}</data{tag}Refs>" for each in ids.split())
        inner += "".join(
            f"<optional{tag}Refs>{each}</optional{tag}Refs>"
            for each in ids.split()
            if each in optional.split()
        )
        return f"<{tag.lower()}Set>{inner}</{tag.lower()}Set>"

    return (
        "<ioSpecification>"
        + data("Input", inputs)
        + data("Output", outputs)
        + sets("Input", inputs)
        + sets("Output", outputs)
        + "</ioSpecification>"
    )


def around(content: str, path: str = "start > x > end", definitions: str = "") -> bytes:
    return process(start() + content + end() + flow(path), definitions=definitions)


# Data objects and associations of activities


def test_data_goes_in_before_an_activity_and_out_when_it_is_done():
    inner = io("given", "found") + copy("Input", "order", "given") + copy("Output", "found", "order", id="b")
    case = Case(around(ORDER + service("x", inner=inner)), {"order": 7, "secret": 1})

    assert dict(case.state.jobs[0].variables) == {"given": 7, "found": None}
    case.complete_job("x", found=8, rest=9)

    assert case.state.status == "completed"
    assert dict(case.state.variables) == {"order": 8, "secret": 1}


def test_a_reference_stands_for_its_data_object():
    reference = '<dataObject id="o" name="order"/><dataObjectReference id="r" name="x" dataObjectRef="o"/>'
    inner = io("given") + copy("Input", "r", "given")
    assert Case(around(reference + service("x", inner=inner)), {"order": 1}).state.jobs[0].variables == {
        "given": 1
    }


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ('<dataObject id="o1" name="order"/>', "order"),
        ('<dataObject id="o1" name="purchase order"/>', "o1"),
        ('<dataObject id="o1" name="if"/>', "o1"),
        (
            '<dataObject id="o1"/><dataObjectReference id="r" name="Order [paid]" dataObjectRef="o1"/>',
            "Order",
        ),
        (
            '<dataObject id="o1"/><dataObjectReference id="r" name="a" dataObjectRef="o1"/>'
            '<dataObjectReference id="s" name="b" dataObjectRef="o1"/>',
            "o1",
        ),
    ],
)
def test_a_data_object_is_the_variable_of_its_name_if_feel_can_read_it_else_of_its_id(data, name):
    inner = io("", "found") + copy("Output", "found", "o1")
    case = Case(around(data + service("x", inner=inner))).complete_job("x", found=2)
    assert dict(case.state.variables) == {name: 2}


def test_a_data_input_and_the_data_object_that_fills_it_may_share_a_name():
    inner = '<ioSpecification><dataInput id="i" name="order"/><dataOutput id="o" name="order"/>'
    inner += "<inputSet><dataInputRefs>i</dataInputRefs></inputSet>"
    inner += "<outputSet><dataOutputRefs>o</dataOutputRefs></outputSet></ioSpecification>"
    inner += copy("Input", "order", "i") + copy("Output", "o", "order", id="b")
    case = Case(around(ORDER + service("x", inner=inner)), {"order": 1})
    assert case.state.jobs[0].variables == {"order": 1}
    assert case.complete_job("x", order=2).value("order") == 2


def test_a_transformation_gives_the_value_from_several_sources():
    inner = io("sum") + copy(
        "Input", "a1 b1", "sum", "<transformation>=a1 + b1</transformation>", id="transform"
    )
    case = Case(
        around('<dataObject id="a1"/><dataObject id="b1"/>' + service("x", inner=inner)), {"a1": 1, "b1": 2}
    )
    assert case.state.jobs[0].variables == {"sum": 3}


def test_assignments_set_parts_of_the_target_in_their_order():
    into = copy("Input", "order", "given", assign("=order.net", "given.net") + assign("=1", "given.by.me"))
    out = copy("Output", "found", "order", assign("=found * 2", "order.gross"), id="b")
    case = Case(
        around(ORDER + service("x", inner=io("given", "found") + into + out)),
        {"order": {"net": 4, "id": "A"}},
    )
    assert case.state.jobs[0].variables["given"] == {"net": 4, "by": {"me": 1}}
    assert case.complete_job("x", found=5).value("order") == {"net": 4, "id": "A", "gross": 10}


def test_data_that_is_not_there_stops_the_activity_until_somebody_gives_it():
    inner = io("given") + copy("Input", "order", "given", id="into")
    case = Case(around(ORDER + service("x", inner=inner)))
    (incident,) = case.state.incidents
    assert (incident.code, incident.element) == ("data.unavailable", "x")
    assert "order is null, but into needs it" in incident.message
    assert case.jobs == []

    case.resolve(order=3)

    assert case.state.jobs[0].variables == {"given": 3}
    assert case.complete_job("x").state.status == "completed"


def test_a_data_output_that_the_work_does_not_give_is_an_incident_and_nothing_is_written():
    inner = io("", "found") + copy("Output", "found", "order")
    case = Case(around(ORDER + service("x", inner=inner)), {"order": 1}).complete_job("x", other=2)
    assert case.codes == ["data.unavailable"]
    assert dict(case.state.variables) == {"order": 1}
    case.resolve(found=5)
    assert (case.value("order"), case.state.status) == (5, "completed")


def test_optional_data_may_be_missing_and_is_null_then():
    inner = io("given", "found", optional="given found")
    inner += copy("Input", "order", "given", "<transformation>=string(order)</transformation>")
    inner += copy("Output", "found", "order", id="b")
    case = Case(around(ORDER + service("x", inner=inner)))
    assert case.state.jobs[0].variables == {"given": None, "found": None}
    case.complete_job("x")
    assert (case.state.status, dict(case.state.variables)) == ("completed", {"order": None})


def test_two_branches_that_write_one_data_object_conflict():
    def work(id: str) -> str:
        found = f"found_{id}"
        return service(id, inner=io("", found) + copy("Output", found, "order", id=f"out_{id}"))

    body = ORDER + start() + '<parallelGateway id="f"/>' + work("x") + work("y") + end("e1") + end("e2")
    body += flow("start > f > x > e1") + flow("f > y > e2")
    case = Case(process(body)).complete_job("x", found_x=1).complete_job("y", found_y=2)
    assert case.codes == ["variable.conflict"]
    assert case.resolve().value("order") == 2


# Scopes


def scope(content: str, *, tag: str = "subProcess", path: str = "s > w > e", attributes: str = "") -> str:
    inner = start("s") + content + end("e") + flow(path)
    return f'<{tag} id="sub" {attributes}>{inner}</{tag}>'


def test_a_data_object_of_a_subprocess_begins_as_null_and_ends_with_it():
    write = io("", "found") + copy("Output", "found", "note")
    sub = scope('<dataObject id="note"/>' + service("w", inner=write) + service("v"), path="s > w > v > e")
    case = Case(around(sub + service("x"), "start > sub > x > end"), {"kept": 1})

    case.complete_job("w", found=2)
    assert case.state.jobs[0].variables == {"kept": 1, "note": 2}
    case.complete_job("v", note=3, other=4)

    assert case.jobs == ["x"]
    assert dict(case.state.variables) == {"kept": 1, "other": 4}


def test_each_run_of_a_subprocess_has_data_objects_of_its_own():
    write = io("", "found") + copy("Output", "found", "note")
    loop = '<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality>'
    loop += "</multiInstanceLoopCharacteristics>"
    sub = scope('<dataObject id="note"/>' + loop + service("w", inner=write) + service("v"), path="s>w>v>e")
    case = Case(around(sub, "start > sub > end"), {"note": "outside"})
    case.complete_job("w", found=1)
    assert case.state.jobs[0].variables["note"] == 1
    case.complete_job("v").complete_job("w", found=2)
    assert case.state.jobs[0].variables["note"] == 2
    assert dict(case.complete_job("v").state.variables) == {"note": "outside"}


def test_an_inner_association_writes_the_data_object_of_the_scope_that_has_it():
    write = io("", "found") + copy("Output", "found", "order")
    case = Case(around(ORDER + scope(service("w", inner=write)), "start > sub > end"))
    case.complete_job("w", found=2)
    assert dict(case.state.variables) == {"order": 2}


def test_associations_of_a_subprocess_fill_its_property_and_take_it_out_again():
    sub = scope(
        '<property id="mine"/>'
        + copy("Input", "order", "mine", "<transformation>=order + 1</transformation>")
        + copy("Output", "mine", "order", id="b")
        + service("w")
    )
    case = Case(around(ORDER + sub, "start > sub > end"), {"order": 1})
    assert case.state.jobs[0].variables == {"order": 1, "mine": 2}
    case.complete_job("w", mine=5, dropped=6)
    assert dict(case.state.variables) == {"order": 5}


def test_what_interrupts_a_subprocess_takes_its_data_objects_away():
    write = io("", "found") + copy("Output", "found", "note")
    sub = scope('<dataObject id="note"/>' + service("w", inner=write) + service("v"), path="s > w > v > e")
    boundary = '<boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition>'
    boundary += "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    body = start() + sub + boundary + service("after") + end() + end("end2")
    case = Case(process(body + flow("start > sub > end") + flow("late > after > end2")))
    case.complete_job("w", found=2).after(hours=1)
    assert case.jobs == ["after"]
    assert dict(case.state.jobs[0].variables) == {}


def test_an_event_subprocess_reads_the_data_object_around_it_and_has_its_own():
    read = io("given") + copy("Input", "order", "given")
    inner = '<startEvent id="s"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    inner += "</timerEventDefinition></startEvent>"
    inner += '<dataObject id="note"/>' + service("w", inner=read + copy("Input", "note", "seen", id="b"))
    inner = inner.replace('<dataInput id="given"/>', '<dataInput id="given"/><dataInput id="seen"/>')
    inner = inner.replace("</inputSet>", "<optionalInputRefs>seen</optionalInputRefs></inputSet>")
    handler = f'<subProcess id="h" triggeredByEvent="true">{inner}{end("e")}{flow("s > w > e")}</subProcess>'
    case = Case(around(ORDER + service("x") + handler), {"order": 4, "note": "outside"}).after(hours=1)
    assert case.state.jobs[0].variables == {"given": 4, "seen": None}


def test_a_compensation_handler_reads_and_writes_the_data_around_it():
    undo = io("given", "left") + copy("Input", "order", "given") + copy("Output", "left", "order", id="b")
    handler = service("undo", inner=undo).replace("<serviceTask", '<serviceTask isForCompensation="true"')
    boundary = '<boundaryEvent id="c" attachedToRef="x"><compensateEventDefinition/></boundaryEvent>'
    boundary += '<association id="l" sourceRef="c" targetRef="undo"/>'
    throw = '<endEvent id="end"><compensateEventDefinition/></endEvent>'
    body = ORDER + start() + service("x") + boundary + handler + throw + flow("start > x > end")
    case = Case(process(body), {"order": 3}).complete_job("x")
    assert case.state.jobs[0].variables == {"given": 3, "left": None}
    assert case.complete_job("undo", left=0).value("order") == 0
    assert case.state.status == "completed"


# Properties and the data of a process


def test_a_property_of_an_activity_lives_as_long_as_it_and_keeps_what_the_work_gives():
    case = Case(
        around(service("x", inner='<property id="mine" name="mine"/>') + service("y"), "start>x>y>end")
    )
    assert case.state.jobs[0].variables == {"mine": None}
    case.complete_job("x", mine=1, other=2)
    assert dict(case.state.jobs[0].variables) == {"other": 2}


def test_a_property_of_a_process_is_a_variable_from_the_beginning():
    assert dict(Case(around('<property id="mine"/>' + service("x"))).state.variables) == {"mine": None}


def test_a_process_begins_only_with_its_data_inputs():
    source = process(io("order", "result") + start() + service("x") + end() + flow("start > x > end"))
    case = Case(source)
    assert [(each.code, each.element) for each in case.state.incidents] == [("data.unavailable", "p")]
    case.resolve(order=1)
    assert case.jobs == ["x"]
    assert Case(source, {"order": 2}).state.jobs[0].variables == {"order": 2, "result": None}


def test_a_call_passes_data_inputs_and_brings_data_outputs_back():
    called = process(
        io("amount", "fee") + start() + script("calc", "=amount * 2", "fee") + end() + flow("start>calc>end"),
        id="fees",
    )
    call = '<callActivity id="x">'
    call += extension('<zeebe:calledElement processId="fees" propagateAllParentVariables="false"/>')
    call += (
        io("amount_in", "fee_out")
        .replace('id="amount_in"', 'id="amount_in" name="amount"')
        .replace('id="fee_out"', 'id="fee_out" name="fee"')
    )
    call += copy("Input", "order", "amount_in") + copy("Output", "fee_out", "cost", id="b")
    main = process(
        ORDER
        + '<dataObject id="cost"/>'
        + start("begin")
        + f"{call}</callActivity>"
        + end("done")
        + flow("begin > x > done"),
        id="main",
    )
    case = Case({"a.bpmn": main, "b.bpmn": called}, {"order": 5, "other": 1})
    assert dict(case.state.variables) == {"order": 5, "other": 1, "cost": 10}


# Events

PAID = '<messageEventDefinition messageRef="m"/>'
MESSAGE = '<message id="m" name="paid"/><message id="n" name="offer"/><signal id="s1" name="alarm"/>'


def test_a_catching_event_gives_its_data_output_and_nothing_else():
    catch = '<intermediateCatchEvent id="x"><dataOutput id="amount"/>' + copy("Output", "amount", "order")
    catch += "<outputSet><dataOutputRefs>amount</dataOutputRefs></outputSet>" + PAID
    case = Case(around(ORDER + catch + "</intermediateCatchEvent>", definitions=MESSAGE))
    case.message("paid", amount=3, dropped=4)
    assert dict(case.state.variables) == {"order": 3}


def test_a_message_without_the_data_that_its_event_gives_is_an_incident():
    catch = '<intermediateCatchEvent id="x"><dataOutput id="amount"/>' + copy("Output", "amount", "order")
    catch += "<outputSet><dataOutputRefs>amount</dataOutputRefs></outputSet>" + PAID
    case = Case(
        around(ORDER + catch + "</intermediateCatchEvent>", definitions=MESSAGE), {"amount": "of others"}
    )
    case.message("paid", dropped=4)
    assert case.codes == ["data.unavailable"]
    assert case.resolve(amount=1).value("order") == 1


def test_a_throwing_event_takes_its_data_inputs_along():
    throw = '<intermediateThrowEvent id="x"><dataInput id="price"/>'
    throw += copy("Input", "order", "price", "<transformation>=order + 1</transformation>")
    throw += (
        '<inputSet><dataInputRefs>price</dataInputRefs></inputSet><messageEventDefinition messageRef="n"/>'
    )
    case = Case(around(ORDER + throw + "</intermediateThrowEvent>", definitions=MESSAGE), {"order": 1})
    (thrown,) = [event for event in case.events if event.kind == "message.thrown"]
    assert thrown.data["variables"] == {"price": 2}


def test_a_boundary_event_and_an_end_event_exchange_data_by_a_signal():
    boundary = '<boundaryEvent id="b" attachedToRef="x"><dataOutput id="level"/>'
    boundary += copy("Output", "level", "order") + '<signalEventDefinition signalRef="s1"/></boundaryEvent>'
    throw = '<endEvent id="e2"><dataInput id="in" name="level"/>' + copy("Input", "order", "in", id="c")
    throw += '<signalEventDefinition signalRef="s1"/></endEvent>'
    body = ORDER + start() + service("x") + boundary + throw + end()
    case = Case(process(body + flow("start > x > end") + flow("b > e2"), definitions=MESSAGE), {"order": 1})
    case.send(bpmn.BroadcastSignal(case.now, "alarm", {"level": 9}))
    assert case.value("order") == 9
    assert [event.data["variables"] for event in case.events if event.kind == "signal.thrown"] == [
        {"level": 9}
    ]


def test_the_data_output_of_a_start_event_is_what_the_process_was_started_with():
    begin = '<startEvent id="begin"><dataOutput id="sent"/>' + copy("Output", "sent", "order")
    begin += '<messageEventDefinition messageRef="m"/></startEvent>'
    body = ORDER + begin + service("x") + end() + flow("begin > x > end")
    model = bpmn.compile_model({"a.bpmn": process(body, definitions=MESSAGE)})
    at = Case(around(service("x"))).now
    begun = bpmn.step(model, bpmn.new_instance(model, "i"), bpmn.Start(at, {"sent": 3}, "begin"))
    assert dict(begun.state.variables) == {"order": 3, "sent": 3}


# Loops

LOOP = (
    "<multiInstanceLoopCharacteristics{attributes}><loopDataInputRef>{into}</loopDataInputRef>"
    "<loopDataOutputRef>{out}</loopDataOutputRef><inputDataItem id='item'/><outputDataItem id='result'/>"
    "</multiInstanceLoopCharacteristics>"
)
LISTS = '<dataObject id="orders" isCollection="true"/><dataObject id="results" isCollection="true"/>'


def test_a_loop_goes_through_a_data_object_and_fills_another():
    loop = LOOP.format(into="orders", out="results", attributes="")
    case = Case(around(LISTS + service("x", inner=loop)), {"orders": [1, 2], "result": "outside"})
    assert [dict(job.variables) for job in case.state.jobs] == [
        {"loopCounter": 1, "item": 1, "result": None},
        {"loopCounter": 2, "item": 2, "result": None},
    ]
    first, second = case.state.jobs
    case.send(bpmn.CompleteJob(case.now, second.id, {"result": 20}))
    case.send(bpmn.CompleteJob(case.now, first.id, {"result": 10}))
    assert case.value("results") == [10, 20]
    assert (case.value("result"), case.state.status) == ("outside", "completed")


def test_the_collections_of_a_task_are_those_at_the_other_ends_of_its_associations():
    inner = io("list_in each", "list_out one")
    inner += copy("Input", "orders", "list_in", id="a1") + copy("Input", "item", "each", id="a2")
    inner += copy("Output", "one", "result", id="a3") + copy("Output", "list_out", "results", id="a4")
    inner += LOOP.format(into="list_in", out="list_out", attributes=' isSequential="true"')
    case = Case(around(LISTS + service("x", inner=inner)), {"orders": [5, 6]})
    assert case.state.jobs[0].variables["each"] == 5
    case.complete_job("x", one="a").complete_job("x", one="b")
    assert case.value("results") == ["a", "b"]


def test_the_rounds_of_a_subprocess_give_their_output_item():
    loop = LOOP.format(into="orders", out="results", attributes=' isSequential="true"')
    inner = io("", "found") + copy("Output", "found", "result")
    sub = scope(loop + service("w", inner=inner))
    case = Case(around(LISTS + sub, "start > sub > end"), {"orders": [1, 2]})
    case.complete_job("w", found="a").complete_job("w", found="b")
    assert case.value("results") == ["a", "b"]


def test_a_transformation_may_make_the_collection_that_a_loop_goes_through():
    twice = "<transformation>=concatenate(orders, orders)</transformation>"
    inner = io("i") + copy("Input", "orders", "i", twice)
    inner += loop("<loopDataInputRef>i</loopDataInputRef><inputDataItem id='item'/>")
    case = Case(around(LISTS + service("x", inner=inner)), {"orders": [1]})
    assert [job.variables["item"] for job in case.state.jobs] == [1, 1]


def test_a_loop_over_data_that_is_no_list_is_an_incident():
    loop = LOOP.format(into="orders", out="results", attributes="")
    case = Case(around(LISTS + service("x", inner=loop)))
    assert case.codes == ["loop.collection-no-list"]
    assert case.resolve(orders=[]).state.status == "completed"
    assert case.value("results") == []


def loop(inner: str) -> str:
    return f"<multiInstanceLoopCharacteristics>{inner}</multiInstanceLoopCharacteristics>"


# The deployment check


def test_data_written_as_the_standard_demands_passes_the_deployment_check():
    into = copy("Input", "ref", "given", "<transformation>=order + 1</transformation>")
    work = service("x", inner=io("given", "found") + into + copy("Output", "found", "ref", id="b"))
    throw = '<endEvent id="end"><dataInput id="sent"/>' + copy("Input", "ref", "sent", id="c")
    throw += '<inputSet><dataInputRefs>sent</dataInputRefs></inputSet><signalEventDefinition signalRef="s1"/>'
    data = ORDER + '<dataObjectReference id="ref" dataObjectRef="order"/>'
    body = start() + data + work + throw + "</endEvent>" + flow("start > x > end")
    assert bpmn.lint({"a.bpmn": process(body, definitions=MESSAGE)}) == []


# What only describes


def test_what_a_modeler_only_draws_means_nothing_at_run_time():
    drawn = '<dataObject id="d"/><dataObjectReference id="r" name="Order" dataObjectRef="d"/>'
    drawn += '<dataStoreReference id="store" name="Archive"/>'
    placeholder = '<property id="p1" name="__targetRef_placeholder"/>'
    task = service(
        "x",
        inner=placeholder + copy("Input", "r", "p1", id="a1") + copy("Input", "store", "p1", id="a2")
        + copy("Output", "", "r", id="a3") + copy("Output", "", "store", id="a4"),
    )  # fmt: skip
    plain, with_data = Case(around(service("x"))), Case(around(drawn + task))
    assert with_data.state.to_json()["tokens"] == plain.state.to_json()["tokens"]
    assert with_data.state.jobs[0].variables == {}
    assert dict(with_data.complete_job("x", a=Decimal(1)).state.variables) == {"a": 1}


# Refusals


def task(inner: str, *, data: str = ORDER, more: str = "") -> bytes:
    return around(data + service("x", inner=inner, more=more))


@pytest.mark.parametrize(
    ("source", "code", "element"),
    [
        (task(io("i") + copy("Input", "s", "i"), data=STORE), "data.store", "a"),
        (task(io("", "o") + copy("Output", "o", "s"), data=STORE), "data.store", "a"),
        (task(io("i") + copy("Input", "x", "i")), "data.out-of-sight", "a"),
        (task(io("i") + copy("Input", "none", "i")), "data.out-of-sight", "a"),
        (task(io("i")), "data.unfilled", "i"),
        (task(io("i") + copy("Input", "order", "order")), "data.bad-target", "a"),
        (task(io("", "o") + copy("Output", "order", "order")), "data.bad-source", "a"),
        (task(io("i", "o") + copy("Input", "order", "o")), "data.bad-target", "a"),
        (task(io("i") + copy("Input", "order order", "i")), "data.several-sources", "a"),
        (
            task(io("i") + copy("Input", "order", "i", "<transformation>order</transformation>")),
            "data.expression-no-feel",
            "a",
        ),
        (
            task(io("i") + copy("Input", "order", "i", XPATH)),
            "data.expression-no-feel",
            "a",
        ),
        (task(io("i") + copy("Input", "order", "i", assign("a", "i"))), "data.expression-no-feel", "a"),
        (task(io("i") + copy("Input", "order", "i", assign("=1", "=i"))), "data.bad-assignment", "a"),
        (task(io("i") + copy("Input", "order", "i", assign("=1", "order.x"))), "data.bad-assignment", "a"),
        (task(io("i") + copy("Input", "order", "i", assign("=1 +", "i"))), "feel.syntax", "a"),
        (
            task(io("i") + copy("Input", "order", "i"), more=mapping({"z": "=1"})),
            "data.with-mapping",
            "x",
        ),
        (
            task(
                io("order_in i2").replace('id="order_in"', 'id="order_in" name="order"')
                + copy("Input", "order", "order_in", id="a1")
                + copy("Input", "order", "i2", id="a2")
            ),
            "data.hidden",
            "x",
        ),
        (task('<property id="a1" name="n"/><property id="a2" name="n"/>'), "data.same-name", "x"),
        (task('<property id="a-1" name="so and so"/>'), "data.no-name", "a-1"),
        (
            task(io("i").replace("</inputSet>", "</inputSet><inputSet/>") + copy("Input", "order", "i")),
            "data.several-sets",
            "x",
        ),
        (
            task(
                io("", "o").replace(
                    "</outputSet>", "<whileExecutingOutputRefs>o</whileExecutingOutputRefs></outputSet>"
                )
            ),
            "data.while-executing",
            "x",
        ),
        (
            task(
                io("", "o")
                + copy("Output", "o", "order")
                + '<standardLoopCharacteristics loopMaximum="2"/>'
            ),
            "data.output-in-loop",
            "a",
        ),
        (
            task(
                io("i")
                + copy("Input", "order", "i", XPATH)
                + loop("<loopDataInputRef>i</loopDataInputRef>")
            ),
            "data.expression-no-feel",
            "a",
        ),
        (
            around(
                '<intermediateCatchEvent id="x"><dataOutput id="o"/><timerEventDefinition>'
                "<timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>"
            ),
            "data.not-carried",
            "x",
        ),
        (
            around(
                ORDER
                + '<intermediateThrowEvent id="x"><dataInput id="i"/>'
                + copy("Input", "order", "i")
                + "</intermediateThrowEvent>"
            ),
            "data.not-carried",
            "x",
        ),
        (around('<exclusiveGateway id="x"><property/></exclusiveGateway>'), "element.unsupported", "x"),
        (around(scope(io() + '<task id="w"/>'), "start > sub > end"), "element.unsupported", "sub"),
        (
            around(
                ORDER
                + scope(
                    '<dataObject id="o2" name="order"/>'
                    + service("w", inner=io("i") + copy("Input", "order", "i"))
                    + service("v", inner=io("j") + copy("Input", "o2", "j", id="b")),
                    path="s > w > v > e",
                ),
                "start > sub > end",
            ),
            "data.hidden",
            "a",
        ),
        (
            around(
                ORDER
                + scope(
                    extension(mapping({"order": "=1"}))
                    + service("w", inner=io("i") + copy("Input", "order", "i"))
                ),
                "start > sub > end",
            ),
            "data.hidden",
            "a",
        ),
    ],
)  # fmt: skip
def test_data_that_cannot_flow_as_it_is_drawn_is_refused_by_rule_and_element(source, code, element):
    assert (code, element) in refused(source)


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (
            loop(
                extension('<zeebe:loopCharacteristics inputCollection="=orders"/>')
                + "<loopDataInputRef>orders</loopDataInputRef>"
            ),
            "loop.two-collections",
        ),
        (
            loop("<loopDataInputRef>orders</loopDataInputRef><outputDataItem id='r'/>"),
            "loop.item-without-collection",
        ),
        (
            loop("<loopDataInputRef>orders</loopDataInputRef><loopDataOutputRef>results</loopDataOutputRef>"),
            "loop.collection-without-item",
        ),
        (loop("<loopCardinality>2</loopCardinality><inputDataItem id='r'/>"), "loop.item-without-collection"),
        (io("i") + loop("<loopDataInputRef>i</loopDataInputRef>"), "loop.collection-unconnected"),
        (
            io("i")
            + copy("Input", "orders", "i", assign("=1", "i"))
            + loop("<loopDataInputRef>i</loopDataInputRef>"),
            "loop.collection-unconnected",
        ),
        (loop("<loopDataInputRef>nothing</loopDataInputRef>"), "data.out-of-sight"),
    ],
)
def test_a_loop_whose_data_is_not_clear_is_refused(inner, code):
    assert (code, "x") in refused(task(inner, data=LISTS))
