"""The evaluator on facts by hand: nothing makes it run away."""

from loralint.facts import (
    Choice,
    ClassFact,
    Either,
    Elements,
    Environment,
    FunctionFact,
    Item,
    Join,
    Known,
    Mapping,
    Parameter,
    ParameterFact,
    Result,
    Self,
    Sequence,
    Symbol,
)
from tests.linker.building import by_hand, call, file, model, rows, short


def value(term, **fields):
    """What a term is as the id of a load."""
    project = by_hand(file("main.py", call(1, model("AutoModel"), term), **fields))
    return short(project.loads[0].site.repo_id)


def test_terms():
    assert value(Join((Known("org"), Known("m")), "/")) == "org/m"
    assert value(Item(Sequence((Known("a"), Known("o/m"))), Known(1))) == "o/m"
    assert value(Elements(Sequence((Known("o/a"), Known("o/b"))))) == ["o/a", "o/b"]
    assert value(Either((Known(None), Known("o/m")))) == "o/m"
    assert value(Environment("X", Known("o/m"))) == "o/m by default"
    assert value(Item(Mapping((("a", Known("o/m")),)), Known("b"), Known("o/n"))) == "o/n"
    assert value(Choice((Known("o/a"), Choice((Known("o/b"), Known("o/a")))))) == ["o/a", "o/b"]


def test_later_entries_win_and_spreads_are_looked_into():
    inner = Mapping((("a", Known("o/a")), ("b", Known("o/b"))))
    outer = Mapping((("a", Known("o/c")), (None, inner), ("b", Known("o/d"))))
    assert value(Item(outer, Known("a"))) == "o/a"
    assert value(Item(outer, Known("b"))) == "o/d"


def test_names_that_stand_for_one_another_end():
    names = (("A", Symbol("", "B")), ("B", Symbol("", "A")))
    assert value(Symbol("", "A"), names=names).startswith("?")


def test_a_mapping_that_spreads_itself_ends():
    spread = Mapping(((None, Symbol("", "A")), ("x", Known("o/m"))))
    names = (("A", Choice((Mapping(()), spread))),)
    assert "o/m" in value(Item(Symbol("", "A"), Known("x")), names=names)
    assert value(Item(Symbol("", "A"), Known("y")), names=names).startswith("?")


def test_a_function_that_returns_itself_ends():
    function = FunctionFact("f", (), Result(1))
    facts = file(
        "main.py", call(1, model(), Result(1)), call(2, Symbol("", "f")), functions=(function,)
    )
    assert rows(by_hand(facts))[0][2] == "?"


def test_deep_terms_end_in_unknown():
    term = Known("x")
    for _ in range(500):
        term = Join((term, Known("y")))
    assert value(term) == "?"


def test_a_wide_call_graph_ends_soon():
    count = 200
    functions = tuple(
        FunctionFact(f"f{n}", (ParameterFact("x"),), Parameter(f"f{n}", "x")) for n in range(count)
    )
    calls = [
        call(n * 10 + m, Symbol("", f"f{(n + m) % count}"), Parameter(f"f{n}", "x"),
             function=f"f{n}")
        for n in range(count)
        for m in range(1, 4)
    ]  # fmt: skip
    load = call(9999, model(), Parameter("f0", "x"), function="f0")
    facts = file("main.py", *calls, load, functions=functions)
    assert rows(by_hand(facts))[0][2].startswith("?")


def test_an_attribute_that_depends_on_itself_ends():
    class_ = ClassFact("C", (), (), (("a", Either((Self("C"), Known("o/m")))),))
    facts = file(
        "main.py", call(1, Symbol("", "C")), call(2, model(), Item(Result(0), Known("a"))),
        classes=(class_,),
    )  # fmt: skip
    assert len(rows(by_hand(facts))) == 1
