"""The process engine: BPMN, DMN and FEEL compiled to an immutable model and run by a pure kernel.

    model = compile_model({"factoring.bpmn": content, "pricing.dmn": rules})
    state = new_instance(model, "case-17")
    state, events = (done := step(model, state, Start(at=now, variables={...}))).state, done.events

The room stands alone: no input, output, clock or randomness anywhere in it.
"""

from bpmn.errors import BpmnError, CommandRefused, Finding, ModelRefused, StateRefused
from bpmn.kernel.commands import (
    Activation,
    BroadcastSignal,
    Cancel,
    Command,
    CompleteJob,
    CompleteTask,
    CorrelateMessage,
    FailJob,
    FireTimers,
    Modify,
    ResolveIncident,
    SkipElement,
    Start,
    ThrowAtIncident,
    ThrowError,
    command_from_json,
)
from bpmn.kernel.records import Event, Incident, Job, SignalSubscription, Subscription, Task, Timer
from bpmn.kernel.state import State
from bpmn.kernel.step import Step, new_instance
from bpmn.kernels import Kernel, kernel_of, newest, step
from bpmn.model.catalogue import Catalogue
from bpmn.model.compile import compile_model
from bpmn.model.definition import Element, Model
from bpmn.model.lint import lint
from bpmn.model.starts import ProcessStart, Trigger

__all__ = [
    "Activation",
    "BpmnError",
    "BroadcastSignal",
    "Cancel",
    "Catalogue",
    "Command",
    "CommandRefused",
    "CompleteJob",
    "CompleteTask",
    "CorrelateMessage",
    "Element",
    "Event",
    "FailJob",
    "Finding",
    "FireTimers",
    "Incident",
    "Job",
    "Kernel",
    "Model",
    "ModelRefused",
    "Modify",
    "ProcessStart",
    "ResolveIncident",
    "SignalSubscription",
    "SkipElement",
    "Start",
    "State",
    "StateRefused",
    "Step",
    "Subscription",
    "Task",
    "ThrowAtIncident",
    "ThrowError",
    "Timer",
    "Trigger",
    "command_from_json",
    "compile_model",
    "kernel_of",
    "lint",
    "new_instance",
    "newest",
    "step",
]
