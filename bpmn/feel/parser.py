"""Reads FEEL text into a syntax tree: recursive descent with a precedence table, knowing the names in scope.

Grammar: DMN 1.5, 10.3.1.2. From loosest to tightest: `or`, `and`, comparison with `between` and `in`, `+ -`,
`* /`, `**`, the sign, `instance of`, and path, filter and call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, DecimalException
from typing import NoReturn

from bpmn.feel import syntax as ast
from bpmn.feel.errors import FeelSyntaxError, Place
from bpmn.feel.lexer import Token, syntax_error, tokenize
from bpmn.feel.limits import MAX_NESTING
from bpmn.feel.operators import ARITHMETIC
from bpmn.feel.temporal import parse_temporal
from bpmn.feel.vocabulary import Vocabulary

KEYWORDS = frozenset(
    "if then else for in return some every satisfies and or between function external true false null".split()
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_COMPARISON, _SUM = 3, 4
_PRECEDENCE = {"or": 1, "and": 2, **dict.fromkeys((*_COMPARISONS, "between", "in"), _COMPARISON)}
_PRECEDENCE |= {"+": _SUM, "-": _SUM, "*": 5, "/": 5, "**": 6}
_BETWEEN_OPERANDS = frozenset(
    ("and", "or", "then", "else", "return", "satisfies", "in", "between", "instance")
)

#: Members and functions of the language itself whose names are several words.
_MEMBERS = Vocabulary(("time offset", "start included", "end included"))
_TYPES = Vocabulary(("date and time", "days and time duration", "years and months duration"))


class Parser:
    """Parses one text. `names` are the variables in scope, `members` the keys that contexts may have.

    Only names of several words matter here; single words need no declaration.
    """

    def __init__(self, text: str, names: Sequence[Vocabulary], members: Vocabulary) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._index = 0
        self._names = list(names)
        self._members = [members, _MEMBERS]
        self._nesting = 0
        self._in_filter = 0
        self._at_range_end = False

    # --- entry points ---

    def expression(self) -> ast.Node:
        """Return the tree of the whole text as one expression."""
        node = self._expression()
        self._expect_end()
        return node

    def unary_tests(self) -> ast.UnaryTests:
        """Return the whole text as the tests of a decision table's cell."""
        if self._symbol("-") and self._peek(1).kind == "end":
            return ast.UnaryTests(None, negated=False)
        negated = self._word("not") and self._peek(1).text == "("
        if negated:
            self._index += 2
        tests = self._tests()
        if negated:
            self._expect(")")
            if self._current.kind != "end":  # not(…) was but the beginning of an expression
                self._index = 0
                negated, tests = False, self._tests()
        self._expect_end()
        return ast.UnaryTests(tests, negated)

    # --- tokens ---

    @property
    def _current(self) -> Token:
        return self._tokens[self._index]

    def _peek(self, ahead: int) -> Token:
        return self._tokens[min(self._index + ahead, len(self._tokens) - 1)]

    def _symbol(self, text: str) -> bool:
        token = self._current
        return token.kind == "symbol" and token.text == text

    def _word(self, text: str) -> bool:
        token = self._current
        return token.kind == "name" and token.text == text

    def _accept(self, text: str) -> bool:
        token = self._current
        if token.text == text and token.kind in ("symbol", "name"):
            self._index += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            self._fail(f"Expected {text!r} but found {self._found()}.")

    def _expect_end(self) -> None:
        token = self._current
        if token.kind == "end":
            return
        before = self._tokens[self._index - 1]
        hint = None
        if token.kind == "name" and before.kind == "name":
            hint = (
                f"A name of several words that is not in scope needs backticks: `{before.text} {token.text}`."
            )
        self._fail(f"Expected the end of the expression but found {self._found()}.", hint)

    def _found(self) -> str:
        token = self._current
        return "the end of the text" if token.kind == "end" else repr(self._text[token.start : token.end])

    def _here(self) -> Place:
        return Place(self._text, self._current.start)

    def _fail(self, message: str, hint: str | None = None) -> NoReturn:
        raise syntax_error(self._text, self._current.start, message, hint)

    @contextmanager
    def _nested(self) -> Iterator[None]:
        self._nesting += 1
        self._check_depth(self._nesting)
        yield
        self._nesting -= 1

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_NESTING:
            raise FeelSyntaxError(
                "feel.too_deep",
                f"The expression nests deeper than {MAX_NESTING} levels.",
                hint="Give the inner parts names: context entries, variables or decisions.",
            ).at(self._here())

    @contextmanager
    def _declared(self, names: Iterable[str]) -> Iterator[None]:
        vocabulary = Vocabulary(names)
        self._names.append(vocabulary)
        yield
        self._names.pop()

    # --- expressions ---

    def _expression(self) -> ast.Node:
        outside, self._at_range_end = self._at_range_end, False
        with self._nested():
            node = self._operation(1)
        self._at_range_end = outside
        return node

    def _operation(self, minimum: int) -> ast.Node:
        """Parse operators that bind at least as tightly as `minimum`, all left-associative."""
        left = self._prefix()
        comparisons = 0
        while True:
            token = self._current
            operator = token.text if token.kind in ("symbol", "name") else ""
            precedence = _PRECEDENCE.get(operator, 0)
            if precedence < minimum:
                return left
            self._index += 1
            comparisons += precedence == _COMPARISON
            self._check_depth(comparisons)
            with self._nested():
                if operator == "between":
                    low = self._operation(_SUM)
                    self._expect("and")
                    left = ast.Between(left, low, self._operation(_SUM))
                elif operator == "in":
                    left = ast.In(left, self._in_tests())
                else:
                    left = ast.Binary(operator, left, self._operation(precedence + 1))

    def _prefix(self) -> ast.Node:
        if self._symbol("-"):
            self._index += 1
            with self._nested():
                operand = self._prefix()
            if isinstance(operand, ast.Literal) and type(operand.value) is Decimal:
                return ast.Literal(ARITHMETIC.minus(operand.value))
            return ast.Negation(operand)
        node = self._postfix(self._primary())
        if self._word("instance") and self._peek(1).text == "of":
            self._index += 2
            node = ast.InstanceOf(node, self._type())
        return node

    def _postfix(self, node: ast.Node) -> ast.Node:
        depth = 0
        while self._current.kind == "symbol":
            if self._accept("."):
                node = ast.Path(node, self._member())
            elif self._symbol("("):
                place = node.place if isinstance(node, ast.Name) else self._here()
                self._index += 1
                node = self._call(node, place)
            elif self._symbol("[") and not self._closes_range():
                place = self._here()
                self._index += 1
                self._in_filter += 1
                condition = self._expression()
                self._in_filter -= 1
                self._expect("]")
                node = ast.Filter(node, condition, place=place)
            else:
                break
            depth += 1
            self._check_depth(depth)
        return node

    def _closes_range(self) -> bool:
        """Tell whether the `[` here ends a range (`[1..9[`) rather than begins a filter."""
        after = self._peek(1)
        begins_value = (
            after.kind in ("number", "string", "quoted")
            or (after.kind == "name" and after.text not in _BETWEEN_OPERANDS)
            or (after.kind == "symbol" and after.text in "([{@-")
        )
        return self._at_range_end and not begins_value

    def _primary(self) -> ast.Node:
        token = self._current
        if token.kind == "number":
            return self._number()
        if token.kind == "string":
            self._index += 1
            return ast.Literal(token.text)
        if token.kind in ("name", "quoted"):
            return self._named()
        if token.kind == "symbol":
            if token.text == "(":
                return self._parenthesis()
            if token.text == "[":
                return self._list_or_range()
            if token.text == "]":
                return self._reversed_range()
            if token.text == "{":
                return self._context()
            if token.text == "@":
                return self._at_literal()
        self._fail(f"Expected a value but found {self._found()}.")

    def _number(self) -> ast.Node:
        try:
            value = ARITHMETIC.create_decimal(self._current.text)
        except DecimalException:
            self._fail("The number is too large.", "Numbers go up to about 10^6144.")
        self._index += 1
        return ast.Literal(value)

    def _named(self) -> ast.Node:
        token, place = self._current, self._here()
        name, length = self._known_name()
        if length:
            self._index += length
            return ast.Name(name, place)
        if token.kind == "name" and token.text in KEYWORDS:
            return self._keyword(token.text)
        self._index += 1
        return ast.Name(token.text, place)

    def _known_name(self) -> tuple[str, int]:
        vocabularies = self._names + self._members if self._in_filter else self._names
        return self._longest(vocabularies)

    def _longest(self, vocabularies: Sequence[Vocabulary]) -> tuple[str, int]:
        matches = (known.match(self._tokens, self._index) for known in vocabularies)
        return max(matches, key=lambda found: found[1], default=("", 0))

    def _keyword(self, word: str) -> ast.Node:
        if word in _CONSTANTS:
            self._index += 1
            return ast.Literal(_CONSTANTS[word])
        with self._nested():
            if word == "if":
                return self._conditional()
            if word == "for":
                return self._for()
            if word in ("some", "every"):
                return self._quantified(word)
            if word == "function":
                return self._function()
        self._fail(f"Expected a value but found the keyword {word!r}.")

    def _member(self) -> str:
        name, length = self._longest(self._members + self._names)
        if length:
            self._index += length
            return name
        token = self._current
        if token.kind not in ("name", "quoted"):
            self._fail(f"Expected a name after the dot but found {self._found()}.")
        self._index += 1
        return token.text

    def _call(self, callee: ast.Node, place: Place | None) -> ast.Call:
        arguments: list[ast.Node] = []
        names: list[str] = []
        if not self._accept(")"):
            while True:
                length = self._name_before(":")
                if length:
                    names.append(self._take_name(length))
                    self._expect(":")
                elif names:
                    self._fail("Arguments by name and by position do not mix.")
                arguments.append(self._expression())
                if names and len(names) != len(arguments):
                    self._fail("Arguments by name and by position do not mix.")
                if self._accept(")"):
                    break
                self._expect(",")
        return ast.Call(callee, tuple(arguments), tuple(names) if names else None, place)

    def _name_before(self, *ends: str) -> int:
        """Return how many tokens from here make a name that one of `ends` follows, else 0."""
        index = self._index
        while self._tokens[index].kind in ("name", "number", "quoted") or (
            self._tokens[index].kind == "symbol" and self._tokens[index].text not in '()[]{},:"@<>=!'
        ):
            if self._tokens[index].text in ends:
                break
            index += 1
        ended = self._tokens[index].kind in ("symbol", "name") and self._tokens[index].text in ends
        return index - self._index if ended else 0

    def _take_name(self, length: int) -> str:
        first, last = self._current, self._tokens[self._index + length - 1]
        self._index += length
        if first.kind == "quoted" and length == 1:
            return first.text
        return " ".join(self._text[first.start : last.end].split())

    def _conditional(self) -> ast.Node:
        self._index += 1
        condition = self._expression()
        self._expect("then")
        then = self._expression()
        self._expect("else")
        return ast.Conditional(condition, then, self._expression())

    def _for(self) -> ast.Node:
        place = self._here()
        self._index += 1
        bindings, pushed = self._bindings()
        self._expect("return")
        with self._declared(("partial",)):
            body = self._expression()
        del self._names[-pushed:]
        return ast.For(bindings, body, place)

    def _quantified(self, word: str) -> ast.Node:
        place = self._here()
        self._index += 1
        bindings, pushed = self._bindings()
        self._expect("satisfies")
        condition = self._expression()
        del self._names[-pushed:]
        return ast.Quantified(word == "every", bindings, condition, place=place)

    def _bindings(self) -> tuple[tuple[ast.Binding, ...], int]:
        """Parse `name in domain, …`; the names stay declared for the later domains and the body."""
        bindings: list[ast.Binding] = []
        while True:
            length = self._name_before("in")
            if not length:
                self._fail(f"Expected a variable and 'in' but found {self._found()}.")
            name = self._take_name(length)
            self._expect("in")
            domain = self._expression()
            until = self._expression() if self._accept("..") else None
            bindings.append(ast.Binding(name, domain, until))
            self._names.append(Vocabulary((name,)))
            if not self._accept(","):
                return tuple(bindings), len(bindings)

    def _function(self) -> ast.Node:
        self._index += 1
        self._expect("(")
        parameters: list[tuple[str, ast.TypeName | None]] = []
        while not self._accept(")"):
            length = self._name_before(":", ",", ")")
            if not length:
                self._fail(f"Expected a parameter but found {self._found()}.")
            name = self._take_name(length)
            parameters.append((name, self._type() if self._accept(":") else None))
            if not self._symbol(")"):
                self._expect(",")
        if self._word("external"):
            self._fail(
                "External functions (Java, PMML) are not executed.",
                "Call a service task instead, or write the function in FEEL.",
            )
        with self._declared(name for name, _ in parameters):
            return ast.FunctionDefinition(tuple(parameters), self._expression())

    def _at_literal(self) -> ast.Node:
        self._index += 1
        token = self._current
        if token.kind != "string":
            self._fail(f"Expected a string after @ but found {self._found()}.")
        self._index += 1
        return ast.Literal(parse_temporal(token.text))

    def _context(self) -> ast.Node:
        self._index += 1
        entries: list[tuple[str, ast.Node]] = []
        pushed = 0
        while not self._accept("}"):
            if self._current.kind == "string":
                key = self._current.text
                self._index += 1
            else:
                length = self._name_before(":")
                if not length:
                    self._fail(f"Expected a key but found {self._found()}.")
                key = self._take_name(length)
            self._expect(":")
            entries.append((key, self._expression()))
            vocabulary = Vocabulary((key,))
            if vocabulary:
                self._names.append(vocabulary)
                self._members.append(vocabulary)
                pushed += 1
            if not self._symbol("}"):
                self._expect(",")
        if pushed:
            del self._names[-pushed:]
        return ast.ContextLiteral(tuple(entries))

    # --- ranges, lists and tests ---

    def _parenthesis(self) -> ast.Node:
        if self._peek(1).kind == "symbol" and self._peek(1).text in _COMPARISONS:
            self._index += 1
            operator = self._current.text
            self._index += 1
            expression = self._expression()
            self._expect(")")
            return ast.ComparisonRange(operator, expression)
        self._index += 1
        node = self._expression()
        if self._accept(".."):
            return self._range_to_end(node, included=False)
        self._expect(")")
        return node

    def _list_or_range(self) -> ast.Node:
        self._index += 1
        items: list[ast.Node] = []
        if self._accept("]"):
            return ast.ListLiteral(())
        while True:
            items.append(self._item())
            if len(items) == 1 and self._accept(".."):
                return self._range_to_end(items[0], included=True)
            if self._accept("]"):
                return ast.ListLiteral(tuple(items))
            self._expect(",")

    def _item(self) -> ast.Node:
        if self._current.kind == "symbol" and self._current.text in _COMPARISONS:
            operator = self._current.text
            self._index += 1
            return ast.ComparisonRange(operator, self._expression())
        return self._expression()

    def _reversed_range(self) -> ast.Node:
        self._index += 1
        start = self._expression()
        self._expect("..")
        return self._range_to_end(start, included=False)

    def _range_to_end(self, start: ast.Node, *, included: bool) -> ast.Node:
        outside, self._at_range_end = self._at_range_end, True
        with self._nested():
            end = self._operation(_SUM)
        self._at_range_end = outside
        if self._accept("]"):
            return ast.RangeLiteral(start, end, included, True)
        if self._accept(")") or self._accept("["):
            return ast.RangeLiteral(start, end, included, False)
        self._fail(f"Expected the end of a range but found {self._found()}.")

    def _in_tests(self) -> tuple[ast.Test, ...]:
        if not self._accept("("):
            return (self._test(_SUM),)
        first = self._test(1)
        if first.operator is None and self._accept(".."):
            return (ast.Test(None, self._range_to_end(first.expression, included=False)),)
        tests = [first]
        while self._accept(","):
            tests.append(self._test(1))
        self._expect(")")
        return tuple(tests)

    def _tests(self) -> tuple[ast.Test, ...]:
        tests = [self._test(1)]
        while self._accept(","):
            tests.append(self._test(1))
        return tuple(tests)

    def _test(self, minimum: int) -> ast.Test:
        token = self._current
        if token.kind == "symbol" and token.text in _COMPARISONS:
            self._index += 1
            return ast.Test(token.text, self._operation(_SUM))
        with self._nested():
            return ast.Test(None, self._operation(minimum))

    # --- types ---

    def _type(self) -> ast.TypeName:
        with self._nested():
            name = self._type_name()
            if name == "function" and self._accept("<"):
                arguments = self._type_arguments()
                self._expect("->")
                return ast.TypeName(name, arguments, result=self._type())
            if name == "context" and self._accept("<"):
                return ast.TypeName(name, members=self._type_members())
            if self._accept("<"):
                return ast.TypeName(name, self._type_arguments())
            return ast.TypeName(name)

    def _type_name(self) -> str:
        name, length = self._longest([_TYPES, *self._names, *self._members])
        if not length:
            if self._current.kind not in ("name", "quoted"):
                self._fail(f"Expected a type but found {self._found()}.")
            name, length = self._current.text, 1
        self._index += length
        while self._accept("."):
            name += "." + self._current.text
            self._index += 1
        return name

    def _type_arguments(self) -> tuple[ast.TypeName, ...]:
        arguments: list[ast.TypeName] = []
        while not self._accept(">"):
            arguments.append(self._type())
            if not self._symbol(">"):
                self._expect(",")
        return tuple(arguments)

    def _type_members(self) -> tuple[tuple[str, ast.TypeName], ...]:
        members: list[tuple[str, ast.TypeName]] = []
        while not self._accept(">"):
            length = self._name_before(":")
            if not length:
                self._fail(f"Expected a member's name but found {self._found()}.")
            name = self._take_name(length)
            self._expect(":")
            members.append((name, self._type()))
            if not self._symbol(">"):
                self._expect(",")
        return tuple(members)
