# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.schema import fqn

plain_names = st.lists(st.text(min_size=1), min_size=1)
texts_near_the_grammar = st.text(alphabet='ab."\\ \n')


@given(plain_names)
def test_names_are_what_an_fqn_was_built_of(path: list[str]) -> None:
    assert fqn.names(fqn.build(path)) == path


@given(plain_names)
def test_segments_joined_are_the_fqn_again(path: list[str]) -> None:
    built = fqn.build(path)
    segments = fqn.split(built)
    assert ".".join(segments) == built
    assert [fqn.unquote(segment) for segment in segments] == path


@given(plain_names)
def test_what_was_built_is_normal(path: list[str]) -> None:
    built = fqn.build(path)
    assert fqn.normal(built) == built


@given(plain_names, st.text(min_size=1))
def test_add_appends_one_plain_name(path: list[str], name: str) -> None:
    assert fqn.names(fqn.add(fqn.build(path), name)) == [*path, name]


@given(plain_names, plain_names)
def test_below_is_the_rest_of_the_path(root: list[str], rest: list[str]) -> None:
    assert fqn.below(fqn.build(root + rest), fqn.build(root)) == fqn.build(rest)


@given(texts_near_the_grammar)
def test_any_text_is_refused_or_split_without_loss(text: str) -> None:
    try:
        segments = fqn.split(text)
    except fqn.InvalidFqn:
        return
    assert ".".join(segments) == text
    assert fqn.names(fqn.normal(text)) == [fqn.unquote(segment) for segment in segments]


@pytest.mark.parametrize(
    ("text", "segments", "names"),
    [
        ("service.model", ["service", "model"], ["service", "model"]),
        ('a."b.c".d', ["a", '"b.c"', "d"], ["a", "b.c", "d"]),
        ('"a""b".c', ['"a""b"', "c"], ['a"b', "c"]),
        ('"a".b', ['"a"', "b"], ["a", "b"]),
        (r"back\slash.with space.a/b:c>d", [r"back\slash", "with space", "a/b:c>d"], None),
        ("größe.名前", ["größe", "名前"], None),
        ('"\n.".b', ['"\n."', "b"], ["\n.", "b"]),
    ],
)
def test_split_keeps_quotes_and_names_take_them_off(text: str, segments: list[str], names: list[str] | None) -> None:
    assert fqn.split(text) == segments
    assert fqn.names(text) == (names or segments)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", '""', '"', r'"a\"b".c', '"a.b"c', 'a"b', 'a"b".c', '"a'])
def test_what_is_no_fqn_is_refused(text: str) -> None:
    with pytest.raises(fqn.InvalidFqn):
        fqn.names(text)


@pytest.mark.parametrize("segment", ["", "a.b", 'a"b', '"', '""', '"a"b"'])
def test_unquote_refuses_what_is_no_segment(segment: str) -> None:
    with pytest.raises(fqn.InvalidFqn):
        fqn.unquote(segment)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("plain", "plain"), ("two words", "two words"), ("v1.2", '"v1.2"'), ('5" disk', '"5"" disk"'), ('"', '""""')],
)
def test_quote_only_where_needed(name: str, quoted: str) -> None:
    assert fqn.quote(name) == quoted
    assert fqn.unquote(quoted) == name


def test_an_empty_name_cannot_be_quoted() -> None:
    with pytest.raises(fqn.InvalidFqn, match="empty"):
        fqn.quote("")


def test_normal_takes_needless_quotes_off() -> None:
    assert fqn.normal('"a"."b.c"."d"') == 'a."b.c".d'


def test_add_without_a_parent_makes_a_root() -> None:
    assert fqn.add(None, "my.service") == '"my.service"'


@pytest.mark.parametrize(("text", "root"), [("a.b", "a.b"), ("ab.c", "a"), ("a", "a.b")])
def test_nothing_is_below_what_is_not_above_it(text: str, root: str) -> None:
    assert fqn.below(text, root) is None
