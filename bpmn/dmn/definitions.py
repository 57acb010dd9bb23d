"""Decision models, compiled: decisions with what they require, functions and services, of one file or more.

A decision sees what its requirements declare: input data, other decisions, business knowledge models
(functions) and decision services. Models in the manner of Camunda's modeller declare no input data; so the
caller's variables are visible too, behind what is declared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bpmn.dmn.boxed import Translator
from bpmn.dmn.errors import DmnError, DmnRefused
from bpmn.dmn.items import ItemDefinitions
from bpmn.dmn.source import Element, read
from bpmn.errors import Finding
from bpmn.feel import syntax as ast
from bpmn.feel.compiler import Compiler
from bpmn.feel.errors import FeelSyntaxError
from bpmn.feel.expression import checked
from bpmn.feel.functions import enter
from bpmn.feel.limits import DEFAULT, Limits, exceeded
from bpmn.feel.runtime import Code, Frame, Invocable, Run
from bpmn.feel.types import FunctionType, Type, fit
from bpmn.feel.values import Value

#: What calling a decision service costs of the depth that calls may nest to.
_SERVICE_DEPTH = 24


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a node sees: the other node's key, and the name (behind an import's prefix) it has here."""

    key: str
    name: str
    prefix: str | None


@dataclass(slots=True)
class Node:
    """An element of the requirements graph, compiled; `key` is its namespace and id."""

    key: str
    id: str
    name: str
    namespace: str
    type: Type
    requirements: tuple[Requirement, ...] = ()


@dataclass(slots=True)
class InputData(Node):
    """A value that the caller gives."""


@dataclass(slots=True)
class Decision(Node):
    """A decision; `names` are the variables that its logic reads though no requirement declares them."""

    code: Code = field(default=lambda frame: None)
    names: frozenset[str] = frozenset()
    definitions: Definitions | None = None

    def evaluate(self, scope: Mapping[str, Any], *, now: dt.datetime, limits: Limits = DEFAULT) -> Value:
        """Return the decision's value for the input data and variables in `scope`, after all it requires.

        What is missing counts as null, as DMN wants it.

        Raises:
            HitPolicyViolated: rules of a table contradict its hit policy.
            FeelError: `feel.limit` when the evaluation wants too much work.
        """
        assert self.definitions is not None  # noqa: S101 - set when the model is assembled
        return self.definitions.run(self, scope, now=now, limits=limits)


@dataclass(slots=True)
class KnowledgeModel(Node):
    """A business knowledge model: a function."""

    code: Code = field(default=lambda frame: None)


@dataclass(slots=True)
class Service(Node):
    """A decision service: decisions behind a function's interface."""

    parameters: tuple[Requirement, ...] = ()
    outputs: tuple[Requirement, ...] = ()
    definitions: Definitions | None = None

    def evaluate(self, scope: Mapping[str, Any], *, now: dt.datetime, limits: Limits = DEFAULT) -> Value:
        """Return the service's value for its inputs in `scope`; errors as of `Decision.evaluate`."""
        assert self.definitions is not None  # noqa: S101 - set when the model is assembled
        return self.definitions.run(self, scope, now=now, limits=limits)


