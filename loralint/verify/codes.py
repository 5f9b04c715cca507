"""The codes of verification. They come from loading only, so they are no rules of a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loralint.diagnostics import Diagnostic, Fix, Related, Severity
from loralint.source import START, Place


@dataclass(frozen=True, slots=True)
class Page:
    """A code: its name, its first sentence, and the rest of its page in Markdown."""

    code: str
    name: str
    summary: str
    doc: str
    severity: Severity = "error"
    default: bool = True


def _page(code: str, name: str, text: str, severity: Severity = "error") -> Page:
    """A page by its text, whose first paragraph is the summary."""
    summary, _, doc = text.partition("\n\n")
    return Page(code, name, " ".join(summary.split()), doc.strip(), severity)


LOR501 = _page(
    "LOR501",
    "missing-adapter-keys",
    """\
The model has adapter tensors that the file does not fill: they stay freshly made.

## What it means

The base has modules that the adapter's configuration asks for, and the file has no tensors for
them. PEFT makes new ones: `lora_A` at random, `lora_B` zero. The model then answers as the bare
base does, whatever was trained, and no error is raised. This is what happened in PEFT issue 1678,
where the base's modules had been renamed between two revisions. Where not one module of the base
matches `target_modules`, nothing can be filled and this code is reported too.

## What to do

Load the base that the adapter was trained on, at that revision: `loralint verify ADAPTER
--base ID --revision COMMIT`. If that is right already, look at the version of transformers and at
the model class, which also decide what modules are called.
""",
)

LOR502 = _page(
    "LOR502",
    "unexpected-adapter-keys",
    """\
The file has tensors for which the base has no place: they are dropped.

## What it means

The file has tensors that no module of the base takes. PEFT drops them and never says so: a part of
the training is lost, or all of it.

## What to do

As for LOR501: the base, its revision, the model class or the version of transformers is not the
one of the training. Where all keys have a prefix too many or too few (`_orig_mod.`,
`base_model.model.base_model.model.`), save the adapter again from the unwrapped model.
""",
)

LOR503 = _page(
    "LOR503",
    "adapter-shape-mismatch",
    """\
A tensor of the adapter has another shape than its place in the base.

## What it means

A tensor has a place in the base, and the place has another shape: another size of the same model,
resized token embeddings, or another rank than adapter_config.json says.

## What to do

Load the base of the training. Where only the embeddings differ, resize them as the training did
(`resize_token_embeddings`) before the adapter is loaded.
""",
)

LOR504 = _page(
    "LOR504",
    "adapter-not-loaded",
    """\
A tensor in the loaded model is not the one in the file.

## What it means

After loading, a tensor in the model is not the tensor in the file, not even after the change of
type that loading makes. Something wrote over it, or it was never filled and lies on the `meta`
device, where it has no values at all.

## What to do

Load the adapter last, after everything that initialises, resizes or ties weights. Do not use
`low_cpu_mem_usage=True` for an adapter whose keys do not all match.
""",
)

LOR505 = _page(
    "LOR505",
    "nondeterministic-load",
    """\
Two loads of the same adapter on the same base give different tensors.

## What it means

Loading the same files twice gives different tensors, in the adapter or in the base below it. Keys
that the file does not fill are drawn anew each time. Initialisations that rewrite the base, such
as PiSSA with `niter`, change the base differently at every load.

## What to do

For `pissa_niter_*`: convert the adapter to plain LoRA when saving
(`path_initial_model_for_weight_conversion`). Else see LOR501.
""",
)

LOR506 = _page(
    "LOR506",
    "adapter-without-effect",
    """\
The model answers the same with the adapter and without it.

## What it means

The output is the same to the last bit with the adapter switched on and off.

## What to do

The adapter is zero, scaled by zero, inactive, or sits on modules that this model class does not
run. The other findings say which; without another finding, look at `lora_alpha` and at which
modules the tensors belong to.
""",
)

LOR507 = _page(
    "LOR507",
    "untrained-adapter",
    """\
The adapter was never trained, or its training broke: zeros, NaN or infinity.

## What it means

`lora_B` starts at zero and training moves it. Where it is still zero, the tensor never got a
gradient (gradient checkpointing without input gradients, a partitioned save, a frozen adapter).
NaN and infinity come from a training that diverged or a type that overflowed.

## What to do

Do not serve it. Train again with `enable_input_require_grads`, or save the gathered weights.
""",
)

LOR508 = _page(
    "LOR508",
    "wrong-scaling",
    """\
The loaded adapter is scaled by another factor than its configuration asks for.

## What it means

A LoRA layer adds `scaling * B(A(x))`, with `scaling` = `lora_alpha / r`, or `lora_alpha / sqrt(r)`
with rsLoRA. The loaded layers use another factor than adapter_config.json gives, patterns by
module included.

## What to do

Do not write the configuration out again when loading: `PeftModel.from_pretrained(base, folder)`
reads it. Do not call `scale_layer` or `set_scale` on the model.
""",
)

LOR509 = _page(
    "LOR509",
    "adapter-not-active",
    """\
The adapter is loaded, and the model runs without it, or not with it alone.

## What it means

The adapter's tensors are in the model, and its forward pass does not use them: another adapter is
active, or adapters are disabled. Or a second adapter is active beside it, and both are added.

