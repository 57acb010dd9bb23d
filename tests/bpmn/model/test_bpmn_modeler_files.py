"""Files of the Camunda 8 desktop modeler: they import unchanged, or are refused by rule and element."""

from pathlib import Path

import pytest

import bpmn
from bpmn.elements import BEHAVIOURS, EVENT_KINDS
from support.bpmn_text import Case, refused

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0" '
    'xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" '
    'xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="Definitions_1" '
    'targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="5.40.0" '
    'modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.8.0">'
)
DIAGRAM = (
    '<bpmndi:BPMNDiagram id="BPMNDiagram_1"><bpmndi:BPMNPlane id="BPMNPlane_1" bpmnElement="Process_1">'
    '<bpmndi:BPMNShape id="StartEvent_1_di" bpmnElement="StartEvent_1" bioc:stroke="#205022" '
    'bioc:fill="#c8e6c9" color:background-color="#c8e6c9" color:border-color="#205022">'
    '<dc:Bounds x="182" y="102" width="36" height="36"/></bpmndi:BPMNShape>'
    '<bpmndi:BPMNEdge id="Flow_1_di" bpmnElement="Flow_1"><di:waypoint x="218" y="120"/>'
    '<di:waypoint x="270" y="120"/></bpmndi:BPMNEdge></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>'
)
FORM = b'{"id": "approve", "type": "default", "components": []}'
CALLED = (
    HEAD + '<bpmn:process id="called" isExecutable="true"><bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>'
    '<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="e"/></bpmn:process></bpmn:definitions>'
).encode()
DECISION = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    b'<decision id="limit" name="limit"><variable name="limit"/>'
    b"<literalExpression><text>7</text></literalExpression></decision></definitions>"
)
FILES = {"called.bpmn": CALLED, "limit.dmn": DECISION, "approve.form": FORM}


def ext(content: str) -> str:
    return f"<bpmn:extensionElements>{content}</bpmn:extensionElements>"


def element(tag: str, extensions: str = "", *, attributes: str = "", inner: str = "") -> str:
    """One element on the way from the start to the end."""
    return (
        f'<bpmn:{tag} id="Activity_1" name="Do it" {attributes}>{ext(extensions) if extensions else ""}'
        f"<bpmn:incoming>Flow_1</bpmn:incoming><bpmn:outgoing>Flow_2</bpmn:outgoing>{inner}</bpmn:{tag}>"
    )


def saved(
    content: str, *, process: str = "", beside: str = "", attributes: str = "", start: str = ""
) -> bytes:
    """A file with one process, as the modeler saves it."""
    return (
        f'{HEAD}<bpmn:process id="Process_1" name="Order" isExecutable="true" {attributes}>'
        f"{ext(process) if process else ''}"
        f'<bpmn:startEvent id="StartEvent_1">{ext(start) if start else ""}'
        f"<bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent>"
        '<bpmn:sequenceFlow id="Flow_1" sourceRef="StartEvent_1" targetRef="Activity_1"/>'
        f"{content}"
        '<bpmn:sequenceFlow id="Flow_2" sourceRef="Activity_1" targetRef="Event_1"/>'
        '<bpmn:endEvent id="Event_1"><bpmn:incoming>Flow_2</bpmn:incoming></bpmn:endEvent></bpmn:process>'
        f"{beside}{DIAGRAM}</bpmn:definitions>"
    ).encode()


USER = '<zeebe:userTask/><zeebe:formDefinition formId="approve"/>'
HEADERS = '<zeebe:taskHeaders><zeebe:header id="h" key="a" value="b"/></zeebe:taskHeaders>'
TASK = '<zeebe:taskDefinition type="work"/>'
TEMPLATE = (
    'zeebe:modelerTemplate="io.camunda.connectors.HttpJson.v2" zeebe:modelerTemplateVersion="11" '
    'zeebe:modelerTemplateIcon="data:image/svg+xml;utf8,%3Csvg/%3E"'
)
DRAWN_DATA = (
    '<bpmn:dataObjectReference id="DataObjectReference_1" name="Order [new]" dataObjectRef="DataObject_1"/>'
    '<bpmn:dataObject id="DataObject_1"/><bpmn:dataStoreReference id="DataStoreReference_1" name="Archive"/>'
)
DRAWN_ASSOCIATIONS = (
    '<bpmn:property id="Property_1" name="__targetRef_placeholder"/>'
    '<bpmn:dataInputAssociation id="DataInputAssociation_1">'
    "<bpmn:sourceRef>DataObjectReference_1</bpmn:sourceRef><bpmn:targetRef>Property_1</bpmn:targetRef>"
    "</bpmn:dataInputAssociation>"
    '<bpmn:dataOutputAssociation id="DataOutputAssociation_1">'
    "<bpmn:targetRef>DataStoreReference_1</bpmn:targetRef></bpmn:dataOutputAssociation>"
)
LANES = (
    '<bpmn:laneSet id="LaneSet_1"><bpmn:lane id="Lane_1" name="Bank">'
    "<bpmn:flowNodeRef>StartEvent_1</bpmn:flowNodeRef><bpmn:flowNodeRef>Activity_1</bpmn:flowNodeRef>"
    '<bpmn:childLaneSet id="LaneSet_2"><bpmn:lane id="Lane_2"><bpmn:flowNodeRef>Activity_1</bpmn:flowNodeRef>'
    '</bpmn:lane><bpmn:lane id="Lane_3"/></bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>'
)
POOL = (
    '<bpmn:collaboration id="Collaboration_1"><bpmn:participant id="Participant_1" name="Bank" '
    'processRef="Process_1"/><bpmn:participant id="Participant_2" name="Supplier"/>'
    '<bpmn:messageFlow id="MessageFlow_1" sourceRef="Participant_2" targetRef="Participant_1"/>'
    "</bpmn:collaboration>"
)


