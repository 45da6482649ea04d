"use strict";
/* Which rows and columns of a table are shown, as pure functions of the address, and the bar that changes it. */
(() => {
  const { EVIDENCE } = LOVT.format;

  /** Filters that keep the rows of one value: key in the address, field of the row. */
  const EQUAL = [["corpus", "fraction"], ["supervision", "supervision"], ["family", "family"], ["class", "class"]];

  /** @param {any} of a table or a part of one @param {URLSearchParams} params */
  const columns = (of, params) => {
    const train = params.get("train");
    return of.columns.filter((column) => !train || String(column.fraction) === train);
  };

  /** @param {any} table @param {URLSearchParams} params */
  const rows = (table, params) => {
    const words = (params.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const least = EVIDENCE.indexOf(params.get("evidence") ?? "");
    /** @param {any} row */
    const fits = (row) =>
      words.every((word) => `${row.name} ${row.id} ${row.method}`.toLowerCase().includes(word)) &&
      EQUAL.every(([key, field]) => !params.get(key) || String(row[field]) === params.get(key)) &&
      (least < 0 || EVIDENCE.indexOf(row.evidence) >= least) &&
      (!params.get("clean") || LOVT.board.overlap(row) === "clean");
    return table.rows.filter(fits);
  };

  /** Show what the address says; what a table does not tell apart has no control. @param {HTMLFormElement} form */
  const set = (form) => {
    const { params } = LOVT.route.current();
    for (const control of form.elements) {
      const value = params.get(control.name) ?? "";
      if (control.type === "checkbox") control.checked = value !== "";
      else control.value = value;
      if (control.options) control.closest("label").hidden = control.options.length < 3 && !value;
    }
  };

  /** @param {any} table @param {() => void} changed @returns {HTMLFormElement} */
  const bar = (table, changed) => {
    const form = LOVT.part("filters", table).querySelector("form");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => {
      LOVT.route.update({ [target.name]: target.type === "checkbox" ? (target.checked ? "1" : "") : target.value });
      changed();
    });
    set(form);
    return form;
  };

  LOVT.filters = { rows, columns, bar, set };
})();
