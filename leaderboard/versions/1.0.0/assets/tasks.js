"use strict";
/* All tasks, and one: how its runs spread, how they learned, what they found on phantom images. */
(() => {
  const { h, sheet } = LOVT;
  const { percent, halfWidth, share, plural, MISSING } = LOVT.format;
  const SHOWN = LOVT.board.raw.drawn;

  /** Rows that have a value on a task, best first. @param {any} table @param {any} column */
  const standing = (table, column) =>
    table.rows
      .map((row) => ({ row, cell: row.cells[column.place] }))
      .filter(({ cell }) => cell && cell.mean !== null && cell.status !== "diverged")
      .sort(
        (a, b) =>
          b.cell.mean - a.cell.mean ||
          (a.cell.rank ?? Infinity) - (b.cell.rank ?? Infinity) ||
          a.row.place - b.row.place,
      );

  /** @param {any} table */
  const heat = (table) => {
    const shown = [...table.rows].sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || a.place - b.place);
    const rest = shown.length > SHOWN ? ` The best ${SHOWN} of ${plural(shown.length, "row")} by mean rank.` : "";
    const cells = (fields) => (row) =>
      table.columns.map((column) => {
        const cell = row.cells[column.place];
        const known = cell?.status === "complete";
        return {
          ...fields(row),
          task: `${column.number} ${column.title}`,
          score: known ? cell.mean : null,
          label: known ? percent(cell.mean) : cell?.status === "diverged" ? "div" : MISSING,
          best: cell?.mark === "best",
        };
      });
    return LOVT.plot(
      `Scores in percent; shade: from the lowest to the highest of the rows shown, task by task. Bold: best.${rest}`,
      "heat",
      (fields) => shown.slice(0, SHOWN).flatMap(cells(fields)),
    );
  };

  /** @param {any} table @param {HTMLElement} root */
  const list = (table, root) => {
    root.append(LOVT.part("tasks", table));
    root.querySelector("[data-chart=heat]").replaceWith(heat(table));
  };

  /** @param {any} table @param {any} column @param {any} known @param {any[]} rows */
  const distribution = (table, column, known, rows) => {
    const shown = rows.slice(0, SHOWN).map(({ row, cell }) => ({
      row,
      mean: cell.mean,
      half: cell.interval,
      runs: (known.row(row.id).cells[column.place]?.runs ?? [])
        .map(({ value }) => value)
        .filter((value) => value !== null),
      label: percent(cell.mean) + halfWidth(cell.interval),
      best: cell.mark === "best",
    }));
    const single = shown.some((item) => item.runs.length > 0);
    const label = `${column.title}, ${column.metric}: the mark is the mean, the bar its 95 % interval (${table.intervalName})${single ? ", each circle a run" : ""}${rows.length > SHOWN ? `; the best ${SHOWN} of ${plural(rows.length, "row")}` : ""}.${single ? "" : " Single runs were not published."}`;
    const plot = LOVT.plot(label, single ? "scores" : "means", (fields) => shown.map((item) => ({ ...item, ...fields(item.row) })));
    return [h("h2", {}, "Runs"), plot];
  };

  /** @param {any} column @param {any} known @param {any[]} rows */
  const learning = (column, known, rows) => {
    const curves = rows
      .map(({ row }) => ({ row, ...known.row(row.id).cells[column.place] }))
      .filter(({ curve }) => curve);
    if (curves.length === 0) return null;
    const label = `Validation ${column.metric} by epoch, mean over the runs that still train; the best of ${plural(curves.length, "row")}.`;
    const plot = LOVT.plot(label, "curves", (fields, series) =>
      curves.slice(0, series).map(({ row, epochs, curve }) => ({ ...fields(row), epochs, values: curve })),
    );
    return [h("h2", {}, "Learning curves"), plot];
  };

  /** @param {any} table @param {any} column @param {any} known @param {any[]} rows */
  const numbers = (table, column, known, rows) => {
    const cells = ({ row, cell }) => {
      const found = known.row(row.id).cells[column.place] ?? {};
      const single = (found.runs ?? []).map(({ value }) => percent(value)).join("  ");
      return [
        LOVT.rowLink(table, row.id),
        h("td", { class: cell.mark }, percent(cell.mean)),
        halfWidth(cell.student, "") || MISSING,
        halfWidth(cell.normal, "") || MISSING,
        single || "not published",
        found.lr ?? "—",
      ];
    };
    const head = ["Row", "Mean", "Student's t", "1.96 · std / √n", "Runs", "Learning rate"];
    const all = sheet(`${column.title}, ${column.metric} in percent`, head, rows.map(cells), "numbers");
    return [h("h2", {}, "Numbers"), LOVT.long(all, 100)];
  };

  /** @param {any} table @param {HTMLElement} root @param {string} item */
  const view = async (table, root, item) => {
    const column = table.columns.find((found) => found.task === item);
    if (!column) return LOVT.lost(root, "This table has no such task.");
    const rows = standing(table, column);
    const near = (step) => {
      const other = table.columns[column.place + step];
      return other
        ? h(
            "a",
            { href: LOVT.route.to("task", table.id, other.task), rel: step < 0 ? "prev" : "next" },
            step < 0 ? `← ${other.title}` : `${other.title} →`,
          )
        : h("span", {});
    };
    root.append(
      h(
        "p",
        { class: "lead" },
        `Task ${column.number}: ${column.dataset}, ${column.head} on a ${column.backbone} backbone, ${share(column.fraction)} of the training images (${column.images.toLocaleString("en")}), ${column.metric}.`,
      ),
    );
    const audits = (table.analysis?.audits ?? []).filter(({ task }) => task === column.task);
    if (audits.length)
      root.append(
        h(
          "p",
          { class: "warning" },
          `${plural(audits.length, "row")} on this task with runs that do not look independent: ${audits
            .slice(0, 6)
            .map(({ row }) => LOVT.board.row(table, row)?.name ?? row)
            .join(", ")}${audits.length > 6 ? ", …" : ""}.`,
        ),
      );
    const known = await LOVT.details(table);
    if (rows.length === 0) root.append(h("p", {}, "No finished run yet."));
    else
      root.append(
        ...[distribution(table, column, known, rows), learning(column, known, rows)]
          .flat()
          .filter(Boolean),
      );
    const shown = await LOVT.examples(table, column.task);
    if (shown) root.append(h("h2", {}, "Examples on phantom images"), shown);
    if (rows.length) root.append(...numbers(table, column, known, rows));
    root.append(h("nav", { class: "around", "aria-label": "Neighbouring tasks" }, near(-1), near(1)));
    return undefined;
  };

  LOVT.views.tasks = list;
  LOVT.views.task = view;
})();
