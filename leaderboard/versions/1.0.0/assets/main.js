"use strict";
/* The view of the main table: filters, a grid for each of its parts, what the marks mean. */
(() => {
  const { h, fill } = LOVT;
  const { plural } = LOVT.format;
  const { PAGE, orders, parts, sorted, line, tip } = LOVT.grid;

  /** More rows than this are never laid out at once. */
  const ALL = 1000;

  /**
   * The rows of one part of a table. `draw` takes those that fit the filters, and the order as the address says it.
   * @param {any} table @param {any} part @param {(key: string, from: any) => void} choose
   */
  const partOf = (table, part, choose) => {
    const frame = h("div", { class: "scroll tall", role: "region", "aria-label": part.title || "Main table" });
    const more = h("p", { class: "more" });
    const root = h("div", {}, part.title && h("h2", {}, part.title), frame, more);

    /** @param {any[]} rows @param {string} sort @param {URLSearchParams} params */
    const draw = (rows, sort, params) => {
      const columns = LOVT.filters.columns(part, params);
      const intervals = params.get("intervals") !== null;
      const body = h("tbody");
      const choice = (key) => choose(key, shown);
      const grid = h(
        "table",
        { class: `grid${intervals ? " intervals" : ""}`, role: "grid", "aria-rowcount": rows.length + 3 },
        h("caption", {}, `${table.title}. ${plural(rows.length, "row")}, ${plural(columns.length, "task")}.`),
        LOVT.heading(columns, part.standing, sort, params.get("dir") ?? "", choice),
        body,
      );
      /** Add rows to those that are there. @param {number} by */
      const grow = (by) => {
        const from = body.childElementCount;
        body.append(...rows.slice(from, from + by).map((row) => line(table, columns, part.standing, intervals, row)));
        const rest = rows.length - body.childElementCount;
        /** @param {number} step @param {string} text */
        const button = (step, text) => h("button", { type: "button", click: () => grow(step) }, text);
        fill(
          more,
          rest > 0 && button(PAGE, `Show ${Math.min(PAGE, rest)} more`),
          rest > PAGE && rows.length <= ALL && button(rest, `Show all ${rows.length}`),
          rest > 0 &&
            h(
              "span",
              { class: "quiet" },
              `${rest.toLocaleString("en")} further rows; filters and sorting are over all.`,
            ),
        );
      };
      grow(PAGE);
      fill(frame, grid);
      LOVT.roving(grid);
      LOVT.tip.follow(grid, "td.cell", (element) =>
        tip(table, table.rows[element.dataset.row], table.columns[element.dataset.column]),
      );
      root.hidden = part.title !== "" && (rows.length === 0 || columns.length === 0);
    };
    const shown = { root, of: part.of, draw };
    return shown;
  };

  /** @param {any} table @param {HTMLElement} root */
  const view = (table, root) => {
    const count = h("p", { class: "count-line", role: "status" });
    const known = orders(table);

    const draw = () => {
      LOVT.tip.hide();
      const { params } = LOVT.route.current();
      const sort = known.has(params.get("sort") ?? "") ? params.get("sort") : "";
      const rows = sorted(LOVT.filters.rows(table, params), known.get(sort), params.get("dir") ?? "");
      for (const part of shown) part.draw(rows.filter(part.of), sort, params);
      fill(count, counted(rows.length));
    };

    /** @param {number} found */
    const counted = (found) => {
      const all = plural(table.rows.length, "row");
      if (found === table.rows.length) return all;
      if (found > 0) return `${found.toLocaleString("en")} of ${all}`;
      const button = h("button", { type: "button", class: "plain", click: clear }, "Clear them");
      return ["No row fits the filters. ", button];
    };

    /** One press sorts, the next turns round, the third gives the table's own order back. @param {string} key */
    const choose = (key, from) => {
      const { params } = LOVT.route.current();
      const order = known.get(key);
      const other = order.first === "asc" ? "desc" : "asc";
      if (params.get("sort") !== key) LOVT.route.update({ sort: key, dir: order.first });
      else if (params.get("dir") === order.first) LOVT.route.update({ sort: key, dir: other });
      else LOVT.route.update({ sort: "", dir: "" });
      draw();
      from.root.querySelector(`[data-sort="${CSS.escape(key)}"]`)?.focus();
    };
    const shown = parts(table).map((part) => partOf(table, part, choose));

    const bar = LOVT.filters.bar(table, draw);
    const clear = () => {
      const names = [...bar.elements].map((control) => control.name).filter((name) => name !== "intervals");
      LOVT.route.update(Object.fromEntries(names.map((name) => [name, ""])));
      LOVT.filters.set(bar);
      draw();
    };
    draw();
    root.append(bar, count, ...shown.map((part) => part.root), LOVT.part("table", table));
  };

  LOVT.views = { table: view };
})();
