"""The processes that the benchmarks of cases run, as BPMN files."""

from __future__ import annotations

from itertools import pairwise

_HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="definitions" targetNamespace="https://scf.example/bench">'
)

ROLE = "credit_officer"
TIMERS = 10
TIMER_SECONDS = 0.05


def _process(key: str, content: str) -> str:
    return (
        f'{_HEAD}<bpmn:process id="{key}" name="{key}" isExecutable="true">{content}'
        "</bpmn:process></bpmn:definitions>"
    )


def _service(name: str, job_type: str = "bench.write") -> str:
    return (
        f'<bpmn:serviceTask id="{name}" name="{name}"><bpmn:extensionElements>'
        f'<zeebe:taskDefinition type="{job_type}" /></bpmn:extensionElements></bpmn:serviceTask>'
    )


def _flow(source: str, target: str, condition: str | None = None) -> str:
    guard = (
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">={condition}</bpmn:conditionExpression>'
        if condition
        else ""
    )
    return (
        f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
        f"{guard}</bpmn:sequenceFlow>"
    )


def _in_a_row(elements: dict[str, str]) -> str:
    names = list(elements)
    flows = (_flow(source, target) for source, target in pairwise(names))
    return "".join(elements.values()) + "".join(flows)


def _timer(name: str) -> str:
    return (
        f'<bpmn:intermediateCatchEvent id="{name}" name="{name}"><bpmn:timerEventDefinition id="{name}_due">'
        '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">'
        f'=duration("PT{TIMER_SECONDS}S")</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    )


#: Five service tasks in a row.
TASKS = _process(
    "p1",
    _in_a_row(
        {
            "start": '<bpmn:startEvent id="start" />',
            **{f"task{number}": _service(f"task{number}") for number in range(1, 6)},
            "end": '<bpmn:endEvent id="end" />',
        }
    ),
)

#: A service task, a gateway, a person's task, a service task; what is small goes past the person.
PERSON = _process(
    "p2",
    '<bpmn:startEvent id="start" />'
    + _service("check")
    + '<bpmn:exclusiveGateway id="large" name="Large?" default="large_book" />'
    + '<bpmn:userTask id="decide" name="Decide"><bpmn:extensionElements><zeebe:userTask />'
    + f'<zeebe:assignmentDefinition candidateGroups="{ROLE}" /></bpmn:extensionElements></bpmn:userTask>'
    + _service("book")
    + '<bpmn:endEvent id="end" />'
    + _flow("start", "check")
    + _flow("check", "large")
    + _flow("large", "decide", "amount &gt; 100")
    + _flow("large", "book")
    + _flow("decide", "book")
    + _flow("book", "end"),
)

#: Ten timers one after the other.
WAITS = _process(
    "p3",
    _in_a_row(
        {
            "start": '<bpmn:startEvent id="start" />',
            **{f"wait{number}": _timer(f"wait{number}") for number in range(1, TIMERS + 1)},
            "end": '<bpmn:endEvent id="end" />',
        }
    ),
)

#: One batch: for each invoice at once six elements, two of which write a row.
BATCH = _process(
    "batch",
    '<bpmn:startEvent id="start" /><bpmn:subProcess id="invoice" name="Each invoice">'
    "<bpmn:extensionElements /><bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>"
    '<zeebe:loopCharacteristics inputCollection="=invoices" inputElement="invoice" />'
    "</bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>"
    + '<bpmn:startEvent id="received" />'
    + _service("check", "bench.check")
    + '<bpmn:scriptTask id="price" name="Price"><bpmn:extensionElements>'
    '<zeebe:script expression="=invoice.amount * 0.98" resultVariable="price" />'
    "</bpmn:extensionElements></bpmn:scriptTask>"
    + '<bpmn:exclusiveGateway id="worth" name="Worth it?" default="worth_left" />'
    + _service("book", "bench.book")
    + '<bpmn:endEvent id="booked" /><bpmn:endEvent id="left" />'
    + _flow("received", "check")
    + _flow("check", "price")
    + _flow("price", "worth")
    + _flow("worth", "book", "price &gt; 10")
    + _flow("worth", "left")
    + _flow("book", "booked")
    + '</bpmn:subProcess><bpmn:endEvent id="end" />'
    + _flow("start", "invoice")
    + _flow("invoice", "end"),
)