@pytest.mark.parametrize(
    "source",
    [
        saved(element("task")),
        saved(element("userTask", USER)),
        saved(element("userTask", '<zeebe:formDefinition formId="approve" bindingType="deployment"/>')),
        saved(element("userTask", USER + '<zeebe:taskSchedule dueDate="=now()" followUpDate="=now()"/>')),
        saved(element("userTask", USER + '<zeebe:priorityDefinition priority="=80"/>')),
        saved(element("userTask", USER + '<zeebe:assignmentDefinition candidateGroups="=[&#34;a&#34;]"/>')),
        saved(element("userTask", USER + HEADERS)),
        saved(element("serviceTask", TASK, attributes=TEMPLATE)),
        saved(
            element(
                "serviceTask",
                '<zeebe:taskDefinition type="work" retries="=tries"/>'
                '<zeebe:ioMapping><zeebe:input source="=1" target="a" modelerConfigurationTemplate="t" '
                'modelerConfigurationName="n"/></zeebe:ioMapping>'
                + HEADERS
                + '<zeebe:properties><zeebe:property name="p" value="v"/></zeebe:properties>',
            )
        ),
        saved(element("scriptTask", '<zeebe:script expression="=1 + 1" resultVariable="two"/>')),
        saved(element("businessRuleTask", '<zeebe:calledDecision decisionId="limit" resultVariable="r"/>')),
        saved(
            element(
                "businessRuleTask",
                '<zeebe:calledDecision decisionId="limit" bindingType="deployment" resultVariable="r"/>',
            )
        ),
        saved(
            element(
                "callActivity",
                '<zeebe:calledElement processId="called" bindingType="latest" '
                'propagateAllChildVariables="false"/>',
            )
        ),
        saved(element("task"), process='<zeebe:versionTag value="1.2"/>', attributes=TEMPLATE),
        saved(element("task"), process='<zeebe:userTaskForm id="unused">{}</zeebe:userTaskForm>'),
        saved(element("task"), start='<zeebe:formDefinition formId="approve"/>'),
        saved(element("task", inner=DRAWN_ASSOCIATIONS) + DRAWN_DATA),
        saved(LANES + element("task"), beside=POOL),
        saved(
            element(
                "intermediateCatchEvent",
                inner='<bpmn:messageEventDefinition id="MessageEventDefinition_1" messageRef="Message_1"/>',
            ),
            beside='<bpmn:message id="Message_1" name="paid" zeebe:modelerTemplate="t">'
            + ext('<zeebe:subscription correlationKey="=order"/>')
            + "</bpmn:message>",
        ),
    ],
)  # fmt: skip
def test_what_the_modeler_writes_imports_unchanged(source):
    catalogue = bpmn.Catalogue(frozenset({"work"}))
    assert [
        str(each) for each in bpmn.lint({"a.bpmn": source, **FILES}, catalogue=catalogue, process="Process_1")
    ] == []


def test_templates_lanes_colours_and_drawn_data_change_nothing_of_what_runs():
    plain = Case(saved(element("serviceTask", TASK)))
    decorated = Case(
        saved(
            LANES + element("serviceTask", TASK, attributes=TEMPLATE, inner=DRAWN_ASSOCIATIONS) + DRAWN_DATA,
            process='<zeebe:versionTag value="1.2"/>',
            beside=POOL,
        )
    )
    assert [(each.kind, each.element, each.data) for each in plain.events] == [
        (each.kind, each.element, each.data) for each in decorated.events
    ]
    assert decorated.complete_job("Activity_1").state.status == "completed"


def test_a_user_task_with_the_modelers_own_form_shows_the_form_of_that_id():
    assert Case(saved(element("userTask", USER))).state.tasks[0].form == "approve"


LISTENER = '<zeebe:executionListener eventType="start" type="audit"/>'
EXECUTION = f"<zeebe:executionListeners>{LISTENER}</zeebe:executionListeners>"
MULTI = "<bpmn:multiInstanceLoopCharacteristics>{}</bpmn:multiInstanceLoopCharacteristics>"


