"""The kernels side by side, by semantic version: a case stays on the one that its state names.

What an element kind does is part of what running cases and the ledger's proofs rest on. So whatever changes
one state root is a new kernel: a record here that takes over the kinds of the one before, but for those that
changed, which get a file of their own:

    KERNEL_2 = replace(KERNEL_1, version="2", behaviours={**KERNEL_1.behaviours, "scriptTask": ScriptTask2()})

A model is compiled for one kernel and its states belong to that; new cases take the newest. Each kernel has
a golden corpus in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bpmn.elements import BEHAVIOURS, EVENT_KINDS
from bpmn.elements.behaviour import Behaviour
from bpmn.elements.events.kind import EventKind
from bpmn.errors import StateRefused
from bpmn.kernel.commands import Command
from bpmn.kernel.state import State
from bpmn.kernel.step import Step
from bpmn.kernel.step import steps as steps_1
from bpmn.model.definition import Model


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One version of the semantics: what each element and event kind does, and what a command does."""

    version: str
    behaviours: Mapping[str, Behaviour]
    event_kinds: Mapping[str, EventKind]
    steps: Callable[[Model, State, Sequence[Command]], Step]


KERNEL_1 = Kernel("1", BEHAVIOURS, EVENT_KINDS, steps_1)

KERNELS: Mapping[str, Kernel] = MappingProxyType({kernel.version: kernel for kernel in (KERNEL_1,)})
"""Every kernel on which a case may run, the newest last."""


def newest() -> Kernel:
    """The kernel that new cases take."""
    return list(KERNELS.values())[-1]


def kernel_of(version: str) -> Kernel:
    """The kernel with this version.

    Raises:
        StateRefused: `kernel.unknown`.
    """
    kernel = KERNELS.get(version)
    if kernel is None:
        raise StateRefused(
            "kernel.unknown",
            f"There is no kernel {version!r} here; there are {', '.join(KERNELS)}.",
            hint="Use a release that has this kernel.",
        )
    return kernel


def step(model: Model, state: State, command: Command) -> Step:
    """Apply one command with the kernel that the model is compiled for.

    Raises:
        CommandRefused: the command does not fit the state; the state is unchanged.
    """
    return model.kernel.steps(model, state, (command,))


def steps(model: Model, state: State, commands: Sequence[Command]) -> Step:
    """Apply commands one after the other, all of them or none, at less than the price of a call for each.

    Raises:
        CommandRefused: a command does not fit the state that it meets; the state given is unchanged.
    """
    return model.kernel.steps(model, state, commands)
