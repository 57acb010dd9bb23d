"""The difference of two versions of a model: what runs counts, not the drawing."""

import json
from pathlib import Path

from bpmn.model.difference import Difference, difference
from support.bpmn_text import end, flow, mapping, process, service, start, user

FACTORING = {
    path.name: path.read_bytes()
    for path in (Path(__file__).resolve().parents[3] / "bpmn" / "products" / "factoring").iterdir()
}
PLAIN = start() + service("job") + user("check") + end() + flow("start > job > check > end")


def differences(old: str, new: str, *, definitions: str = "", new_definitions: str = "") -> list[Difference]:
    return difference(
        {"a.bpmn": process(old, definitions=definitions)},
        {"b.bpmn": process(new, definitions=new_definitions or definitions)},
    )


def told(found: list[Difference]) -> list[tuple[str, str, str]]:
    return [(each.area, each.item, each.what or each.change) for each in found]


def changed(name: str, old: bytes, new: bytes) -> list[Difference]:
    """What differs when one file of the factoring product is edited."""
    assert old in FACTORING[name]
    return difference(FACTORING, {**FACTORING, name: FACTORING[name].replace(old, new, 1)})


class TestNothing:
    def test_a_model_does_not_differ_from_itself(self):
        assert difference(FACTORING, dict(reversed(FACTORING.items()))) == []

    def test_the_main_process_is_named_where_several_could_be_it(self):
        two = {"p.bpmn": process(PLAIN), "q.bpmn": process(PLAIN.replace("check", "look"), id="q")}
        one = {"p.bpmn": process(PLAIN)}
        assert difference(one, two, process="p") == []

    def test_layout_and_order_of_elements_and_names_of_flows_do_not_count(self):
        redrawn = end() + user("check") + service("job") + start() + flow("start > job > check > end")
        redrawn = redrawn.replace('id="job-check"', 'id="Flow_0x1"')
        assert differences(PLAIN, redrawn) == []
        assert changed("factoring.bpmn", b'<dc:Bounds x="', b'<dc:Bounds x="1') == []


class TestElementsAndFlows:
    def test_an_element_between_two_rewires_their_flow(self):
        rewired = PLAIN.replace('sourceRef="check" targetRef="end"', 'sourceRef="check" targetRef="second"')
        new = rewired + user("second") + flow("second > end")
        found = differences(PLAIN, new)
        assert told(found) == [
            ("element", "second", "added"),
            ("flow", "second-end", "added"),
            ("flow", "check-end", "target"),
        ]
        assert (found[2].old, found[2].new) == ("end", "second")

    def test_what_is_removed_is_told(self):
        new = start() + service("job") + end() + flow("start > job > end")
        assert told(differences(PLAIN, new)) == [
            ("element", "check", "removed"),
            ("flow", "job-check", "removed"),
            ("flow", "check-end", "removed"),
            ("flow", "job-end", "added"),
        ]

    def test_job_type_form_mapping_and_kind_are_facets(self):
        new = (
            start() + service("job", type="other", more=mapping({"a": "=b"}))
            + user("check", more='<zeebe:formDefinition formId="f"/>') + end()
            + flow("start > job > check > end")
        )  # fmt: skip
        found = differences(PLAIN, new)
        assert told(found) == [
            ("element", "job", "input mapping"),
            ("element", "job", "type"),
            ("element", "check", "form"),
        ]
        assert (found[1].old, found[1].new) == ("work", "other")
        kind = differences(PLAIN, PLAIN.replace(user("check"), '<task id="check"/>'))
        assert ("element", "check", "kind") in told(kind)

    def test_a_condition_and_the_default_flow(self):
        def split(condition: str, default: str) -> str:
            return (
                start() + f'<exclusiveGateway id="g" default="{default}"/>' + end("a") + end("b") + end("c")
                + flow("start > g") + flow("g > a", {"g-a": condition}) + flow("g > b", {"g-b": "=x = 1"})
                + flow("g > c", {"g-c": "=x = 2"})
            )  # fmt: skip

        old = split("=x &gt; 5", "g-c")
        [found] = differences(old, split("=x &gt; 6", "g-c"))
        assert str(found) == "flow g-a: condition =x > 5 → =x > 6"
        assert told(differences(old, split("=x &gt; 5", "g-b"))) == [
            ("element", "g", "default flow"),
            ("element", "g", "order of flows"),
        ]

    def test_the_order_of_flows_counts_where_the_first_true_one_is_taken(self):
        def split(tag: str, order: str) -> str:
            flows = {name: flow(f"g > {name}", {f"g-{name}": "=x"}) for name in "ab"}
            nodes = start() + f'<{tag} id="g"/>' + end("a") + end("b") + flow("start > g")
            return nodes + "".join(flows[name] for name in order)

        def found(tag: str) -> list[tuple[str, str, str]]:
            return told(differences(split(tag, "ab"), split(tag, "ba")))

        assert found("exclusiveGateway") == [("element", "g", "order of flows")]
        assert found("inclusiveGateway") == []

    def test_a_timer(self):
        [found] = changed("factoring.bpmn", b">P2D<", b">P5D<")
        assert (found.item, found.what) == ("TwoDaysOver", "events")
        assert (found.old[0]["time"], found.new[0]["time"]) == ("P2D", "P5D")


class TestDecisions:
    def test_a_changed_rule_is_shown_cell_by_cell(self):
        [found] = changed("approval-band.dmn", b"&gt; 100000", b"&gt; 75000")
        assert (found.area, found.item, found.what) == ("decision", "approval-band", "rule 1")
        assert (found.old[0], found.new[0]) == ("> 100000", "> 75000")

    def test_a_removed_rule_and_the_hit_policy(self):
        text = FACTORING["approval-band.dmn"]
        rule = text[
            text.index(b'<rule id="approval-band_rule2">') : text.index(b'<rule id="approval-band_rule3">')
        ]
        [found] = changed("approval-band.dmn", rule, b"")
        assert (found.what, found.new) == ("rule 2", None)
        [found] = changed("approval-band.dmn", b'hitPolicy="FIRST"', b'hitPolicy="ANY"')
        assert (found.what, found.old, found.new) == ("hit policy", "FIRST", "ANY")

    def test_an_input_and_a_whole_decision(self):
        [found] = changed("approval-band.dmn", b"<text>amount</text>", b"<text>amount * 2</text>")
        assert found.what == "input"
        found = difference(
            FACTORING,
            {
                **FACTORING,
                "more.dmn": FACTORING["approval-band.dmn"].replace(b"approval-band", b"other-band"),
            },
        )
        assert told(found) == [("decision", "other-band", "added")]


class TestForms:
    def test_a_field_is_told_and_the_layout_is_not(self):
        form = json.loads(FACTORING["accept-offer.form"])
        form["components"][-1]["layout"] = {"row": "1"}
        form["components"][-1]["label"] = "Your decision"
        form["components"].append({"type": "textfield", "key": "remark", "id": "x"})
        found = difference(FACTORING, {**FACTORING, "accept-offer.form": json.dumps(form).encode()})
        assert told(found) == [
            ("form", "accept-offer", "field decision"),
            ("form", "accept-offer", "field remark"),
        ]
        assert found[1].old is None
