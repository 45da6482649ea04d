"use strict";
/* Who stands where and how sure that is: the charts of a ranking; its tables come with the page. */
(() => {
  const { h } = LOVT;
  const DRAWN = LOVT.board.raw.drawn;

  /** @param {any} table @param {any} ranking @param {any} other under the other balance */
  const ranks = (table, ranking, other) => {
    const elsewhere = new Map(other.rows.map((item) => [item.row, item.rank]));
    const rest = ranking.rows.length > DRAWN ? ` The best ${DRAWN} of ${ranking.rows.length}.` : "";
    return LOVT.plot(
      `Mean rank, every ${ranking.balance} with the same weight, with the range of 95 % of draws; cross: every ${other.balance} with the same weight. Shaded: cannot be told apart from the first.${rest}`,
      "ranks",
      (fields) =>
        ranking.rows.slice(0, DRAWN).map((item) => ({
          ...fields(LOVT.board.row(table, item.row)),
          ...item,
          other: elsewhere.get(item.row),
        })),
    );
  };

  /** @param {any} table @param {HTMLElement} root */
  LOVT.views.ranks = (table, root) => {
    root.append(LOVT.part("ranks", table));
    const rankings = table.analysis?.rankings ?? [];
    LOVT.choose(root, "balance", (balance, area) => {
      const [ranking, other] = [...rankings].sort((a) => (a.balance === balance ? -1 : 1));
      const critical = table.analysis.criticals.find((item) => item.balance === balance);
      area.querySelector("[data-chart=ranks]").replaceWith(ranks(table, ranking, other));
      if (critical)
        area
          .querySelector("[data-chart=critical]")
          .replaceWith(h("h2", {}, "Critical difference"), LOVT.plot(critical.label, critical.chart));
    });
  };
})();
