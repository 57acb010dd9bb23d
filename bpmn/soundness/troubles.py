"""What is wrong with a model: the verdict on the markings that its scopes can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bpmn.model.definition import Element, Model, StandardLoop
from bpmn.soundness import catching
from bpmn.soundness.game import Game
from bpmn.soundness.lasting import always_keeps_a_token
from bpmn.soundness.outcomes import ANY
from bpmn.soundness.places import AT, IN, REST
from bpmn.soundness.routing import answer
from bpmn.soundness.search import Explored, Node


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: where (a ref), and the elements passed on the way that shows it."""

    code: str
    severity: Literal["error", "warning"]
    element: str
    path: tuple[str, ...]
    message: str
    hint: str


def find_troubles(model: Model) -> list[Trouble]:
    """Play the token game of a model and say what can go wrong, the scopes in the order of the search."""
    game = Game(model).play()
    found: dict[tuple[str, str], Trouble] = {}
    for explored in game.played.values():
        for trouble in (*_of_scope(game, explored), *_unreached(game, explored)):
            found.setdefault((trouble.code, trouble.element), trouble)
    for ref in sorted(game.too_deep):
        trouble = _not_explored(model.elements[ref], "it lies too deep in other scopes", ())
        found.setdefault((trouble.code, trouble.element), trouble)
    for ref, element in model.elements.items():
        if element.children and ref not in game.prefixes:
            for trouble in _without_flow(model, element):
                found.setdefault((trouble.code, trouble.element), trouble)
    return list(found.values())


def _of_scope(game: Game, explored: Explored) -> Iterator[Trouble]:
    scope, nodes = explored.scope, explored.nodes
    ends = scope.around.ends or any(
        start.interrupting and catching.can_come(start, instant=not scope.waits, scope=True)
        for start in (game.model.elements[ref] for ref in scope.element.event_starts)
    )
    completes = any(_ends_well(explored, node) for node in nodes)
    hopeless = not completes and not ends and (explored.whole or always_keeps_a_token(scope))
    severity: Literal["error", "warning"] = "error" if hopeless else "warning"
    prefix = game.prefixes[scope.element.ref]

    def path(index: int) -> tuple[str, ...]:
        return (*prefix, *explored.path(index))

    never = {ref for ref in scope.arrived if explored.whole and ref not in scope.fired}
    told: set[str] = set()
    stuck = [index for index, node in enumerate(nodes) if _is_dead(node)]
    for index in (*stuck, *range(len(nodes))):
        node = nodes[index]
        waiting = {place.ref for place in node.marking if place.kind in (IN, REST)}
        for ref in sorted(waiting & never - told):
            told.add(ref)
            yield _join_never_fires(game.model, ref, node, path(index))
    for index in stuck:
        waiting = {place.ref for place in nodes[index].marking if place.kind in (IN, REST)}
        if waiting and not waiting & told:
            ref = min(waiting)
            told.add(ref)
            yield _deadlock(game.model, ref, nodes[index], path(index), severity)
    for index in sorted(explored.piling)[:1]:
        places = [place for place in nodes[index].marking if place.kind in (AT, IN)]
        piled = max(places, key=lambda place: (nodes[index].marking.count(place), place)).ref
        yield Trouble(
            "soundness.unbounded",
            severity,
            piled,
            path(index),
            f"Tokens pile up at {game.model.elements[piled].id} without end: "
            f"{shown(path(index))} leads back to where it began, with a token more.",
            "Let the loop leave by an exclusive gateway, so that each token that goes back is the only one.",
        )
    if not ends:
        yield from _never_ends(game, explored, severity, prefix)
    yield from _endless_loops(game, explored)
    yield from _no_way_out(game, explored, severity)
    yield from _uncaught(game, explored, prefix)
    if not explored.within_bound:
        yield _not_explored(scope.element, f"of its many states only {len(nodes)} were", prefix)


def _not_explored(scope: Element, why: str, path: tuple[str, ...]) -> Trouble:
    return Trouble(
        "soundness.not-explored",
        "warning",
        scope.ref,
        path,
        f"{scope.id} was not explored whole, so there may be more to find: {why}.",
        "Put parts of it into subprocesses, which are explored by themselves, but not too deep.",
    )


