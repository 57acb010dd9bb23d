"""Global tasks: called like a process, working like the task that they are."""

import pytest

from support.bpmn_text import Case, end, extension, flow, mapping, process, refused, start

HANDS = '<zeebe:calledElement processId="g"/>'


def calling(task: str, call: str = HANDS, more: str = "") -> bytes:
    activity = f'<callActivity id="call">{extension(call)}</callActivity>{more}'
    return process(start() + activity + end() + flow("start > call > end"), definitions=task)


def test_a_global_script_gives_its_result_to_the_call():
    script = extension('<zeebe:script expression="=x + 1" resultVariable="y"/>')
    case = Case(calling(f'<globalScriptTask id="g">{script}</globalScriptTask>'), {"x": 1})
    assert (case.state.status, dict(case.state.variables)) == ("completed", {"x": 1, "y": 2})
    assert case.completed == ["start", "g/g", "call", "end"]


def test_what_a_global_task_writes_stays_with_the_call_until_its_mappings_choose():
    task = f'<globalUserTask id="g">{extension("<zeebe:userTask/>")}</globalUserTask>'
    case = Case(calling(task, HANDS + mapping(outputs={"chosen": "=answer"})), {"answer": "old"})
    assert case.state.tasks[0].variables["answer"] == "old"
    case.complete_task("g/g", answer="new", other=1)
    assert dict(case.state.variables) == {"answer": "old", "chosen": "new"}


def test_a_script_of_the_standard_is_feel_and_its_result_is_dropped():
    case = Case(calling('<globalScriptTask id="g"><script>1 + 1</script></globalScriptTask>'))
    assert (case.state.status, dict(case.state.variables)) == ("completed", {})


@pytest.mark.parametrize("tag", ["globalTask", "globalManualTask"])
def test_a_task_without_work_completes_at_once(tag):
    assert Case(calling(f'<{tag} id="g"/>')).state.status == "completed"


def test_an_error_of_its_job_is_caught_at_the_call():
    job = extension('<zeebe:taskDefinition type="work"/>')
    caught = '<boundaryEvent id="no" attachedToRef="call"><errorEventDefinition/></boundaryEvent>'
    model = calling(
        f'<globalScriptTask id="g">{job}</globalScriptTask>', more=caught + end("bad") + flow("no > bad")
    )
    assert Case(model).throw("g/g", "BAD").completed[-1] == "bad"


def test_a_script_in_another_language_is_refused():
    task = '<globalScriptTask id="g" scriptLanguage="groovy"><script>x</script></globalScriptTask>'
    assert refused(calling(task)) == [("script.language", "g")]


def test_a_loop_belongs_to_the_call_not_to_the_global_task():
    task = '<globalTask id="g"><standardLoopCharacteristics loopMaximum="2"/></globalTask>'
    assert ("element.unsupported", "g") in refused(calling(task))
