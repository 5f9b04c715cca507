"""LOR312."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.facts import ABSENT
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.actions import in_file
from loralint.rules.judgement.values import is_off, only


@rule("LOR312", "suppressed-load-warnings", severity="warning", default=False)
def suppressed_load_warnings(project: Project) -> Iterator[Finding]:
    """All warnings are silenced where an adapter is loaded: they are the only sign of its loss.

    ## Why is this bad?

    When tensors of an adapter are missing, PEFT warns and goes on; transformers writes a report at
    the level of a warning. `warnings.filterwarnings("ignore")` silences the one and
    `transformers.logging.set_verbosity_error()` the other, and the adapter is lost without a sound.

    ## Example

    ```python serve.py
    import warnings

    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    warnings.filterwarnings("ignore")
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Use instead

    ```python serve.py
    import warnings

    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    warnings.filterwarnings("ignore", category=FutureWarning)
    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out/phi-2")
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Off by default: it is a matter of taste as long as the adapter fits. A filter with a message, a
    module, or a category other than `UserWarning` and `Warning` is none. A filter inside
    `warnings.catch_warnings()` counts for the whole function.
    """
    for silence in project.actions_of("silence"):
        load = next((one for one in _loads(project, silence) if _hushes(silence, one)), None)
        if load is not None and _is_first(project, silence):
            message = (
                f"{silence.callee.rpartition('.')[2]} silences what would tell that the adapter"
                f" loaded in {load.place} does not fit"
            )
            note = Related("the adapter is loaded here", load.place)
            fix = fixes.shown("silence one category or message, or look at the load's result")
            yield Finding(message, silence.place, (note,), fix, call=silence.text)


def _loads(project: Project, silence: Action) -> Iterator[Load]:
    """The adapters that are loaded in its reach: the file, or the function that it stands in."""
    for load in project.loads_in(silence.path):
        if load.site.artifact == "adapter" and silence.function in ("", load.site.function):
            yield load


def _hushes(silence: Action, load: Load) -> bool:
    loader = load.site.loader
    if silence.callee.startswith("warnings."):
        return loader.startswith("peft.") and not loader.endswith(".load_adapter") and _all(silence)
    return silence.callee.startswith("transformers.") and loader.startswith("transformers.")


def _all(silence: Action) -> bool:
    """Whether a filter ignores every warning of PEFT's kind."""
    narrow = all(is_off(silence.options.get(name, ABSENT)) for name in ("message", "module"))
    action = only(silence.options.get("action", ABSENT))
    return action == "ignore" and narrow and all(_is_wide(silence, name) for name in _CATEGORY)


_CATEGORY = ("category", "second")
"""The second argument by position is a category, or a message."""


def _is_wide(silence: Action, name: str) -> bool:
    given = silence.options.get(name, ABSENT)
    return given == ABSENT or only(given) in ("UserWarning", "Warning")


def _is_first(project: Project, silence: Action) -> bool:
    """Whether no other filter of the same function was reported before."""
    same = in_file(project, silence.path, "silence")
    first = next(one for one in same if one.function == silence.function and one.callee)
    return first.callee != silence.callee or first.index == silence.index or not _all(first)
