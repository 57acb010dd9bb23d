"""Python into FEEL, as far as both say the same; nothing is ever run.

Translated are names, literals, comparisons, logic on what is certainly true or false, arithmetic,
conditional expressions, literal lists and dictionaries, items of them, a few functions and methods, and
scripts that only assign. Where Python and FEEL agree for some types only, the translation tells what it
takes for granted; everything else raises `NotFeel` with the reason.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import orjson

from bpmn.feel import FeelSyntaxError, compile_expression

MAX_LENGTH = 20_000
"""Characters of Python that are read; a longer text is not translated."""

_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_METHODS = {
    "upper": ("upper case", 0),
    "lower": ("lower case", 0),
    "startswith": ("starts with", 1),
    "endswith": ("ends with", 1),
}
_BOOLEAN_METHODS = frozenset({"startswith", "endswith"})


class NotFeel(ValueError):
    """This Python has no translation; the text says what stands in the way."""


@dataclass(frozen=True, slots=True)
class Feel:
    """A FEEL expression (without `=`), and what it takes for granted about types."""

    text: str
    assumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable that gets a value; `entry` is what later values call it, if another one follows for it."""

    variable: str
    entry: str
    feel: Feel

    @property
    def lasts(self) -> bool:
        """Whether the variable has this value at the end."""
        return self.entry == self.variable


def feel_of(expression: str, *, condition: bool = False) -> Feel:
    """Translate an expression.

    Args:
        expression: the Python.
        condition: its value decides something. Then a name may stand for true or false: if it is
            neither, the engine raises an incident, while elsewhere FEEL would quietly give null.

    Raises:
        NotFeel: it has no translation.
    """
    tree = _parsed(expression.strip(), "eval")
    if not isinstance(tree, ast.Expression):
        raise AssertionError("parsing in this mode gives an expression")
    return _translated(tree.body, {}, condition)


def assignments_of(script: str) -> list[Assignment]:
    """Translate a script that only assigns.

    Later values may name earlier ones, as entries of a FEEL context do. A name that is assigned more
    than once gets an entry for each time; all but the last are called after it (`total_1`).

    Raises:
        NotFeel: it has no translation.
    """
    tree = _parsed(script, "exec")
    if not isinstance(tree, ast.Module):
        raise AssertionError("parsing in this mode gives a module")
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    steps = [step for statement in tree.body for step in _steps(statement)]
    found: list[Assignment] = []
    current: dict[str, str] = {}
    for at, (name, value) in enumerate(steps):
        feel = _translated(value, current, False)
        entry = name
        if any(later == name for later, _ in steps[at + 1 :]):
            entry = next(each for number in range(1, 1000) if (each := f"{name}_{number}") not in taken)
            taken.add(entry)
        current[name] = entry
        found.append(Assignment(name, entry, feel))
    return found


def feel_string(text: str) -> str:
    """A text as a FEEL literal."""
    return orjson.dumps(text).decode()


