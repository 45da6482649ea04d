"""The one name under which everything here is imported: `lovt_bench.benchmark`, `lovt_bench.tasks`, and so on.

The folders stand at the top of the repository. As packages they would have names that others use, too; so this file is
a package whose modules lie beside it. A wheel needs no such file: it has the folders in a folder `lovt_bench`.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parent)]
