"""Python into FEEL: what is translated means the same, and what is not certain is not translated."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmn.feel import compile_expression
from bpmn.importers.python_feel import NotFeel, assignments_of, feel_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATA: dict[str, Any] = {
    "n": 7,
    "m": -2,
    "word": "Invoice 4",
    "flag": True,
    "none": None,
    "items": [3, 1, 2],
    "order": {"total": 12, "to": {"city": "Bremen"}, "odd key": 1},
}


def decimals(value: Any) -> Any:
    """A Python value as FEEL knows it."""
    if isinstance(value, dict):
        return {key: decimals(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [decimals(each) for each in value]
    return Decimal(repr(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def in_feel(python: str, **options: Any) -> Any:
    text = feel_of(python, **options).text
    return compile_expression(text).evaluate(decimals(DATA), now=NOW)


@pytest.mark.parametrize(
    "python",
    [
        "n + 1",
        "n - m * 2",
        "(n - m) * 2",
        "n - (m - 1)",
        "-n ** 2",
        "2 ** 3 ** 2",
        "n / 2",
        "n // 2",
        "m // 3",
        "n % 4",
        "m % 3",
        "word + '!'",
        "'a \"quoted\" \\\\ text\\n'",
        "n > 5 and not m > 0 or m < -5",
        "1 < n <= 7 < 8",
        "n == 7.0",
        "none is None",
        "word is not None",
        "n in [1, 7]",
        "n not in (1, 7)",
        "word == 'Invoice 4'",
        "'big' if n > 5 else 'small'",
        "[n, m, [1]]",
        "{'a': n, 'b c': {'d': None}}",
        "order['total'] + 1",
        "order['to']['city']",
        "order['odd key']",
        "order.get('total')",
        "items[0]",
        "items[-1]",
        "items + [4]",
        "len(items)",
        "abs(m)",
        "max(n, m, 3)",
        "min(n, m)",
        "round(2.5)",
        "round(1.25, 1)",
        "word.upper()",
        "word.lower().startswith('inv')",
        "word.endswith('5')",
        "', '.join(['a', 'b'])",
        "0.1",
        "1e3",
    ],
)
def test_the_translation_gives_what_python_gives(python):
    assert in_feel(python) == decimals(eval(python, {}, dict(DATA)))  # noqa: S307 - our own texts


@pytest.mark.parametrize(
    "python",
    [
        "f'{n}'",
        "n and m",
        "word or 'none'",
        "not word",
        "1 if word else 2",
        "n in items",
        "'a' in word",
        "word is flag",
        "items[n]",
        "items[1:]",
        "order.get('total', 0)",
        "str(n)",
        "int(word)",
        "datetime.now()",
        "[each for each in items]",
        "lambda: 1",
        "__import__('os').system('true')",
        "word.replace('a', 'b')",
        "'%s' % n",
        "n @ m",
        "{**order}",
        "{n: 1}",
        "b'bytes'",
        "1j",
        "n := 2",
        "n +",
        "(" * 300 + "n" + ")" * 300,
        "-" * 5000 + "n",
        "n" + " + n" * 6000,
        "if",
        "then",
        "satisfies",
        "x" * 30_000,
        "\0",
    ],
)
def test_what_is_not_the_same_is_refused(python):
    with pytest.raises(NotFeel):
        feel_of(python)


def test_a_condition_may_be_a_name_since_the_engine_notices_when_it_is_neither_true_nor_false():
    assert in_feel("flag and not none is None or flag", condition=True) is True
    assert in_feel("word", condition=True) == "Invoice 4"


def test_what_holds_for_some_types_only_is_told():
    assert feel_of("a + b").assumes == ("both sides of `a + b` are numbers or texts",)
    assert feel_of("len(rows)").assumes == ("`rows` is a list",)
    assert feel_of("a + 1").assumes == ()


def run_script(script: str) -> dict[str, Any]:
    """What the translation of a script leaves behind."""
    steps = assignments_of(script)
    text = ", ".join(f"{step.entry}: {step.feel.text}" for step in steps)
    assigned = compile_expression(f"{{{text}}}").evaluate(decimals(DATA), now=NOW)
    return {step.variable: assigned[step.entry] for step in steps if step.lasts}


@pytest.mark.parametrize(
    "script",
    [
        "x = 1",
        "x = n\ny = x + 1",
        "n = n + 1",
        "n += 1\nn *= 2\nz = n",
        "x: int = 3",
        "n_1 = 5\nn = 1\nn = n + n_1",
        "order['total'] = order['total'] * 2\norder['new'] = n",
        "if n > 5:\n    n = 1\nelse:\n    n = n + 1",
        "if n < 5:\n    a = 1\n    b = m\nelif m < 0:\n    b = n\n    a = 2\nelse:\n    a = 0\n    b = 0",
        "'''what it does'''\npass\nx = [n]",
        "",
    ],
)
def test_a_script_of_assignments_leaves_what_python_leaves(script):
    left = {**DATA, "order": dict(DATA["order"])}
    exec(script, {}, left)  # noqa: S102 - our own texts
    changed = {
        name: value
        for name, value in left.items()
        if not name.startswith("__") and (name not in DATA or value != DATA[name])
    }
    assert run_script(script) == decimals(changed)


@pytest.mark.parametrize(
    "script",
    [
        "import os",
        "if n:\n    x = 1\nelse:\n    x = 2",
        "if n > 1:\n    x = 1",
        "if n > 1:\n    x = 1\nelse:\n    y = 1",
        "if n > 1:\n    x = 1\n    y = x\nelse:\n    x = 2\n    y = 3",
        "if n > 1:\n    n = 1\n    y = 1\nelse:\n    n = 2\n    y = 3",
        "for i in items:\n    x = i",
        "x, y = 1, 2",
        "x = y = 1",
        "order['a']['b'] = 1",
        "items[0] = 1",
        "del n",
        "print(n)",
        "def f():\n    return 1",
        "x = (",
    ],
)
def test_a_script_that_does_more_than_assign_is_refused(script):
    with pytest.raises(NotFeel):
        assignments_of(script)


numbers = st.integers(-20, 20)
names = st.sampled_from(["n", "m"])
arithmetic = st.recursive(
    st.one_of(numbers.map(str), names),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda each: f"({' '.join(each)})"),
        inner.map(lambda each: f"-{each}"),
        st.tuples(inner, inner).map(lambda each: f"max({each[0]}, {each[1]})"),
    ),
    max_leaves=8,
)
comparisons = st.tuples(arithmetic, st.sampled_from(["<", "<=", "==", "!=", ">="]), arithmetic).map(" ".join)
logic = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda each: f"not ({each})"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(arithmetic, logic))
def test_any_arithmetic_and_logic_means_the_same(python):
    assert in_feel(python) == decimals(eval(python, {}, dict(DATA)))  # noqa: S307 - our own texts


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_translated_or_refused(text):
    for translate in (feel_of, assignments_of):
        try:
            translate(text)
        except NotFeel:
            continue
