"use strict";
/* What a place on the board costs. */
(() => {
  const { sheet } = LOVT;
  const { duration, fixed } = LOVT.format;
  const SHOWN = 40;

  const KINDS = {
    seconds: { label: "time of evaluation", title: "seconds of all runs, tuning included", text: duration },
    parameters: {
      label: "parameters",
      title: "parameters of the backbone",
      text: (value) => value.toLocaleString("en"),
    },
  };

  /** @param {any} table @param {HTMLElement} root */
  LOVT.views.cost = (table, root) => {
    root.append(LOVT.part("cost", table));
    LOVT.choose(root, "cost", (kind, area) => {
      const { label, title, text } = KINDS[kind];
      const rows = table.rows
        .filter((row) => row[kind] && row.rank !== undefined)
        .sort((a, b) => a.rank - b.rank);
      const cells = (row) => [
        LOVT.rowLink(table, row.id),
        fixed(row.rank),
        text(row[kind]),
        LOVT.board.learnedFrom(row).short,
      ];
      const head = ["Row", "Mean rank", label, "Learned from"];
      area.append(
        LOVT.plot(
          `Mean rank against ${title}. Shape and colour: what a row learned from.`,
          kind,
          (fields) => rows.map((row) => ({ ...fields(row), cost: row[kind], rank: row.rank })),
        ),
        LOVT.long(sheet("The same in numbers", head, rows.map(cells)), SHOWN),
      );
    });
  };
})();
