"""YAML, JSON and TOML as one kind of tree: what it holds, where it stands, what it may take."""

from __future__ import annotations

import pytest

from loralint.facts import FileFacts, Known, Mapping, Unknown
from loralint.read import extract
from loralint.read.documents import Node, TooLarge, find, parse
from loralint.source import Source, SourceKind, Span


def root(text: str, kind: SourceKind) -> Node:
    """The first document of a text."""
    return parse(Source(f"a.{kind}", kind, text.encode())).documents[0]


def facts(text: str, kind: SourceKind, name: str = "a") -> FileFacts:
    """The facts of a text."""
    return extract(Source(f"{name}.{kind}", kind, text.encode()))


SAME = {
    "yaml": 'model:\n  id: "org/a"\n  revision: main\n',
    "json": '{"model":\n  {"id": "org/a",\n  "revision": "main"}}\n',
    "toml": '[model]\nid = "org/a"\nrevision = "main"\n',
}


@pytest.mark.parametrize("kind", list(SAME))
def test_all_kinds_say_what_stands_where(kind):
    text = SAME[kind]
    entry = next(find(root(text, kind), "model.revision"))
    row = text.split("\n")[entry.span.start.row - 1]
    assert row[entry.span.start.column - 1 : entry.span.end.column - 1].strip('"') == "revision"
    literal = entry.node.literal
    assert row[literal.start.column - 1 : literal.end.column - 1] == "main"
    assert entry.node.value == "main"


def test_a_text_that_is_written_otherwise_has_no_literal():
    entries = root('{"a": "x\\u0061", "b": 5, "c": null, "d": "caf\u00e9"}', "json").entries
    assert [entries[key].node.literal for key in "ab"] == [None, Span.of(1, 23, 1, 24)]
    assert [entries[key].node.value for key in "abcd"] == ["xa", 5, None, "caf\u00e9"]


def test_the_last_of_a_key_counts_in_every_kind():
    assert facts("a: 1\na: 2\n", "yaml").data == facts('{"a": 1, "a": 2}', "json").data
    assert facts("a: 1\na: 2\n", "yaml").data == Mapping((("a", Known(2)),))


def test_what_a_mapping_merges_stands_below_its_own_keys_wherever_it_is_written():
    text = "base: &b {a: 1, b: 2}\nown:\n  a: 3\n  <<: *b\n"
    own = dict(dict(facts(text, "yaml").data.entries)["own"].entries)
    assert own == {"a": Known(3), "b": Known(2)}


def test_an_anchor_that_holds_itself_is_nothing_and_hides_nothing():
    found = dict(facts("x: &a [*a]\ny: 1\n", "yaml").data.entries)
    assert found["y"] == Known(1)


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize("before", ["", "base_model: a/b\nadapter: lora\nlora_r: 1\n---\n"])
def test_what_aliases_name_counts_wherever_it_is_named(before):
    found = facts(before + BOMB, "yaml")
    assert not found.loads
    if before:  # a recipe, so it is told
        assert found.error is not None
        assert "more than 50,000 values" in found.error.message
    else:
        assert isinstance(found.data, Unknown)


def test_a_chain_of_aliases_is_as_deep_as_it_is_long():
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))
    with pytest.raises(TooLarge):
        root(chain, "yaml")


def test_an_error_of_json_has_its_place():
    error = facts('{"a": 1,\n "b" 2}', "json").error
    assert (error.message, error.span) == ("not JSON: Expecting ':' delimiter", Span.of(2, 6, 2, 7))


def test_documents_do_not_lend_each_other_their_nodes():
    text = "---\n".join(f"name: n{n}\nlist: [{n}, x]\n" for n in range(40))
    documents = parse(Source("a.yaml", "yaml", text.encode())).documents
    assert [each.entries["name"].node.value for each in documents] == [f"n{n}" for n in range(40)]
