"""One more name in an import that is there: where it goes, and that formatters leave it so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from loralint.fix.documents import edited
from loralint.read.importing import importing
from loralint.source import Source
from tests.formatters import formatted
from tests.markdown_pages import notebook


def extended(text: str, name: str = "BitsAndBytesConfig") -> str | None:
    """A module with one more name from transformers."""
    source = Source("a.py", "python", text.encode())
    edit = importing(source, "transformers", name)
    return edited(source, [edit]).decode() if edit is not None else None


LAID_OUT = {
    "one": (
        "from transformers import AutoModel\n",
        "from transformers import AutoModel, BitsAndBytesConfig\n",
    ),
    "before": (
        "from transformers import Trainer\n",
        "from transformers import BitsAndBytesConfig, Trainer\n",
    ),
    "between": (
        "from transformers import AutoModel, Trainer, set_seed  # noqa: F401\n",
        "from transformers import AutoModel, BitsAndBytesConfig, Trainer, set_seed  # noqa: F401\n",
    ),
    "unsorted": (
        "from transformers import Trainer, AutoModel\n",
        "from transformers import Trainer, AutoModel, BitsAndBytesConfig\n",
    ),
    "as": (
        "from transformers import AutoModel as M, Trainer as T\n",
        "from transformers import AutoModel as M, BitsAndBytesConfig, Trainer as T\n",
    ),
    "too long": (
        "from transformers import AutoModelForCausalLM, AutoTokenizer, TrainingArguments\n",
        "from transformers import (\n    AutoModelForCausalLM,\n    AutoTokenizer,\n"
        "    BitsAndBytesConfig,\n    TrainingArguments,\n)\n",
    ),
    "a name a row": (
        "from transformers import (\n    AutoModel,\n    Trainer,\n)\n",
        "from transformers import (\n    AutoModel,\n    BitsAndBytesConfig,\n    Trainer,\n)\n",
    ),
    "the last row": (
        "from transformers import (\n    AutoModel,  # ours\n)\n",
        "from transformers import (\n    AutoModel,  # ours\n    BitsAndBytesConfig,\n)\n",
    ),
    "no comma behind": (
        "from transformers import (\n\tAutoModel,\n\tAutoTokenizer\n)\n",
        "from transformers import (\n\tAutoModel,\n\tAutoTokenizer,\n\tBitsAndBytesConfig\n)\n",
    ),
    "a comment without a comma": (
        "from transformers import (\n    AutoModel,\n    AutoTokenizer  # ours\n)\n",
        "from transformers import (\n    AutoModel,\n    BitsAndBytesConfig,\n"
        "    AutoTokenizer  # ours\n)\n",
    ),
    "brackets on a row": (
        "from transformers import (AutoModel, Trainer)\n",
        "from transformers import (AutoModel, BitsAndBytesConfig, Trainer)\n",
    ),
    "several a row": (
        "from transformers import (AutoModel,\n                          AutoTokenizer)\n",
        "from transformers import (AutoModel,\n                          AutoTokenizer,\n"
        "                          BitsAndBytesConfig)\n",
    ),
    "continued": (
        "from transformers import AutoModel, \\\n    Trainer\n",
        "from transformers import AutoModel, \\\n    BitsAndBytesConfig, Trainer\n",
    ),
    "everything": (
        "from transformers import *\n",
        "from transformers import BitsAndBytesConfig\nfrom transformers import *\n",
    ),
    "within try": (
        "try:\n    from transformers import AutoModel\nexcept ImportError:\n    pass\n",
        "try:\n    from transformers import AutoModel, BitsAndBytesConfig\n"
        "except ImportError:\n    pass\n",
    ),
    "what only type checkers see": (
        "if TYPE_CHECKING:\n    from transformers import Trainer\n"
        "from transformers import AutoModel\n",
        "if TYPE_CHECKING:\n    from transformers import Trainer\n"
        "from transformers import AutoModel, BitsAndBytesConfig\n",
    ),
    "bytes": (
        "from transformers import Ä, Übung\n",
        "from transformers import BitsAndBytesConfig, Ä, Übung\n",
    ),
    "windows": (
        "from transformers import (\r\n    AutoModel,\r\n)\r\n",
        "from transformers import (\r\n    AutoModel,\r\n    BitsAndBytesConfig,\r\n)\r\n",
    ),
    "another module": ("from peft import PeftModel\n", None),
    "within a function": ("def f():\n    from transformers import AutoModel\n", None),
}


@pytest.mark.parametrize("case", LAID_OUT)
def test_a_name_goes_into_the_import(case: str) -> None:
    before, after = LAID_OUT[case]
    assert extended(before) == after
    if after is not None:
        compile(after, "a.py", "exec")


@pytest.mark.parametrize("formatter", ["black", "ruff"])
@pytest.mark.parametrize(
    "case", ["one", "before", "between", "too long", "a name a row", "the last row", "within try"]
)
def test_a_formatter_leaves_it_as_it_is(case: str, formatter: str) -> None:
    after = extended(LAID_OUT[case][0])
    assert after is not None and formatted(formatter, after) == after


@pytest.mark.parametrize("case", ["one", "before", "between", "too long", "a name a row"])
def test_ruff_has_nothing_to_sort(case: str) -> None:
    after = extended(LAID_OUT[case][0])
    words = ("check", "--isolated", "--select", "I", "-")
    done = subprocess.run([sys.executable, "-m", "ruff", *words], input=after, text=True,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_in_a_cell_of_a_notebook() -> None:
    text = notebook("%pip install peft\nfrom transformers import AutoModel\n")
    source = Source("a.ipynb", "notebook", text.encode())
    edit = importing(source, "transformers", "BitsAndBytesConfig")
    assert edit is not None
    assert b"import AutoModel, BitsAndBytesConfig" in edited(source, [edit])
