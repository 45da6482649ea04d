"use strict";
/* The view of the main table: filters, grid, what the marks mean. */
(() => {
  const { h, fill } = LOVT;
  const { plural } = LOVT.format;
  const { PAGE, orders, sorted, line, tip } = LOVT.grid;

  const LEGEND =
    "Values in percent, higher is better. Bold: best of a task, underlined: second best, over all rows of the table whatever is filtered. " +
    "Point at a value or move to it with the arrow keys for its interval.";

  /** Move among the cells of a grid with arrow keys. @param {HTMLTableElement} grid */
  const roving = (grid) => {
    const target = (cell) => cell?.querySelector("a, button") ?? (cell?.hasAttribute("tabindex") ? cell : null);
    const lines = () => {
      const heads = [...grid.tHead.rows];
      const top = [...[...heads[0].cells].filter((cell) => cell.rowSpan > 1), ...heads[2].cells];
      return [top, ...[...grid.tBodies[0].rows].map((row) => [...row.cells])];
    };
    const first = grid.querySelector("tbody a") ?? grid.querySelector("thead button");
    first?.setAttribute("tabindex", "0");
    grid.addEventListener("focusin", (event) => {
      grid.querySelectorAll('[tabindex="0"]').forEach((element) => element.setAttribute("tabindex", "-1"));
      event.target.setAttribute("tabindex", "0");
    });
    grid.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -99], End: [0, 99], PageDown: [12, 0], PageUp: [-12, 0] };
      const step = steps[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      const all = lines();
      const cell = event.target.closest("td, th");
      const y = all.findIndex((cells) => cells.includes(cell));
      if (y < 0) return;
      const clamp = (value, top) => Math.max(0, Math.min(value, top));
      const to = all[clamp(y + step[0], all.length - 1)];
      const next = target(to[clamp(all[y].indexOf(cell) + step[1], to.length - 1)]);
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  };

  /** @param {any} table @param {HTMLElement} root */
  const view = (table, root) => {
    const count = h("p", { class: "count-line", role: "status" });
    const frame = h("div", { class: "scroll tall", role: "region", "aria-label": "Main table" });
    const more = h("p", { class: "more" });
    const known = orders(table);
    let limit = PAGE;

    const draw = (focus = "") => {
      LOVT.tip.hide();
      const { params } = LOVT.route.current();
      const sort = known.has(params.get("sort") ?? "") ? params.get("sort") : "";
      const direction = params.get("dir") ?? "";
      const columns = LOVT.filters.columns(table, params);
      const rows = sorted(LOVT.filters.rows(table, params), known.get(sort), direction);
      const shown = rows.slice(0, limit);
      const intervals = params.get("intervals") !== null;
      const grid = h(
        "table",
        { class: `grid${intervals ? " intervals" : ""}`, role: "grid", "aria-rowcount": rows.length + 3 },
        h("caption", {}, `${table.title}. ${plural(rows.length, "row")}, ${plural(columns.length, "task")}.`),
        LOVT.heading(columns, sort, direction, choose),
        h("tbody", {}, shown.map((row) => line(table, columns, intervals, row))),
      );
      fill(frame, grid);
      roving(grid);
      LOVT.tip.follow(grid, "td.cell", (element) => tip(table, table.rows[element.dataset.row], table.columns[element.dataset.column]));
      fill(count, rows.length === table.rows.length ? plural(rows.length, "row") : `${rows.length} of ${plural(table.rows.length, "row")}`);
      if (rows.length === 0) fill(count, "No row fits the filters. ", h("button", { type: "button", class: "plain", click: clear }, "Clear them"));
      const rest = rows.length - shown.length;
      fill(
        more,
        rest > 0 && h("button", { type: "button", click: () => grow(PAGE) }, `Show ${Math.min(PAGE, rest)} more`),
        rest > PAGE && h("button", { type: "button", click: () => grow(rest) }, `Show all ${rows.length.toLocaleString("en")}`),
      );
      if (focus) grid.querySelector(`[data-sort="${CSS.escape(focus)}"]`)?.focus();
    };

    /** @param {number} by */
    const grow = (by) => {
      limit += by;
      draw();
    };

    /** One press sorts, the next turns round, the third gives the table's own order back. @param {string} key */
    const choose = (key) => {
      const { params } = LOVT.route.current();
      const order = known.get(key);
      const other = order.first === "asc" ? "desc" : "asc";
      if (params.get("sort") !== key) LOVT.route.update({ sort: key, dir: order.first });
      else if (params.get("dir") === order.first) LOVT.route.update({ sort: key, dir: other });
      else LOVT.route.update({ sort: "", dir: "" });
      draw(key);
    };

    /** @param {string} name @param {string} value */
    const change = (name, value) => {
      limit = PAGE;
      LOVT.route.update({ [name]: value });
      draw();
    };

    const bar = h("div", {});
    const clear = () => {
      const names = ["q", "train", "corpus", "supervision", "class", "evidence", "clean"];
      LOVT.route.update(Object.fromEntries(names.map((name) => [name, ""])));
      fill(bar, LOVT.filters.bar(table, LOVT.route.current().params, change));
      draw();
    };
    fill(bar, LOVT.filters.bar(table, LOVT.route.current().params, change));
    draw();
    root.append(
      bar,
      count,
      frame,
      more,
      h("p", { class: "legend" }, LEGEND),
      LOVT.notes(table),
    );
  };

  LOVT.views = { table: view };
})();
