"use strict";
/* Example predictions on phantom images: truth solid, prediction dashed, so that no colour is needed. */
(() => {
  const { h, s } = LOVT;

  let next = 0;

  /** @param {any} box @param {boolean} found */
  const rectangle = ([x1, y1, x2, y2, label, confidence], found) => {
    const kind = found ? "found" : "truth";
    const text = found && confidence !== null ? `${label} ${(100 * confidence).toFixed(0)} %` : label;
    return s(
      "g",
      { class: kind },
      s("title", {}, `${found ? "prediction" : "ground truth"}: ${text}`),
      s("rect", { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1), class: "halo" }),
      s("rect", { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1), class: "line" }),
    );
  };

  /** @param {string} path @param {boolean} found @param {string} hatch */
  const region = (path, found, hatch) =>
    path
      ? s(
          "g",
          { class: found ? "found" : "truth" },
          s("title", {}, found ? "prediction" : "ground truth"),
          found && s("path", { d: path, fill: `url(#${hatch})`, "fill-rule": "evenodd" }),
          s("path", { d: path, class: "halo" }),
          s("path", { d: path, class: "line" }),
        )
      : null;

  /** @param {any} image */
  const describe = (image) => {
    const count = (boxes) => `${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}`;
    const parts = [];
    if (image.truth || image.found)
      parts.push(`ground truth ${count(image.truth ?? [])}, prediction ${count(image.found ?? [])}`);
    if (image.truth_mask || image.found_mask)
      parts.push(
        `${image.truth_mask ? "a region marked" : "no region"}, ${image.found_mask ? "a region predicted" : "none predicted"}`,
      );
    return `Phantom image ${image.id}: ${parts.join("; ") || "nothing marked and nothing predicted"}`;
  };

  /** A long id is a title; a number stands below. @param {any} image @param {number} side @param {number} number */
  const picture = (image, side, number) => {
    next += 1;
    const hatch = `hatch-${next}`;
    const sure = (image.found ?? []).slice(0, 12);
    return h(
      "figure",
      { class: "example" },
      s(
        "svg",
        { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": describe(image) },
        s(
          "defs",
          {},
          s(
            "pattern",
            {
              id: hatch,
              width: 5,
              height: 5,
              patternUnits: "userSpaceOnUse",
              patternTransform: "rotate(45)",
            },
            s("line", { x1: 0, x2: 0, y1: 0, y2: 5, class: "hatch" }),
          ),
        ),
        s("image", { href: image.src, width: side, height: side }),
        region(image.truth_mask, false, hatch),
        region(image.found_mask, true, hatch),
        (image.truth ?? []).map((box) => rectangle(box, false)),
        sure.map((box) => rectangle(box, true)),
        s("text", { x: side - 2, y: side - 3, class: "stamp" }, "phantom"),
      ),
      h("figcaption", { title: image.id }, image.id.length > 20 ? `image ${number}` : image.id),
    );
  };

  const key = () =>
    h(
      "p",
      { class: "legend key" },
      s(
        "svg",
        { width: 34, height: 12, "aria-hidden": "true", class: "swatch" },
        s("g", { class: "truth" }, s("line", { x1: 2, x2: 32, y1: 6, y2: 6, class: "line" })),
      ),
      " ground truth (solid)   ",
      s(
        "svg",
        { width: 34, height: 12, "aria-hidden": "true", class: "swatch" },
        s("g", { class: "found" }, s("line", { x1: 2, x2: 32, y1: 6, y2: 6, class: "line" })),
      ),
      " prediction (dashed; regions hatched). Synthetic images: they show how a head works, not what it finds in X-rays.",
    );

  /**
   * Return the examples of a task, all rows or one, null where there are none.
   * @param {any} table @param {string} task @param {string} [only]
   */
  const examples = async (table, task, only) => {
    if (table.section !== "phantom" || !(LOVT.board.raw.examples ?? []).includes(task)) return null;
    await LOVT.load(`examples/${task}.js`);
    const found = window.LOVT_BENCH_EXAMPLES?.[task];
    const sets = (found?.sets ?? []).filter((set) =>
      only ? set.row === only : LOVT.board.row(table, set.row),
    );
    if (sets.length === 0) return null;
    return h(
      "div",
      { class: "examples" },
      only ? null : key(),
      sets.map((set) =>
        h(
          "section",
          {},
          only ? null : h("h3", {}, LOVT.rowLink(table, set.row)),
          h(
            "div",
            { class: "strip" },
            set.images.map((image, at) => picture(image, set.side, at + 1)),
          ),
        ),
      ),
      !only &&
        found.left_out > 0 &&
        h("p", { class: "legend" }, `Examples of the best ${sets.length} rows; ${found.left_out} more have some.`),
    );
  };

  Object.assign(LOVT, { examples, examplesKey: key });
})();
