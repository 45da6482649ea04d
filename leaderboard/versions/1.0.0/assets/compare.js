"use strict";
/* Two rows of one table, task by task. Tests were made when the version was built; here they are only shown. */
(() => {
  const { h, fill, sheet } = LOVT;
  const { percent, halfWidth, signed, pValue, plural, MISSING } = LOVT.format;

  /** p-values of a pair in the order of the columns, null where it was not tested. @param {any} known @param {string} a @param {string} b */
  const tested = (known, a, b) => {
    return known.pairs.find(({ rows }) => rows.includes(a) && rows.includes(b));
  };

  /** @param {any} cell */
  const usable = (cell) => cell && cell.status !== "diverged" && cell.mean !== null;

  /** @param {any} table @param {any} a @param {any} b @param {any} test */
  const summary = (table, a, b, test) => {
    let [more, less, real] = [0, 0, 0];
    for (const column of table.columns) {
      const [x, y] = [a.cells[column.place], b.cells[column.place]];
      if (!usable(x) || !usable(y)) continue;
      if (x.mean > y.mean) more += 1;
      if (x.mean < y.mean) less += 1;
      const p = test?.tasks[column.place];
      if (p !== null && p !== undefined && p < 0.05) real += 1;
    }
    const count = `${a.name} is higher on ${plural(more, "task")}, ${b.name} on ${less}.`;
    if (!test)
      return `${count} This pair was not tested: tests are made for the pairs of ${plural(table.analysis?.pool?.length ?? 0, "row")} of this table.`;
    const pool = plural(table.analysis.pool.length, "row");
    const all = test.all === null ? "" : `, ${pValue(test.all)} if all pairs of the ${pool} that are compared are looked at (Holm)`;
    const overall =
      test.overall === null
        ? "There is no common task to test over."
        : `That both are alike on each of these tasks under other training seeds: p = ${pValue(test.overall)} (Wilcoxon signed-rank)${all}.`;
    return `${count} ${real === 0 ? "No difference" : real === 1 ? "One difference" : `${real} differences`} can be told apart from chance at 5 % (Welch's t, Holm-corrected over tasks). ${overall}`;
  };

  /** @param {any} table @param {any} a @param {any} b @param {any} test */
  const result = (table, a, b, test) => {
    const both = table.columns.filter(
      (column) => usable(a.cells[column.place]) && usable(b.cells[column.place]),
    );
    const names = a.name === b.name ? [`${a.name} (${a.id})`, `${b.name} (${b.id})`] : [a.name, b.name];
    const side = (cell) =>
      !cell
        ? MISSING
        : cell.status === "diverged"
          ? "diverged"
          : percent(cell.mean) + halfWidth(cell.interval);
    const rows = table.columns.map((column) => {
      const [x, y] = [a.cells[column.place], b.cells[column.place]];
      const p = test?.tasks[column.place] ?? null;
      const real = p !== null && p < 0.05;
      return [
        h("a", { href: LOVT.route.to("task", table.id, column.task) }, column.title),
        side(x),
        side(y),
        h("td", { class: real ? "sure" : "" }, usable(x) && usable(y) ? signed(x.mean - y.mean) : MISSING),
        pValue(p),
        p === null ? "not tested" : real ? "told apart" : "cannot be told apart",
      ];
    });
    return [
      h("p", { class: "lead" }, summary(table, a, b, test)),
      test &&
        table.kind === "published" &&
        h(
          "p",
          { class: "warning" },
          "Published runs share one seed and often repeat each other: these p-values are too small, and what is told apart need not be real.",
        ),
      both.length > 0 &&
        LOVT.plot(`Means with 95 % intervals (${table.intervalName}).`, "pair", () =>
          both.flatMap((column) =>
            [a, b].map((row, at) => {
              const { mean, interval } = row.cells[column.place];
              return {
                id: row.id,
                name: names[at],
                task: column.task,
                title: column.title,
                mean,
                half: interval ?? 0,
              };
            }),
          ),
        ),
      sheet(
        "Differences by task, in percentage points",
        ["Task", a.name, b.name, "Difference", "p, corrected", "At 5 %"],
        rows,
        "numbers",
      ),
    ];
  };

  /** @param {any} table @param {HTMLElement} root */
  const view = async (table, root) => {
    if (table.rows.length < 2) return LOVT.lost(root, "Two rows are needed to compare.");
    const known = await LOVT.details(table);
    const { params } = LOVT.route.current();
    const ranked = [...table.rows].sort((x, y) => (x.rank ?? 1e9) - (y.rank ?? 1e9) || x.place - y.place);
    const pick = (name, other) =>
      LOVT.board.row(table, params.get(name) ?? "") ?? ranked.find((row) => row.id !== other);
    let a = pick("a", params.get("b"));
    let b = pick("b", a.id);
    const area = h("div", { "aria-live": "polite" });
    const draw = () =>
      fill(
        area,
        a.id === b.id
          ? h("p", {}, "Choose two different rows.")
          : result(table, a, b, tested(known, a.id, b.id)),
      );
    /** @param {string} name @param {string} label @param {any} chosen @param {(row: any) => void} set */
    const choice = (name, label, chosen, set) =>
      h(
        "label",
        { class: "control wide" },
        h("span", {}, label),
        h(
          "select",
          {
            name,
            change: (event) => {
              set(LOVT.board.row(table, event.target.value));
              LOVT.route.update({ a: a.id, b: b.id });
              draw();
            },
          },
          ranked.map((row) => h("option", { value: row.id, selected: row === chosen }, row.name)),
        ),
      );
    root.append(
      h(
        "form",
        { class: "filters", submit: (event) => event.preventDefault() },
        choice("a", "First row", a, (row) => {
          a = row;
        }),
        choice("b", "Second row", b, (row) => {
          b = row;
        }),
      ),
      area,
    );
    draw();
    return undefined;
  };

  LOVT.views.compare = view;
})();
