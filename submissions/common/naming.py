"""What the backbone of a run is called, so that runs of one method that differ are told apart.

The name of a folder says variant, fraction, seed and changed settings, each only where it is not the default. What
tables show says the profile as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from lovt_bench.benchmark.contract.base import digest_of, is_name
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.submissions.common.declaration import Choice, profile_settings

DEFAULT_SEED = 12345
"""The seed of a pre-training by default; the name of a backbone leaves it out."""

NAME_LENGTH, DISPLAY_LENGTH = 64, 80
SETTINGS_SHOWN = 32
"""Characters of changed settings that a name spells out; more become a digest."""

_FOLDER_VALUE = re.compile(r"-?[a-z0-9][a-z0-9._]*(e-[0-9]+)?")
"""A hyphen stands between settings: within a value it is a sign or an exponent's."""
_SHOWN_VALUE = re.compile(r"-?[A-Za-z0-9][A-Za-z0-9._+-]*")


def changed_settings(
    submission: Submission, choice: Choice, profile: str, given: Mapping[str, object]
) -> dict[str, object]:
    """Return what of the given settings is not what variant and profile say already."""
    base = {**choice.settings, **profile_settings(submission, profile)}
    return {key: value for key, value in given.items() if key not in base or base[key] != value}


def backbone_name(
    submission: Submission,
    choice: Choice,
    seed: int = DEFAULT_SEED,
    changed: Mapping[str, object] | None = None,
) -> str:
    """Return the default name of a backbone: the method's for its defaults, else with what differs behind it.

    The profile is not part of it.

    Args:
        submission: The method.
        choice: Its variant and fraction.
        seed: Seed of the run.
        changed: Settings (`changed_settings`).
    """
    parts = [submission.name]
    if choice.variant is not None and choice.variant != submission.default_variant:
        parts.append(choice.variant)
    if choice.fraction != (1.0 if choice.variant is None else submission.variants[choice.variant].fraction):
        parts.append(f"{100 * choice.fraction:g}")
    if seed != DEFAULT_SEED:
        parts.append(f"seed{seed}")
    if changed:
        text = _spelled(changed, "{}-{}", "-", _FOLDER_VALUE)
        parts.append(text or f"set-{_digest(changed)}")
    name = "-".join(parts)
    if len(name) <= NAME_LENGTH and is_name(name):
        return name
    end = "-" + _digest(parts)
    return f"{submission.name[: NAME_LENGTH - len(end)].rstrip('._-')}{end}"


def display_name(
    submission: Submission,
    choice: Choice,
    profile: str,
    seed: int = DEFAULT_SEED,
    changed: Mapping[str, object] | None = None,
) -> str:
    """Return what tables show, at most 80 characters: `LoVT 30 % (no_l, demo, seed 3, learning_rate=0.001)`."""
    share = f"{100 * choice.fraction:g}"
    more = [] if choice.variant in (None, submission.default_variant, share) else [str(choice.variant)]
    more += [] if profile == "paper" else [profile]
    more += [] if seed == DEFAULT_SEED else [f"seed {seed}"]
    if changed:
        text = _spelled(changed, "{}={}", ", ", _SHOWN_VALUE)
        more.append(text or f"settings {_digest(changed)}")
    end = "" if choice.fraction == 1 or submission.corpus == "none" else f" {share} %"
    end += f" ({', '.join(more)})" if more else ""
    if len(end) > DISPLAY_LENGTH // 2:
        end = f" ({_digest(more)})"
    return submission.display_name[: DISPLAY_LENGTH - len(end)].rstrip() + end


def _spelled(settings: Mapping[str, object], form: str, between: str, value: re.Pattern[str]) -> str | None:
    """Return settings as text; None where a value cannot be spelled in the characters of a name, or all are long."""
    values = {
        key: each if isinstance(each, str) else json.dumps(each) for key, each in sorted(settings.items())
    }
    text = between.join(form.format(key, each) for key, each in values.items())
    spelled = all(value.fullmatch(each) for each in values.values()) and not any(
        map(_reads_as_json, settings.values())
    )
    return text if spelled and len(text) <= SETTINGS_SHOWN else None


def _reads_as_json(value: object) -> bool:
    """Return whether a text would be spelled like a number, a truth value or nothing."""
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _digest(value: object) -> str:
    return digest_of(value)[:8]
