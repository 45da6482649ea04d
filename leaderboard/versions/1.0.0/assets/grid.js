"use strict";
/* The main table: columns in the paper's order, sorted by any of them, one stop of the Tab key, arrows inside. */
(() => {
  const { h } = LOVT;
  const { percent, halfWidth, fixed, plural, MISSING } = LOVT.format;
  const PAGE = 200;

  /** @typedef {{key: string, first: "asc" | "desc", value: (row: any) => number | string | null}} Order */

  /** @param {any} table @returns {Map<string, Order>} */
  const orders = (table) => {
    /** @type {Order[]} */
    const all = [
      { key: "name", first: "asc", value: (row) => row.name.toLowerCase() },
      { key: "from", first: "asc", value: (row) => LOVT.board.learnedFrom(row).short },
      { key: "rank", first: "asc", value: (row) => row.rank ?? null },
      { key: "tasks", first: "desc", value: done },
      { key: "best", first: "desc", value: (row) => row.best },
      ...table.columns.map((column) => ({
        key: column.task,
        first: "desc",
        value: (row) => worth(row.cells[column.place]),
      })),
    ];
    return new Map(all.map((order) => [order.key, order]));
  };

  /** How many of the tasks a row has finished. @param {any} row */
  const done = (row) => row.cells.filter((cell) => cell && cell.status !== "partial").length;

  /**
   * The rows that have every task, then the others with the tasks that any of them has.
   * @param {any} table @returns {{title: string, of: (row: any) => boolean, columns: any[], standing: any}[]}
   */
  const parts = (table) => {
    const rest = table.rows.filter((row) => row.unfinished);
    const rank = { key: "rank", text: "Mean rank", show: (row) => fixed(row.rank) };
    const tasks = { key: "tasks", text: "Tasks", show: (row) => `${done(row)}/${table.columns.length}` };
    const whole = { title: "", of: (row) => !row.unfinished, columns: table.columns, standing: rank };
    if (!rest.length) return [whole];
    const columns = table.columns.filter((column) => rest.some((row) => row.cells[column.place]));
    return [whole, { title: LOVT.board.raw.unfinished, of: (row) => row.unfinished, columns, standing: tasks }];
  };

  /** A diverged cell is worse than every number, a missing one comes last. @param {any} cell */
  const worth = (cell) => (!cell ? null : cell.status === "diverged" ? -1 : cell.mean);

  /** @param {any[]} rows @param {Order | undefined} order @param {string} direction */
  const sorted = (rows, order, direction) => {
    if (!order) return rows;
    const sign = direction === "desc" ? -1 : 1;
    return [...rows].sort((a, b) => {
      const [x, y] = [order.value(a), order.value(b)];
      if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || a.place - b.place;
      return (x < y ? -sign : x > y ? sign : 0) || a.place - b.place;
    });
  };

  /** @param {any} row */
  const flags = (row) =>
    LOVT.board.flags(row).map(({ text, title, kind }) => h("span", { class: `flag ${kind}`, title }, text));

  /** @param {any} row @param {any} column */
  const overlaps = (row, column) => row.marks?.[column.datasetId] === "overlapping";

  /** @param {any} table @param {any} row @param {any} column @param {boolean} intervals */
  const cellText = (table, row, column, intervals) => {
    const cell = row.cells[column.place];
    if (!cell) return [MISSING];
    if (cell.status === "diverged" || cell.mean === null) return [h("small", {}, "diverged")];
    const some = cell.runs !== table.runs && h("small", { class: "of" }, ` ${cell.runs}/${table.runs}`);
    const spread = intervals && cell.interval !== null && h("small", {}, halfWidth(cell.interval));
    const dagger = overlaps(row, column) && h("sup", { class: "dagger" }, "†");
    const signs = cell.signs && h("sup", { class: "dagger" }, cell.signs);
    return [h("span", { class: "value" }, percent(cell.mean)), spread, some, dagger, signs];
  };

  /** @param {any} table @param {any} row @param {any} column */
  const tip = (table, row, column) => {
    const cell = row.cells[column.place];
    const what = h("p", { class: "what" }, `${row.name}, ${column.title}`);
    if (!cell) return h("div", {}, what, h("p", {}, "Not measured."));
    if (cell.status === "diverged") {
      return h(
        "div",
        {},
        what,
        h("p", {}, cell.failed ? `${cell.failed} runs diverged.` : "Diverged."),
      );
    }
    const signs = [...cell.signs].map((sign) => h("p", {}, `${sign} ${LOVT.board.raw.signs[sign]}`));
    const line = (name, half) =>
      half !== null && h("p", {}, `${halfWidth(half, "")} `, h("span", { class: "quiet" }, name));
    const near = column.close ? column.close.size - 1 : 0;
    const apart = !column.compared
      ? null
      : cell.mark === "best"
        ? `can be told apart from ${column.compared - near} of ${plural(column.compared, "row")} compared`
        : column.close?.has(row.id)
          ? "cannot be told apart from the best"
          : null;
    const standing = { best: ", best", second: ", second best" }[cell.mark] ?? "";
    return h(
      "div",
      {},
      what,
      h(
        "p",
        {},
        h("b", {}, percent(cell.mean)),
        h("span", { class: "quiet" }, ` % ${column.metric}, ${plural(cell.runs, "run")}`),
      ),
      line("95 %, Student's t", cell.student),
      line("1.96 · std / √n, as the paper", cell.normal),
      line("95 % for other images of the source, too", cell.images),
      cell.interval === null && h("p", { class: "quiet" }, "no interval"),
      cell.rank !== null && h("p", { class: "quiet" }, `rank ${Number(cell.rank)}${standing}`),
      apart && h("p", { class: "quiet" }, apart),
      overlaps(row, column) && h("p", {}, "† Pre-training data share images with this dataset."),
      signs,
      cell.status === "partial" &&
        h("p", { class: "quiet" }, `${cell.runs} of ${table.runs} runs so far; not ranked`),
    );
  };

  /** @param {any} table @param {any[]} columns @param {any} standing @param {boolean} intervals @param {any} row */
  const line = (table, columns, standing, intervals, row) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row", class: "name" },
        h(
          "div",
          {},
          h(
            "a",
            { href: LOVT.route.to("submission", table.id, row.id), tabindex: -1, title: row.name },
            row.name,
          ),
          flags(row),
        ),
      ),
      h(
        "td",
        { class: "word", tabindex: -1, title: LOVT.board.learnedFrom(row).full },
        LOVT.board.learnedFrom(row).short,
      ),
      h("td", { class: "rank", tabindex: -1 }, standing.show(row)),
      h("td", { class: "count", tabindex: -1 }, row.best || "·"),
      columns.map((column, at) => {
        const cell = row.cells[column.place];
        const mark = cell?.mark ? ` ${cell.mark}` : "";
        const edge = at && columns[at - 1].datasetId !== column.datasetId ? " edge" : at ? "" : " edge";
        const close = column.close?.has(row.id) ? " close" : "";
        const state = cell ? (cell.status === "complete" ? "" : ` ${cell.status}`) : " missing";
        return h(
          "td",
          {
            tabindex: -1,
            "data-row": row.place,
            "data-column": column.place,
            class: `cell${mark}${close}${edge}${state}`,
          },
          cellText(table, row, column, intervals),
        );
      }),
    );

  LOVT.grid = { PAGE, orders, parts, sorted, flags, tip, line };
})();
