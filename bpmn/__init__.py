"""The process engine: BPMN, DMN and FEEL compiled to an immutable model and run by a pure kernel.

    model = compile_model({"factoring.bpmn": content, "pricing.dmn": rules})
    state = new_instance(model, "case-17")
    state, events = (done := step(model, state, Start(at=now, variables={...}))).state, done.events

The room stands alone: no input, output, clock or randomness anywhere in it.
"""

from bpmn.calls import OpenCall, brought_back, is_call, open_calls
from bpmn.errors import (
    BpmnError,
    CommandRefused,
    Finding,
    MigrationRefused,
    ModelRefused,
    Refusal,
    StateRefused,
)
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
from bpmn.kernel.records import Event, Incident, Job, SignalSubscription, Subscription, Task, Timer, Uncaught
from bpmn.kernel.state import State
from bpmn.kernel.step import Step, new_instance
from bpmn.kernels import Kernel, kernel_of, newest, step, steps
from bpmn.migration.dry_run import DryRun, TokenMove, dry_run
from bpmn.migration.migrate import migrate
from bpmn.migration.place import Note
from bpmn.migration.plan import MigrationPlan, plan_migration, unmapped
from bpmn.model.catalogue import Catalogue, Control, Family, Verdict
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
    "Control",
    "CorrelateMessage",
    "DryRun",
    "Element",
    "Event",
    "FailJob",
    "Family",
    "Finding",
    "FireTimers",
    "Incident",
    "Job",
    "Kernel",
    "MigrationPlan",
    "MigrationRefused",
    "Model",
    "ModelRefused",
    "Modify",
    "Note",
    "OpenCall",
    "ProcessStart",
    "Refusal",
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
    "TokenMove",
    "Trigger",
    "Uncaught",
    "Verdict",
    "brought_back",
    "command_from_json",
    "compile_model",
    "dry_run",
    "is_call",
    "kernel_of",
    "lint",
    "migrate",
    "new_instance",
    "newest",
    "open_calls",
    "plan_migration",
    "step",
    "steps",
    "unmapped",
]
