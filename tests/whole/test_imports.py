"""Forms of import: whether a name means the file of the project that it means to Python."""

from __future__ import annotations

import pytest

from tests.whole.pairs import serves, trains
from tests.whole.running import Small, table

NAMES = 'MODEL = "org/a"\nREV = "v1"\n'
OTHER = 'MODEL = "org/b"\nREV = "v3"\n'
PLAIN = "MODEL, revision=REV"

RESOLVED = {
    "a module beside": ("train.py", "from names import MODEL, REV", PLAIN, {"names.py": NAMES}),
    "a module beside, in a folder": (
        "a/train.py",
        "from names import MODEL, REV",
        PLAIN,
        {"a/names.py": NAMES, "names.py": OTHER},
    ),
    "a module in the folder above": (
        "a/b/train.py",
        "from names import MODEL, REV",
        PLAIN,
        {"a/names.py": NAMES, "c/names.py": OTHER},
    ),
    "the module itself": (
        "train.py",
        "import names",
        "names.MODEL, revision=names.REV",
        {"names.py": NAMES},
    ),
    "a dotted module": (
        "train.py",
        "import a.b.names",
        "a.b.names.MODEL, revision=a.b.names.REV",
        {"a/b/names.py": NAMES},
    ),
    "a dotted module as another name": (
        "train.py",
        "import a.b.names as c",
        "c.MODEL, revision=c.REV",
        {"a/b/names.py": NAMES},
    ),
    "a module out of a package": (
        "train.py",
        "from a.b import names",
        "names.MODEL, revision=names.REV",
        {"a/b/names.py": NAMES},
    ),
    "names as other names": (
        "train.py",
        "from names import MODEL as M, REV as R",
        "M, revision=R",
        {"names.py": NAMES},
    ),
    "a star": ("train.py", "from names import *", PLAIN, {"names.py": NAMES}),
    "one dot": (
        "pkg/train.py",
        "from .names import MODEL, REV",
        PLAIN,
        {"pkg/__init__.py": "", "pkg/names.py": NAMES, "names.py": OTHER},
    ),
    "two dots": (
        "pkg/train/main.py",
        "from ..names import MODEL, REV",
        PLAIN,
        {
            "pkg/__init__.py": "",
            "pkg/train/__init__.py": "",
            "pkg/names.py": NAMES,
            "pkg/train/names.py": OTHER,
            "names.py": OTHER,
        },
    ),
    "three dots": (
        "pkg/train/deep/main.py",
        "from ...names import MODEL, REV",
        PLAIN,
        {
            "pkg/names.py": NAMES,
            "pkg/train/names.py": OTHER,
            "pkg/train/deep/names.py": OTHER,
            "names.py": OTHER,
        },
    ),
    "three dots up to the root of the project": (
        "pkg/train/main.py",
        "from ...names import MODEL, REV",
        PLAIN,
        {"names.py": NAMES, "pkg/names.py": OTHER},
    ),
    "two dots and a path": (
        "pkg/train/main.py",
        "from ..conf.names import MODEL, REV",
        PLAIN,
        {"pkg/conf/names.py": NAMES, "conf/names.py": OTHER},
    ),
    "one dot alone": (
        "pkg/train.py",
        "from . import names",
        "names.MODEL, revision=names.REV",
        {"pkg/names.py": NAMES, "names.py": OTHER},
    ),
    "two dots alone": (
        "pkg/train/main.py",
        "from .. import names",
        "names.MODEL, revision=names.REV",
        {"pkg/names.py": NAMES, "pkg/train/names.py": OTHER, "names.py": OTHER},
    ),
    "two dots alone, a name of the package": (
        "pkg/train/main.py",
        "from .. import MODEL, REV",
        PLAIN,
        {"pkg/__init__.py": NAMES, "pkg/train/__init__.py": OTHER},
    ),
    "two dots out of the package's own file": (
        "pkg/train/__init__.py",
        "from ..names import MODEL, REV",
        PLAIN,
        {"pkg/names.py": NAMES, "pkg/train/names.py": OTHER, "names.py": OTHER},
    ),
    "one dot out of the package's own file": (
        "pkg/train/__init__.py",
        "from .names import MODEL, REV",
        PLAIN,
        {"pkg/names.py": OTHER, "pkg/train/names.py": NAMES},
    ),
    "two dots and a star": (
        "pkg/train/main.py",
        "from ..names import *",
        PLAIN,
        {"pkg/names.py": NAMES, "pkg/train/names.py": OTHER},
    ),
    "a src folder": (
        "scripts/train.py",
        "from pkg.names import MODEL, REV",
        PLAIN,
        {"src/pkg/names.py": NAMES},
    ),
    "a package without __init__": (
        "train.py",
        "from space.names import MODEL, REV",
        PLAIN,
        {"space/names.py": NAMES},
    ),
    "a package before a module of its name": (
        "train.py",
        "from names import MODEL, REV",
        PLAIN,
        {"names/__init__.py": NAMES, "names.py": OTHER},
    ),
    "a name that the package exports again": (
        "train.py",
        "from pkg import MODEL, REV",
        PLAIN,
        {"pkg/__init__.py": "from .names import MODEL, REV\n", "pkg/names.py": NAMES},
    ),
    "a name that it exports again as another": (
        "train.py",
        "from pkg import BASE, TAG",
        "BASE, revision=TAG",
        {
            "pkg/__init__.py": "from .names import MODEL as BASE, REV as TAG\n",
            "pkg/names.py": NAMES,
        },
    ),
    "a name that it exports again from two folders below": (
        "train.py",
        "from pkg import MODEL, REV",
        PLAIN,
        {
            "pkg/__init__.py": "from .a import MODEL, REV\n",
            "pkg/a/__init__.py": "from .b import MODEL, REV\n",
            "pkg/a/b/__init__.py": "from ...names import MODEL, REV\n",
            "pkg/names.py": NAMES,
        },
    ),
    "a star that the package exports again": (
        "train.py",
        "from pkg import MODEL, REV",
        PLAIN,
        {"pkg/__init__.py": "from .names import *\n", "pkg/names.py": NAMES},
    ),
    "a unique name elsewhere": (
        "scripts/train.py",
        "from model_names import MODEL, REV",
        PLAIN,
        {"lib/model_names.py": NAMES},
    ),
    "a unique package elsewhere": (
        "scripts/train.py",
        "from model_names import MODEL, REV",
        PLAIN,
        {"lib/model_names/__init__.py": NAMES},
    ),
    "a unique module of a package elsewhere": (
        "scripts/train.py",
        "from conf.names import MODEL, REV",
        PLAIN,
        {"lib/conf/names.py": NAMES, "lib/names.py": OTHER},
    ),
    "inside a function": (
        "train.py",
        "def names():\n    from names import MODEL, REV\n    return MODEL, REV\n\nM, R = names()",
        "M, revision=R",
        {"names.py": NAMES},
    ),
    "under try": (
        "train.py",
        "try:\n    from names import MODEL, REV\nexcept ImportError:\n    raise",
        PLAIN,
        {"names.py": NAMES},
    ),
    "a name that a module has from another": (
        "train.py",
        "from between import MODEL, REV",
        PLAIN,
        {"between.py": "from names import MODEL, REV\n", "names.py": NAMES},
    ),
    "names that modules have from one another by a star": (
        "train.py",
        "from between import *",
        PLAIN,
        {"between.py": "from names import *\n", "names.py": NAMES},
    ),
    "in a circle": (
        "train.py",
        "from names import MODEL, REV",
        PLAIN,
        {"names.py": f"import train\n{NAMES}"},
    ),
}
"""Where the training script stands, what it imports and what it loads, and the other files."""


