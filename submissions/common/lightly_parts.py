"""lightly's losses, heads and helpers, imported without its call home.

`import lightly` starts a thread that asks its maker's server for the newest version. A pre-training asks nobody, so
methods import lightly from here alone.
"""

from __future__ import annotations

import os

os.environ["LIGHTLY_DID_VERSION_CHECK"] = "True"

from lightly import loss as loss
from lightly.models import modules as modules
from lightly.models import utils as utils