def _ends_well(explored: Explored, node: Node) -> bool:
    return any(outcome.kind != "error" or _is_caught(explored, outcome.code) for outcome in node.outcomes)


def _is_caught(explored: Explored, code: str) -> bool:
    return explored.scope.around.catches_error(code)


def _is_dead(node: Node) -> bool:
    return node.explored and not node.after and not node.outcomes


def _join_never_fires(model: Model, ref: str, node: Node, path: tuple[str, ...]) -> Trouble:
    return Trouble(
        "soundness.join-never-fires",
        "error",
        ref,
        (*path, ref),
        f"{model.elements[ref].id} never goes on, in no run: {shown((*path, ref))} leads there, "
        f"but {_missing(model, ref, node)}.",
        "Let the branches begin at a parallel gateway, or merge them with an exclusive one.",
    )


def _deadlock(
    model: Model, ref: str, node: Node, path: tuple[str, ...], severity: Literal["error", "warning"]
) -> Trouble:
    return Trouble(
        "soundness.deadlock",
        severity,
        ref,
        (*path, ref),
        f"{model.elements[ref].id} waits for ever after {shown((*path, ref))}: {_missing(model, ref, node)}.",
        "Merge the branches with the kind of gateway that split them.",
    )


def _missing(model: Model, ref: str, node: Node) -> str:
    element = model.elements[ref]
    arrived = {place.detail[0] for place in node.marking if place.kind == IN and place.ref == ref}
    missing = [flow for flow in element.incoming if flow.ref not in arrived]
    if element.takes > 1:
        return f"it waits for {element.takes} tokens, and no more come"
    if not missing:
        return "its activation condition does not become true"
    sources = " and ".join(model.elements[flow.source].id for flow in missing)
    return f"no token comes from {sources}"


def _no_way_out(game: Game, explored: Explored, severity: Literal["error", "warning"]) -> Iterator[Trouble]:
    for ref in sorted(explored.scope.left):
        if not explored.scope.choices_of(game.model.elements[ref]):
            path = game.path_to(ref)
            yield Trouble(
                "soundness.no-way-out",
                severity,
                ref,
                path,
                f"After {shown(path)} no flow can be taken: all conditions are always false, "
                "and none is the default.",
                "Give it a default flow.",
            )


def _never_ends(
    game: Game, explored: Explored, severity: Literal["error", "warning"], prefix: tuple[str, ...]
) -> Iterator[Trouble]:
    """The first marking from which the scope can neither end nor come to a standstill."""
    nodes = explored.nodes
    before: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        for after in node.after:
            before.setdefault(after, []).append(index)
    reaching = {
        index for index, node in enumerate(nodes) if node.outcomes or not node.explored or not node.after
    }
    pending = list(reaching)
    while pending:
        for index in before.get(pending.pop(), ()):
            if index not in reaching:
                reaching.add(index)
                pending.append(index)
    lost = (
        (index, after)
        for index in range(len(nodes))
        if index not in reaching
        for after in nodes[index].after
        if after <= index
    )
    for index, after in lost:
        back = [place.ref for place in nodes[after].marking if place not in nodes[index].marking]
        path = (*prefix, *explored.path(index), *(back or nodes[after].passed)[-1:])
        yield Trouble(
            "soundness.never-ends",
            severity,
            path[-1],
            path,
            f"After {shown(path)} no end can be reached: the token goes round for ever.",
            "Give the loop a way out.",
        )
        return


def _endless_loops(game: Game, explored: Explored) -> Iterator[Trouble]:
    for ref in sorted(explored.scope.reached):
        loop = game.model.elements[ref].loop
        if isinstance(loop, StandardLoop) and loop.maximum is None and answer(loop.condition, {}) is True:
            yield Trouble(
                "soundness.never-ends",
                "error",
                ref,
                game.path_to(ref),
                f"The loop of {game.model.elements[ref].id} never ends: its condition is always true, "
                "and it has no maximum.",
                "Give it a condition that can become false, or a maximum.",
            )


