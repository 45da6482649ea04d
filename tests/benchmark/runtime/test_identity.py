"""As which user a container runs: never root of this machine, always somebody within the harness's reach."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.runtime.identity import Identity, choose_identity, security_options

ROOT, USER = (0, 0), (1001, 1002)


@pytest.mark.parametrize(
    ("engine", "caller", "identity"),
    [
        ([], ROOT, Identity(1000, 1000)),
        ([], USER, Identity(1001, 1002)),
        (["userns"], ROOT, Identity(1000, 1000, mapped=True)),
        (["userns"], USER, Identity(1001, 1002, own_namespace=False)),
        (["rootless"], USER, Identity(0, 0, mapped=True)),
        (["rootless"], ROOT, Identity(0, 0, mapped=True)),
    ],
)
def test_each_engine_and_caller(engine: list[str], caller: tuple[int, int], identity: Identity) -> None:
    assert choose_identity(["seccomp", *engine], *caller) == identity


def test_only_a_harness_without_reach_turns_a_mapping_off() -> None:
    assert choose_identity(["userns"], *USER).userns_mode == "host"
    assert choose_identity(["userns"], *ROOT).userns_mode is None
    assert choose_identity([], *USER).userns_mode is None


def test_what_engines_say_of_themselves() -> None:
    info: dict[str, object] = {
        "SecurityOptions": ["name=seccomp,profile=default", "name=rootless", "name=cgroupns"]
    }
    assert security_options(info) == {"seccomp", "rootless", "cgroupns"}
    assert security_options({"SecurityOptions": ["name=seccomp"], "Rootless": True}) == {
        "seccomp",
        "rootless",
    }
    assert security_options({"SecurityOptions": None}) == security_options({}) == frozenset()
