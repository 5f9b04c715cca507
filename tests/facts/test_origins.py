"""Who decides a value: how it is written, what it is made of."""

import pytest

from loralint.facts import Origin, OriginKind, Reason
from loralint.facts.origins import joined

OUT = Origin(OriginKind.OPTION, "train.py", ("out",))
CALL = Origin(OriginKind.RESULT, "train.py", ("load",), 3)


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        (OUT, "args.out"),
        (OUT.item("name"), "args.out.name"),
        (Origin(OriginKind.PARAMETER, "train.py", ("main", "args")).item("model"), "args.model"),
        (Origin(OriginKind.PARAMETER, "train.py", ("Trainer.__init__", "base")), "Trainer.base"),
        (Origin(OriginKind.FIELD, "train.py", ("Config", "base")), "Config.base"),
        (Origin(OriginKind.ENVIRONMENT, name=("BASE",)), "BASE"),
        (Origin(OriginKind.CONFIGURATION, "train.py", ("cfg", "model", "name")), "cfg.model.name"),
        (Origin(OriginKind.COMMAND_LINE, "train.py", ("sys.argv[1]",)), ""),
        (CALL, ""),
        (CALL.item(0), ""),
        (CALL.item(0).item("model"), "model"),
        (joined((OUT, "/final")), ""),
    ],
)
def test_as_its_author_writes_it(origin: Origin, written: str) -> None:
    assert origin.written == written


def test_a_path_begins_with_who_decides_its_folder() -> None:
    path = joined((OUT, "/run", "-", CALL, "/final"))
    assert path.text == "{}/run-{}/final"
    assert list(path.beginnings()) == [path, joined((OUT, "/run-", CALL)), OUT]
    assert list(joined(("out/", CALL, "/final")).beginnings()) == [joined(("out/", CALL, "/final"))]


def test_what_joins_one_part_is_that_part() -> None:
    assert joined(("", OUT, "")) is OUT
    nested = joined((joined((OUT, "/a")), "/b"))
    assert nested == joined((OUT, "/a/b"))


def test_every_reason_has_words() -> None:
    for reason in Reason:
        assert "{" not in reason.words("it")
        assert "{" not in reason.words("")
