"""`submission.yaml` and its variants, read without torch: the harness names runs by it before it starts one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.contract.submission import Submission, Variant
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.submissions.common.errors import SettingsError

FILE = "submission.yaml"


@dataclass(frozen=True)
class Choice:
    """One configuration of a method, chosen."""

    variant: str | None
    """None for a method without variants."""
    fraction: float
    settings: dict[str, object]


def read_declaration(folder: Path) -> Submission:
    """Return the validated `submission.yaml` of a folder.

    Raises:
        SettingsError: It is missing or a field is wrong; the field is named.
    """
    try:
        return read_model(folder / FILE, Submission, shown=f"{folder.name}/{FILE}", follow=True)
    except FileNotFoundError as error:
        raise SettingsError(f"{folder.name} holds no {FILE}") from error
    except ModelFileError as error:
        raise SettingsError(str(error)) from error


def choose(submission: Submission, variant: str | None = None, fraction: float | None = None) -> Choice:
    """Return the configuration that a variant's name and a fraction mean.

    A fraction alone means the variant that is named by its percentage (0.3: `30`), else the default variant on that
    fraction.

    Raises:
        SettingsError: No such variant.
    """
    variants = submission.variants
    if variant is None:
        percent = None if fraction is None else f"{100 * fraction:g}"
        variant = percent if percent in variants else submission.default_variant
    if variant is None:
        return Choice(None, 1.0 if fraction is None else fraction, {})
    if variant not in variants:
        raise SettingsError(
            f"{submission.name} has no variant {variant!r}{meant(variant, variants)}; "
            f"there: {', '.join(variants) or 'none'}"
        )
    chosen: Variant = variants[variant]
    return Choice(variant, chosen.fraction if fraction is None else fraction, dict(chosen.settings))


def profile_settings(submission: Submission, profile: str) -> dict[str, object]:
    """Return the settings of a profile; `paper` changes nothing.

    Raises:
        SettingsError: No such profile.
    """
    known: dict[str, dict[str, object]] = {"paper": {}}
    known.update({str(name): dict(values) for name, values in submission.profiles.items()})
    if profile not in known:
        raise SettingsError(
            f"{submission.name} has no profile {profile!r}{meant(profile, known)}; there: {', '.join(known)}"
        )
    return known[profile]