def _parsed(source: str, mode: str) -> ast.AST:
    if len(source) > MAX_LENGTH:
        raise NotFeel(f"it is longer than {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        raise NotFeel("it is no Python that can be read") from wrong


def _translated(node: ast.expr, names: Mapping[str, str], condition: bool) -> Feel:
    translation = _Translation(names)
    try:
        text = translation.truth(node, lenient=True) if condition else translation.value(node)
        compile_expression(text)
    except RecursionError as wrong:
        raise NotFeel("it is nested too deeply") from wrong
    except FeelSyntaxError as wrong:
        raise NotFeel("FEEL reads a name in it as something else") from wrong
    return Feel(text, tuple(dict.fromkeys(translation.assumes)))


def _steps(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """The assignments (name and value) that a statement stands for."""
    match statement:
        case ast.Pass():
            return []
        case ast.Expr(ast.Constant(str())):
            return []  # a comment in the guise of a text
        case ast.Assign([target], value):
            return [_assigned(target, value)]
        case ast.AnnAssign(target, _, ast.expr() as value):
            return [_assigned(target, value)]
        case ast.AugAssign(ast.Name(name) as target, operator, value):
            return [(name, ast.BinOp(ast.Name(target.id, ast.Load()), operator, value))]
        case ast.If(test, body, orelse):
            return _choice(statement, test, body, orelse)
        case _:
            raise NotFeel(f"`{_first_line(statement)}` is no simple assignment")


def _choice(
    statement: ast.If, test: ast.expr, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt]
) -> list[tuple[str, ast.expr]]:
    """Both branches assign the same names, and none of them plays a part in what another one gets."""
    ways = [[step for each in branch for step in _steps(each)] for branch in (body, orelse)]
    then, other = (dict(way) for way in ways)
    if len(ways[0]) != len(then) or len(ways[1]) != len(other) or then.keys() != other.keys():
        raise NotFeel(f"the branches of `{_first_line(statement)}` do not assign the same names once each")
    for name in then:
        others = [value for way in ways for each, value in way if each != name]
        if others and any(_mentions(each, name) for each in (test, *others)):
            raise NotFeel(f"`{_first_line(statement)}` assigns {name}, and then reads it")
    return [(name, ast.IfExp(test, then[name], other[name])) for name in then]


def _mentions(tree: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _assigned(target: ast.expr, value: ast.expr) -> tuple[str, ast.expr]:
    """A name gets a value; an item of a dictionary makes a new dictionary of the old one."""
    match target:
        case ast.Name(name):
            return name, value
        case ast.Subscript(ast.Name(name), ast.Constant(str(key))):
            return name, _put(name, key, value)
        case _:
            raise NotFeel(f"`{ast.unparse(target)}` is neither a name nor an item of one")


def _put(name: str, key: str, value: ast.expr) -> ast.expr:
    """`context put` as a call that the translation knows."""
    return ast.Call(ast.Name(_PUT, ast.Load()), [ast.Name(name, ast.Load()), ast.Constant(key), value], [])


_PUT = "context put"  # no Python name has a space, so that no script can say it


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]


class _Translation:
    """One expression on its way to FEEL."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.assumes: list[str] = []

    def value(self, node: ast.expr) -> str:
        """FEEL for a value of any type."""
        match node:
            case ast.Constant(value):
                return self._constant(value)
            case ast.Name(name):
                return self.names.get(name, name)
            case ast.BoolOp() | ast.UnaryOp(ast.Not()) | ast.Compare():
                return self.truth(node, lenient=False)
            case ast.UnaryOp(ast.USub(), operand):
                return f"-{self._operand(operand)}"
            case ast.BinOp(left, operator, right):
                return self._arithmetic(node, left, operator, right)
            case ast.IfExp(test, body, orelse):
                chosen = f"{self._operand(body)} else {self._operand(orelse)}"
                return f"if {self.truth(test, lenient=False)} then {chosen}"
            case ast.List(elements):
                return f"[{', '.join(self.value(each) for each in elements)}]"
            case ast.Dict(keys, values):
                return self._dictionary(keys, values)
            case ast.Attribute(inner, name):
                return f"{self._operand(inner)}.{name}"
            case ast.Subscript(inner, index):
                return self._item(inner, index)
            case ast.Call(function, arguments, []):
                return self._call(node, function, arguments)
            case _:
                raise NotFeel(f"`{_first_line(node)}` has no counterpart in FEEL")

    def truth(self, node: ast.expr, *, lenient: bool) -> str:
        """FEEL for what is true or false.

        Python takes any value for true or false, FEEL does not: what is not certainly one of them
        passes only where the engine would notice (`lenient`).
        """
        match node:
            case ast.BoolOp(operator, operands):
                word = " and " if isinstance(operator, ast.And) else " or "
                return word.join(self._grouped(each, lenient) for each in operands)
            case ast.UnaryOp(ast.Not(), operand):
                return f"not({self.truth(operand, lenient=lenient)})"
            case ast.Compare(left, operators, rights):
                return self._comparison(left, operators, rights)
            case _ if lenient or _is_boolean(node):
                return self.value(node)
            case _:
                raise NotFeel(f"`{_first_line(node)}` need not be true or false")

    def _grouped(self, node: ast.expr, lenient: bool) -> str:
        text = self.truth(node, lenient=lenient)
        return text if isinstance(node, ast.Name | ast.Constant) else f"({text})"

    def _operand(self, node: ast.expr) -> str:
        text = self.value(node)
        atomic = ast.Name | ast.Constant | ast.Attribute | ast.Subscript | ast.Call | ast.List | ast.Dict
        return text if isinstance(node, atomic) else f"({text})"

    def _constant(self, value: object) -> str:
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
            case float():
                number = Decimal(repr(value))
                if number.is_finite():
                    return f"{number:f}"
            case str():
                return feel_string(value)
        raise NotFeel(f"`{value!r}` has no counterpart in FEEL")

    def _arithmetic(self, node: ast.expr, left: ast.expr, operator: ast.operator, right: ast.expr) -> str:
        if isinstance(operator, ast.Add) and (isinstance(left, ast.List) or isinstance(right, ast.List)):
            return f"concatenate({self.value(left)}, {self.value(right)})"
        if isinstance(operator, ast.Add | ast.Mult) and not (_is_plain(left) or _is_plain(right)):
            kinds = "numbers or texts" if isinstance(operator, ast.Add) else "numbers"
            self.assumes.append(f"both sides of `{_first_line(node)}` are {kinds}")
        first, second = self._operand(left), self._operand(right)
        if isinstance(operator, ast.Mod) and not isinstance(left, ast.Constant):
            self.assumes.append(f"both sides of `{_first_line(node)}` are numbers")
            return f"modulo({first}, {second})"
        if isinstance(operator, ast.FloorDiv):
            return f"floor({first} / {second})"
        symbol = _ARITHMETIC.get(type(operator))
        if symbol is None:
            raise NotFeel(f"`{_first_line(node)}` has no counterpart in FEEL")
        return f"{first} {symbol} {second}"

    def _comparison(self, left: ast.expr, operators: Sequence[ast.cmpop], rights: Sequence[ast.expr]) -> str:
        parts = []
        for operator, right in zip(operators, rights, strict=True):
            parts.append(self._compared(left, operator, right))
            left = right
        return parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)

    def _compared(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple | ast.Set):
                raise NotFeel(f"what `{_first_line(right)}` holds is not known: a list, a text or keys")
            items = ", ".join(self.value(each) for each in right.elts)
            found = f"list contains([{items}], {self.value(left)})"
            return found if isinstance(operator, ast.In) else f"not({found})"
        if isinstance(operator, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None):
                raise NotFeel(f"`is {_first_line(right)}` asks for identity")
            symbol = "=" if isinstance(operator, ast.Is) else "!="
        else:
            symbol = _COMPARISONS[type(operator)]
        return f"{self._operand(left)} {symbol} {self._operand(right)}"

    def _dictionary(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr]) -> str:
        entries = []
        for key, value in zip(keys, values, strict=True):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                raise NotFeel("a dictionary has keys that are no literal texts")
            entries.append(f"{feel_string(key.value)}: {self.value(value)}")
        return f"{{{', '.join(entries)}}}"

    def _item(self, inner: ast.expr, index: ast.expr) -> str:
        whole = self._operand(inner)
        match index:
            case ast.Constant(str(key)):
                return f"{whole}.{key}" if key.isidentifier() else f"get value({whole}, {feel_string(key)})"
            case ast.Constant(int(number)) if not isinstance(number, bool):
                position = number + 1
            case ast.UnaryOp(ast.USub(), ast.Constant(int(number))) if number > 0:
                position = -number
            case _:
                raise NotFeel(f"the item `{_first_line(index)}` is not known before it runs")
        self.assumes.append(f"`{_first_line(inner)}` is a list")
        return f"{whole}[{position}]"

    def _call(self, node: ast.Call, function: ast.expr, arguments: Sequence[ast.expr]) -> str:
        match function, arguments:
            case ast.Name("len"), [inner]:
                self.assumes.append(f"`{_first_line(inner)}` is a list")
                return f"count({self.value(inner)})"
            case ast.Name("abs"), [inner]:
                return f"abs({self.value(inner)})"
            case ast.Name("min" | "max" as name), [_, _, *_]:
                return f"{name}({', '.join(self.value(each) for each in arguments)})"
            case ast.Name("round"), [inner, *digits] if len(digits) < 2:
                scale = self.value(digits[0]) if digits else "0"
                return f"decimal({self.value(inner)}, {scale})"
            case ast.Name(name), [inner, ast.Constant(str(key)), value] if name == _PUT:
                return f"context put({self.value(inner)}, {feel_string(key)}, {self.value(value)})"
            case ast.Attribute(inner, "get"), [ast.Constant(str())]:
                return self._item(inner, arguments[0])
            case ast.Attribute(inner, name), _ if name in _METHODS and len(arguments) == _METHODS[name][1]:
                given = ", ".join(self.value(each) for each in (inner, *arguments))
                return f"{_METHODS[name][0]}({given})"
            case ast.Attribute(ast.Constant(str()) as inner, "join"), [items]:
                return f"string join({self.value(items)}, {self.value(inner)})"
            case _:
                raise NotFeel(f"`{_first_line(node)}` has no counterpart in FEEL")


def _is_plain(node: ast.expr) -> bool:
    """Whether this is a literal number or text, so that what is added to it must be one, too."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | str)


def _is_boolean(node: ast.expr) -> bool:
    """Whether this is certainly true or false."""
    match node:
        case ast.Constant(value):
            return isinstance(value, bool)
        case ast.IfExp(_, body, orelse):
            return _is_boolean(body) and _is_boolean(orelse)
        case ast.Call(ast.Attribute(_, name)):
            return name in _BOOLEAN_METHODS
        case ast.UnaryOp(operator):
            return isinstance(operator, ast.Not)
        case _:
            return isinstance(node, ast.Compare | ast.BoolOp)