class Definitions:
    """A compiled decision model. `decisions` and `services` are those of the main file, by id."""

    def __init__(
        self, name: str, namespace: str, nodes: Mapping[str, Node], findings: Sequence[Finding]
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.nodes = nodes
        self.findings = tuple(findings)
        own = [node for node in nodes.values() if node.namespace == namespace]
        self.decisions = {node.id: node for node in own if isinstance(node, Decision)}
        self.services = {node.id: node for node in own if isinstance(node, Service)}
        self.inputs = {node.id: node for node in own if isinstance(node, InputData)}
        for node in nodes.values():
            if isinstance(node, Decision | Service):
                node.definitions = self

    def decision_named(self, name: str) -> Decision | None:
        """Return the main file's decision of that name."""
        return next((node for node in self.decisions.values() if node.name == name), None)

    def service_named(self, name: str) -> Service | None:
        """Return the main file's decision service of that name."""
        return next((node for node in self.services.values() if node.name == name), None)

    def run(self, node: Node, scope: Mapping[str, Any], *, now: dt.datetime, limits: Limits) -> Value:
        """Evaluate one node; see `Decision.evaluate`."""
        run = Run(now, limits, strict=False)
        evaluation = _Evaluation(self.nodes, scope, run, {})
        try:
            value = evaluation.value(node.key)
            if isinstance(value, ServiceFunction):
                value = value.call_with(run, scope)
        except RecursionError:
            raise exceeded("nested calls") from None
        return checked(run, value)  # type: ignore[no-any-return]


class _Evaluation:
    """The values of one evaluation, each node's once."""

    def __init__(
        self, nodes: Mapping[str, Node], scope: Mapping[str, Any], run: Run, known: dict[str, Any]
    ) -> None:
        self._nodes = nodes
        self._scope = scope
        self._run = run
        self._known = known

    def value(self, key: str) -> Any:
        """Return a node's value: what was given, what was decided, or the function that it is."""
        if key in self._known:
            return self._known[key]
        node = self._nodes[key]
        if isinstance(node, KnowledgeModel):
            return self._function(node)
        if isinstance(node, InputData):
            value = self._given(node)
        elif isinstance(node, Decision):
            names = {**self._scope, **self._names(node.requirements)}
            value = fit(node.code(Frame(names, None, self._run)), node.type)
        else:
            assert isinstance(node, Service)  # noqa: S101 - there is no other kind of node
            value = ServiceFunction(node, self._nodes)
        self._known[key] = value
        return value

    def _given(self, node: InputData) -> Any:
        """Return the input by its qualified name `{namespace}name` or its plain one."""
        qualified = f"{{{node.namespace}}}{node.name}"
        value = self._scope.get(qualified, self._scope.get(node.name))
        return fit(value, node.type)

    def _function(self, node: KnowledgeModel) -> Any:
        names: dict[str, Any] = {}
        function = node.code(Frame(names, None, self._run))
        # Known before its requirements are looked up: functions may call themselves and each other.
        self._known[node.key] = function
        names[node.name] = function
        names.update(self._names(node.requirements))
        if isinstance(node.type, FunctionType) and function is not None and not node.type.holds(function):
            self._known[node.key] = None
        return self._known[node.key]

    def _names(self, requirements: Iterable[Requirement]) -> dict[str, Any]:
        names: dict[str, Any] = {}
        for requirement in requirements:
            value = self.value(requirement.key)
            if requirement.prefix:
                names.setdefault(requirement.prefix, {})[requirement.name] = value
            else:
                names[requirement.name] = value
        return names


class ServiceFunction(Invocable):
    """A decision service as a function; its decisions see its parameters and nothing of the caller."""

    __slots__ = ("nodes", "parameters", "service")

    def __init__(self, service: Service, nodes: Mapping[str, Node]) -> None:
        self.service = service
        self.nodes = nodes
        self.parameters = tuple(parameter.name for parameter in service.parameters)

    @property
    def signature(self) -> FunctionType:
        """The declared types of inputs and result."""
        types = tuple(self.nodes[parameter.key].type for parameter in self.service.parameters)
        return FunctionType(types, self.service.type)

    def call(self, run: Run, arguments: Sequence[Any]) -> Any:
        """Evaluate the output decisions; several make a context by their names."""
        if len(arguments) != len(self.parameters):
            return None
        known: dict[str, Any] = {}
        for parameter, argument in zip(self.service.parameters, arguments, strict=True):
            known[parameter.key] = fit(argument, self.nodes[parameter.key].type)
            if known[parameter.key] is None and argument is not None:
                return None
        enter(run, 1, _SERVICE_DEPTH)
        evaluation = _Evaluation(self.nodes, {}, run, known)
        values = {output.name: evaluation.value(output.key) for output in self.service.outputs}
        run.frames -= _SERVICE_DEPTH
        result: Any = values
        if len(values) == 1:
            [result] = values.values()
        return fit(result, self.service.type)

    def call_with(self, run: Run, scope: Mapping[str, Any]) -> Any:
        """Call the service with its parameters looked up by name."""
        return self.call(run, [scope.get(name) for name in self.parameters])


# --- assembling --------------------------------------------------------------------------------------------


def compile_dmn(
    xml: bytes, *, imports: Iterable[bytes] = (), file: str = "", tolerant: bool = False
) -> Definitions:
    """Compile a DMN model with the models that it imports.

    `imports` are the files among which `import` elements find their namespace. With `tolerant` what cannot
    be executed counts as null and stands in `findings`, instead of refusing the model: for judging models,
    not for running them.

    Raises:
        DmnRefused: the file is no DMN, or holds what is not executed here; `findings` has all reasons.
    """
    root = read(xml, file)
    models = {root.get("namespace"): root}
    for other in imports:
        element = read(other)
        models.setdefault(element.get("namespace"), element)
    findings: list[Finding] = []
    assembly = _Assembly(models, findings, file)
    assembly.model(root)
    _refuse_cycles(assembly.nodes, findings, file)
    if findings and not tolerant:
        raise DmnRefused(findings)
    return Definitions(root.name, root.get("namespace"), assembly.nodes, findings)


class _Assembly:
    """Compiles the main model and, on the way, those that it imports."""

    def __init__(self, models: Mapping[str, Element], findings: list[Finding], file: str) -> None:
        self.nodes: dict[str, Node] = {}
        self._models = models
        self._findings = findings
        self._file = file
        self._items: dict[str, ItemDefinitions] = {}
        self._elements: dict[str, Element] = {}

    def _report(self, code: str, element: Element, message: str, hint: str) -> None:
        self._findings.append(Finding(code, "error", element.get("id") or None, message, hint, self._file))

    def model(self, root: Element) -> ItemDefinitions:
        """Compile one model and what it imports; each once."""
        namespace = root.get("namespace")
        if namespace in self._items:
            return self._items[namespace]
        prefixes: dict[str, str] = {}
        imported: dict[str, Mapping[str, Type]] = {}
        members: set[str] = set()
        for element in root.all("import"):
            other = self._models.get(element.get("namespace"))
            if "DMN" not in element.get("importType").upper():
                continue
            if other is None:
                self._report(
                    "dmn.import_missing",
                    element,
                    f"The imported model {element.get('namespace')!r} is not there.",
                    "Deploy it together with this one.",
                )
                continue
            items = self.model(other)
            prefixes[element.get("namespace")] = element.name
            imported[element.name] = items.types
            members |= items.members
        items = ItemDefinitions(root, imported, self._report)
        items.members |= members
        self._items[namespace] = items
        self._declare(root, items)
        for element in root.all("decision", "businessKnowledgeModel", "decisionService"):
            self._compile(root, element, items, prefixes)
        return items

    def _declare(self, root: Element, items: ItemDefinitions) -> None:
        namespace = root.get("namespace")
        kinds = {
            "inputData": InputData,
            "decision": Decision,
            "businessKnowledgeModel": KnowledgeModel,
            "decisionService": Service,
        }
        for element in root.all(*kinds):
            variable = element.first("variable")
            owner = element if variable is None else variable
            kind = items.named(owner.get("typeRef"), owner)
            name = (variable.name if variable is not None else "") or element.name
            key = f"{namespace}#{_id(element)}"
            if key in self.nodes:
                self._report(
                    "dmn.duplicate_id", element, f"The id {_id(element)!r} is used twice.", "Change one."
                )
            self.nodes[key] = kinds[element.tag](key, _id(element), name, namespace, kind)

    def _compile(
        self, root: Element, element: Element, items: ItemDefinitions, prefixes: Mapping[str, str]
    ) -> None:
        node = self.nodes[f"{root.get('namespace')}#{_id(element)}"]
        wanted = ("requiredInput", "requiredDecision", "requiredKnowledge")
        references = [
            part
            for requirement in element.all("informationRequirement", "knowledgeRequirement")
            for part in requirement.all(*wanted)
        ]
        node.requirements = self._required(root, references, prefixes)
        if isinstance(node, Service):
            inputs = (*element.all("inputData"), *element.all("inputDecision"))
            node.parameters = self._required(root, inputs, prefixes)
            node.outputs = self._required(root, element.all("outputDecision"), prefixes)
            return
        names = [requirement.name for requirement in node.requirements if not requirement.prefix]
        names += [prefix for prefix in prefixes.values() if prefix]
        items.members.update(requirement.name for requirement in node.requirements if requirement.prefix)
        if isinstance(node, KnowledgeModel):
            translator = Translator(items, [*names, node.name], self._report)
            logic = element.first("encapsulatedLogic")
            result = None if isinstance(node.type, FunctionType) else node.type
            tree: ast.Node = ast.Literal(None) if logic is None else translator.function(logic, result)
            node.code, _ = self._code(tree, element, items)
        elif isinstance(node, Decision):
            translator = Translator(items, names, self._report)
            node.code, free = self._code(translator.logic(element), element, items)
            node.names = free - {*names, *(item.name for item in node.requirements)}

    def _code(self, tree: ast.Node, element: Element, items: ItemDefinitions) -> tuple[Code, frozenset[str]]:
        compiler = Compiler(items.types)
        try:
            code = compiler.compile(tree)
        except FeelSyntaxError as error:
            self._report("dmn.bad_expression", element, error.message, error.hint or "Correct it.")
            return (lambda frame: None), frozenset()
        return code, frozenset(compiler.names)

    def _required(
        self, root: Element, references: Iterable[Element], prefixes: Mapping[str, str]
    ) -> tuple[Requirement, ...]:
        required: list[Requirement] = []
        for reference in references:
            namespace, _, local = reference.get("href").rpartition("#")
            namespace = namespace or root.get("namespace")
            key = f"{namespace}#{local}"
            node = self.nodes.get(key)
            if node is None:
                self._report(
                    "dmn.unknown_reference",
                    reference,
                    f"Nothing has the id that {reference.get('href')!r} refers to.",
                    "Draw the requirement again.",
                )
                continue
            foreign = namespace != root.get("namespace")
            required.append(Requirement(key, node.name, prefixes.get(namespace) if foreign else None))
        return tuple(required)


def _id(element: Element) -> str:
    """Return the id, or the name of an element that has none (nothing can require it then)."""
    return element.get("id") or element.name


def _refuse_cycles(nodes: Mapping[str, Node], findings: list[Finding], file: str) -> None:
    """Report decisions that require themselves by some way."""
    finished: set[str] = set()
    for start in nodes:
        path: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            key, leaving = stack.pop()
            if leaving:
                del path[key]
                finished.add(key)
                continue
            if key in path:
                node = nodes[key]
                findings.append(
                    Finding(
                        "dmn.cycle",
                        "error",
                        node.id,
                        f"The decision {node.name!r} requires itself.",
                        "Remove one of the requirements on the way round.",
                        file,
                    )
                )
                raise DmnRefused(findings)
            if key in finished or isinstance(nodes[key], KnowledgeModel):
                continue
            path[key] = None
            stack.append((key, True))
            stack.extend((requirement.key, False) for requirement in nodes[key].requirements)


__all__ = [
    "Decision",
    "Definitions",
    "DmnError",
    "InputData",
    "KnowledgeModel",
    "Service",
    "compile_dmn",
]
