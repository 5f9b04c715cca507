"""Everything that `loralint.json` records, against what is here now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from loralint.contract import NAME, Contract, Loading, TensorHash, Tokenizer
from loralint.diagnostics import Diagnostic, Skipped
from loralint.source import START, Place
from loralint.verify import files, fingerprints, loading_record, provenance
from loralint.verify.answers import NoAnswerError
from loralint.verify.arrival import arrival
from loralint.verify.attempts import Bench
from loralint.verify.case import Case
from loralint.verify.codes import LOR504, LOR508, LOR510, LOR511, LOR515, finding
from loralint.verify.fingerprints import Distance
from loralint.verify.folder import CONFIG, WEIGHTS, AdapterFolder, read_contract
from loralint.verify.result import (
    Checked,
    count,
    short,
    together,
    undecided,
    where,
)
from loralint.verify.values import FileTensors

# --- promised -------------------------------------------------------------------------------------


def loaded_otherwise(now: Loading, then: Loading) -> str:
    """How a load differs from the recorded one in precision: "" where it does not."""
    differences = []
    if _method(now) != _method(then):
        differences.append(f"recorded in {_method(then)}, loaded in {_method(now)}")
    elif now.quantization != then.quantization:
        differences.append(f"{_method(then)} was recorded with other settings")
    if now.dtype != then.dtype:
        differences.append(f"recorded in {then.dtype}, loaded in {now.dtype}")
    return "; ".join(differences)


def _method(loading: Loading) -> str:
    return loading.quantization.method if loading.quantization else "full precision"


# --- contract tier --------------------------------------------------------------------------------


SCALING = frozenset({"r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora"})
AGAIN = "if the change was meant, run `loralint record` again"


def check_files(case: Case, folder: AdapterFolder) -> Checked:
    """Compare adapter, base and tokenizer with the contract of the folder, by their files.

    It is decided where the base's weights were among what was compared; answers may decide it too.
    """
    contract = read_contract(case.adapter)
    if contract is None:
        reason = f"the folder has no {NAME}; `loralint record` writes one"
        return undecided(case.file(NAME), "the contract", reason)
    base = check_base(case, contract)
    found = together(_adapter(case, folder, contract), base, _tokenizer(case, contract))
    return replace(found, decided=base.decided)


def check_answers(case: Case, bench: Bench) -> Checked:
    """Compare the answers of the loaded model with the recorded ones."""
    contract = read_contract(case.adapter)
    if contract is None:
        return Checked(decided=False)
    found = _golden(case, bench, contract)
    return replace(found, decided=found.decided or check_base(case, contract).decided)


def _skip(case: Case, what: str, reason: str) -> Skipped:
    return Skipped(Place(case.file(NAME), START), what, reason)


def _adapter(case: Case, folder: AdapterFolder, contract: Contract) -> Checked:
    """The adapter's own tensors and configuration."""
    tensors = {name: files.of_tensor(tensor) for name, tensor in FileTensors(folder.weights)}
    return Checked(
        len(tensors),
        (*check_tensors(case, contract, tensors), *check_configuration(case, folder, contract)),
    )


def of_loaded(
    model: Any,
    case: Case,
    folder: AdapterFolder,
    contract: Contract | None,
    adapter: str | None = None,
) -> Checked:
    """The adapter in a model against its file, and the file against the contract: one pass."""
    hashes: dict[str, TensorHash] = {}

    def look(name: str, tensor: Any) -> None:
        hashes[name] = files.of_tensor(tensor)

    checked = arrival(model, case, folder, adapter, look=None if contract is None else look)
    if contract is None:
        return checked
    if not hashes:  # PEFT converts them, all at once and under other names
        hashes = {name: files.of_tensor(one) for name, one in FileTensors(folder.weights)}
    recorded = Checked(len(hashes), (
        *check_tensors(case, contract, hashes),
        *check_configuration(case, folder, contract),
    ))  # fmt: skip
    return together(checked, recorded)


def of_base_files(case: Case, contract: Contract) -> Checked:
    """The base's files against the contract, before they are loaded; LOR510 alone decides."""
    return replace(check_base(case, contract), decided=True)


