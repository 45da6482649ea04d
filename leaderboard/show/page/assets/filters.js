"use strict";
/* Which rows and columns of a table are shown, as pure functions of the address, and the bar that changes it. */
(() => {
  const { h } = LOVT;
  const { share, SUPERVISION, SUPERVISION_LONG, EVIDENCE } = LOVT.format;

  /** @param {any[]} values */
  const distinct = (values) => [...new Set(values.filter((value) => value !== undefined && value !== null))];

  /** @param {any} table @param {URLSearchParams} params */
  const columns = (table, params) => {
    const train = params.get("train");
    return table.columns.filter((column) => !train || String(column.fraction) === train);
  };

  /** @param {any} table @param {URLSearchParams} params */
  const rows = (table, params) => {
    const words = (params.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const least = EVIDENCE.indexOf(params.get("evidence") ?? "");
    /** @param {any} row */
    const fits = (row) =>
      words.every((word) => `${row.name} ${row.id} ${row.method}`.toLowerCase().includes(word)) &&
      (!params.get("corpus") || String(row.fraction) === params.get("corpus")) &&
      (!params.get("supervision") || row.supervision === params.get("supervision")) &&
      (!params.get("class") || row.class === params.get("class")) &&
      (least < 0 || EVIDENCE.indexOf(row.evidence) >= least) &&
      (!params.get("clean") || LOVT.board.overlap(row) === "clean");
    return table.rows.filter(fits);
  };

  /**
   * @param {string} name @param {string} label @param {string} value
   * @param {[string, string][]} options value and text; fewer than two leave the control out
   * @param {(name: string, value: string) => void} change
   */
  const select = (name, label, value, options, change) =>
    options.length > 1 || value
      ? h(
          "label",
          { class: "control" },
          h("span", {}, label),
          h(
            "select",
            { name, change: (event) => change(name, event.target.value) },
            h("option", { value: "" }, "all"),
            options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
          ),
        )
      : null;

  /** @param {string} name @param {string} label @param {boolean} on @param {(name: string, value: string) => void} change */
  const tick = (name, label, on, change) =>
    h(
      "label",
      { class: "control tick" },
      h("input", {
        type: "checkbox",
        name,
        checked: on,
        change: (event) => change(name, event.target.checked ? "1" : ""),
      }),
      h("span", {}, label),
    );

  /**
   * Return the bar of filters; what a table does not tell apart has no control.
   * @param {any} table @param {URLSearchParams} params @param {(name: string, value: string) => void} change
   */
  const bar = (table, params, change) => {
    /** @param {string} name */
    const get = (name) => params.get(name) ?? "";
    /** @param {any[]} values @param {(value: any) => string} text @returns {[string, string][]} */
    const options = (values, text) => distinct(values).map((value) => [String(value), text(value)]);
    /** @param {any[]} values */
    const ascending = (values) => [...values].sort((a, b) => a - b);
    const known = Object.keys(SUPERVISION).filter((name) =>
      table.rows.some((row) => row.supervision === name),
    );
    const evidence = EVIDENCE.filter((name) => table.rows.some((row) => row.evidence === name));
    return h(
      "form",
      {
        class: "filters",
        role: "search",
        "aria-label": "Filter the table",
        submit: (event) => event.preventDefault(),
      },
      h(
        "label",
        { class: "control wide" },
        h("span", {}, "Find"),
        h("input", {
          type: "search",
          name: "q",
          value: get("q"),
          placeholder: "name or method",
          autocomplete: "off",
          spellcheck: "false",
          input: (event) => change("q", event.target.value),
        }),
      ),
      select(
        "train",
        "Training images",
        get("train"),
        options(ascending(table.columns.map((c) => c.fraction)), share),
        change,
      ),
      select(
        "supervision",
        "Learned from",
        get("supervision"),
        options(known, (name) => SUPERVISION_LONG[name]),
        change,
      ),
      select(
        "corpus",
        "Share of corpus",
        get("corpus"),
        options(ascending(table.rows.flatMap((r) => r.fraction ?? [])), share),
        change,
      ),
      select(
        "class",
        "Class",
        get("class"),
        options(
          table.rows.map((r) => r.class),
          (name) => (name === "paper" ? "paper (ResNet-50)" : name),
        ),
        change,
      ),
      select(
        "evidence",
        "Checked at least",
        get("evidence"),
        options(evidence, (name) => name),
        change,
      ),
      table.rows.some((row) => row.marks) && tick("clean", "clean only", get("clean") !== "", change),
      tick("intervals", "show intervals", get("intervals") !== "", change),
    );
  };

  LOVT.filters = { rows, columns, bar, select, tick };
})();
