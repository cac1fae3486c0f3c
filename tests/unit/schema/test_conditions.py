# SPDX-License-Identifier: Apache-2.0
"""Conditions are read as they are meant, and what is none says why, and where."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog.alerts.functions import ANSWERS
from headwater.schema.alerting import ARITY, FUNCTIONS, condition_of, joined, parsed
from headwater.schema.conditions import Call, InvalidCondition, evaluate, parse

NAMES = {"a": 0, "b": 0, "c": 0, "list": 1, "two": 2}


@dataclass(frozen=True)
class Written:
    """A condition as text, and as Python says the same."""

    text: str
    python: str


def spaces() -> st.SearchStrategy[str]:
    return st.sampled_from(["", " ", "  ", "\n", "\t"])


LEAVES = st.one_of(
    st.sampled_from([Written("a()", "a"), Written("b( )", "b"), Written("c()", "c")]),
    st.sampled_from([Written("true", "True"), Written("FALSE", "False")]),
)


def pairs(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def both(left: Written, sign: tuple[str, str], right: Written, gap: str) -> Written:
        space = gap or " " if sign[0].isalpha() else gap
        return Written(f"{left.text}{space}{sign[0]}{space}{right.text}", f"{left.python} {sign[1]} {right.python}")

    signs = st.sampled_from([("&&", "and"), ("||", "or"), ("and", "and"), ("OR", "or")])
    return st.one_of(
        st.builds(both, inner, signs, inner, spaces()),
        # Python's `not` binds less than a comparison but more than `and`, as here.
        st.builds(
            lambda one, sign: Written(f"{sign}({one.text})", f"(not ({one.python}))"), inner, st.sampled_from("!")
        ),
        st.builds(lambda one: Written(f"not({one.text})", f"(not ({one.python}))"), inner),
        st.builds(lambda one, gap: Written(f"({gap}{one.text}{gap})", f"({one.python})"), inner, spaces()),
    )


@given(st.recursive(LEAVES, pairs, max_leaves=20), st.fixed_dictionaries({name: st.booleans() for name in "abc"}))
def test_a_condition_holds_where_python_says_so(written: Written, values: dict[str, bool]) -> None:
    held = evaluate(parse(written.text, NAMES), lambda call: values[call.name])
    assert held is bool(eval(written.python, {"__builtins__": {}}, values))


@given(st.lists(st.text(max_size=12), max_size=4), st.sampled_from(["'", '"']))
def test_texts_come_out_as_they_went_in(texts: list[str], quote: str) -> None:
    written = ", ".join(quote + text.replace(quote, quote * 2) + quote for text in texts)
    condition = parse(f"list({{{written}}})", NAMES)
    assert isinstance(condition, Call)
    assert condition.arguments == (tuple(texts),)


@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with suppress(InvalidCondition):
        parse(text, NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a function is missing, at character 1 of "),
        ("isMajor() &&", "a function is missing, at character 13 of "),
        ("isMajor() isBot()", "isBot is more than one condition; && or || join two, at character 11 of "),
        ("isMajr()", "there is no function isMajr; did you mean isMajor?, at character 1 of "),
        ("isBot() && matchAnyEntityFqn()", "matchAnyEntityFqn needs its fqnList, at character 12 of "),
        ("isMajor('x')", "isMajor takes no argument, not 1, at character 1 of "),
        ("(isMajor()", ") is missing, at character 11 of "),
        ("matchAnySource({'a', })", "matchAnySource needs a text in quotes here, at character 22 of "),
        ("matchAnySource('a)", "a text is not closed, at character 16 of "),
        ("isMajor() ; isBot()", "';' means nothing here, at character 11 of "),
        ("T('java.lang.Runtime')", "there is no function T; there are "),
        ("'a' == 'a'", "'=' means nothing here, at character 5 of "),
        ("matchAnyEventType('entityExploded')", "there is no kind of event entityExploded; there are entityCreated"),
        ("!" * 60 + "isBot()", "conditions are nested 50 deep at most, at character 52 of "),
        ("isBot() || " * 2000 + "isBot()", "a condition has 10000 characters at most, at character 10001 of "),
    ],
)
def test_what_is_no_condition_says_why_and_where(text: str, message: str) -> None:
    with pytest.raises(InvalidCondition) as caught:
        parsed(text)
    assert str(caught.value).startswith(message)


def test_a_list_may_be_written_without_braces() -> None:
    assert parsed("matchAnySource('table', \"topic\")") == parsed("matchAnySource({'table','topic'})")


def test_every_declared_function_answers_and_no_other() -> None:
    assert set(ANSWERS) == {function.name for function in FUNCTIONS} == set(ARITY)


@pytest.mark.parametrize(
    ("name", "arguments", "condition"),
    [
        ("filterByFqn", {"fqnList": ["a", "it's"]}, "matchAnyEntityFqn({'a', 'it''s'})"),
        ("matchAnyEntityFqn", {"whatever": ["a"]}, "matchAnyEntityFqn({'a'})"),
        ("sourceBreaks", {"ownerNameList": ["ada"]}, "sourceBreaks({}, {'ada'})"),
        ("isMajor", {}, "isMajor()"),
    ],
)
def test_a_filter_stands_for_a_condition(name: str, arguments: Any, condition: str) -> None:
    assert condition_of(name, arguments) == condition
    parsed(condition)


def test_rules_are_joined_in_order() -> None:
    text = joined([("isBot()", True, False), ("isMajor()", False, True), ("edgeWithdrawn()", False, False)])
    assert text == "!(isBot()) || (isMajor()) && (edgeWithdrawn())"
