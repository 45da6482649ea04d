"use strict";
/* What a place on the board costs: a chart for each kind of cost; the table comes with the page. */
(() => {
  /** @param {any} table @param {HTMLElement} root */
  LOVT.views.cost = (table, root) => {
    root.append(LOVT.part("cost", table));
    LOVT.choose(root, "cost", (kind, area) => {
      const rows = table.rows.filter((row) => row[kind] && row.rank !== undefined);
      area.append(
        LOVT.plot(area.dataset.label, kind, (fields) =>
          rows.map((row) => ({ ...fields(row), cost: row[kind], rank: row.rank, family: row.family })),
        ),
      );
    });
  };
})();
