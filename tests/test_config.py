"""Settings: where they are found, what they may hold, and who wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from loralint.config import Config, ConfigError, PairSetting
from loralint.config.load import load
from loralint.config.selectors import highest, level


def write(folder: Path, text: str, name: str = "loralint.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_reaches_its_field(tmp_path):
    write(
        tmp_path,
        """
        select = ["LOR2"]
        extend-select = ["mutable-revision"]
        ignore = ["LOR201"]
        exclude = ["old"]
        extend-exclude = ["older"]
        fail-on = "error"
        baseline = "accepted.json"
        hub-endpoint = "https://hub.example"
        per-file-ignores = { "tests/*" = ["ALL"] }
        policies = { "my-org/*" = "any" }
        stages = { "jobs/*.py" = "train" }
        severity = { "LOR101" = "error" }
        [[pair]]
        train = "a.py"
        infer = "b.py"
        """,
    )
    config = load(tmp_path).config
    assert config == Config(
        select=("LOR2",),
        extend_select=("mutable-revision",),
        ignore=("LOR201",),
        per_file_ignores={"tests/*": ("ALL",)},
        exclude=("old",),
        extend_exclude=("older",),
        policies=(("*-internal-testing/*", "any"), ("my-org/*", "any")),
        stages=(("jobs/*.py", "train"),),
        pairs=(PairSetting("a.py", "b.py"),),
        severity={"LOR101": "error"},
        fail_on="error",
        baseline=str(tmp_path / "accepted.json"),
        hub_endpoint="https://hub.example",
    )


def test_pyproject_needs_the_section(tmp_path):
    write(tmp_path, '[tool.loralint]\nfail-on = "error"\n')
    inner = tmp_path / "package"
    write(inner, '[project]\nname = "x"\ndependencies = ["loralint"]\n', "pyproject.toml")
    settings = load(inner)
    assert settings.root == tmp_path, "a pyproject.toml that only depends on loralint is no marker"


def test_own_file_wins_over_pyproject_beside_it(tmp_path):
    write(tmp_path, '[tool.loralint]\nfail-on = "info"\n', "pyproject.toml")
    write(tmp_path, 'fail-on = "error"\n')
    assert load(tmp_path).config.fail_on == "error"


def test_nearest_file_wins(tmp_path):
    write(tmp_path, 'fail-on = "error"\n')
    write(tmp_path / "a", '[tool.loralint]\nfail-on = "info"\n', "pyproject.toml")
    assert load(tmp_path / "a").config.fail_on == "info"
    assert load(tmp_path).config.fail_on == "error"


def test_search_ends_at_the_repository(tmp_path):
    write(tmp_path, 'ignore = ["ALL"]\n')
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "src").mkdir()
    settings = load(tmp_path / "repository" / "src")
    assert settings.root == tmp_path / "repository"
    assert settings.config == Config()


def test_without_any_marker_the_folder_itself_is_the_root(tmp_path):
    settings = load(tmp_path)
    assert (settings.root, settings.marked) == (tmp_path, False)


def test_isolated_and_named_files(tmp_path):
    write(tmp_path, 'fail-on = "error"\n')
    other = write(tmp_path, 'fail-on = "info"\n', "other.toml")
    assert load(tmp_path, isolated=True).config == Config()
    assert load(tmp_path, file=other).config.fail_on == "info"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("selct = []", ["unknown key `selct`", "`select`"]),
        ("extend_select = []", ["`extend_select`", "`extend-select`"]),
        ("zzz = 1", ["unknown key `zzz`", "per-file-ignores"]),
        ('select = "LOR1"', ["`select` must be a list of strings", "'LOR1'"]),
        ("select = [1]", ["`select` must be a list of strings"]),
        ('fail-on = "fatal"', ["`fail-on`", '"error"', '"never"', "'fatal'"]),
        ("fail-on = []", ["`fail-on`"]),
        ('policies = { "a/*" = "sha" }', ['`policies."a/*"`', '"commit"']),
        ("policies = []", ["`policies` must be a table"]),
        ('severity = { LOR101 = "off" }', ['`severity."LOR101"`', '"info"']),
        ('stages = { "a.py" = "serve" }', ['`stages."a.py"`', '"infer"']),
        ('[[pair]]\ntrain = "a.py"', ["`pair[0]`", "`infer`"]),
        ('[[pair]]\ntrain="a"\ninfer="b"\nadaptor="c"', ["`adaptor`", "`adapter`"]),
        ("pair = 3", ["[[tool.loralint.pair]]"]),
        ("baseline = 3", ["`baseline` must be a string"]),
        ("select = [", ["not valid TOML", "at end"]),
    ],
)
def test_errors_name_file_key_and_remedy(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load(tmp_path)
    message = str(raised.value)
    for word in (str(path), *words):
        assert word in message


def test_section_that_is_no_table(tmp_path):
    path = write(tmp_path, '[tool]\nloralint = "yes"\n', "pyproject.toml")
    with pytest.raises(ConfigError, match="must be a table"):
        load(tmp_path)
    assert path.exists()


def test_not_utf8_is_an_error_of_the_file(tmp_path):
    (tmp_path / "loralint.toml").write_bytes(b'baseline = "\xff"')
    with pytest.raises(ConfigError, match=r"loralint\.toml"):
        load(tmp_path)


def test_select_flag_starts_anew(tmp_path):
    write(tmp_path, 'extend-select = ["LOR103"]\nignore = ["LOR101"]\n')
    config = load(tmp_path, flags={"select": ("LOR101",)}).config
    assert (config.select, config.extend_select, config.ignore) == (("LOR101",), (), ())


def test_other_flags_add(tmp_path):
    write(tmp_path, 'extend-select = ["LOR103"]\nignore = ["LOR101", "LOR205"]\n')
    config = load(tmp_path, flags={"extend_select": ("LOR205",), "ignore": ("LOR102",)}).config
    assert config.extend_select == ("LOR103", "LOR205")
    assert config.ignore == ("LOR101", "LOR102"), "a flag undoes the file's refusal"


def test_flags_that_were_not_given_change_nothing(tmp_path):
    write(tmp_path, 'fail-on = "error"\nselect = ["LOR1"]\n')
    flags = {"select": (), "fail_on": None, "baseline": None, "strict": False}
    settings = load(tmp_path, flags=flags)
    assert (settings.config.fail_on, settings.config.select) == ("error", ("LOR1",))
    assert settings.origins["select"].endswith("loralint.toml")


def test_origins_name_the_flag(tmp_path):
    write(tmp_path, 'fail-on = "error"\n')
    origins = load(tmp_path, flags={"fail_on": "info", "strict": True}).origins
    assert origins == {"fail_on": "--fail-on", "strict": "--strict"}


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({}, None),
        ({"*": "ref"}, "ref"),
        ({"*": "ref", "org/*": "commit"}, "commit"),
        ({"org/*": "commit", "*": "ref"}, "commit"),
        ({"org/m?del": "any", "org/*": "commit"}, "any"),
        ({"org/model": "any", "org/mode[l]": "commit"}, "any"),
        ({"other/*": "any"}, None),
    ],
)
def test_most_specific_policy_wins(policies, expected):
    assert Config(policies=tuple(policies.items())).policy("org/model") == expected


def test_built_in_policy_can_be_overridden(tmp_path):
    for owner in ("hf", "peft", "trl"):
        assert load(tmp_path).config.policy(f"{owner}-internal-testing/tiny") == "any"
    write(tmp_path, 'policies = { "hf-internal-testing/*" = "commit" }\n')
    assert load(tmp_path).config.policy("hf-internal-testing/tiny") == "commit"


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("jobs/*.py", "jobs/a.py", True),
        ("jobs/*.py", "jobs/deep/a.py", False),
        ("jobs/**/*.py", "jobs/deep/a.py", True),
        ("train_*.py", "anywhere/train_x.py", True),
        ("jobs/", "jobs/deep/a.py", True),
        ("jobs", "jobs/deep/a.py", True),
        ("./a.py", "a.py", True),
        ("/a.py", "b/a.py", False),
    ],
)
def test_globs_of_stages(glob, path, fits):
    assert Config(stages=((glob, "train"),)).stage(path) == ("train" if fits else None)


def test_last_stage_wins():
    stages = (("*.py", "train"), ("serve.py", "infer"))
    assert Config(stages=stages).stage("serve.py") == "infer"


def test_per_file_ignores_add_up():
    config = Config(per_file_ignores={"tests/*": ("LOR1",), "*_a.py": ("LOR2",), "b.py": ("X",)})
    assert config.ignored_in("tests/x_a.py") == ("LOR1", "LOR2")


def test_selectors_by_specificity():
    levels = [
        level(one, "LOR201", "revision-mismatch")
        for one in ("ALL", "LOR", "LOR2", "LOR20", "LOR201")
    ]
    assert levels == sorted(set(levels)) and levels[0] > 0
    assert level("revision-mismatch", "LOR201", "revision-mismatch") == levels[-1]
    assert level("LOR3", "LOR201", "revision-mismatch") == 0
    assert level("L", "LOR201", "revision-mismatch") == 0
    assert level("", "LOR201", "revision-mismatch") == 0
    assert level("revision", "LOR201", "revision-mismatch") == 0
    assert highest(("LOR2", "ALL"), "LOR201", "revision-mismatch") == level("LOR2", "LOR201", "")
