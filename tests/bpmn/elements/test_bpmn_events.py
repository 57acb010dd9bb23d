"""Events: timers, messages, errors and the like, at every place where they may stand."""

from decimal import Decimal

from support.bpmn_text import Case, end, extension, flow, mapping, process, service, start, user

TIMER = "<timerEventDefinition><{0}>{1}</{0}></timerEventDefinition>"
PAID = (
    '<message id="m" name="paid">' + extension('<zeebe:subscription correlationKey="=order"/>') + "</message>"
)


def boundary(id: str, host: str, event: str, *, interrupting: bool = True, more: str = "") -> str:
    cancel = "" if interrupting else ' cancelActivity="false"'
    return f'<boundaryEvent id="{id}" attachedToRef="{host}"{cancel}>{more}{event}</boundaryEvent>'


def test_a_timer_of_calendar_months_respects_short_months():
    body = (
        start()
        + f'<intermediateCatchEvent id="t">{TIMER.format("timeDuration", "=d")}</intermediateCatchEvent>'
        + end()
    )
    case = Case(process(body + flow("start > t > end")), {"d": "P1M"})
    assert str(case.state.next_due) == "2026-04-02 12:00:00+00:00"
    case.after(days=30, hours=23)
    assert case.state.status == "running"
    assert case.after(hours=1).state.status == "completed"


def test_a_timer_may_wait_for_a_date_that_a_variable_holds():
    body = (
        start()
        + f'<intermediateCatchEvent id="t">{TIMER.format("timeDate", "=due")}</intermediateCatchEvent>'
        + end()
    )
    case = Case(process(body + flow("start > t > end")), {"due": "2026-03-10"})
    assert str(case.state.next_due) == "2026-03-10 00:00:00+00:00"


def test_a_timer_that_cannot_be_read_stops_the_token_not_the_instance():
    body = (
        start()
        + f'<intermediateCatchEvent id="t">{TIMER.format("timeDuration", "=d")}</intermediateCatchEvent>'
        + end()
    )
    case = Case(process(body + flow("start > t > end")), {"d": "soon"})
    assert case.codes == ["timer.bad-duration"]
    assert case.resolve(d="PT1M").after(minutes=1).state.status == "completed"


def test_an_interrupting_boundary_timer_ends_the_task_and_its_waits():
    body = (
        start()
        + user("verify")
        + boundary("late", "verify", TIMER.format("timeDuration", "P2D"))
        + end()
        + service("release")
        + end("expired")
        + flow("start > verify > end")
        + flow("late > release > expired")
    )
    case = Case(process(body)).after(days=2)
    assert (case.tasks, case.jobs, case.state.timers) == ([], ["release"], ())
    assert [event.element for event in case.events if event.kind == "task.cancelled"] == ["verify"]
    assert case.complete_job("release").completed == ["start", "late", "release", "expired"]


def test_a_completed_task_takes_its_boundary_timer_with_it():
    body = start() + user("verify") + boundary("late", "verify", TIMER.format("timeDuration", "P2D"))
    body += end() + end("expired") + flow("start > verify > end") + flow("late > expired")
    case = Case(process(body)).complete_task("verify")
    assert (case.state.status, case.state.next_due) == ("completed", None)


def test_a_cycle_reminds_until_the_task_is_done():
    body = (
        start()
        + user("verify")
        + boundary("remind", "verify", TIMER.format("timeCycle", "R3/P1D"), interrupting=False)
        + service("mail")
        + end("reminded")
        + end()
        + flow("start > verify > end")
        + flow("remind > mail > reminded")
    )
    case = Case(process(body)).after(days=1).complete_job("mail").after(days=2)
    assert case.jobs == ["mail", "mail"]
    assert case.state.next_due is None
    case.complete_job("mail").complete_job("mail").complete_task("verify")
    assert case.state.status == "completed"
    assert case.completed.count("mail") == 3


def test_an_interrupting_message_brings_its_content_through_the_events_outputs():
    event = '<messageEventDefinition messageRef="m"/>'
    more = extension(mapping(outputs={"answer.code": "=code"}))
    body = start() + user("verify") + boundary("reply", "verify", event, more=more) + end() + end("replied")
    case = Case(
        process(body + flow("start > verify > end") + flow("reply > replied"), definitions=PAID),
        {"order": "A1"},
    )
    case.message("paid", "A1", code="AP", noise=1)
    assert case.tasks == []
    assert dict(case.state.variables) == {"order": "A1", "answer": {"code": "AP"}}


