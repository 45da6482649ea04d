"use strict";
/* What the statistics of a table allow one to say, below its ranks. */
(() => {
  const { h, sheet } = LOVT;
  const { fixed, plural } = LOVT.format;
  const PAGE = 100;

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

  /** @param {any} table */
  const clean = (table) => {
    const found = table.clean;
    if (!found || found.rows.length === 0) return null;
    return [
      h("h2", {}, "Clean ranking"),
      h(
        "p",
        {},
        `Over the ${plural(found.tasks.length, "task")} whose images no ranked row may have seen. ${found.note}`,
      ),
      sheet(
        "Clean ranking",
        ["Row", "Mean rank"],
        found.rows
          .slice(0, PAGE)
          .map((id, at) => [
            [h("span", { class: "place" }, `${at + 1} `), LOVT.rowLink(table, id)],
            fixed(found.mean_ranks[at]),
          ]),
      ),
    ];
  };

  /** @param {any} table @returns {Node[]} */
  LOVT.inference = (table) => [said(table), differences(table), clean(table)].flat().filter(Boolean);
})();