@pytest.mark.parametrize(
    ("source", "code", "element"),
    [
        (saved(element("serviceTask", TASK + EXECUTION)), "extension.unsupported", "Activity_1"),
        (saved(element("exclusiveGateway", EXECUTION)), "extension.unsupported", "Activity_1"),
        (saved(element("task"), process=EXECUTION), "extension.unsupported", "Process_1"),
        (saved(element("task"), start=EXECUTION), "extension.unsupported", "StartEvent_1"),
        (
            saved(
                element(
                    "userTask",
                    USER + '<zeebe:taskListeners><zeebe:taskListener eventType="assigning" type="a"/>'
                    "</zeebe:taskListeners>",
                )
            ),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "serviceTask",
                    TASK + '<zeebe:linkedResources><zeebe:linkedResource resourceId="r" linkName="l"/>'
                    "</zeebe:linkedResources>",
                )
            ),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(element("serviceTask", TASK + '<zeebe:jobPriorityDefinition priority="10"/>')),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(element("serviceTask", TASK + '<zeebe:agentDefinition agentType="aiAgentTask"/>')),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "adHocSubProcess",
                    '<zeebe:adHoc activeElementsCollection="=[]"/>',
                    inner='<bpmn:task id="Activity_2"/>',
                )
            ),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(element("adHocSubProcess", TASK, inner='<bpmn:task id="Activity_2"/>')),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "intermediateCatchEvent",
                    inner='<bpmn:conditionalEventDefinition id="ConditionalEventDefinition_1">'
                    + ext('<zeebe:conditionalFilter variableNames="a" variableEvents="create"/>')
                    + '<bpmn:condition xsi:type="bpmn:tFormalExpression">=a</bpmn:condition>'
                    "</bpmn:conditionalEventDefinition>",
                )
            ),
            "extension.unsupported",
            "Activity_1",
        ),
        (
            saved(element("userTask", '<zeebe:formDefinition externalReference="https://forms.example/1"/>')),
            "extension.attribute",
            "Activity_1",
        ),
        (
            saved(
                element("userTask", '<zeebe:formDefinition formKey="camunda-forms:bpmn:UserTaskForm_1"/>'),
                process='<zeebe:userTaskForm id="UserTaskForm_1">{"components": []}</zeebe:userTaskForm>',
            ),
            "form.embedded",
            "Activity_1",
        ),
        (
            saved(element("userTask", '<zeebe:formDefinition formId="=choose"/>')),
            "form.dynamic",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "userTask",
                    '<zeebe:formDefinition formId="approve" bindingType="versionTag" versionTag="v1"/>',
                )
            ),
            "extension.binding",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "callActivity",
                    '<zeebe:calledElement processId="called" bindingType="versionTag" versionTag="v1"/>',
                )
            ),
            "extension.binding",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "businessRuleTask",
                    '<zeebe:calledDecision decisionId="limit" bindingType="versionTag" versionTag="v1" '
                    'resultVariable="r"/>',
                )
            ),
            "extension.binding",
            "Activity_1",
        ),
        (
            saved(
                element("callActivity", '<zeebe:calledElement processId="called" businessId="=order.id"/>')
            ),
            "extension.attribute",
            "Activity_1",
        ),
        (
            saved(element("callActivity", '<zeebe:calledElement processId="=choose"/>')),
            "call.dynamic",
            "Activity_1",
        ),
        (
            saved(element("serviceTask", TASK, attributes='zeebe:retryCounter="x"')),
            "extension.attribute",
            "Activity_1",
        ),
        (
            saved(element("userTask", USER + '<zeebe:taskSchedule dueDate="=now()" reminder="=now()"/>')),
            "extension.attribute",
            "Activity_1",
        ),
        (
            saved(element("scriptTask", '<zeebe:script expression="1 + 1" resultVariable="two"/>')),
            "script.no-expression",
            "Activity_1",
        ),
        (
            saved(
                element(
                    "serviceTask",
                    TASK,
                    inner=MULTI.format(ext('<zeebe:loopCharacteristics inputCollection="=a" index="i"/>')),
                )
            ),
            "extension.attribute",
            "Activity_1",
        ),
        (saved(element("manualTask", EXECUTION)), "extension.unsupported", "Activity_1"),
        (saved(element("task", '<zeebe:versionTag value="1"/>')), "extension.unsupported", "Activity_1"),
        (
            saved(element("serviceTask", TASK + HEADERS.replace("id=", "of="))),
            "extension.attribute",
            "Activity_1",
        ),
        (
            saved(element("task", '<zeebe:properties><zeebe:property key="a"/></zeebe:properties>')),
            "extension.attribute",
            "Activity_1",
        ),
    ],
)
def test_what_would_change_the_run_and_is_not_run_is_refused_by_rule_and_element(source, code, element):
    def compiled(sources):
        return bpmn.compile_model({**sources, **FILES}, process="Process_1")

    assert (code, element) in refused(source, compiled)


def test_every_extension_that_the_engine_reads_stands_in_the_dialects_table():
    dialect = (Path(__file__).parents[3] / "docs" / "dialect.md").read_text()
    table = dialect.partition("## The zeebe: elements")[2].partition("\n## ")[0]
    read = {name for kind in (*BEHAVIOURS.values(), *EVENT_KINDS.values()) for name in kind.extensions}
    assert {"taskDefinition", "ioMapping"} <= read
    assert {name for name in read if f"| `{name}`" not in table} == set()