def test_a_non_interrupting_message_may_come_again():
    event = '<messageEventDefinition messageRef="m"/>'
    body = start() + user("work") + boundary("note", "work", event, interrupting=False) + end() + end("noted")
    case = Case(
        process(body + flow("start > work > end") + flow("note > noted"), definitions=PAID), {"order": "A1"}
    )
    case.message("paid", "A1").message("paid", "A1")
    assert case.completed == ["start", "note", "noted", "note", "noted"]
    assert case.tasks == ["work"]


def error_model(*, code: str = "DUPLICATE", catch: str = ' errorRef="dup"') -> bytes:
    body = (
        start()
        + service("check")
        + boundary("caught", "check", f"<errorEventDefinition{catch}/>")
        + end()
        + end("rejected")
        + flow("start > check > end")
        + flow("caught > rejected")
    )
    return process(body, definitions=f'<error id="dup" errorCode="{code}"/>')


def test_a_job_error_is_caught_by_the_boundary_event_of_its_code():
    case = Case(error_model()).throw("check", "DUPLICATE", first="c-1")
    assert case.completed == ["start", "caught", "rejected"]
    assert dict(case.state.variables) == {"first": "c-1"}


def test_a_boundary_event_without_a_reference_catches_every_error():
    assert Case(error_model(catch="")).throw("check", "OTHER").completed[-1] == "rejected"


def test_an_error_that_nobody_catches_is_an_incident_and_the_job_can_be_tried_again():
    case = Case(error_model()).throw("check", "OTHER")
    assert (case.codes, case.jobs, case.state.status) == (["error.uncaught"], [], "running")
    case.resolve()
    assert case.jobs == ["check"]
    assert case.complete_job("check").state.status == "completed"


def test_a_failed_job_is_an_incident_that_names_it():
    case = Case(error_model())
    job = case.state.jobs[0].id
    case.send(bpmn_fail(case, job))
    (incident,) = case.state.incidents
    assert (incident.code, incident.message, incident.job) == ("bank.down", "no answer", job)
    assert case.resolve().state.jobs[0].id == job


def bpmn_fail(case: Case, job: str):
    import bpmn

    return bpmn.FailJob(case.now, job, "bank.down", "no answer")


def test_an_error_leaves_every_scope_up_to_the_one_that_catches_it():
    inner = start("s2") + service("b") + end("e2") + flow("s2 > b > e2")
    outer = (
        start("s1")
        + f'<subProcess id="inner">{inner}</subProcess>'
        + service("a")
        + '<parallelGateway id="f"/>'
    )
    outer += end("e1") + end("e3") + flow("s1 > f > inner > e1") + flow("f > a > e3")
    body = (
        start()
        + f'<subProcess id="outer">{outer}</subProcess>'
        + boundary("caught", "outer", '<errorEventDefinition errorRef="bad"/>')
        + end()
        + end("failed")
        + flow("start > outer > end")
        + flow("caught > failed")
    )
    case = Case(process(body, definitions='<error id="bad" errorCode="BAD"/>')).throw("b", "BAD")
    assert case.completed == ["start", "s1", "f", "s2", "caught", "failed"]
    assert (case.jobs, case.state.status) == ([], "completed")


def test_an_error_event_subprocess_takes_over_its_scope():
    handler = (
        '<startEvent id="on"><errorEventDefinition errorRef="bad"/></startEvent>'
        + service("repair")
        + end("he")
    )
    handler += flow("on > repair > he")
    inner = (
        start("s1")
        + service("work")
        + end("e1")
        + flow("s1 > work > e1")
        + f'<subProcess id="handler" triggeredByEvent="true">{handler}</subProcess>'
    )
    body = start() + f'<subProcess id="sub">{inner}</subProcess>' + end() + flow("start > sub > end")
    case = Case(process(body, definitions='<error id="bad" errorCode="BAD"/>')).throw("work", "BAD", why="x")
    assert case.jobs == ["repair"]
    case.complete_job("repair")
    assert case.completed[-3:] == ["handler", "sub", "end"]
    assert case.value("why") == "x"