def of_base_in_memory(model: Any, case: Case, contract: Contract) -> Checked:
    """LOR510 where a loaded base has not the weights of the base that is recorded: a sample."""
    recorded = contract.base
    here = files.locate(recorded.id, recorded.commit or recorded.requested)
    what = "whether the base is the recorded one"
    if here.folder is None:
        return Checked(skipped=(_skip(case, what, here.reason),))
    changed = provenance.changed_by(contract.adapter.config)
    fits = provenance.fits(model, here.folder, changed)
    if fits is None:
        reason = "none of its weights can be compared with those in the files"
        return Checked(skipped=(_skip(case, what, reason),))
    if fits and (here.kind == "hub" or fingerprints.of_the_same_sizes(recorded, here.folder)):
        return Checked()
    name = f"{recorded.id} at {recorded.commit or recorded.requested or 'no known revision'}"
    found = finding(
        LOR510,
        f"the adapter was trained on {name}, and the model in memory does not have its weights",
        case.file(NAME),
        help=f"load {name}",
        subject=recorded.id,
    )
    return Checked(findings=(found,))


def check_tensors(
    case: Case, contract: Contract, found: dict[str, TensorHash]
) -> Iterator[Diagnostic]:
    """LOR504 where a tensor of the file is not the recorded one; `found` has the file's hashes."""
    recorded = contract.adapter.tensors
    lines = [f"{short(name)}: recorded, and not in the file" for name in recorded.keys() - found]
    lines += [f"{short(name)}: in the file, and not recorded" for name in found.keys() - recorded]
    changed = [name for name, one in found.items() if recorded.get(name, one) != one]
    lines += [f"{short(name)}: other values than recorded" for name in changed]
    if lines:
        names = changed or sorted(recorded.keys() ^ found.keys())
        yield finding(
            LOR504,
            f"{count(len(lines))} of {len(recorded):,} are not those that {NAME} records,"
            f" {where(names)}: the weights were written after the contract",
            case.file(WEIGHTS),
            details=lines,
            help=f"restore the file that was recorded; {AGAIN}",
            subject=case.base or "",
        )


def check_configuration(
    case: Case, folder: AdapterFolder, contract: Contract
) -> Iterator[Diagnostic]:
    """LOR508 or LOR504 where adapter_config.json says something else than it did."""
    changed = fingerprints.adapter_differences(contract.adapter.config, folder.config)
    if changed:
        yield finding(
            LOR508 if SCALING & changed.keys() else LOR504,
            f"{CONFIG} is not the recorded one: {'; '.join(list(changed.values())[:3])}",
            case.file(CONFIG),
            details=changed.values(),
            help=f"restore the recorded values; {AGAIN}",
            subject=case.base or "",
        )


def check_base(case: Case, contract: Contract) -> Checked:
    """LOR510 where the base's files are not the recorded ones."""
    if case.base is None:
        return Checked(skipped=(_skip(case, "the base", "nobody names one"),), decided=False)
    located = files.locate(case.base, case.revision)
    seen = fingerprints.compare(contract.base, located)
    skipped = [_skip(case, what, reason) for what, reason in seen.open.items()]
    if not contract.base.weights:
        why = contract.skipped.get("base.weights") or contract.skipped.get("base.commit")
        skipped.append(_skip(case, "the base's weights", why or "the contract does not have them"))
    weighed = bool(contract.base.weights.keys() & {*seen.same, *seen.different})
    found = _other_base(case, contract, seen.different) if seen.different else ()
    total = len(seen.same) + len(seen.different)
    return Checked(total, tuple(found), tuple(skipped), decided=weighed)


def _other_base(
    case: Case, contract: Contract, different: dict[str, str]
) -> Iterable[Diagnostic]:  # fmt: skip
    base = contract.base
    recorded = f"{base.id} at {base.commit or base.requested or 'no known revision'}"
    here = f"{case.base} at {case.revision or 'no given revision'}"
    first = next(iter(different.items()))
    yield finding(
        LOR510,
        f"the adapter was trained on {recorded}, and {here} is another model:"
        f" {count(len(different), 'file')} of it differ, first {first[0]} ({first[1]})",
        case.file(NAME),
        details=[f"{name}: {how}" for name, how in different.items()],
        help=f"load {recorded}",
        subject=case.base or "",
    )


