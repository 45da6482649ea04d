"""One file per dataset, found by its name (`covid_rural.py` is `covid-rural`). A new dataset is one new file.

Each module has `PREPARER`, an object as `benchmark.data.samples.Preparer` describes.
"""

from __future__ import annotations

import importlib
import pkgutil

from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.samples import Preparer

OWN_COMMAND = "lovt-bench data prepare own --format FORMAT --raw DIR --name"
"""Before the name of a data set that is none of these."""


def names() -> list[str]:
    """Return the names of all datasets that can be prepared, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(module.replace("_", "-") for module in modules if not module.startswith("_"))


def prepare_command(name: str) -> str:
    """Return the command that makes a store of this name, with words in capitals to be filled in."""
    return f"lovt-bench data prepare {name} --raw DIR" if name in names() else f"{OWN_COMMAND} {name}"


def dataset(name: str) -> Preparer:
    """Return the preparer of a dataset.

    Raises:
        DataError: The name is not known; the message lists the known ones.
    """
    if name not in names():
        raise DataError(f"{unknown('dataset', name, names())}; own images: {OWN_COMMAND} {name}")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    preparer: Preparer = module.PREPARER
    return preparer