def _uncaught(game: Game, explored: Explored, prefix: tuple[str, ...]) -> Iterator[Trouble]:
    for index, node in enumerate(explored.nodes):
        for outcome, last in node.outcomes.items():
            if outcome.kind == "error" and not _is_caught(explored, outcome.code) and outcome.code != ANY:
                source = game.model.elements[outcome.source]
                path = (*prefix, *explored.path(index), *last)
                yield Trouble(
                    "soundness.error-uncaught",
                    "warning",
                    outcome.source,
                    path,
                    f"Nobody catches the error {outcome.code} of {source.id}, thrown after {shown(path)}: "
                    "the token would stop with the incident error.uncaught.",
                    "Catch it by a boundary event or an event subprocess, or end without an error.",
                )


# Elements that no run reaches


def _unreached(game: Game, explored: Explored) -> Iterator[Trouble]:
    model, scope = game.model, explored.scope
    without_flow = list(_without_flow(model, scope.element))
    yield from without_flow
    if not explored.whole:
        return
    told = {trouble.element for trouble in without_flow}
    same = [each.scope for (ref, _), each in game.played.items() if ref == scope.element.ref]
    reached = {ref for each in same for ref in (*each.reached, *each.arrived)}
    left = {ref for each in same for ref in each.left}
    for ref in scope.element.children:
        element = model.elements[ref]
        if ref in reached or ref in told:
            continue
        reason = _why_unreached(model, element, reached, left)
        if reason is not None:
            yield Trouble(
                "soundness.unreachable",
                "warning",
                ref,
                game.prefixes[scope.element.ref],
                f"No run reaches {element.id}: {reason}.",
                "Connect it so that it can happen, or remove it.",
            )


def _why_unreached(model: Model, element: Element, reached: set[str], left: set[str]) -> str | None:
    """Why an element is not reached; None where that only follows from something else."""
    if element.attached_to is not None:
        host = model.elements[element.attached_to]
        if host.ref not in reached or catching.undoes(element):
            return None
        return _why_silent(element, host)
    if element.starts and any(model.elements[ref].events for ref in element.starts):
        start = model.elements[element.starts[0]]
        return None if catching.undoes(start) else _why_silent(start, model.elements[element.parent or ""])
    sources = [model.elements[flow.source] for flow in element.incoming]
    passed = [each.id for each in sources if each.ref in left or _only_throws(each, reached)]
    return f"{' or '.join(passed)} never sends a token there" if passed else None


def _only_throws(element: Element, reached: set[str]) -> bool:
    """Whether a token that comes here is always ended by what is thrown."""
    return element.tag == "intermediateThrowEvent" and element.ref in reached


def _why_silent(event: Element, host: Element) -> str:
    if any(True for _ in catching.error_codes(event)):
        return f"nothing in {host.id} throws such an error"
    if any(True for _ in catching.escalation_codes(event)):
        return f"nothing in {host.id} throws such an escalation"
    if catching.catches_cancel(event):
        return f"nothing in {host.id} cancels it"
    return f"{host.id} takes no time, so nothing can come while it runs"


def _without_flow(model: Model, scope: Element) -> Iterator[Trouble]:
    """Elements to which no flow leads; in an ad-hoc subprocess they need none."""
    if scope.tag == "adHocSubProcess":
        return
    children = [model.elements[ref] for ref in scope.children]
    handlers = {child.handler for child in children}
    begun = {ref for refs in scope.begins.values() for ref in refs}
    reached: set[str] = set()
    pending = [
        child.ref
        for child in children
        if child.tag in ("startEvent", "boundaryEvent")
        or any(model.elements[ref].events for ref in child.starts)
        or child.ref in handlers
        or (child.tag == "intermediateCatchEvent" and not child.waits)
        or child.ref in begun
    ]
    while pending:
        ref = pending.pop()
        if ref not in reached:
            reached.add(ref)
            pending.extend(flow.target for flow in model.elements[ref].outgoing)
    for child in children:
        if child.ref not in reached:
            yield Trouble(
                "soundness.unreachable",
                "warning",
                child.ref,
                (),
                f"No flow leads to the {child.tag} {child.id}.",
                "Connect or remove it.",
            )


def shown(path: Iterable[str]) -> str:
    """A path for people: the ids, each once where it stands several times in a row."""
    ids: list[str] = []
    for ref in path:
        identifier = ref.rpartition("/")[2]
        if not ids or ids[-1] != identifier:
            ids.append(identifier)
    if len(ids) > LONGEST:
        ids = [*ids[:2], "…", *ids[2 - LONGEST :]]
    return " > ".join(ids)


LONGEST = 14
"""Elements of a path that a message shows."""
