"use strict";
/* Who stands where, how sure that is, and who cannot be told apart. */
(() => {
  const { h, s, fill, sheet } = LOVT;
  const { fixed } = LOVT.format;
  const PAGE = 100;

  /** Letters as in a compact letter display: rows that share one cannot be told apart. @param {number} at */
  const letter = (at) =>
    (at < 26 ? "" : letter(Math.floor(at / 26) - 1)) + String.fromCharCode(97 + (at % 26));

  /** First and last letter of each row's groups: groups are runs of neighbours. @param {any} ranking @returns {Map<string, string>} */
  const letters = (ranking) => {
    /** @type {Map<string, string[]>} */
    const found = new Map();
    ranking.groups.forEach(([first, last], at) => {
      for (const [row] of ranking.rows.slice(first, last + 1))
        found.set(row, [...(found.get(row) ?? []), letter(at)]);
    });
    return new Map(
      [...found].map(([row, all]) => [row, all.length > 2 ? `${all[0]}–${all.at(-1)}` : all.join(" ")]),
    );
  };

  /** An interval on a common scale. @param {number} low @param {number} high @param {number} mean @param {number} top */
  const bar = (low, high, mean, top) => {
    /** @param {number} rank */
    const at = (rank) => 4 + (312 * (rank - 1)) / Math.max(1, top - 1);
    return s(
      "svg",
      {
        class: "interval",
        viewBox: "0 0 320 16",
        width: 320,
        height: 16,
        role: "img",
        "aria-label": `${fixed(low)} to ${fixed(high)}`,
      },
      s("line", { x1: 4, x2: 316, y1: 8, y2: 8, class: "track" }),
      s("line", { x1: at(low), x2: at(high), y1: 8, y2: 8, class: "span" }),
      s("circle", { cx: at(mean), cy: 8, r: 3.6, class: "dot" }),
    );
  };

  /** @param {any} table @param {string} id */
  const name = (table, id) => {
    const row = LOVT.board.row(table, id);
    return row ? h("a", { href: LOVT.route.to("submission", table.id, id) }, row.name) : h("span", {}, id);
  };

  /** @param {any} table @param {any} ranking @param {number} limit */
  const ranked = (table, ranking, limit) => {
    const found = letters(ranking);
    const top = Math.max(...ranking.rows.map(([, , , high]) => high));
    const scaled = ranking.rows.some(([, , , , aggregate]) => aggregate !== null);
    const grouped = ranking.groups.length > 0;
    const head = [
      "Row",
      "Mean rank",
      "95 % interval",
      "Drawn",
      ...(grouped ? ["Group"] : []),
      ...(scaled ? ["Scaled score"] : []),
    ];
    const rows = ranking.rows
      .slice(0, limit)
      .map(([id, mean, low, high, aggregate], place) => [
        [h("span", { class: "place" }, `${place + 1} `), name(table, id)],
        fixed(mean),
        `${fixed(low, 1)} – ${fixed(high, 1)}`,
        bar(low, high, mean, top),
        ...(grouped ? [h("code", {}, found.get(id) ?? "")] : []),
        ...(scaled ? [fixed(aggregate)] : []),
      ]);
    return sheet(`Mean ranks, every ${ranking.balance} with the same weight`, head, rows, "ranks");
  };

  /** Without statistics: the order by mean rank alone. @param {any} table @param {number} limit */
  const plain = (table, limit) => {
    const rows = table.rows
      .filter((row) => row.rank !== undefined)
      .sort((a, b) => a.rank - b.rank || a.place - b.place);
    return sheet(
      "Mean ranks",
      ["Row", "Mean rank", "Best on"],
      rows
        .slice(0, limit)
        .map((row, place) => [
          [h("span", { class: "place" }, `${place + 1} `), name(table, row.id)],
          fixed(row.rank),
          row.best,
        ]),
    );
  };

  /** @param {any} table @param {HTMLElement} root */
  const view = (table, root) => {
    const rankings = table.analysis?.rankings ?? [];
    const list = h("div", {});
    let limit = PAGE;
    const draw = () => {
      const wanted = LOVT.route.current().params.get("balance") ?? "";
      const ranking = rankings.find((item) => item.balance === wanted) ?? rankings[0];
      const total = ranking ? ranking.rows.length : table.rows.length;
      const floor =
        ranking?.floor && ranking.reference
          ? `Scaled score: 0 is ${LOVT.board.row(table, ranking.floor)?.name ?? ranking.floor}, 1 is ${ranking.reference}.`
          : null;
      fill(
        list,
        rankings.length > 1 &&
          h(
            "fieldset",
            { class: "choice" },
            h("legend", {}, "Same weight for every"),
            rankings.map((item) =>
              h(
                "label",
                {},
                h("input", {
                  type: "radio",
                  name: "balance",
                  value: item.balance,
                  checked: item === ranking,
                  change: () => (
                    LOVT.route.update({ balance: item.balance }),
                    draw(),
                    list.querySelector("input:checked")?.focus()
                  ),
                }),
                h("span", {}, item.balance),
              ),
            ),
          ),
        !ranking &&
          h(
            "p",
            { class: "quiet" },
            table.rows.some((row) => row.rank !== undefined)
              ? "No intervals were computed for this table."
              : "No row has finished every task, so there are no ranks yet.",
          ),
        ranking ? ranked(table, ranking, limit) : plain(table, limit),
        total > limit &&
          h(
            "p",
            { class: "more" },
            h(
              "button",
              { type: "button", click: () => ((limit = total), draw()) },
              `Show all ${total.toLocaleString("en")}`,
            ),
          ),
        floor && h("p", { class: "legend" }, floor),
        ranking &&
          h(
            "p",
            { class: "legend" },
            `Intervals: bootstrap over datasets, then tasks, then runs (${table.analysis.samples.toLocaleString("en")} samples, seed ${table.analysis.seed}).${ranking.groups.length ? " Rows that share a letter cannot be told apart." : ""}`,
          ),
        ranking && LOVT.critical(table, ranking.balance),
      );
    };
    draw();
    root.append(...[list, LOVT.inference(table)].flat().filter(Boolean), LOVT.notes(table));
  };

  LOVT.views.ranks = view;
  LOVT.rowLink = name;
})();