def test_a_message_event_subprocess_interrupts_the_whole_process():
    handler = (
        '<startEvent id="on"><messageEventDefinition messageRef="m"/></startEvent>'
        + end("he")
        + flow("on > he")
    )
    body = (
        start()
        + user("work")
        + end()
        + flow("start > work > end")
        + f'<subProcess id="cancelled" triggeredByEvent="true">{handler}</subProcess>'
    )
    case = Case(process(body, definitions=PAID), {"order": "7"}).message("paid", "7", by="seller")
    assert (case.tasks, case.state.status) == ([], "completed")
    assert case.value("by") == "seller"


def test_a_non_interrupting_event_subprocess_runs_beside_its_scope_each_time():
    handler = (
        '<startEvent id="on" isInterrupting="false"><messageEventDefinition messageRef="m"/></startEvent>'
    )
    handler += service("note") + end("he") + flow("on > note > he")
    body = start() + user("work") + end() + flow("start > work > end")
    body += f'<subProcess id="dispute" triggeredByEvent="true">{handler}</subProcess>'
    case = Case(process(body, definitions=PAID), {"order": "7"}).message("paid", "7").message("paid", "7")
    assert case.jobs == ["note", "note"]
    case.complete_task("work")
    assert case.state.status == "running"  # the scope waits for the handlers that run in it
    assert case.complete_job("note").complete_job("note").state.status == "completed"


def test_terminate_ends_its_scope_and_no_more():
    inner = (
        start("s1")
        + '<parallelGateway id="f"/>'
        + user("never")
        + end("e1")
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + service("go")
        + flow("s1 > f > never > e1")
        + flow("f > go > stop")
    )
    body = start() + f'<subProcess id="sub">{inner}</subProcess>' + user("after") + end()
    case = Case(process(body + flow("start > sub > after > end"))).complete_job("go")
    assert case.tasks == ["after"]
    assert "never" not in case.completed


def test_an_interrupt_takes_effect_before_the_next_step_in_its_scope():
    """The signal is thrown inside the scope that it ends: what follows the throw must not run."""
    inner = start("s1") + '<intermediateThrowEvent id="throw"><signalEventDefinition signalRef="s"/>'
    inner += "</intermediateThrowEvent>" + '<task id="next"/>' + end("e1") + flow("s1 > throw > next > e1")
    body = (
        start()
        + f'<subProcess id="sub">{inner}</subProcess>'
        + boundary("stop", "sub", '<signalEventDefinition signalRef="s"/>')
        + end()
        + end("stopped")
        + flow("start > sub > end")
        + flow("stop > stopped")
    )
    case = Case(process(body, definitions='<signal id="s" name="halt"/>'))
    assert case.completed == ["start", "s1", "stop", "stopped"]


def test_an_escalation_is_heard_outside_while_the_thrower_goes_on():
    inner = start("s1") + '<intermediateThrowEvent id="raise"><escalationEventDefinition escalationRef="x"/>'
    inner += "</intermediateThrowEvent>" + '<task id="next"/>' + end("e1") + flow("s1 > raise > next > e1")
    event = '<escalationEventDefinition escalationRef="x"/>'
    body = (
        start()
        + f'<subProcess id="sub">{inner}</subProcess>'
        + boundary("heard", "sub", event, interrupting=False)
    )
    body += end() + end("told") + flow("start > sub > end") + flow("heard > told")
    case = Case(process(body, definitions='<escalation id="x" escalationCode="X"/>'))
    assert {"next", "told", "end"} <= set(case.completed)


def test_links_jump_within_their_scope():
    body = (
        start()
        + '<intermediateThrowEvent id="to"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        + '<intermediateCatchEvent id="from"><linkEventDefinition name="L"/></intermediateCatchEvent>'
        + end()
        + flow("start > to")
        + flow("from > end")
    )
    assert Case(process(body)).completed == ["start", "to", "from", "end"]


def test_timers_fire_in_the_order_of_their_times_and_see_what_the_earlier_ones_did():
    body = (
        start()
        + user("work")
        + boundary("first", "work", TIMER.format("timeDuration", "PT1H"))
        + boundary("second", "work", TIMER.format("timeDuration", "PT2H"), interrupting=False)
        + end()
        + end("one")
        + end("two")
        + flow("start > work > end")
        + flow("first > one")
        + flow("second > two")
    )
    assert Case(process(body)).after(hours=5).completed == ["start", "first", "one"]


def test_numbers_make_one_correlation_key_however_they_are_written():
    body = start() + '<receiveTask id="w" messageRef="m"/>' + end() + flow("start > w > end")
    case = Case(process(body, definitions=PAID), {"order": Decimal("17.0")})
    assert case.message("paid", "17").state.status == "completed"
