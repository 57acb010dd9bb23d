"""A card as PMML 4.4 `Scorecard` (Data Mining Group): points and reason codes for other scoring engines.

Each characteristic's baseline is its best bin, and reasons are by points below it, as in the scorer. The
model gives points; the PD is not part of it, as it comes from the log odds before rounding. Attributes are
tried in order: not known, special codes, the bins, and for a category whatever else.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from lxml import etree

from core.errors import InvalidInput
from scoring.artifact import Bin, Card, CardFeature

NAMESPACE: Final = "http://www.dmg.org/PMML-4_4"
_REASONS: Final = 4

_Element = Any


def export_pmml(card: Card, identifier: str) -> bytes:
    """Return the card as a PMML document; the same card gives the same bytes.

    Raises:
        InvalidInput: `scoring.pmml_text` when a name or label holds a character that XML cannot write.
    """
    try:
        root = _document(card, identifier)
    except ValueError as error:
        raise InvalidInput(
            "scoring.pmml_text",
            f"A text of the card cannot be written in XML: {error}.",
            where=card.name,
            hint="Train the card from names without control characters.",
        ) from None
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _document(card: Card, identifier: str) -> _Element:
    default: Any = {None: NAMESPACE}  # the stubs know no default namespace
    root = etree.Element(f"{{{NAMESPACE}}}PMML", nsmap=default, version="4.4")
    notice = "; trained on synthetic data, not for decisions on real firms" if card.data.synthetic else ""
    header = _add(root, "Header", description=f"Card {identifier}{notice}")
    _add(header, "Application", name="scf", version=card.format)
    dictionary = _add(root, "DataDictionary", numberOfFields=str(len(card.features)))
    for feature in card.features:
        number = feature.kind == "number"
        _add(
            dictionary,
            "DataField",
            name=feature.name,
            displayName=feature.label,
            optype="continuous" if number else "categorical",
            dataType="double" if number else "string",
        )
    model = _add(
        root,
        "Scorecard",
        modelName=card.name,
        functionName="regression",
        initialScore=str(card.base_points),
        useReasonCodes="true",
        reasonCodeAlgorithm="pointsBelow",
    )
    schema = _add(model, "MiningSchema")
    for feature in card.features:
        _add(schema, "MiningField", name=feature.name, usageType="active", invalidValueTreatment="asIs")
    output = _add(model, "Output")
    _add(
        output, "OutputField", name="points", feature="predictedValue", dataType="double", optype="continuous"
    )
    for rank in range(1, min(_REASONS, len(card.features)) + 1):
        _add(
            output,
            "OutputField",
            name=f"reason_{rank}",
            feature="reasonCode",
            rank=str(rank),
            dataType="string",
            optype="categorical",
        )
    characteristics = _add(model, "Characteristics")
    for feature in card.features:
        _characteristic(characteristics, feature)
    return root


def _characteristic(parent: _Element, feature: CardFeature) -> None:
    best = max(one.points for one in feature.all_bins())
    at = _add(parent, "Characteristic", name=feature.name, reasonCode=feature.name, baselineScore=str(best))
    _add(_attribute(at, feature.missing), "SimplePredicate", field=feature.name, operator="isMissing")
    for special in feature.specials:
        _compare(_attribute(at, special.bin), feature.name, "equal", str(special.code))
    if feature.kind == "number":
        _intervals(at, feature)
        return
    for one, levels in zip(feature.bins, feature.levels, strict=True):
        chosen = _add(_attribute(at, one), "SimpleSetPredicate", field=feature.name, booleanOperator="isIn")
        # A text of an Array is quoted, and its quotes and backslashes are escaped.
        quoted = ['"' + level.replace("\\", "\\\\").replace('"', '\\"') + '"' for level in levels]
        _add(chosen, "Array", type="string", n=str(len(levels))).text = " ".join(quoted)
    if feature.unseen is not None:
        _add(_attribute(at, feature.unseen), "True")


def _intervals(parent: _Element, feature: CardFeature) -> None:
    bounds = [None, *map(str, feature.cuts), None]
    for one, (low, high) in zip(feature.bins, pairwise(bounds), strict=True):
        inside = _attribute(parent, one)
        if low is not None and high is not None:
            inside = _add(inside, "CompoundPredicate", booleanOperator="and")
        if low is not None:
            _compare(inside, feature.name, "greaterOrEqual", low)
        if high is not None:
            _compare(inside, feature.name, "lessThan", high)
        if low is None and high is None:
            _add(inside, "True")


def _attribute(parent: _Element, one: Bin) -> _Element:
    return _add(parent, "Attribute", partialScore=str(one.points))


def _compare(parent: _Element, field: str, operator: str, value: str) -> None:
    _add(parent, "SimplePredicate", field=field, operator=operator, value=value)


def _add(parent: _Element, tag: str, **attributes: str) -> _Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attrib=attributes)
