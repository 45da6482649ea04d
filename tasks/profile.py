"""Profile files, `tasks/profiles/<name>.yaml`, and profiles applied to tasks; `paper` changes nothing. No torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.dataset import IMAGE_SIDE
from lovt_bench.benchmark.contract.profile import FINE_TUNED, Kind, Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.task import TaskSpec, WarmUp
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.tasks.head import heads
from lovt_bench.tasks.messages import explain

PROFILES = Path(__file__).resolve().parent / "profiles"


class UnknownProfileError(ValueError):
    """There is no profile of this name."""


class InvalidProfileError(ValueError):
    """A profile file that breaks the schema."""


def profile_names(folder: Path = PROFILES) -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_profile(name: str, folder: Path = PROFILES) -> Profile:
    """Return the profile called `name`.

    Raises:
        UnknownProfileError: No file of this name; the message lists the known names.
        InvalidProfileError: Unreadable, a field missing, unknown or wrong, or `name` is not the file's.
    """
    if name not in profile_names(folder):
        raise UnknownProfileError(unknown("profile", name, profile_names(folder)))
    path = folder / f"{name}.yaml"
    try:
        profile = Profile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidProfileError(explain(path, error, Profile)) from error
    except StrictYamlError as error:
        raise InvalidProfileError(str(error)) from error
    if profile.name != name:
        raise InvalidProfileError(f"{path}: name is {profile.name!r}, expected {name!r} as in the file name")
    for head in profile.image_sides:
        if head not in heads():
            raise InvalidProfileError(f"{path}: image_sides: {unknown('head', head, heads())}")
    for field in ("max_train_images", "max_epochs", "max_learning_rates", "learning_rates"):
        limits = getattr(profile, field)
        for kind in limits if isinstance(limits, dict) else ():
            if kind not in (kinds := [*heads(), FINE_TUNED]):
                raise InvalidProfileError(f"{path}: {field}: {unknown('kind of task', kind, kinds)}")
    return profile


def input_side(profile: Profile, protocol: Protocol, head: str) -> int:
    """Return the side in pixels of the network input of a head: the profile's, which speaks of images of 224 pixels."""
    return profile.side(head) * protocol.data.image_side // IMAGE_SIDE


def kind_of(spec: TaskSpec) -> Kind:
    """Return what decides the cost of a task's runs."""
    return FINE_TUNED if spec.backbone == "fine-tuned" else spec.head


def apply_profile(spec: TaskSpec, profile: Profile) -> TaskSpec:
    """Return the task as the profile runs it: batch size, grid, epochs, patience, warm-up and head limited."""
    kind = kind_of(spec)
    grid = list(profile.learning_rates.get(kind, spec.learning_rates))[: profile.max_learning_rates.get(kind)]
    warm_up = spec.warm_up and WarmUp(
        steps=_limited(spec.warm_up.steps, profile.max_warm_up_steps),
        learning_rate=spec.warm_up.learning_rate,
    )
    return spec.model_copy(
        update={
            "batch_size": _limited(spec.batch_size, profile.max_batch_size),
            "learning_rates": grid,
            "max_epochs": _limited(spec.max_epochs, profile.limit("max_epochs", kind)),
            "patience": _limited(spec.patience, profile.max_patience),
            "warm_up": warm_up,
            "head_width_divisor": profile.head_width_divisor,
        }
    )


def _limited(value: int, limit: int | None) -> int:
    return value if limit is None else min(value, limit)
