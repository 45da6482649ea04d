"""`benchmark/data/sources/<dataset>.yaml`: where the raw files of a dataset come from, and which ones are needed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints, model_validator

from lovt_bench.benchmark.contract.base import Model, Name
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName

ID = "{id}"
"""Stands for the ID of an image in `NeededFile.file`."""

Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class NeededFile(Model):
    """One kind of file: a table, or one file for each image of some splits."""

    file: str
    """Path in the raw folder; `{id}` is the ID of an image, `*` any name. Two kinds of a dataset differ in their
    endings or in the last folder that has a name, or are tables of different names: so files are told apart."""
    also: list[str] = []
    """Other names of a table."""
    splits: list[SplitName] = list(SPLIT_NAMES)
    """Splits whose images need the file."""
    optional: bool = False
    of_all: PositiveInt | None = None
    """Files of this kind that the source has, where the published splits need only some."""
    get: str
    """What to fetch for it."""

    @property
    def each(self) -> bool:
        """Return whether there is one for each image."""
        return ID in self.file

    @property
    def folder(self) -> str:
        """Return the last folder of its path that has a name, lower case."""
        return next((name.lower() for name in reversed(self.file.split("/")[:-1]) if "*" not in name), "")


class Archive(Model):
    """One archive that `data fetch` downloads and unpacks into a folder of its own."""

    url: str
    name: FileName
    """Its name on disk."""
    size: NonNegativeInt
    """Bytes."""
    md5: Md5
    """As published: it finds what a line or a disk spoilt, it is no protection from forgery."""
    folder: FileName
    """Folder below `--to` that gets its content."""


class DataSource(Model):
    """Where a dataset comes from. Facts that nobody could check are listed as such."""

    dataset: Name
    title: str
    pages: list[str] = Field(min_length=1)
    """Addresses, the official one first."""
    state: Literal["open", "account", "closed"]
    """`open`: anyone may download. `account`: after a login. `closed`: the official source gives nothing any more."""
    licence: str
    accept: str
    """What to accept or to do before the download."""
    size: str
    steps: list[str] = Field(min_length=1)
    """How to get it, in order."""
    needs: list[NeededFile] = Field(min_length=1)
    suite_without: Name | None = None
    """The suite of the tasks that do without it, where the source has closed."""
    archives: list[Archive] = []
    """What `data fetch` downloads; empty where terms or means do not allow it."""
    no_fetch: str = ""
    """Why there are none."""
    sources: list[str] = Field(min_length=1)
    """Where the facts were read."""
    unchecked: list[str] = []
    """What was not checked with its source."""

    @model_validator(mode="after")
    def _consistent(self) -> DataSource:
        if bool(self.archives) == bool(self.no_fetch):
            raise ValueError("expected either archives, or no_fetch")
        if (self.state == "closed") != (self.suite_without is not None):
            raise ValueError("a closed source, and no other, names suite_without")
        return self

    @property
    def download_size(self) -> PositiveInt:
        """Return the bytes of all archives."""
        return sum(archive.size for archive in self.archives)