def _tokenizer(case: Case, contract: Contract) -> Checked:
    """LOR515 where text becomes other tokens than in training."""
    recorded = contract.tokenizer
    if recorded is None:
        reason = contract.skipped.get("tokenizer", "the contract has none")
        return Checked(skipped=(_skip(case, "the tokenizer", reason),))
    places = [(str(case.adapter), {"local_files_only": True})]
    if case.base is not None:
        places.append((case.base, case.hub_options()))
    loaded, reason = fingerprints.load(places)
    if loaded is None:
        return Checked(skipped=(_skip(case, "the tokenizer", reason),))
    found = fingerprints.fingerprint(loaded)
    return Checked(3, tuple(check_tokenizer(case, recorded, found)))


def check_tokenizer(case: Case, recorded: Tokenizer, found: Tokenizer) -> Iterator[Diagnostic]:
    """LOR515 for each of vocabulary, special tokens and chat template that differs."""
    parts = {
        "the vocabulary or the way that text is split": recorded.vocabulary != found.vocabulary,
        "the special tokens": recorded.special_tokens != found.special_tokens,
        "the chat template": recorded.chat_template != found.chat_template,
    }
    differing = [part for part, differs in parts.items() if differs]
    if differing:
        sizes = f" ({recorded.length:,} tokens were recorded, {found.length:,} are here)"
        yield finding(
            LOR515,
            f"the tokenizer is not the recorded one: {' and '.join(differing)} differ"
            + (sizes if recorded.length != found.length else ""),
            case.file(NAME),
            details=differing,
            help=f"save the tokenizer with the adapter, or load the recorded revision's; {AGAIN}",
            subject=case.base or "",
        )


def _golden(case: Case, bench: Bench, contract: Contract) -> Checked:
    """LOR511 where the model answers something else than it did when it was saved."""
    if contract.golden is None:
        reason = contract.skipped.get("golden", "the contract has none")
        skipped = _skip(case, "the golden logits", reason)
        return Checked(skipped=(skipped,), decided=False)
    arrived = bench.arrived()
    if bench.loaded is None:
        why = next((one.reason for one in arrived.skipped), "the model cannot be loaded")
        return Checked(skipped=(_skip(case, "the golden logits", why),), decided=False)
    return of_answers(bench.loaded.model, case, contract)


def of_answers(model: Any, case: Case, contract: Contract | None) -> Checked:
    """A model's answers against the golden logits, adapter on."""
    if contract is None or contract.golden is None:
        reason = "there are none: `loralint record` writes them"
        return undecided(case.file(CONFIG), "golden logits", reason)
    try:
        distance = fingerprints.measure(model, contract.golden)
    except NoAnswerError as error:
        return Checked(skipped=(_skip(case, "the golden logits", str(error)),), decided=False)
    return judge(case, contract, loading_record.describe(model, None), distance)


def judge(case: Case, contract: Contract, now: Loading, distance: Distance) -> Checked:
    """What a distance from the golden logits means for a model that is loaded like `now`."""
    other = loaded_otherwise(now, contract.loading)
    is_full = not other and now.dtype == "float32"
    tolerance = fingerprints.FULL if is_full else fingerprints.TOLERANCE
    if distance.within(tolerance):
        return Checked(1)
    if other and not distance.shape:
        reason = f"{other}: the answers differ by {distance.share:.0%} of the adapter's effect"
        return Checked(skipped=(_skip(case, "the golden logits", reason),), decided=False)
    what = distance.shape or (
        f"its answers differ by {distance.share:.0%} of what the adapter changes"
        f" (at most {tolerance:.0%} comes from rounding), by up to {distance.largest:.3g}"
    )
    return Checked(1, (_other_answers(case, what),))


def _other_answers(case: Case, what: str) -> Diagnostic:
    return finding(
        LOR511,
        f"the model is not the one that was recorded: {what}",
        case.file(NAME),
        help=f"compare base, revision and library versions with those in the contract; {AGAIN}",
        subject=case.base or "",
    )
