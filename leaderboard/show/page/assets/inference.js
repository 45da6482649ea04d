"use strict";
/* What the statistics of a table allow one to say, and what is counted otherwise. */
(() => {
  const { h, fill, sheet } = LOVT;
  const { fixed, plural } = LOVT.format;
  const FEW = 10;

  /** @param {any} table */
  const said = (table) => {
    const statements = table.analysis?.statements ?? [];
    return statements.length
      ? [
          h("h2", {}, "What can be said, and what cannot"),
          h(
            "ul",
            { class: "statements" },
            statements.map((text) => h("li", {}, text)),
          ),
        ]
      : null;
  };

  /** @param {any} table */
  const differences = (table) => {
    const found = table.analysis?.differences ?? [];
    if (found.length === 0) return null;
    const columns = new Map(table.columns.map((column) => [column.task, column]));
    const SHOWN = 8;
    const rows = found.map((item) => {
      if (item.compared === 0)
        return [
          h(
            "a",
            { href: LOVT.route.to("task", table.id, item.task) },
            columns.get(item.task)?.title ?? item.task,
          ),
          LOVT.rowLink(table, item.best),
          "no other row to compare",
        ];
      const others = item.indistinguishable.map((id) => LOVT.board.row(table, id)?.name ?? id);
      const text =
        others.length === 0
          ? h("span", { class: "sure" }, `none of ${item.compared}`)
          : others.slice(0, SHOWN).join(", ") +
            (others.length > SHOWN ? ` and ${others.length - SHOWN} more` : "") +
            ` (${others.length} of ${item.compared})`;
      return [
        h(
          "a",
          { href: LOVT.route.to("task", table.id, item.task) },
          columns.get(item.task)?.title ?? item.task,
        ),
        LOVT.rowLink(table, item.best),
        text,
      ];
    });
    return [
      h("h2", {}, "Best of each task, and who cannot be told apart from it"),
      sheet(
        "Welch's t at 5 %, Holm-corrected over the rows compared",
        ["Task", "Best", "Cannot be told apart"],
        rows,
        "prose",
      ),
    ];
  };

  /**
   * A ranking over some of the tasks.
   * @param {any} table @param {any} found @param {string} title @param {string} which what its tasks are
   */
  const partial = (table, found, title, which) => {
    if (!found) return null;
    return h(
      "section",
      {},
      h("h3", {}, title),
      h("p", { class: "quiet" }, `Over the ${plural(found.tasks.length, "task")} ${which}. ${found.note}`),
      found.rows.length > 0 &&
        long(
          `${title}, mean ranks`,
          ["Row", "Mean rank"],
          found.rows.map((id, at) => [
            [h("span", { class: "place" }, `${at + 1} `), LOVT.rowLink(table, id)],
            fixed(found.mean_ranks[at]),
          ]),
        ),
    );
  };

  /** Methods with several rows count together. @param {any} table */
  const methods = (table) => {
    if (!table.methods.some((item) => item.rows > 1) || !table.methods.some((item) => item.best)) return null;
    const found = [...table.methods].sort((a, b) => b.best - a.best);
    return h(
      "section",
      {},
      h("h3", {}, "By method"),
      h("p", { class: "quiet" }, "A task counts for a method once if any of its rows is best on it."),
      long(
        "Tasks on which a method is best",
        ["Method", "Best on", "Rows"],
        found.map((item) => [item.method, `${item.best} of ${table.columns.length}`, item.rows]),
      ),
    );
  };

  /** A table of which the first rows are shown. @param {string} caption @param {string[]} head @param {any[][]} rows */
  const long = (caption, head, rows) => {
    const area = h("div", {});
    const draw = (limit) =>
      fill(
        area,
        sheet(caption, head, rows.slice(0, limit)),
        rows.length > limit &&
          h(
            "p",
            { class: "more" },
            h(
              "button",
              { type: "button", click: () => draw(rows.length) },
              `All ${rows.length.toLocaleString("en")}`,
            ),
          ),
      );
    draw(FEW);
    return area;
  };

  /** What can be ranked beside the whole table, below it. @param {any} table @returns {Node[]} */
  LOVT.further = (table) => {
    const found = [
      methods(table),
      partial(table, table.clean, "Clean ranking", "whose images no ranked row may have seen"),
      partial(table, table.frozen, "Frozen ranking", "on a frozen backbone"),
    ].filter(Boolean);
    return found.length ? [h("h2", {}, "Counted otherwise"), h("div", { class: "further" }, found)] : [];
  };

  /** @param {any} table @returns {Node[]} */
  LOVT.inference = (table) => [said(table), differences(table)].flat().filter(Boolean);
})();
