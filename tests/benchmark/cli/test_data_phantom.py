"""`lovt-bench data phantom`: what the user sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.data_phantom import phantom
from lovt_bench.benchmark.data.phantom.layout import layouts
from lovt_bench.benchmark.data.phantom.layouts import names

SMALL = ["--dataset", "rsna", "--images", "20", "--side", "128", "--workers", "1"]


def test_the_help_lists_every_layout() -> None:
    assert names() == sorted(layouts())
    text = CliRunner().invoke(phantom, ["--help"]).output
    assert "Examples:" in text
    assert all(name in text for name in layouts())


def test_the_default_place_is_the_workspace_and_a_second_call_keeps_it(tmp_path: Path) -> None:
    first = CliRunner().invoke(phantom, [*SMALL, "--workspace", str(tmp_path)])
    assert first.exit_code == 0, first.output
    assert "written" in first.output
    assert (tmp_path / "phantom" / "rsna" / "phantom.json").is_file()
    again = CliRunner().invoke(phantom, [*SMALL, "--workspace", str(tmp_path)])
    assert "already there" in again.output
    assert again.output.split("digest ")[1] == first.output.split("digest ")[1]


def test_a_refusal_comes_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "siim").mkdir()
    (tmp_path / "siim" / "mine.txt").touch()
    arguments = [*SMALL, "--dataset", "siim", "--out", str(tmp_path)]
    result = CliRunner().invoke(phantom, arguments)
    assert result.exit_code == 1
    assert "not a phantom" in result.output
    assert "--out" in result.output
    assert not (tmp_path / "rsna").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "mnist"], "'rsna'"),
        (["--images", "0"], "--images"),
        (["--side", "64"], "--side"),
        (["--dataset", "rsna", "--images", "19"], "at least 20 images"),
    ],
)
def test_bad_options_name_what_is_allowed(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(phantom, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code != 0
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_phantom_of_another_seed_is_refused_without_naming_either(tmp_path: Path) -> None:
    """The open phantom lies where a keeper forgets --out, and the log is everybody's."""
    secret, known = tmp_path / "secret", tmp_path / "phantom"
    assert CliRunner().invoke(phantom, [*SMALL, "--seed", "7654321", "--out", str(known)]).exit_code == 0
    refused = CliRunner().invoke(phantom, [*SMALL, "--seed-file", str(secret), "--out", str(known)])
    assert refused.exit_code == 1
    assert "holds a phantom with other settings (another seed). Give --force" in refused.output
    assert secret.read_text().strip() not in refused.output
    assert "7654321" not in refused.output


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("4611686018427387905\n")
    secret.chmod(0o644)
    options = [*SMALL, "--seed-file", str(secret), "--out", str(tmp_path / "a")]
    refused = CliRunner().invoke(phantom, options)
    assert refused.exit_code == 1
    assert f"chmod 600 {secret}" in refused.output.replace("\n", "")
    assert not (tmp_path / "a").exists()
    both = CliRunner().invoke(phantom, [*options, "--seed", "0"])
    assert both.exit_code == 2
    assert "give --seed or --seed-file, not both" in both.output


def test_a_secret_seed_is_made_once_for_its_owner_alone_and_never_said(tmp_path: Path) -> None:
    secret = tmp_path / "keep" / "secret"
    options = [*SMALL, "--seed-file", str(secret)]
    made = CliRunner().invoke(phantom, ["--out", str(tmp_path / "a"), *options])
    assert made.exit_code == 0, made.output
    seed = secret.read_text().strip()
    assert secret.stat().st_mode & 0o077 == 0
    assert int(seed) > 2**20
    assert seed not in made.output
    again = CliRunner().invoke(phantom, ["--out", str(tmp_path / "a"), *options])
    assert "already there" in again.output
    secret.write_text("my birthday\n")
    refused = CliRunner().invoke(phantom, ["--out", str(tmp_path / "b"), *options])
    assert refused.exit_code == 1
    assert f"{secret}: a whole number is expected" in refused.output
    assert "birthday" not in refused.output
