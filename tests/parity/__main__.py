"""`python -m tests.parity [DIR] [--only PATTERN]`: run every golden case of a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.parity.golden import FOLDER, GoldenError
from tests.parity.runner import format_result, run_folder

DESCRIPTION = """\
Compare this implementation with golden vectors of the reference one. Prints one line a case (verdict, file,
case, largest error over its tolerance, the quantity with it) and ends with `N passed, N failed`. A file
without a check counts as failed. Exit code: 0 all passed, 1 some failed, 2 not a folder of golden vectors."""

EXAMPLES = """\
examples:
  python -m tests.parity
  python -m tests.parity --only 'yolo_*'
  python -m tests.parity other/vectors"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.parity",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=FOLDER,
        metavar="DIR",
        help="folder with manifest.json and its files; default: the vectors of this repository",
    )
    parser.add_argument("--only", metavar="PATTERN", help="files whose name matches, `*` and `?` allowed")
    options = parser.parse_args(arguments)
    passed = failed = 0
    try:
        for result in run_folder(options.folder, options.only):
            passed += result.passed
            failed += not result.passed
            print(format_result(result), flush=True)
    except GoldenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
