"""Which files a project has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loralint.config import DEFAULT_EXCLUDE
from loralint.discovery import walk
from loralint.discovery.prefilter import encoded, matters, mentioned
from loralint.reading import LARGEST, Content, TooLarge, read


def make(root: Path, *names: str, **texts: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts.get(name, ""), encoding="utf-8")
    return root


def ignore(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text(text, encoding="utf-8")


def found(root: Path, *scopes: Path, exclude: tuple[str, ...] = DEFAULT_EXCLUDE) -> list[str]:
    tree = walk(str(root), [str(scope) for scope in scopes or (root,)], exclude)
    return list(tree.files)


def test_kinds(tmp_path):
    make(
        tmp_path,
        "a.py",
        "B.PYW",
        "c.yaml",
        "d.yml",
        "e.json",
        "f.toml",
        ".env",
        ".env.prod",
        "g.pyc",
        "h.md",
        "i",
        "j.env",
        ".envrc",
        ".py",
    )
    tree = walk(str(tmp_path), [str(tmp_path)])
    assert tree.files == {
        ".env": "dotenv",
        ".env.prod": "dotenv",
        "B.PYW": "python",
        "a.py": "python",
        "c.yaml": "yaml",
        "d.yml": "yaml",
        "e.json": "json",
        "f.toml": "toml",
        "j.env": "dotenv",
    }


def test_default_excludes_by_name_at_any_depth(tmp_path):
    out = [
        ".venv/a.py",
        "x/site-packages/a.py",
        "node_modules/m/a.json",
        "x/__pycache__/a.py",
        "build/a.py",
        "x/dist/a.py",
        "p.egg-info/a.json",
        ".git/config.toml",
        ".tox/py/a.py",
    ]
    make(tmp_path, "a.py", "src/builder/a.py", *out)
    assert found(tmp_path) == ["a.py", "src/builder/a.py"]


def test_environments_are_recognised_by_what_they_hold(tmp_path):
    make(
        tmp_path,
        "a.py",
        "my_env/pyvenv.cfg",
        "my_env/lib/a.py",
        "conda/conda-meta/x.json",
        "conda/a.py",
        "env/policy.py",
    )
    assert found(tmp_path) == ["a.py", "env/policy.py"]


def test_project_made_an_environment_is_still_read(tmp_path):
    make(tmp_path, "pyvenv.cfg", "a.py", "lib/python3.11/site-packages/b.py")
    assert found(tmp_path) == ["a.py"]


def test_nested_gitignore_and_negation(tmp_path):
    make(
        tmp_path, "a.py", "out/b.py", "sub/out/c.py", "sub/keep.py", "sub/drop.py", "sub/deep/d.py"
    )
    ignore(tmp_path, "out/\n*.tmp\ndrop.py\n")
    ignore(tmp_path / "sub", "!drop.py\n/keep.py\n")
    assert found(tmp_path) == ["a.py", "sub/deep/d.py", "sub/drop.py"]


def test_gitignore_with_whitelist(tmp_path):
    make(tmp_path, "a.py", "src/b.py", "src/data/c.json", "other/d.py")
    ignore(tmp_path, "/*\n!/src/\n/src/data\n")
    assert found(tmp_path) == ["src/b.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="git may be missing")
def test_agrees_with_git(tmp_path):
    make(
        tmp_path, *(f"{a}/{b}/{c}.py" for a in "xyz" for b in "xyz" for c in "xyz"), "x.py", "y.py"
    )
    ignore(tmp_path, "/x/y\n!x/y/z.py\nz/**/x.py\ny/*/z.py\n[xy].py\n!/y.py\n")
    ignore(tmp_path / "z", "!x/x.py\n# comment\n\\#x\n y\n")
    (tmp_path / "y" / "x" / ".gitignore").write_bytes(b"\xff\xfe\n!x.py\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("x/z/\n", encoding="utf-8")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert found(tmp_path) == sorted(listed)


def test_gitignore_above_the_scope_counts(tmp_path):
    make(tmp_path, "src/a.py", "src/gen/b.py")
    ignore(tmp_path, "gen/\n")
    assert found(tmp_path, tmp_path / "src") == ["src/a.py"]


def test_gitignore_above_the_root_counts_within_a_repository(tmp_path):
    make(tmp_path, "project/a.py", "project/gen/b.py")
    ignore(tmp_path, "gen/\n")
    assert found(tmp_path / "project") == ["a.py", "gen/b.py"], "no repository: not asked"
    (tmp_path / ".git").mkdir()
    assert found(tmp_path / "project") == ["a.py"]


def test_what_is_named_is_read(tmp_path):
    make(tmp_path, "gen/a.py", "gen/venv/b.py", "build/c.py")
    ignore(tmp_path, "gen/\n")
    assert found(tmp_path, tmp_path / "gen") == ["gen/a.py"]
    assert found(tmp_path, tmp_path / "build") == ["build/c.py"]
    assert found(tmp_path, tmp_path / "gen" / "venv" / "b.py") == ["gen/venv/b.py"]


def test_exclude_replaces_the_defaults(tmp_path):
    make(tmp_path, "build/a.py", "old/b.py", "src/old/c.py", "src/d.gen.py", "src/e.py")
    assert found(tmp_path, exclude=("/old", "*.gen.py")) == [
        "build/a.py",
        "src/e.py",
        "src/old/c.py",
    ]


def test_links_stay_in_the_project_and_loops_end(tmp_path):
    project = make(tmp_path / "project", "a.py", "real/b.py", "hidden/c.py")
    make(tmp_path / "outside", "secret.py")
    ignore(project, "hidden/\n")
    links = {
        "out": tmp_path / "outside",
        "leak.py": tmp_path / "outside" / "secret.py",
        "again": project / "real",
        "copy.py": project / "a.py",
        "loop": project,
        "real/up": project / "real",
        "shown": project / "hidden",
        "broken.py": project / "no.py",
    }
    for name, target in links.items():
        (project / name).symlink_to(target)
    assert found(project) == ["a.py", "real/b.py", "shown/c.py"]


def test_sibling_folder_with_the_same_start_is_outside(tmp_path):
    project = make(tmp_path / "project", "a.py")
    make(tmp_path / "project-secrets", "b.py")
    (project / "link").symlink_to(tmp_path / "project-secrets")
    assert found(project) == ["a.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_pipes_are_no_files(tmp_path):
    make(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe.py")
    assert found(tmp_path) == ["a.py"]
    with pytest.raises(OSError, match="not a regular file"):
        read(str(tmp_path / "pipe.py"))


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_name_that_is_no_text_is_told_with_a_reason(tmp_path):
    for name in (b"/\xff.py", b"/\xfe.json"):
        Path(os.fsdecode(os.fsencode(tmp_path) + name)).touch()
    tree = walk(str(tmp_path), [str(tmp_path)])
    assert tree.files == {}
    assert tree.unreadable == {"\ufffd.py": "its name is not UTF-8: rename it"}
    assert [one.reason for one in tree.skipped] == ["its name is not UTF-8"], "data, mostly"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind")
def test_folder_that_cannot_be_listed_is_skipped_with_a_reason(tmp_path):
    make(tmp_path, "a.py", "closed/b.py")
    (tmp_path / "closed").chmod(0)
    try:
        tree = walk(str(tmp_path), [str(tmp_path)])
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert list(tree.files) == ["a.py"]
    assert tree.skipped[0].place.path == "closed"


def test_large_files_are_not_read(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"#" * LARGEST)
    assert isinstance(read(str(path)), Content)
    path.write_bytes(b"#" * (LARGEST + 1))
    assert isinstance(read(str(path)), TooLarge)


@pytest.mark.parametrize(
    "text",
    [
        "model = AutoModel.from_pretrained('a/b')",
        "model = AutoModel.from_pretrained (\n'a/b')",
        "load = functools.partial(AutoModel.from_pretrained, revision=r)",
        "load = AutoModel.from_pretrained\n",
        "getattr(AutoModel, 'from_pretrained')('a/b')",
        "from peft import LoraConfig, get_peft_model\n",
        "from peft import (\n    LoraConfig,\n)\n",
        "    from sentence_transformers import SentenceTransformer as ST\n",
        "import vllm\n",
        "from transformers import pipeline\npipe = pipeline('text-generation', model='a/b')",
        "from modelscope import pipeline\npipe = pipeline('text-generation', model='a/b')",
        "import timm\nmodel = timm.create_model('hf-hub:org/name', pretrained=True)",
        "x = 1  # loralint: ignore[LOR101]\n",
        "x = 1  # noqa: LOR101\n",
    ],
)
def test_uses_of_a_name_matter(text):
    assert matters(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        '"""Like `from_pretrained` of transformers."""\n',
        "# loaded with from_pretrained somewhere else\n",
        "my_from_pretrained_thing(1)\n",
        "from sklearn.pipeline import Pipeline\nmodel.pipeline(1)\n",
        "import timm\nmodel = timm.create_model('resnet18', pretrained=True)\n",
        "",
    ],
)
def test_words_do_not(text):
    assert not matters(text.encode())


def test_mentions_whole_identifiers():
    names = encoded(["load_model", "Loader"])
    assert mentioned(b"x = load_model(1)", names)
    assert not mentioned(b"x = reload_model(1) or load_models or Loader2", names)
