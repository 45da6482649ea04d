"""Where datasets come from: one file each, `<dataset>.yaml`. A dataset without a file is prepared like others."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.data_source import DataSource
from lovt_bench.benchmark.contract.fields import field_problems
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.benchmark.data.errors import DataError

FOLDER = Path(__file__).resolve().parent


def described(folder: Path = FOLDER) -> list[str]:
    """Return the names of the datasets whose source is described, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def source_of(name: str, folder: Path = FOLDER) -> DataSource:
    """Return where a dataset comes from.

    Raises:
        DataError: There is no file of this name, or it breaks the schema.
    """
    if name not in described(folder):
        raise DataError(unknown("dataset", name, described(folder)))
    path = folder / f"{name}.yaml"
    try:
        source = DataSource.model_validate(read_yaml(path))
    except ValidationError as error:
        raise DataError(f"{path}: {'; '.join(field_problems(error, DataSource))}") from error
    except StrictYamlError as error:
        raise DataError(str(error)) from error
    if source.dataset != name:
        raise DataError(f"{path}: dataset is {source.dataset!r}, expected {name!r} as in the file name")
    return source
