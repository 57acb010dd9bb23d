"""Who does a user task, said as the standard says it."""

import pytest

from support.bpmn_text import Case, end, extension, flow, process, refused, start, user

CLERKS = '<resource id="r" name="clerks"/><resource id="c" name="clerks, others"/>'


def model(*roles: str, more: str = "") -> bytes:
    body = start() + user("x", inner="".join(roles), more=more) + end() + flow("start > x > end")
    return process(body, definitions=CLERKS)


def role(tag: str, expression: str, attributes: str = "") -> str:
    inner = f"<formalExpression {attributes}>{expression}</formalExpression>"
    return f"<{tag}><resourceAssignmentExpression>{inner}</resourceAssignmentExpression></{tag}>"


def named(tag: str, resource: str, more: str = "") -> str:
    return f"<{tag}><resourceRef>{resource}</resourceRef>{more}</{tag}>"


def test_a_potential_owner_names_a_resource_or_gives_groups_by_an_expression():
    assert Case(model(named("potentialOwner", "r"))).state.tasks[0].candidate_groups == ("clerks",)
    by_expression = Case(model(role("potentialOwner", "=groups")), {"groups": ["a", "b"]})
    assert by_expression.state.tasks[0].candidate_groups == ("a", "b")


def test_a_human_performer_is_the_assignee():
    task = Case(model(role("humanPerformer", "=who"), named("potentialOwner", "r")), {"who": "ann"})
    assert (task.state.tasks[0].assignee, task.state.tasks[0].candidate_groups) == ("ann", ("clerks",))


def test_an_assignee_that_is_no_text_is_an_incident():
    case = Case(model(role("humanPerformer", "=who")), {"who": 1})
    assert case.codes == ["task.bad-assignee"]
    assert case.resolve(who="ann").state.tasks[0].assignee == "ann"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (model(role("potentialOwner", "clerks")), "resource.expression-no-feel"),
        (model(role("potentialOwner", "=a", 'language="xpath"')), "resource.expression-no-feel"),
        (model(role("potentialOwner", "=a +")), "feel.syntax"),
        (model(named("potentialOwner", "nobody")), "resource.unclear"),
        (model(named("potentialOwner", "c")), "resource.unclear"),
        (model(named("humanPerformer", "r")), "resource.unclear"),
        (model("<potentialOwner/>"), "resource.unclear"),
        (
            model(named("potentialOwner", "r", '<resourceParameterBinding parameterRef="q"/>')),
            "resource.unclear",
        ),
        (model(named("potentialOwner", "r"), role("potentialOwner", "=a")), "resource.several"),
        (
            model(role("humanPerformer", "=a"), more='<zeebe:assignmentDefinition assignee="b"/>'),
            "resource.several",
        ),
        (model(role("performer", "=a")), "element.unsupported"),
        (model(named("resourceRole", "r")), "element.unsupported"),
    ],
)
def test_roles_that_do_not_say_clearly_who_does_the_task_are_refused(source, code):
    assert (code, "x") in refused(source)


def test_roles_of_what_nobody_does_are_refused():
    task = f'<task id="x">{extension("")}{named("potentialOwner", "r")}</task>'
    body = start() + task + end() + flow("start > x > end")
    assert ("element.unsupported", "x") in refused(process(body, definitions=CLERKS))
