"""Where `assets/vega.js` comes from: `python -m leaderboard.page.plot_library` writes it anew.

Bundling takes seconds, so the result is kept; a test holds it to what the pinned vl-convert gives. Why Vega:
docs/decisions/009-plots-by-a-kept-vega.md.
"""

from __future__ import annotations

from pathlib import Path

PATH = Path(__file__).with_name("assets") / "vega.js"

_LICENCES = """\
/*!
 * Vega, Vega-Lite and Vega-Embed with what they depend on, as bundled by vl-convert; written by
 * leaderboard.page.plot_library, not by hand.
 *
 * Vega, Vega-Lite, Vega-Embed, Vega-Tooltip, Vega-Themes, Vega-Interpreter: BSD 3-Clause.
 * Copyright (c) 2015-2025, University of Washington Interactive Data Lab. All rights reserved.
 * d3, topojson-client, semver: ISC. fast-json-patch, json-stringify-pretty-compact, tslib, lodash: MIT or 0BSD.
 *
 * Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
 * following conditions are met:
 * 1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
 *    disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the
 *    following disclaimer in the documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote
 *    products derived from this software without specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
 * INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
 * SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
 * WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */
"""


def plot_library() -> bytes:
    """Return one classic script that sets `vegaEmbed`, `vega` and `vegaLite` on `window` and nothing else."""
    import vl_convert

    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return f"{_LICENCES}(() => {{\n{bundle}\n}})();\n".encode()


if __name__ == "__main__":
    PATH.write_bytes(plot_library())
