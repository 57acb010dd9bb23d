"""The deployment check: the standard's schema and the platform's catalogue on top of compiling."""

import bpmn
from support.bpmn_text import end, extension, flow, mapping, process, script, service, start, user

FORM = '<zeebe:formDefinition formId="approve"/>'
FAMILY = '<zeebe:properties><zeebe:property name="family" value="factoring"/></zeebe:properties>'


def source(*, family: bool = False, job: str = "finance.quote") -> bytes:
    return process(
        (extension(FAMILY) if family else "")
        + start()
        + service("quote", type=job)
        + user("approve", more=FORM)
        + end()
        + flow("start > quote > approve > end")
    )


def control(job: str) -> bpmn.Control:
    return bpmn.Control(job, frozenset({job}))


def codes(sources: dict[str, bytes], catalogue: bpmn.Catalogue) -> list[tuple[str, str | None]]:
    return [
        (finding.code, finding.element)
        for finding in bpmn.lint(sources, catalogue=catalogue)
        if finding.severity == "error"
    ]


def test_a_model_that_fits_the_catalogue_has_no_errors():
    catalogue = bpmn.Catalogue(frozenset({"finance.quote"}), frozenset({"approve"}))
    assert codes({"a.bpmn": source()}, catalogue) == []


def test_unknown_job_types_and_forms_are_errors_at_their_element():
    assert codes({"a.bpmn": source()}, bpmn.Catalogue(frozenset())) == [
        ("job.unknown-type", "quote"),
        ("form.unknown", "approve"),
    ]


def test_a_form_that_is_deployed_with_the_model_is_known():
    catalogue = bpmn.Catalogue(frozenset({"finance.quote"}))
    assert codes({"a.bpmn": source(), "approve.form": b'{"id": "approve"}'}, catalogue) == []
    assert ("form.unreadable", None) in codes({"a.bpmn": source(), "approve.form": b"{"}, catalogue)


def test_a_product_family_demands_its_controls():
    catalogue = bpmn.Catalogue(
        frozenset({"finance.quote", "finance.match"}),
        frozenset({"approve"}),
        (bpmn.Family("factoring", (control("finance.match"), control("finance.quote"))),),
    )
    assert codes({"a.bpmn": source(family=True)}, catalogue) == [("family.missing-control", "p")]
    assert codes({"a.bpmn": source(family=True)}, bpmn.Catalogue(catalogue.job_types, catalogue.forms)) == [
        ("family.unknown", "p")
    ]


def test_what_breaks_the_standards_schema_is_told_with_its_line():
    broken = source().replace(
        b'<startEvent id="start"/>', b'<startEvent id="start" id2="x"><bogus/></startEvent>'
    )
    findings = bpmn.lint({"a.bpmn": broken}, catalogue=bpmn.Catalogue(frozenset()))
    assert any(finding.code == "schema.invalid" and "Line 1" in finding.message for finding in findings)


def test_a_process_without_an_id_is_refused():
    nameless = source().replace(b'<process id="p" ', b"<process ")
    assert ("id.missing", "definitions") in codes({"a.bpmn": nameless}, bpmn.Catalogue(frozenset()))


def test_warnings_come_last_and_refuse_nothing():
    circle = '<task id="round"/><task id="about"/>' + flow("round > about > round")
    lonely = process(start() + end() + circle + flow("start > end"))
    findings = bpmn.lint({"a.bpmn": lonely}, catalogue=bpmn.Catalogue(frozenset()))
    assert [(each.code, each.severity) for each in findings] == [("soundness.unreachable", "warning")] * 2
    assert bpmn.compile_model({"a.bpmn": lonely})


def parallel_bodies(name: str, *, inputs: str = "", sequential: str = "false") -> bytes:
    loop = f'<multiInstanceLoopCharacteristics isSequential="{sequential}">'
    loop += "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    inner = start("s") + user("w", more=mapping(outputs={f"{name}.by": "=by"})) + end("e") + flow("s > w > e")
    each = f'<subProcess id="each">{extension(inputs)}{loop}{inner}</subProcess>'
    return process(
        start() + script("first", "=1", "paid") + each + end() + flow("start > first > each > end")
    )


def test_parallel_bodies_that_write_an_outer_variable_are_told_before_they_conflict():
    def warnings(source: bytes) -> list[tuple[str, str | None]]:
        return [(each.code, each.element) for each in bpmn.lint({"a.bpmn": source})]

    assert warnings(parallel_bodies("paid")) == [("variable.shared-in-parallel", "w")]
    assert warnings(parallel_bodies("collected")) == []
    assert warnings(parallel_bodies("paid", sequential="true")) == []
    assert warnings(parallel_bodies("paid", inputs=mapping({"paid": "=null"}))) == []


def test_missing_decisions_and_timers_that_cannot_be_read_are_errors_at_their_element():
    called = extension('<zeebe:calledDecision decisionId="gone" resultVariable="out"/>')
    timer = "<timerEventDefinition><timeDuration>three days</timeDuration></timerEventDefinition>"
    model = process(
        start()
        + f'<businessRuleTask id="rule">{called}</businessRuleTask>'
        + f'<intermediateCatchEvent id="wait">{timer}</intermediateCatchEvent>'
        + end()
        + flow("start > rule > wait > end")
    )
    findings = [each for each in bpmn.lint({"a.bpmn": model}) if each.severity == "error"]
    assert {(each.code, each.element) for each in findings} >= {
        ("timer.unreadable", "wait"),
        ("decision.unknown", "rule"),
    }
    assert all(each.hint and each.message for each in findings)


def guarded(work: str, before: str) -> bpmn.Catalogue:
    demanded = bpmn.Control("the check", frozenset({work}), before=frozenset({before}))
    return bpmn.Catalogue(frozenset({work, before}), families=(bpmn.Family("factoring", (demanded,)),))


def test_a_control_must_come_first_on_every_way():
    def paying(flows: str) -> bytes:
        return process(
            extension(FAMILY)
            + start()
            + '<exclusiveGateway id="way" default="way-check"/>'
            + service("check", type="check")
            + service("pay", type="pay")
            + end()
            + flows
        )

    known = guarded("check", "pay")
    ordered = flow("start > way > check > pay > end") + flow("way > end", {"way-end": "=x"})
    assert codes({"a.bpmn": paying(ordered)}, known) == []
    around = flow("start > way > check > pay > end") + flow("way > pay", {"way-pay": "=x"})
    findings = bpmn.lint({"a.bpmn": paying(around)}, catalogue=known)
    told = next(finding for finding in findings if finding.severity == "error")
    assert (told.code, told.element) == ("family.control-bypassed", "pay")
    assert told.message == "pay begins without the check, after start > way > pay."
    assert told.hint == "Lead every way through a job of type check."


def test_a_process_that_cannot_be_explored_whole_proves_no_control():
    text = extension(FAMILY) + start() + '<inclusiveGateway id="split"/><inclusiveGateway id="merge"/>'
    text += flow("start > split") + service("check", type="check") + service("pay", type="pay") + end()
    for number in range(8):
        name, after = f"a{number}", f"b{number}"
        text += user(name) + user(after)
        text += f'<boundaryEvent id="t{number}" attachedToRef="{name}"><timerEventDefinition><timeDuration>'
        text += "P1D</timeDuration></timerEventDefinition></boundaryEvent>" + flow(f"t{number} > merge")
        text += flow(f"split > {name} > {after} > merge", {f"split-{name}": f"=x{number}"})
    model = process(text + flow("merge > check > pay > end"))
    assert ("family.control-not-proven", "p") in codes({"a.bpmn": model}, guarded("check", "pay"))
