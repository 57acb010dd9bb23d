"""Rules of expressions, texts and formats."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpmn.model.rules.table import Broken, rule
from bpmn.model.rules.tree import Node, Tree, formal, label, text

_MIME = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*(\s*;.*)?")
_LANGUAGE = re.compile(r"[a-z][\w.+#-]*")
_EXPRESSIONS = (
    "completionCondition loopCardinality loopCondition timeDate timeCycle timeDuration "
    "conditionExpression condition activationCondition"
).split()
_ALWAYS_FORMAL = ("messagePath", "dataPath", "transformation")
_LITERAL = re.compile(r"""[+-]?\d+(\.\d+)?|"[^"]*"|'[^']*'""")
_ZONE = r"(Z|[+-]\d\d:\d\d)?"
_DATE = re.compile(rf"-?\d{{4,}}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?{_ZONE}")
_DURATION = re.compile(r"-?P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?!$)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")


@rule("ext-004", "8.3.1", "Write a media type such as text/plain.")
def documentation_has_a_media_type(tree: Tree) -> Iterator[Broken]:
    """The text format of a documentation is a media type."""
    yield from _formats(tree, "documentation", "textFormat")


@rule("ext-010", "8.4.1", "Write a media type such as text/plain.")
def annotations_have_a_media_type(tree: Tree) -> Iterator[Broken]:
    """The text format of a text annotation is a media type."""
    yield from _formats(tree, "textAnnotation", "textFormat")


@rule("ext-145", "10.3.3", "Write a media type such as text/x-groovy.")
def script_formats_are_media_types(tree: Tree) -> Iterator[Broken]:
    """The format of a script is a media type.

    The bare name of a language in small letters (`groovy`) is so common that it passes as one.
    """
    yield from _formats(tree, "scriptTask", "scriptFormat", _LANGUAGE)


def _formats(tree: Tree, tag: str, attribute: str, also: re.Pattern[str] = _MIME) -> Iterator[Broken]:
    for node in tree.tagged(tag):
        value = node.get(attribute)
        if value is not None and not _MIME.fullmatch(value) and not also.fullmatch(value):
            yield node, f"The {attribute} {value!r} of the {tag} is no media type."


@rule("ext-053", "10.3.3", "Name the language of the script in scriptFormat.")
def scripts_name_their_language(tree: Tree) -> Iterator[Broken]:
    """A script task of an executable process that has a script says in which format it is."""
    for task in tree.tagged("scriptTask"):
        if tree.runs(task) and tree.children(task, "script") and not task.get("scriptFormat"):
            yield task, f"The script task {label(task)} does not say in which language its script is."


@rule("ext-012", "8.4.6", 'Declare the expression as xsi:type="tFormalExpression".')
def executable_processes_have_formal_expressions(tree: Tree) -> Iterator[Broken]:
    """Expressions that an executable process evaluates are formal expressions.

    In a file of the zeebe: dialect every expression is FEEL, so there it needs no declaration.
    """
    if tree.in_dialect:
        return
    for node in tree.tagged(*_EXPRESSIONS):
        if tree.runs(node) and not formal(node) and not _of_complex_behaviour(tree, node):
            yield node, f"The {tree.tag(node)} of an executable process is no formal expression."


@rule("ext-123", "10.5.5", 'Enter the condition as xsi:type="tFormalExpression".')
def conditional_events_have_formal_conditions(tree: Tree) -> Iterator[Broken]:
    """A conditional event of an executable process has a condition."""
    for node in tree.tagged("conditionalEventDefinition"):
        if tree.runs(node) and not any(text(each) for each in tree.children(node, "condition")):
            yield node, "The conditional event has no condition."


@rule("ext-013", "8.4.6", "Write the expression.")
def formal_expressions_have_a_body(tree: Tree) -> Iterator[Broken]:
    """A formal expression of an executable process has a body."""
    for node in tree.tagged(*_EXPRESSIONS, *_ALWAYS_FORMAL, "from", "to"):
        is_formal = formal(node) or tree.tag(node) in _ALWAYS_FORMAL or _of_complex_behaviour(tree, node)
        if (
            is_formal
            and (tree.runs(node) or tree.tag(node) == "messagePath")
            and not text(node)
            and not len(node)
        ):
            yield node, f"The formal expression {tree.tag(node)} is empty."


def _of_complex_behaviour(tree: Tree, node: Node) -> bool:
    return tree.tag(node) == "condition" and tree.tag(tree.parent(node)) == "complexBehaviorDefinition"


@rule("ext-071", "10.3.8", "Write an expression that is true or false.")
def completion_conditions_are_boolean(tree: Tree) -> Iterator[Broken]:
    """The completion condition of a multi-instance evaluates to true or false."""
    for loop in tree.tagged("multiInstanceLoopCharacteristics"):
        for node in tree.children(loop, "completionCondition"):
            if _LITERAL.fullmatch(text(node).removeprefix("=").strip()):
                yield node, f"The completion condition {text(node)} is neither true nor false."


@rule("ext-131", "10.5.5", "Keep one of timeDate, timeCycle and timeDuration.")
def timers_have_one_time(tree: Tree) -> Iterator[Broken]:
    """A timer has at most one of date, cycle and duration."""
    for timer in tree.tagged("timerEventDefinition"):
        if len(tree.children(timer, "timeDate", "timeCycle", "timeDuration")) > 1:
            yield timer, "The timer has more than one of timeDate, timeCycle and timeDuration."


@rule("ext-132", "10.5.5", "Write an ISO 8601 date such as 2026-01-31T09:00:00Z.")
def timer_dates_are_dates(tree: Tree) -> Iterator[Broken]:
    """The date of a timer is an ISO 8601 date, or a FEEL expression."""
    for node in _times(tree, "timeDate"):
        if not _DATE.fullmatch(text(node)):
            yield node, f"The timer's date {text(node)!r} is no ISO 8601 date."


@rule("ext-133", "10.5.5", "Write an ISO 8601 repeating interval such as R3/PT10M.")
def timer_cycles_are_cycles(tree: Tree) -> Iterator[Broken]:
    """The cycle of a timer is an ISO 8601 repeating interval, or a FEEL expression.

    The zeebe: dialect also has cron expressions; the engine reads them when it compiles the timer.
    """
    for node in () if tree.in_dialect else _times(tree, "timeCycle"):
        first, *parts = text(node).split("/")
        repeats = re.fullmatch(r"R\d*", first) and 1 <= len(parts) <= 2
        if not repeats or not all(_DATE.fullmatch(part) or _DURATION.fullmatch(part) for part in parts):
            yield node, f"The timer's cycle {text(node)!r} is no ISO 8601 repeating interval."


@rule("ext-134", "10.5.5", "Write an ISO 8601 duration such as PT10M.")
def timer_durations_are_durations(tree: Tree) -> Iterator[Broken]:
    """The duration of a timer is an ISO 8601 duration, or a FEEL expression."""
    for node in _times(tree, "timeDuration"):
        if not _DURATION.fullmatch(text(node)):
            yield node, f"The timer's duration {text(node)!r} is no ISO 8601 duration."


def _times(tree: Tree, tag: str) -> Iterator[Node]:
    """The times of one kind that are written out; empty ones are told by EXT.013."""
    for node in tree.tagged(tag):
        if text(node) and not text(node).startswith("="):
            yield node
