"""Where `assets/vega.js` of a page comes from: the installed vl-convert carries it, nothing is downloaded.

Why Vega: docs/decisions/009-plots-by-vega.md.
"""

from __future__ import annotations

from functools import cache

_LICENCES = """\
/*!
 * Vega, Vega-Lite and Vega-Embed with what they depend on, as bundled by vl-convert.
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


@cache
def plot_library() -> bytes:
    """Return one classic script that sets `vegaEmbed`, `vega` and `vegaLite` on `window` and nothing else.

    The same bytes for one version of vl-convert; bundling takes about two seconds, once in a process.
    """
    import vl_convert

    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return f"{_LICENCES}(() => {{\n{bundle}\n}})();\n".encode()