## What to do

Call `model.set_adapter(name)` after `load_adapter(…, adapter_name=name)`, and leave
`disable_adapter()` contexts.
""",
)

LOR510 = _page(
    "LOR510",
    "base-fingerprint-mismatch",
    """\
The base is not the one that the adapter was trained on, by its files or its weights.

## What it means

The contract `loralint.json` records the base's commit and the hashes of its files, and this base
has others. Or the two files of a pair load bases that the adapter fits both, and that are two
models all the same. An adapter fits any base of the same shape without an error, and is right on
one.

## What to do

Load the recorded commit (`loralint verify` without `--revision` does), or, if the change was meant,
evaluate again and record again with `loralint record`.
""",
)

LOR511 = _page(
    "LOR511",
    "golden-logits-mismatch",
    """\
The model does not give the logits that were recorded when the adapter was saved.

## What it means

On the recorded token ids the model gives other logits than when the adapter was saved, by more
than the recorded environment and the size of the adapter's own effect explain.

## What to do

Compare what differs: base, quantisation, dtype, versions. The tier's other findings name it.
""",
)

LOR512 = _page(
    "LOR512",
    "merge-mismatch",
    """\
A merged checkpoint is not what merging the adapter into the base gives.

## What it means

The merged checkpoint differs from an exact replay of the merge, tensor by tensor: it was merged on
another base, with another adapter, twice, or not at all.

## What to do

Merge again: load the base unquantised, `model = model.merge_and_unload()`, and save the result into
a folder of its own.
""",
)

LOR513 = _page(
    "LOR513",
    "precision-lost",
    """\
The loaded tensors are those of the file, rounded to fewer bits than the file has.

## What it means

The loaded tensors are the file's, rounded through a type with fewer bits: `float32` in the file,
`bfloat16` on the way.

## What to do

Load the adapter without `low_cpu_mem_usage=True`, or with a base in a type that holds the file's
values.
""",
)

LOR514 = _page(
    "LOR514",
    "round-trip-mismatch",
    """\
Saving the loaded adapter and loading it again does not give the same model.

## What it means

Saving the loaded adapter and loading it again, in the same precision, gives other tensors or other
logits.

## What to do

See which tensors differ. Often something is trained or resized that PEFT does not save
(`modules_to_save` names it).
""",
)

LOR515 = _page(
    "LOR515",
    "tokenizer-fingerprint-mismatch",
    """\
The tokenizer or its chat template is not the one that the contract records.

## What it means

The tokenizer's vocabulary, its special tokens or its chat template hash to something else than the
contract records: the same text becomes other token ids than in training.

## What to do

Load the tokenizer that was saved beside the adapter, or the base's at the recorded revision.
""",
)

LOR516 = _page(
    "LOR516",
    "not-weights",
    """\
Tensors of the adapter are integers, where its weights should be.

## What it means

A tensor of the file holds integers, and its place in the model is for floating point numbers: a
quantised export whose scales were left behind, or packed weights under the names of plain ones.
PEFT loads the integers as if they were the weights, and no error is raised.

## What to do

Save the adapter from PEFT in float32, float16 or bfloat16, or convert the export back with the tool
that made it.
""",
)

LOR517 = _page(
    "LOR517",
    "incomplete-adapter-config",
    """\
The configuration does not say rank, scale or targets, and PEFT takes its own.

## What it means

adapter_config.json lacks `r`, `lora_alpha` or `target_modules`. PEFT always writes all three, so a
converter or a hand has lost them. PEFT does not complain: it takes rank 8, scale 8 and the usual
modules of the architecture, which need not be those of the training.

## What to do

Write in the values of the training. The rank is in the shapes of the file and the targets are in
its names; the scale is in neither, and has to be known.
""",
    "warning",
)

CODES: tuple[Page, ...] = (
    LOR501,
    LOR502,
    LOR503,
    LOR504,
    LOR505,
    LOR506,
    LOR507,
    LOR508,
    LOR509,
    LOR510,
    LOR511,
    LOR512,
    LOR513,
    LOR514,
    LOR515,
    LOR516,
    LOR517,
)
"""Every code, in order: nothing is registered by being imported."""

BY_CODE = {one.code: one for one in CODES}

MOST_RELATED = 2_000
"""How many tensors a finding lists; its message has the count of all."""


def finding(
    page: Page,
    message: str,
    file: str,
    *,
    details: Iterable[str] = (),
    help: str = "",
    subject: str = "",
) -> Diagnostic:
    """A finding of verification: it stands on row 1 of `file`, a file of the adapter folder.

    `details` has a line for each tensor concerned, `help` says what to do about it, and
    `subject` is the base that the adapter was tried on.
    """
    place = Place(file, START)
    kept, left = _bounded(details)
    lines = [*kept, *([f"and {left} more"] if left else [])]
    return Diagnostic(
        code=page.code,
        name=page.name,
        severity=page.severity,
        message=message,
        place=place,
        related=tuple(Related(line, place) for line in lines),
        fix=Fix("display", help) if help else None,
        subject=subject,
    )


def _bounded(details: Iterable[str]) -> tuple[list[str], int]:
    lines = list(details)
    return lines[:MOST_RELATED], max(0, len(lines) - MOST_RELATED)