UNREAD = "names that a module only passes on are not looked for in the file that they come from"
LOST = {
    "a name that a module has from another": UNREAD,
    "names that modules have from one another by a star": UNREAD,
}


@pytest.mark.parametrize("form", table(RESOLVED, LOST))
def test_a_name_is_found(small: Small, form: str) -> None:
    path, imported, given, files = RESOLVED[form]
    small.write({**files, path: trains(imported, given)})
    small.write({"infer.py": serves("", '"org/a", revision="v2"')})
    (load,) = small.inventory(path)
    assert (load["repo_id"]["values"], load["revision"]["values"]) == (["org/a"], ["v1"])
    assert small.found("LOR201") == [("LOR201", "infer.py", 4)]
    assert small.undecided("--strict") == (0, [])


NOT_FOUND = {
    "two files of the name elsewhere": (
        "scripts/train.py",
        "from model_names import MODEL, REV",
        {"a/model_names.py": NAMES, "b/model_names.py": NAMES},
    ),
    "a module and a package of the name elsewhere": (
        "scripts/train.py",
        "from model_names import MODEL, REV",
        {"a/model_names.py": NAMES, "b/model_names/__init__.py": NAMES},
    ),
    "a name of the standard library": (
        "scripts/train.py",
        "from platform import MODEL, REV",
        {"lib/platform.py": NAMES},
    ),
    "a name of a known package": (
        "scripts/train.py",
        "from datasets import MODEL, REV",
        {"lib/datasets.py": NAMES},
    ),
    "a module of a known package": (
        "scripts/train.py",
        "from transformers.names import MODEL, REV",
        {"lib/transformers/names.py": NAMES},
    ),
    "a file that only ends with the name": (
        "scripts/train.py",
        "from names import MODEL, REV",
        {"lib/model_names.py": NAMES},
    ),
    "one dot too few": (
        "pkg/train/main.py",
        "from .names import MODEL, REV",
        {"pkg/names.py": NAMES},
    ),
    "one dot too many": (
        "pkg/train/main.py",
        "from ...names import MODEL, REV",
        {"pkg/names.py": NAMES},
    ),
    "a name that the module does not have": (
        "train.py",
        "from names import MODEL, REV",
        {"names.py": 'MODELS = "org/a"\nREVISION = "v1"\n'},
    ),
    "a private name behind a star": (
        "train.py",
        "from names import *\nMODEL, REV = _MODEL, _REV",
        {"names.py": '_MODEL = "org/a"\n_REV = "v1"\n'},
    ),
}
"""Where the training script stands and what it imports, and files that it does not mean."""


TAKEN = {"a private name behind a star": "a star does not import names that begin with `_`"}


@pytest.mark.parametrize("form", table(NOT_FOUND, TAKEN))
def test_a_name_is_not_taken_from_a_file_that_is_not_meant(small: Small, form: str) -> None:
    path, imported, files = NOT_FOUND[form]
    small.write({**files, path: trains(imported, PLAIN)})
    small.write({"infer.py": serves("", '"org/a", revision="v2"')})
    (load,) = small.inventory(path)
    assert (load["repo_id"]["status"], load["repo_id"]["values"]) == ("unknown", [])
    assert small.found("LOR201") == []
    count, lines = small.undecided("--strict")
    assert count == len(lines) > 0
