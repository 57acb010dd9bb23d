"""Modification: a person ends tokens of a running instance and lets others begin, in one command.

Ending: a token goes with all that is within it. A scope that is left without a token goes too, and so on
outwards, unless it goes on without: a multi-instance with its other rounds, what is being undone with the
next to undo. An instance is never emptied so: that is what Cancel is for.

Beginning: an element begins in the live scope around it. With several such scopes (rounds, calls) the
command names one. Subprocesses between a live scope and the element are opened for it, with their input
mappings and events but without their start events; a round or a call is never made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bpmn.elements.sub_process import SubProcessConfig
from bpmn.errors import BpmnError, CommandRefused
from bpmn.kernel.burst import Burst
from bpmn.kernel.commands import Activation, Modify
from bpmn.kernel.records import EMPTY, Token
from bpmn.kernel.scopes import Stuck
from bpmn.kernel.state import key_of
from bpmn.model.definition import Element
from bpmn.values import accepted


def modify(burst: Burst, command: Modify) -> None:
    """End tokens, let others begin, and tell what moved from where to where.

    Raises:
        CommandRefused: a `modify.…` code; nothing has been changed then.
    """
    if not command.cancel and not command.activate:
        raise CommandRefused("modify.nothing", "The modification names nothing to cancel or activate.")
    ending = [_named(burst, name) for name in command.cancel]
    for token in ending:
        if burst.token(token.key) is not None:  # it may have lain within another one
            _end(burst, token)
    begun = [_begin(burst, each) for each in command.activate]
    burst.emit(
        "instance.modified",
        burst.model.process.ref,
        {"reason": command.reason, "cancelled": [_id(token) for token in ending], "activated": begun},
    )
    # Only now: a scope that a token has left may be the one in which another begins.
    for token in ending:
        _leave_no_empty_scope(burst, token.scope)


# Ending


def _named(burst: Burst, name: str) -> Token:
    """The token with this id (`element:key`), or the only one at this element."""
    if ":" in name:
        token = burst.token(key_of(name))
        found = [token] if token is not None and _id(token) == name else []
    else:
        found = [token for token in _tokens(burst) if token.element == name]
        # A loop and its rounds are tokens of one element; the loop stands for all of them.
        keys = {token.key for token in found}
        found = [token for token in found if token.scope not in keys]
    if not found:
        raise CommandRefused("modify.token-unknown", f"There is no token {name}.", where=name)
    if len(found) > 1:
        raise CommandRefused(
            "modify.token-ambiguous",
            f"{len(found)} tokens stand at {name}.",
            where=name,
            hint=f"Name one of {', '.join(map(_id, found))}.",
        )
    if found[0].key == burst.root_token:
        raise CommandRefused(
            "modify.whole-instance",
            "The token of the process is the whole instance.",
            where=name,
            hint="Cancel the instance.",
        )
    return found[0]


def _end(burst: Burst, token: Token) -> None:
    known = burst.terminate(token.key)
    scope = burst.alive(token.scope)
    data = dict(scope.data)
    if "body" in token.data and "total" in data:
        data["cancelled"] = data.get("cancelled", 0) + 1
    joins = {ref: key for ref, key in data.pop("joins", EMPTY).items() if key != token.key}
    scope = burst.put(replace(scope, data={**data, "joins": joins} if joins else data or EMPTY))
    if scope.key != burst.root_token:
        burst.learn(scope, known)


def _leave_no_empty_scope(burst: Burst, key: int) -> None:
    """End a scope without a token, and then perhaps the one around it, unless it goes on without."""
    scope = burst.token(key)
    while scope is not None and burst.live(scope.key) == 0:
        element = burst.element(scope.element)
        if element.behaviour.abandoned(burst, scope, element):
            return
        if scope.key == burst.root_token:
            raise CommandRefused(
                "modify.nothing-left",
                "The modification would leave the instance without a token.",
                where=scope.element,
                hint="Activate an element in the same command, or cancel the instance.",
            )
        around = scope.scope
        _end(burst, scope)
        scope = burst.token(around)


# Beginning


def _begin(burst: Burst, wanted: Activation) -> dict[str, Any]:
    """Let an element begin; gives what `instance.modified` tells of it."""
    element = _element(burst, wanted.element)
    opened, scope = _scope_for(burst, element, wanted.scope)
    branch, seen = burst.fork(scope, within=True)
    token = burst.absorb_visible(burst.create(element.ref, scope.key, branch, seen))
    burst.propagate(token, accepted(wanted.variables), start=scope.key)
    return {
        "element": element.ref,
        "token": _id(token),
        "scope": _id(scope),
        "opened": [_id(each) for each in opened],
    }


def _element(burst: Burst, ref: str) -> Element:
    element = burst.model.elements.get(ref)
    if element is None:
        raise CommandRefused("modify.element-unknown", f"The model has no element {ref}.", where=ref)
    reason = _why_not(burst, element)
    if reason:
        raise CommandRefused(
            "modify.cannot-begin", f"{ref} cannot begin by itself: {reason}.", where=ref, hint=_INSTEAD
        )
    return element


_INSTEAD = "Activate an element that stands in the flow, such as the one that follows."


def _why_not(burst: Burst, element: Element) -> str:
    """Why an element cannot get a token of its own; empty if it can."""
    if element.parent is None:
        return "it is a process"
    if element.attached_to is not None:
        return "it is a boundary event, which begins with its event"
    if _by_event(element) or (element.tag == "startEvent" and _by_event(burst.element(element.parent))):
        return "an event subprocess begins with its event"
    if any(each.handler == element.ref for each in burst.model.elements.values()):
        return "it undoes another activity"
    if element.behaviour.joins and len(element.incoming) > 1:
        return "it waits for tokens of several flows"
    return ""


def _by_event(element: Element) -> bool:
    return isinstance(element.config, SubProcessConfig) and element.config.by_event


def _scope_for(burst: Burst, element: Element, named: str | None) -> tuple[list[Token], Token]:
    """The scopes that had to be opened, and the one in which the element begins."""
    missing: list[Element] = []
    around = element
    while around.parent is not None:
        around = burst.element(around.parent)
        scopes = [token for token in _tokens(burst) if _is_open_scope(token, around)]
        chosen = [token for token in scopes if named is None or _id(token) == named]
        if len(chosen) > 1:
            raise CommandRefused(
                "modify.scope-ambiguous",
                f"{element.ref} could begin in {len(chosen)} scopes.",
                where=element.ref,
                hint=f"Name one of {', '.join(map(_id, chosen))}.",
            )
        if chosen:
            return _open(burst, missing[::-1], chosen[0])
        missing.append(around)
    if named is not None:
        raise CommandRefused(
            "modify.scope-unknown", f"No open scope around {element.ref} is called {named}.", where=named
        )
    raise CommandRefused(
        "modify.scope-not-live", f"Nothing runs in which {element.ref} could begin.", where=element.ref
    )


def _is_open_scope(token: Token, element: Element) -> bool:
    if token.element != element.ref or token.status != "active" or "todo" in token.data:
        return False
    return element.loop is None or "body" in token.data


def _open(burst: Burst, missing: list[Element], scope: Token) -> tuple[list[Token], Token]:
    opened = []
    for element in missing:
        if element.loop is not None:
            raise CommandRefused(
                "modify.inside-loop",
                f"No round of {element.ref} runs in which it could begin.",
                where=element.ref,
                hint="Activate the loop itself, or name a running round as the scope.",
            )
        reason = _why_not(burst, element)
        if reason:
            raise CommandRefused(
                "modify.scope-not-live",
                f"{element.ref} does not run and cannot begin by itself: {reason}.",
                where=element.ref,
            )
        branch, seen = burst.fork(scope, within=True)
        token = burst.create(element.ref, scope.key, branch, seen, status="active")
        try:
            scope = burst.begin(burst.absorb_visible(token), element)
            scope = burst.open_events(scope, element.event_starts)
        except (Stuck, BpmnError) as stuck:
            raise CommandRefused(
                "modify.scope-cannot-begin",
                f"{element.ref} cannot be opened: {stuck.message}",
                where=element.ref,
            ) from stuck
        opened.append(scope)
    return opened, scope


def _tokens(burst: Burst) -> Iterator[Token]:
    """Every live token, each before those within it."""
    pending = [burst.alive(burst.root_token)]
    while pending:
        token = pending.pop()
        yield token
        pending.extend(reversed(burst.children(token.key)))


def _id(token: Token) -> str:
    return f"{token.element}:{token.key}"
