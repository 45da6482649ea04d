"use strict";
/* Who stands where, how sure that is, and who cannot be told apart. */
(() => {
  const { h, fill, sheet } = LOVT;
  const { fixed } = LOVT.format;
  const PAGE = 100;
  const DRAWN = 48;

  /** Letters as in a compact letter display: rows that share one cannot be told apart. @param {number} at */
  const letter = (at) =>
    (at < 26 ? "" : letter(Math.floor(at / 26) - 1)) + String.fromCharCode(97 + (at % 26));

  /** First and last letter of each row's groups: groups are runs of neighbours. @param {any} ranking @returns {Map<string, string>} */
  const letters = (ranking) => {
    /** @type {Map<string, string[]>} */
    const found = new Map();
    ranking.groups.forEach(([first, last], at) => {
      for (const { row } of ranking.rows.slice(first, last + 1))
        found.set(row, [...(found.get(row) ?? []), letter(at)]);
    });
    return new Map(
      [...found].map(([row, all]) => [row, all.length > 2 ? `${all[0]}–${all.at(-1)}` : all.join(" ")]),
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
    const scaled = ranking.rows.some((item) => item.scaled !== null);
    const grouped = ranking.groups.length > 0;
    const head = [
      "Row",
      "Mean rank",
      "95 % interval",
      ...(grouped ? ["Group"] : []),
      ...(scaled ? ["Scaled score"] : []),
    ];
    const rows = ranking.rows
      .slice(0, limit)
      .map((item, place) => [
        [h("span", { class: "place" }, `${place + 1} `), name(table, item.row)],
        fixed(item.rank),
        `${fixed(item.low, 1)} – ${fixed(item.high, 1)}`,
        ...(grouped ? [h("code", {}, found.get(item.row) ?? "")] : []),
        ...(scaled ? [fixed(item.scaled)] : []),
      ]);
    return sheet(`Mean ranks, every ${ranking.balance} with the same weight`, head, rows, "ranks");
  };

  /** @param {any} table @param {any} ranking @param {any} other under the other balance */
  const drawn = (table, ranking, other) => {
    const elsewhere = new Map(other.rows.map((item) => [item.row, item.rank]));
    const shown = ranking.rows.slice(0, DRAWN);
    const rest = ranking.rows.length > DRAWN ? ` The best ${DRAWN} of ${ranking.rows.length}.` : "";
    return LOVT.plot(
      `Mean rank, every ${ranking.balance} with the same weight, with its 95 % interval; cross: every ${other.balance} with the same weight. Shaded: cannot be told apart from the first.${rest}`,
      "ranks",
      (fields) =>
        shown.map((item, place) => ({
          ...fields(LOVT.board.row(table, item.row)),
          ...item,
          other: elsewhere.get(item.row),
          tied: place < ranking.tied,
        })),
    );
  };

  /** @param {any} table @param {string} balance */
  const critical = (table, balance) => {
    const found = table.analysis.criticals.find((item) => item.balance === balance);
    return found ? [h("h2", {}, "Critical difference"), LOVT.plot(found.label, found.chart)] : null;
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
        ranking && drawn(table, ranking, rankings.find((item) => item !== ranking)),
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
        ranking && critical(table, ranking.balance),
      );
    };
    draw();
    root.append(...[list, LOVT.inference(table)].flat().filter(Boolean), LOVT.notes(table));
  };

  LOVT.views.ranks = view;
  LOVT.rowLink = name;
})();
