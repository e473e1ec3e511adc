"""vifaq train: bi, cross, poly, distill, mine."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.output import note, print_table, progress, say

if TYPE_CHECKING:
    from service.ports import OnProgress
    from service.train.config import TrainConfig
    from service.train.told import Told


class BiLoss(StrEnum):
    """What a bi-encoder learns from."""

    mnr = "mnr"
    triplet = "triplet"
    cosent = "cosent"
    softmax = "softmax"


class CrossLoss(StrEnum):
    """What a cross-encoder learns from."""

    bce = "bce"
    lambda_ = "lambda"


_Base = Annotated[str, typer.Option(help="Model to start from: a name, hub id or folder.")]
_Data = Annotated[
    list[Path],
    typer.Option(help="FAQ file, paraphrases, JSONL pairs or triplets, STS-B; also several times."),
]
_Out = Annotated[Path, typer.Option(help="Folder for the result; it must not exist yet.")]
_Epochs = Annotated[int, typer.Option(min=1)]
_Batch = Annotated[int, typer.Option(min=2)]
_Rate = Annotated[float, typer.Option(min=0, help="At its highest, after a tenth of the steps.")]
_Steps = Annotated[int | None, typer.Option(min=1, help="Stop after so many, if not before.")]
_Segmented = Annotated[
    bool | None,
    typer.Option(
        "--segmented/--plain", help='Join words by "_".  [default: as the base wants its text]'
    ),
]
_Licence = Annotated[str | None, typer.Option(help="Of the result, for the model card.")]
_Seed = Annotated[int, typer.Option()]
_Resume = Annotated[bool, typer.Option("--resume", help="Go on where a run was interrupted.")]
_Matryoshka = Annotated[
    list[int] | None, typer.Option(help="A smaller dimension that shall do as well; several times.")
]


def bi(
    base: _Base,
    data: _Data,
    out: _Out,
    loss: Annotated[BiLoss, typer.Option()] = BiLoss.mnr,
    matryoshka: _Matryoshka = None,
    epochs: _Epochs = 4,
    batch_size: _Batch = 32,
    learning_rate: _Rate = 5e-5,
    max_steps: _Steps = None,
    segmented: _Segmented = None,
    licence: _Licence = None,
    seed: _Seed = 0,
    resume: _Resume = False,
) -> None:
    """Train an encoder on questions that ask the same; set VIFAQ_ENCODER to the result.

    Example: vifaq train bi --base intfloat/multilingual-e5-small --data faqs.xlsx --out my-encoder
    """
    from service.train.config import TrainConfig

    config = TrainConfig(
        base=base, data=tuple(data), out=out, loss=loss.value, matryoshka=tuple(matryoshka or ()),
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, max_steps=max_steps,
        segmented=segmented, licence=licence, seed=seed, resume=resume,
    )  # fmt: skip
    _train("bi", config)


def cross(
    base: _Base,
    data: _Data,
    out: _Out,
    loss: Annotated[CrossLoss, typer.Option()] = CrossLoss.bce,
    epochs: _Epochs = 4,
    batch_size: _Batch = 32,
    learning_rate: _Rate = 5e-5,
    max_steps: _Steps = None,
    segmented: _Segmented = None,
    licence: _Licence = None,
    seed: _Seed = 0,
    resume: _Resume = False,
) -> None:
    """Train a cross-encoder that reads both texts; set VIFAQ_RERANKER to the result.

    Example: vifaq train cross --base PhoRanker --data faqs.xlsx --out my-reranker
    """
    from service.train.config import TrainConfig

    config = TrainConfig(
        base=base, data=tuple(data), out=out, loss=loss.value,
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, max_steps=max_steps,
        segmented=segmented, licence=licence, seed=seed, resume=resume,
    )  # fmt: skip
    _train("cross", config)


def poly(
    base: _Base,
    data: _Data,
    out: _Out,
    epochs: _Epochs = 4,
    batch_size: _Batch = 32,
    learning_rate: _Rate = 5e-5,
    max_steps: _Steps = None,
    segmented: _Segmented = None,
    licence: _Licence = None,
    seed: _Seed = 0,
    resume: _Resume = False,
) -> None:
    """Train a poly-encoder, a reranker that knows passages beforehand; set VIFAQ_RERANKER to it.

    Example: vifaq train poly --base halong_embedding --data faqs.xlsx --out my-reranker
    """
    from service.train.config import TrainConfig

    config = TrainConfig(
        base=base, data=tuple(data), out=out, loss="poly",
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, max_steps=max_steps,
        segmented=segmented, licence=licence, seed=seed, resume=resume,
    )  # fmt: skip
    _train("poly", config)


def distill(
    base: _Base,
    teacher: Annotated[str, typer.Option(help="Cross-encoder: a name, hub id or folder.")],
    data: _Data,
    out: _Out,
    epochs: _Epochs = 4,
    batch_size: _Batch = 32,
    learning_rate: _Rate = 5e-5,
    max_steps: _Steps = None,
    segmented: _Segmented = None,
    licence: _Licence = None,
    seed: _Seed = 0,
    resume: _Resume = False,
) -> None:
    """Teach an encoder what a cross-encoder knows; set VIFAQ_ENCODER to the result.

    Example: vifaq train distill --base my-encoder --teacher my-reranker --data mined.jsonl --out e2
    """
    from service.train.config import TrainConfig

    config = TrainConfig(
        base=base, data=tuple(data), out=out, loss="margin-mse", teacher=teacher,
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, max_steps=max_steps,
        segmented=segmented, licence=licence, seed=seed, resume=resume,
    )  # fmt: skip
    _train("distill", config)


def mine(
    encoder: Annotated[str, typer.Option(help="Whose mistakes to look for, as VIFAQ_ENCODER.")],
    data: _Data,
    out: Annotated[Path, typer.Option(help="JSONL file for the result; must not exist yet.")],
    negatives: Annotated[int, typer.Option(min=1, help="At most, for each FAQ.")] = 8,
    judge: Annotated[
        str | None, typer.Option(help="Cross-encoder that drops what asks the same after all.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="From this probability on, with --judge.")
    ] = 0.9,
) -> None:
    """Add hard negatives to training data: siblings first, then what the encoder takes for it.

    Example: vifaq train mine --encoder my-encoder --data faqs.xlsx --out mined.jsonl
    """
    from service.cli.start import read_settings
    from service.train import mine as mining

    config = mining.MineConfig(encoder, tuple(data), out, negatives, judge, threshold)
    with progress() as on_progress:
        found = mining.mine(config, read_settings(), _told(on_progress))
    say(f"{found.negatives} negatives for {found.groups} FAQs in {out}; {found.dropped} dropped.")


def _train(what: str, config: TrainConfig) -> None:
    from service.cli.start import read_settings
    from service.train.run import train

    settings = read_settings()
    with progress() as on_progress:
        report = train(what, config, settings, _told(on_progress))
    print_table(*report.table())
    if not report.improved:
        note("It is not better than its base on the held-out families; see its README.md.")
    say(str(config.out))


def _told(on_progress: OnProgress) -> Told:
    from service.train.told import Told

    return Told(on_progress, note)


COMMANDS: dict[str, Callable[..., None]] = {
    "bi": bi,
    "cross": cross,
    "poly": poly,
    "distill": distill,
    "mine": mine,
}
