"""`loralint record`: write down what an adapter was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loralint.cli.verify import prepare
from loralint.verify.case import DTYPES, QUANTIZATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loralint.contract import Contract
    from loralint.verify.result import Progress

_ASKED = ("base", "revision", "quantization", "dtype", "device", "trust_remote_code", "offline")


@click.command("record")
@click.argument("adapter", type=click.Path(path_type=Path), metavar="ADAPTER")
@click.option("--base", metavar="ID|FOLDER", help="The base, if not the one that is recorded.")
@click.option("--revision", metavar="REV", help="The base's revision.  [default: as recorded]")
@click.option("--code-revision", metavar="REV", help="The revision of the base's own code.")
@click.option(
    "--quantization",
    type=click.Choice(QUANTIZATIONS),
    help="How the base was loaded for training.  [default: nf4]",
)
@click.option(
    "--dtype", type=click.Choice(DTYPES), help="Type of the base's other weights.  [default: auto]"
)
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]",
              help="Where to load.")  # fmt: skip
@click.option("--no-golden", is_flag=True, help="Load no weights, and record no golden logits.")
@click.option(
    "--write-revision",
    is_flag=True,
    help="Write the commit that the weights prove into adapter_config.json and the model card.",
)
@click.option("--trust-remote-code", is_flag=True, help="Run Python code that the base brings.")
@click.option("--offline", is_flag=True, help="Use no network, only the Hub's local cache.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing beside errors.")
def command(adapter: Path, **given: Any) -> None:
    """Write loralint.json into an adapter folder: its contract.

    Base and commit, hashes of all files that decide, versions, each tensor's hash, and what the
    model answers to fixed tokens. `loralint verify` holds the adapter to it from then on. Best
    done where it is trained: loralint.RecordCallback records at every save.
    """
    from loralint.verify.result import UnusableInputError

    prepare(given["offline"])
    try:
        contract = _recorded(adapter, given)
    except UnusableInputError as error:
        raise click.ClickException(str(error)) from error
    if not given["quiet"]:
        click.echo("\n".join(_lines(adapter, contract, written=given["write_revision"])))


def _recorded(adapter: Path, given: dict[str, Any]) -> Contract:
    from loralint.cli.verify import progress_for
    from loralint.verify.record import Wish, record

    with progress_for(given["quiet"]) as progress:
        model = None if given["no_golden"] else _model(adapter, given, progress)
        wish = Wish(
            given["base"],
            given["revision"],
            given["code_revision"],
            write_revision=given["write_revision"],
        )
        with progress.step("recording"):
            return record(model, adapter, wish)


def _model(adapter: Path, given: dict[str, Any], progress: Progress) -> Any:
    """The adapter on its base; an error that says what is in the way where it does not load."""
    import msgspec

    from loralint.verify.case import Asked, case_for
    from loralint.verify.folder import open_folder
    from loralint.verify.loading import load
    from loralint.verify.record import RecordError
    from loralint.verify.result import RefusedError, UndecidedError

    asked = Asked(**{name: given[name] for name in _ASKED})
    case = case_for(str(adapter), asked, with_contract=False)
    case = msgspec.structs.replace(
        case, code_revision=given["code_revision"], quantization=case.quantization or "nf4"
    )
    try:
        with progress.step(f"loading {case.base} ({case.quantization}) and the adapter"):
            return load(case, open_folder(case.adapter)).model
    except (RefusedError, UndecidedError) as error:
        raise RecordError(f"{error}; with --no-golden no weights are loaded") from error


def _lines(adapter: Path, contract: Contract, *, written: bool) -> Iterator[str]:
    from loralint.contract import NAME
    from loralint.verify.write_revision import WHAT

    base = contract.base
    at = f" at {base.commit}" if base.commit else ""
    asked = f" ({base.requested})" if base.requested and base.requested != base.commit else ""
    yield f"recorded {adapter / NAME}"
    yield f"  base: {base.id}{at}{asked}"
    files = len(base.config) + len(base.weights) + len(base.code.files if base.code else ())
    yield f"  {files} files of the base, {len(contract.adapter.tensors)} tensors of the adapter"
    if contract.golden is not None:
        yield f"  golden logits: the adapter moves them by {contract.golden.effect:.3g} on average"
    if written and WHAT not in contract.skipped:
        yield f"  revision: wrote {base.commit} into adapter_config.json and the model card"
    for what, reason in contract.skipped.items():
        yield f"  not recorded: {what}: {reason}"
