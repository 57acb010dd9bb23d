"""Simulation: cases on a virtual clock, with stated outcomes and durations, and what a change changes."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpmn
from bpmn.simulation import Simulation, Trace, read_cases, run_case, simulate
from support.bpmn_text import end, flow, mapping, process, service, start, user
from support.calls import own_case

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "factoring-cases.json"
FACTORING = {
    path.name: path.read_bytes()
    for path in (ROOT / "bpmn" / "products" / "factoring").iterdir()
    if path.suffix in (".bpmn", ".dmn")
}
STRICTER = {
    **FACTORING,
    "approval-band.dmn": FACTORING["approval-band.dmn"].replace(b"&gt; 100000", b"&gt; 75000"),
}
HOUR, DAY = 3_600, 86_400


def model(content: str, definitions: str = "") -> bpmn.Model:
    return bpmn.compile_model({"test.bpmn": process(content, definitions=definitions)})


def run(compiled: bpmn.Model, seed: int = 0, **case: object) -> Trace:
    """The trace of one recorded case."""
    file = read_cases(json.dumps({"cases": [{"id": "one", **case}]}).encode())
    return run_case(compiled, next(file.cases(seed)), seed)


def visited(trace: Trace) -> dict[str, tuple[int, int]]:
    """Element → (waiting, working) of its last visit."""
    return {visit.element: (visit.waiting, visit.working) for visit in trace.visits}


def timer(id: str, host: str, duration: str, interrupting: bool = True) -> str:
    return (
        f'<boundaryEvent id="{id}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">'
        f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition></boundaryEvent>"
    )


JOB = model(start() + service("job") + end() + flow("start > job > end"))
TASK = model(
    start() + user("check") + timer("late", "check", "P2D") + end() + end("expired")
    + flow("start > check > end") + flow("late > expired")
)  # fmt: skip
MESSAGE = '<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="=order"/></extensionElements></message>'  # noqa: E501
WAITING = model(
    start() + '<receiveTask id="wait" messageRef="m"/>' + end() + flow("start > wait > end"), MESSAGE
)


class TestOutcomes:
    def test_a_job_takes_its_time_and_gives_its_variables(self):
        trace = run(JOB, jobs={"work": {"variables": {"price": 10.50}, "duration": "PT2H"}})
        assert trace.status == "completed"
        assert trace.duration == 2 * HOUR
        assert trace.variables == {"price": {"$n": "10.5"}}
        assert trace.ends == ("end",)

    def test_work_waits_before_it_is_worked_on(self):
        trace = run(TASK, tasks={"check": {"waiting": "PT5H", "duration": "PT1H"}})
        assert visited(trace)["check"] == (5 * HOUR, HOUR)

    def test_an_element_goes_before_its_job_type_and_a_case_before_the_defaults(self):
        file = {
            "cases": [{"id": "own", "jobs": {"work": {"variables": {"x": 3}}}}, {"id": "default"}],
            "defaults": {"jobs": {"work": {"variables": {"x": 1}}, "job": {"variables": {"x": 2}}}},
        }
        cases = read_cases(json.dumps(file).encode()).cases(0)
        assert [run_case(JOB, case, 0).variables["x"] for case in cases] == [3, 2]

    def test_an_expression_decides_by_the_variables_of_the_task_and_of_the_case(self):
        asked = model(
            start() + user("check", more=mapping({"amount": "=total"})) + end() + flow("start > check > end")
        )
        outcome = {"variables": {"ok": '=amount <= 100 and case.grade = "A"'}}
        for total, grade, expected in ((100, "A", True), (101, "A", False), (1, "B", False)):
            trace = run(asked, variables={"total": total, "grade": grade}, tasks={"check": outcome})
            assert trace.variables["ok"] is expected

    def test_one_expression_may_give_all_variables(self):
        assert run(JOB, jobs={"job": {"variables": "={a: 1, b: 2}"}}).variables == {"a": 1, "b": 2}

    def test_repeated_visits_take_the_listed_outcomes_and_then_the_last(self):
        content = start() + service("job") + end() + '<exclusiveGateway id="again"/>'
        content += '<exclusiveGateway id="ok" default="ok-end"/>' + flow("start > again > job > ok > end")
        content += flow("ok > again", {"ok-again": "=tries &lt; 3"})
        outcomes = [{"variables": {"tries": 1}}, {"variables": {"tries": "=visit"}}]
        trace = run(model(content), jobs={"job": outcomes})
        assert [visit.element for visit in trace.visits].count("job") == 3
        assert trace.variables["tries"] == 3

    def test_a_business_error_goes_where_it_is_caught(self):
        caught = model(
            start() + service("job") + '<boundaryEvent id="refused" attachedToRef="job">'
            '<errorEventDefinition errorRef="e"/></boundaryEvent>' + end() + end("declined")
            + flow("start > job > end") + flow("refused > declined"),
            '<error id="e" name="no" errorCode="NO"/>',
        )  # fmt: skip
        assert run(caught, jobs={"job": {"error": "NO"}}).ends == ("declined",)
        assert run(caught, jobs={"job": {"error": "=null"}}).ends == ("end",)

    def test_an_error_that_nobody_catches_and_a_failure_are_incidents(self):
        for outcome, code in (({"error": "NO"}, "error.uncaught"), ({"fail": "bank.down"}, "bank.down")):
            trace = run(JOB, jobs={"job": outcome})
            assert trace.status == "incident"
            assert [(halt.element, halt.code) for halt in trace.halts] == [("job", code)]

    def test_a_call_that_runs_as_a_case_of_its_own_is_one_piece_of_work(self):
        for attributes, known in (("", {"limit": 5}), ('propagateAllChildVariables="false"', {})):
            called = model(
                start() + own_case("review", attributes=attributes) + end() + flow("start > call > end")
            )
            trace = run(called, jobs={"call": {"variables": {"limit": 5}, "duration": "P3D"}})
            assert (trace.status, trace.duration, trace.variables) == ("completed", 3 * DAY, known)
            assert visited(trace)["call"] == (0, 3 * DAY)

    def test_what_is_not_stated_is_done_at_once_and_told(self):
        trace = run(JOB)
        assert (trace.status, trace.duration, trace.assumed) == ("completed", 0, frozenset({"job"}))
        assert simulate(JOB, read_cases(b'{"cases": [{"id": "a"}]}')).report.to_json()["assumed"] == ["job"]

    def test_an_outcome_that_cannot_be_evaluated_stops_its_case_and_no_other(self):
        file = {"cases": [{"id": "bad", "jobs": {"job": {"variables": "=1"}}}, {"id": "good"}]}
        report = simulate(JOB, read_cases(json.dumps(file).encode())).report.to_json()
        assert report["statuses"] == {"completed": 1, "stuck": 1}
        assert report["stuck"][0]["code"] == "cases.no-variables"

    def test_a_case_that_cannot_start_is_stuck(self):
        conditional = model(
            '<startEvent id="start"><conditionalEventDefinition><condition>=amount &gt; 5</condition>'
            "</conditionalEventDefinition></startEvent>" + end() + flow("start > end")
        )
        assert run(conditional, variables={"amount": 6}).status == "completed"
        trace = run(conditional, variables={"amount": 5})
        assert trace.status == "stuck"
        assert [halt.code for halt in trace.halts] == ["start.condition-not-met"]


class TestTime:
    def test_a_timer_fires_when_the_work_takes_longer(self):
        trace = run(TASK, tasks={"check": {"duration": "P3D"}})
        assert (trace.ends, trace.duration) == (("expired",), 2 * DAY)

    def test_who_is_on_time_is_in_time(self):
        assert run(TASK, tasks={"check": {"duration": "P2D"}}).ends == ("end",)

    def test_a_task_that_is_never_done_is_ended_by_its_timer(self):
        assert run(TASK, tasks={"check": {"never": True}}).ends == ("expired",)

    def test_the_clock_of_expressions_is_that_of_the_case(self):
        trace = run(JOB, start="2026-05-01T08:00:00Z", jobs={"job": {"duration": "P1D", "variables": {"t": "=now()"}}})  # fmt: skip  # noqa: E501
        assert trace.variables["t"] == {"$dt": "2026-05-02T08:00:00Z"}

    def test_a_case_that_goes_on_for_ever_is_stuck(self):
        endless = model(
            start() + '<exclusiveGateway id="again"/>' + service("job") + flow("start > again > job > again")
        )
        assert [halt.code for halt in run(endless).halts] == ["simulation.too-many-moves"]
        slow = run(endless, jobs={"job": {"duration": "P30D"}})
        assert [halt.code for halt in slow.halts] == ["simulation.too-long"]
        assert slow.status == "stuck"


class TestMessages:
    def test_a_message_comes_at_its_time(self):
        sent = [{"name": "paid", "key": "o1", "at": "P1D", "variables": {"by": "bank"}}]
        trace = run(WAITING, variables={"order": "o1"}, messages=sent)
        assert (trace.status, trace.duration, trace.variables["by"]) == ("completed", DAY, "bank")

    def test_a_message_that_comes_too_early_is_kept(self):
        late = model(
            start() + service("job") + '<receiveTask id="wait" messageRef="m"/>' + end()
            + flow("start > job > wait > end"), MESSAGE,
        )  # fmt: skip
        sent = [{"name": "paid", "key": "=order", "at": "PT1H"}]
        trace = run(late, variables={"order": "o1"}, messages=sent, jobs={"job": {"duration": "P1D"}})
        assert (trace.status, trace.duration, trace.unheard) == ("completed", DAY, ())

    def test_a_message_may_answer_whoever_waits(self):
        trace = run(WAITING, variables={"order": 17}, messages=[{"name": "paid", "after": "PT3H"}])
        assert (trace.status, trace.duration) == ("completed", 3 * HOUR)

    def test_a_case_that_waits_in_vain_says_where_and_for_what(self):
        trace = run(WAITING, variables={"order": "o1"}, messages=[{"name": "paid", "key": "o2", "at": "P1D"}])
        [halt] = trace.halts
        assert (trace.status, halt.element, halt.code) == ("stuck", "wait", "message.never-sent")
        assert "paid with key o1" in halt.message
        assert trace.unheard == ("paid",)

    def test_a_message_whose_key_is_no_key_stops_its_case(self):
        sent = [{"name": "paid", "key": "=missing", "at": "P1D"}]
        trace = run(WAITING, variables={"order": "o1"}, messages=sent)
        assert (trace.status, [halt.code for halt in trace.halts]) == ("stuck", ["message.bad-key"])

    def test_a_signal_comes_at_its_time(self):
        caught = model(
            start() + '<intermediateCatchEvent id="go"><signalEventDefinition signalRef="s"/>'
            "</intermediateCatchEvent>" + end() + flow("start > go > end"),
            '<signal id="s" name="holiday"/>',
        )  # fmt: skip
        sent = {"name": "holiday", "at": "PT6H", "variables": {"bank": "=case.id"}}
        trace = run(caught, signals=[sent])
        assert (trace.status, trace.duration, trace.variables["bank"]) == ("completed", 6 * HOUR, "one")
        assert [halt.code for halt in run(caught).halts] == ["signal.never-sent"]

    def test_a_join_that_lacks_a_token_is_named(self):
        content = (
            start() + '<exclusiveGateway id="either" default="either-a"/>' + service("a") + service("b")
            + '<parallelGateway id="both"/>' + end() + flow("start > either > a > both > end")
            + flow("either > b > both", {"either-b": "=false"})
        )  # fmt: skip
        assert [(halt.element, halt.code) for halt in run(model(content)).halts] == [
            ("both", "join.never-complete")
        ]


class TestSeveralInstances:
    """What a model throws may start it again: each instance is driven, and keeps its own times."""

    def test_a_message_that_the_case_throws_starts_another_instance(self):
        begun = '<startEvent id="asked"><messageEventDefinition messageRef="again"/></startEvent>'
        thrown = '<intermediateThrowEvent id="ask"><messageEventDefinition messageRef="again"/></intermediateThrowEvent>'  # noqa: E501
        both = model(
            start() + thrown + service("first") + end() + begun + service("second", type="other")
            + end("answered") + flow("start > ask > first > end") + flow("asked > second > answered"),
            '<message id="again" name="again"/>',
        )  # fmt: skip
        trace = run(both, jobs={"first": {"duration": "PT1H"}, "second": {"duration": "P1D"}})
        assert (trace.status, trace.duration) == ("completed", DAY)
        assert (visited(trace)["first"], visited(trace)["second"]) == ((0, HOUR), (0, DAY))
        assert trace.ends == ("answered", "end")


@pytest.fixture(scope="module")
def example() -> Simulation:
    return simulate(
        bpmn.compile_model(STRICTER),
        read_cases(EXAMPLE.read_bytes()),
        against=bpmn.compile_model(FACTORING),
    )


class TestExample:
    """The example of docs/simulation.md."""

    def test_a_stricter_threshold_newly_needs_approval(self, example):
        assert example.comparison is not None
        assert example.comparison.sentence == "272 same, 44 newly need second approval, 6 stuck"
        classes = example.comparison.classes
        assert len({case for cases in classes.values() for case in cases}) == 322
        assert classes["stuck"] == [f"request-{number}" for number in (45, 77, 224, 253, 264, 308)]
        changes = example.comparison.to_json()["cases"]["request-45"]
        assert changes[0] == {"kind": "stuck", "what": ["SecondApproval: task.never-done"]}
        assert {"kind": "newly-needs", "what": ["SecondApproval"]} in changes

    def test_the_figures_tell_counts_times_and_distributions(self, example):
        report = example.report.to_json()
        elements = {each["element"]: each for each in report["elements"]}
        assert report["cases"] == 322 == elements["RequestSubmitted"]["visits"]
        assert elements["AcceptOffer"]["elapsed"]["max"] == 2 * DAY  # its timer
        assert elements["AcceptOffer"]["terminated"] == elements["TwoDaysOver"]["visits"] > 0
        assert elements["InvoiceResponse"]["visits"] == 0
        assert elements["limit-review/ScoreParties"]["visits"] == 320
        assert report["assumed"] == []
        assert report["distributions"]["defaults.tasks.verify-with-buyer.waiting"] == {
            "lognormal": {"median": "PT20H", "sigma": "0.9"}
        }
        assert report["unheard"] == {"PaymentReceived": ["never-paid"]}


class TestComparison:
    def compared(self, old: bpmn.Model, new: bpmn.Model, **case: object) -> tuple[str, list[str]]:
        file = read_cases(json.dumps({"cases": [{"id": "one", **case}]}).encode())
        comparison = simulate(new, file, against=old).comparison
        assert comparison is not None
        kinds = [each["kind"] for each in comparison.to_json()["cases"].get("one", [])]
        return comparison.sentence, kinds

    def test_a_version_against_itself_is_the_same(self):
        assert self.compared(TASK, TASK) == ("1 same", [])

    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            (JOB, TASK, "1 newly need check"),
            (TASK, JOB, "1 no longer need check"),
            (JOB, WAITING, "1 stopped by an incident"),
            (WAITING, JOB, "1 go on again"),
        ],
    )
    def test_the_gravest_difference_names_the_class(self, old, new, sentence):
        assert self.compared(old, new)[0] == sentence

    @pytest.mark.parametrize(
        ("path", "wait", "sentence"),
        [
            ("start > wait > job > end", "PT1H", "1 same"),
            ("start > wait > job > end", "PT2H", "1 take another time"),
            ("start > wait > job > step > end", "PT1H", "1 go another way"),
            ("start > wait > job > other", "PT1H", "1 end elsewhere (other)"),
        ],
    )
    def test_another_time_way_or_end(self, path, wait, sentence):
        old = self.version("start > wait > job > end", "PT1H")
        assert self.compared(old, self.version(path, wait))[0] == sentence

    @staticmethod
    def version(path: str, wait: str) -> bpmn.Model:
        nodes = {
            "start": start(),
            "wait": '<intermediateCatchEvent id="wait"><timerEventDefinition>'
            f"<timeDuration>{wait}</timeDuration></timerEventDefinition></intermediateCatchEvent>",
            "job": service("job"),
            "step": '<task id="step"/>',
            "end": end(),
            "other": end("other"),
        }
        return model("".join(nodes[name] for name in path.split(" > ")) + flow(path))

    def test_other_variables(self):
        def priced(price: str) -> bpmn.Model:
            return model(
                start() + service("job", more=mapping(outputs={"price": price})) + end()
                + flow("start > job > end")
            )  # fmt: skip

        assert self.compared(priced("=1"), priced("=2")) == ("1 have other variables", ["outcome"])

    def test_two_versions_see_the_same_luck(self):
        """A step more before it does not change how long the task takes, nor what is decided in it."""
        longer = model(
            start() + service("before") + user("check") + end() + flow("start > before > check > end")
        )
        plain = model(start() + user("check") + end() + flow("start > check > end"))
        outcome = {"variables": {"n": "=luck"}, "duration": {"lognormal": {"median": "PT1H", "sigma": 1}}}
        for seed in range(5):
            one, two = (run(each, seed, tasks={"check": outcome}) for each in (plain, longer))
            assert (one.duration, one.variables) == (two.duration, two.variables)


GENERATED = {
    "seed": 3,
    "generate": {
        "count": 12,
        "id": "c",
        "variables": {
            "amount": {"uniform": [0, 100], "step": 0.01},
            "grade": {"choice": ["A", "B"], "weights": [3, 1]},
            "days": {"normal": {"mean": 30, "deviation": 10}, "low": 10, "high": 60},
            "number": {"sequence": {"from": 100}},
            "double": "=amount * 2",
        },
    },
    "defaults": {
        "tasks": {
            "check": {
                "never": "=luck < 0.2",
                "duration": {"triangular": ["PT1H", "PT5H", "P3D"]},
                "waiting": {"exponential": "PT4H"},
            }
        }
    },
}


class TestSameAgain:
    def test_no_hash_seed_changes_the_report(self):
        """The same seed gives the same report, byte by byte, in any process."""
        code = (
            "import sys, json; from pathlib import Path; import bpmn\n"
            "from bpmn.simulation import read_cases, simulate\n"
            "content = Path(sys.argv[1]).read_bytes().replace(b'\"count\": 320', b'\"count\": 12')\n"
            "folder = Path(sys.argv[2])\n"
            "sources = {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in ('.bpmn', '.dmn')}\n"
            "stricter = {n: t.replace(b'&gt; 100000', b'&gt; 30000') for n, t in sources.items()}\n"
            "done = simulate(bpmn.compile_model(stricter), read_cases(content), against=bpmn.compile_model(sources))\n"  # noqa: E501
            "print(json.dumps([done.report.to_json(), done.comparison.to_json()]))"
        )
        folder = ROOT / "bpmn" / "products" / "factoring"
        reports = {
            subprocess.run(
                [sys.executable, "-c", code, str(EXAMPLE), str(folder)],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("0", "1", "4711")
        }
        assert len(reports) == 1
        assert b"newly need second approval" in reports.pop()

    @settings(max_examples=20, deadline=None)
    @given(order=st.permutations([f"case {number}" for number in range(6)]), seed=st.integers(0, 99))
    def test_the_order_of_the_cases_changes_no_case(self, order, seed):
        def traces(names: list[str]) -> dict[str, tuple[object, ...]]:
            file = read_cases(
                json.dumps(
                    {"cases": [{"id": name} for name in names], "defaults": GENERATED["defaults"]}
                ).encode()
            )
            found = [run_case(TASK, case, seed) for case in file.cases(seed)]
            return {each.case: (each.status, each.duration, each.visits, each.ends) for each in found}

        assert traces(order) == traces(sorted(order))

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 2**31))
    def test_a_version_against_itself_is_the_same_at_any_seed(self, seed):
        done = simulate(TASK, read_cases(json.dumps(GENERATED).encode()), against=TASK, seed=seed)
        assert done.comparison is not None
        assert done.comparison.sentence == "12 same"

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 2**31), fewer=st.integers(1, 12))
    def test_a_generated_case_does_not_depend_on_how_many_there_are(self, seed, fewer):
        small = {**GENERATED, "generate": {**GENERATED["generate"], "count": fewer}}
        many, few = (
            [case.variables for case in read_cases(json.dumps(each).encode()).cases(seed)]
            for each in (GENERATED, small)
        )
        assert many[:fewer] == few

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 2**31))
    def test_generated_values_are_exact_and_within_their_bounds(self, seed):
        for number, case in enumerate(read_cases(json.dumps(GENERATED).encode()).cases(seed)):
            values = case.variables
            assert isinstance(values["amount"], Decimal)
            assert 0 <= values["amount"] <= 100
            assert values["amount"] % Decimal("0.01") == 0
            assert values["double"] == values["amount"] * 2
            assert values["grade"] in ("A", "B")
            assert 10 <= values["days"] <= 60
            assert values["days"] % 1 == 0
            assert values["number"] == 100 + number
            assert case.id == f"c{number + 1}"
            assert case.start == datetime(2026, 1, 1, tzinfo=UTC)
