"use strict";
/* The three lines above the main table: dataset, head with backbone, train fraction. */
(() => {
  const { h } = LOVT;
  const { share } = LOVT.format;

  /** Neighbours with equal keys in one. @param {any[]} columns @param {(column: any) => string} key */
  const runsOf = (columns, key) => {
    /** @type {{key: string, columns: any[]}[]} */
    const runs = [];
    for (const column of columns) {
      const last = runs.at(-1);
      if (last?.key === key(column)) last.columns.push(column);
      else runs.push({ key: key(column), columns: [column] });
    }
    return runs;
  };

  /**
   * @param {any[]} columns @param {any} standing what the third column is
   * @param {string} sort key of the order in force @param {string} direction
   * @param {(key: string) => void} choose
   */
  const heading = (columns, standing, sort, direction, choose) => {
    /** @param {string} key @param {string} text @param {Record<string, any>} attributes */
    const sorter = (key, text, attributes) => {
      const state = sort === key ? (direction === "desc" ? "descending" : "ascending") : "none";
      const button = h(
        "button",
        { type: "button", tabindex: -1, "data-sort": key, click: () => choose(key) },
        text,
        h("span", { class: "arrow", "aria-hidden": "true" }),
      );
      return h("th", { scope: "col", "aria-sort": state, ...attributes }, button);
    };
    const edges = new Set(runsOf(columns, (c) => c.datasetId).map((run) => run.columns[0].task));
    /** @param {any} column */
    const edge = (column) => (edges.has(column.task) ? "edge" : "");
    const plain = { rowspan: 3 };
    return h(
      "thead",
      {},
      h(
        "tr",
        {},
        sorter("name", "Row", { ...plain, class: "name" }),
        sorter("from", "Learned from", { ...plain, class: "word" }),
        sorter(standing.key, standing.text, { ...plain, class: "rank" }),
        sorter("best", "Best on", { ...plain, class: "count" }),
        runsOf(columns, (c) => c.datasetId).map((run) =>
          h(
            "th",
            { scope: "colgroup", colspan: run.columns.length, class: "dataset edge" },
            run.columns[0].dataset,
          ),
        ),
      ),
      h(
        "tr",
        {},
        runsOf(columns, (c) => `${c.datasetId} ${c.head} ${c.backbone}`).map((run) => {
          const [column] = run.columns;
          return h(
            "th",
            { scope: "colgroup", colspan: run.columns.length, class: `head ${edge(column)}` },
            column.head,
            h("br"),
            h("span", { class: "quiet" }, column.backbone),
          );
        }),
      ),
      h(
        "tr",
        {},
        columns.map((column) =>
          sorter(column.task, share(column.fraction), {
            class: `task ${edge(column)}`,
            title: `${column.title}: ${column.metric}, ${column.images.toLocaleString("en")} training images`,
          }),
        ),
      ),
    );
  };

  LOVT.heading = heading;
})();
