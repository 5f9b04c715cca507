"""LOR001."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Project
from loralint.rules.base import Finding, rule
from loralint.source import Place


@rule("LOR001", "syntax-error", severity="warning")
def syntax_error(project: Project) -> Iterator[Finding]:
    """A file could not be read or parsed, so nothing in it was checked.

    ## Why is this bad?

    A load in a file that loralint cannot understand is a load that nobody checked. "Could not
    check" is never "checked and fine", so the file itself is a finding. Every other file is
    checked as usual.

    ## Example

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2"
    ```

    ## Use instead

    ```python train.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    ```

    ## Fix safety

    There is no fix.

    ## Known problems

    Python 2 code and templates with placeholders (`{{ model }}`) do not parse. Exclude them with
    `extend-exclude`.
    """
    for path, facts in sorted(project.files.items()):
        first = () if facts.error is None else (facts.error,)
        for error in (*first, *facts.further_errors):
            what = "file" if error.cell is None else "cell"
            message = f"this {what} could not be checked: {error.message}"
            yield Finding(message, Place(path, error.span, error.cell), subject=path)
