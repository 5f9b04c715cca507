"""LOR317."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related
from loralint.project import Action, Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.actions import loads
from loralint.rules.judgement.pinning import subject_of
from loralint.rules.judgement.values import is_true


@rule("LOR317", "adapter-not-requested", severity="error")
def adapter_not_requested(project: Project) -> Iterator[Finding]:
    """An engine may serve an adapter, and no request names it: the base answers.

    ## Why is this bad?

    vLLM applies an adapter to those requests that bring a `LoRARequest`, and to no others. With
    `enable_lora=True` and a request that is made and not handed over, the answers are the base's,
    without an error or a warning.

    ## Example

    ```python serve.py
    from vllm import LLM
    from vllm.lora.request import LoRARequest

    llm = LLM(model="acme/base", enable_lora=True)
    faq = LoRARequest("faq", 1, "out/faq")
    outputs = llm.generate(["Where is my parcel?"])
    ```

    ## Use instead

    ```python serve.py
    from vllm import LLM
    from vllm.lora.request import LoRARequest

    llm = LLM(model="acme/base", enable_lora=True)
    faq = LoRARequest("faq", 1, "out/faq")
    outputs = llm.generate(["Where is my parcel?"], lora_request=faq)
    ```

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    Engine, request and generation have to be seen in one file, where no call at all is given a
    `lora_request`. Clients of a server, which choose an adapter by the name of the model, are not
    compared with the server's command line.

    ## References

    - [vLLM: LoRA adapters](https://docs.vllm.ai/en/latest/features/lora.html)
    """
    for request in loads(project):
        if not request.site.loader.endswith(_REQUEST):
            continue
        for engine in project.loads_in(request.site.path):
            if engine.site.artifact == "engine" and is_true(engine.option("enable_lora")):
                uses = project.actions_on.get(("infer", engine.index), ())
                if uses and not _may_name_one(project, request.site.path, uses):
                    yield _finding(uses[0], request)


_REQUEST = ".LoRARequest"
_KEYWORD = "lora_request"
_FIRST_TWO = 2
"""How many positional arguments of `generate` and `chat` are certainly no adapter's request."""


def _finding(use: Action, request: Load) -> Finding:
    message = (
        f"{wording.named(request)} is made ready ({request.place}), and no call is given it as"
        f" {_KEYWORD}: the base answers"
    )
    note = Related("the request is made here", request.place)
    fix = fixes.shown(f"pass {_KEYWORD}= to {use.text.partition('(')[0]}()")
    return Finding(message, use.place, (note,), fix, subject_of(request), use.text)


def _may_name_one(project: Project, path: str, uses: tuple[Action, ...]) -> bool:
    """Whether some call of the file hands an adapter over, or may do so unseen."""
    places = {(use.span, use.cell) for use in uses if use.path == path}
    if any(use.path != path for use in uses):
        return True
    for call in project.files[path].calls:
        if any(given.name == _KEYWORD for given in call.arguments):
            return True
        if (call.span, call.cell) in places:
            plain = [given for given in call.arguments if given.name is None]
            if len(plain) > _FIRST_TWO or any(given.stars for given in call.arguments):
                return True
    return False
