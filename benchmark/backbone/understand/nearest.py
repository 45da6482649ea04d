"""What a file that no known network fits is told: the nearest network, what differs, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.candidates import Candidate, candidates
from lovt_bench.benchmark.backbone.understand.dialects import Reading
from lovt_bench.benchmark.backbone.understand.differs import known_by_name, problems
from lovt_bench.benchmark.backbone.understand.outline import Outline, outline_of
from lovt_bench.benchmark.backbone.understand.report import some


def none_fits(readings: Sequence[Reading], architectures: Iterable[str]) -> str:
    """Return in a message which of some networks is nearest, what differs, and what to do.

    Args:
        readings: The file's tensors; see `candidates`.
        architectures: Names that are compared.
    """
    tensors = readings[0].sources
    tried: list[tuple[Candidate, Outline]] = []
    for name in dict.fromkeys(architectures):
        try:
            outline = outline_of(name)
        except BackboneError:
            continue
        tried += [(one, outline) for one in candidates(readings, outline)[:1] if one.is_near]
    head = f"none of the known networks fits the {len(tensors):,} tensors of the file; it holds {some(tensors, 4)}"
    if known := known_by_name(tensors):
        return f"{head}. {known}"
    if not tried:
        return (
            f"{head}. If the image encoder lies in another file, give that one; if you know which network it is, name "
            "it with --arch; else export it as an ONNX graph (docs/backbones.md)"
        )
    best, outline = max(tried, key=lambda pair: _share(pair[0]))
    name = outline.architecture
    return f"{head}. The nearest is {name}: {problems(best, name)}{_other_sizes(best, outline)}"


def _other_sizes(one: Candidate, outline: Outline) -> str:
    """Return how to say the sizes of a network where only these differ."""
    names = {full: found for full, _, found in one.misshaped}
    width = names.get(one.prefix + "patch_embed.proj.weight", ())[:1]
    if not outline.takes_positions or not width:
        return ""
    return (
        f". Is it that network with other sizes? They are said by --arch {outline.architecture} --option "
        f"embed_dim={width[0]} --option num_heads=HEADS, and patch_size, depth and others where these differ "
        "(docs/backbones.md)"
    )


def _share(one: Candidate) -> tuple[float, float, int]:
    """Return which parts of a trunk's tensors agree, and are there by name, and how many lengths agree in the others.

    Tensors that are missing or too many count.
    """
    every = len(one.found) + len(one.missing) + len(one.unexpected)
    lengths = sum(a == b for _, wanted, found in one.misshaped for a, b in zip(wanted, found, strict=False))
    return one.agreement / every, len(one.found) / every, lengths
