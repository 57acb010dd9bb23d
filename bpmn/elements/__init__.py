"""What the engine can run: one file per element kind, and the registry that knows no other.

A tag that is not registered here is refused at deployment by name; nothing runs as if it were
something else.
"""

from __future__ import annotations

from collections.abc import Mapping

from bpmn.elements.ad_hoc_sub_process import AdHocSubProcess
from bpmn.elements.behaviour import Behaviour
from bpmn.elements.boundary_event import BoundaryEvent
from bpmn.elements.business_rule_task import BusinessRuleTask
from bpmn.elements.call_activity import CallActivity
from bpmn.elements.complex_gateway import ComplexGateway
from bpmn.elements.end_event import EndEvent
from bpmn.elements.event_based_gateway import EventBasedGateway
from bpmn.elements.events.cancel import CancelEvent
from bpmn.elements.events.compensate import CompensateEvent
from bpmn.elements.events.conditional import ConditionalEvent
from bpmn.elements.events.error import ErrorEvent
from bpmn.elements.events.escalation import EscalationEvent
from bpmn.elements.events.kind import EventKind
from bpmn.elements.events.link import LinkEvent
from bpmn.elements.events.message import MessageEvent
from bpmn.elements.events.signal import SignalEvent
from bpmn.elements.events.terminate import TerminateEvent
from bpmn.elements.events.timer import TimerEvent
from bpmn.elements.exclusive_gateway import ExclusiveGateway
from bpmn.elements.global_task import GLOBAL_TASKS
from bpmn.elements.inclusive_gateway import InclusiveGateway
from bpmn.elements.intermediate_catch_event import IntermediateCatchEvent
from bpmn.elements.intermediate_throw_event import IntermediateThrowEvent
from bpmn.elements.parallel_gateway import ParallelGateway
from bpmn.elements.process import Process
from bpmn.elements.receive_task import ReceiveTask
from bpmn.elements.script_task import ScriptTask
from bpmn.elements.send_task import SendTask
from bpmn.elements.service_task import ServiceTask
from bpmn.elements.start_event import StartEvent
from bpmn.elements.sub_process import SubProcess
from bpmn.elements.task import ManualTask, Task
from bpmn.elements.transaction import Transaction
from bpmn.elements.user_task import UserTask

BEHAVIOURS: Mapping[str, Behaviour] = {
    behaviour.tag: behaviour
    for behaviour in (
        Process(),
        StartEvent(),
        EndEvent(),
        IntermediateCatchEvent(),
        IntermediateThrowEvent(),
        BoundaryEvent(),
        Task(),
        ManualTask(),
        UserTask(),
        ServiceTask(),
        SendTask(),
        ReceiveTask(),
        ScriptTask(),
        BusinessRuleTask(),
        SubProcess(),
        Transaction(),
        AdHocSubProcess(),
        CallActivity(),
        ExclusiveGateway(),
        ParallelGateway(),
        InclusiveGateway(),
        ComplexGateway(),
        EventBasedGateway(),
        *GLOBAL_TASKS,
    )
}

EVENT_KINDS: Mapping[str, EventKind] = {
    kind.tag: kind
    for kind in (
        TimerEvent(),
        ConditionalEvent(),
        MessageEvent(),
        SignalEvent(),
        ErrorEvent(),
        EscalationEvent(),
        TerminateEvent(),
        CompensateEvent(),
        CancelEvent(),
        LinkEvent(),
    )
}
