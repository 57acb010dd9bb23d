"""DMN: decision tables, boxed expressions and requirement graphs on FEEL.

definitions = compile_dmn(xml)
definitions.decisions["eligibility"].evaluate({"amount": Decimal(100)}, now=at)
"""

from bpmn.dmn.conformance import run_tck
from bpmn.dmn.definitions import Decision, Definitions, Service, compile_dmn
from bpmn.dmn.errors import DmnError, DmnRefused, HitPolicyViolated

__all__ = [
    "Decision",
    "Definitions",
    "DmnError",
    "DmnRefused",
    "HitPolicyViolated",
    "Service",
    "compile_dmn",
    "run_tck",
]
