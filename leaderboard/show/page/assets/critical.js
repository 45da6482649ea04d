"use strict";
/* Demsar's critical-difference diagram: who differs by more than Nemenyi's test asks for, within a named pool. */
(() => {
  const { h } = LOVT;
  const { fixed, plural, pEquals, share } = LOVT.format;

  /**
   * Demsar's diagram. Names hang left and right below an axis of mean ranks; bars join rows that cannot be told apart.
   * @param {{name: string, rank: number}[]} pool best first @param {[number, number][]} bars from and to rank
   * @param {number} critical @param {number} width
   */
  const criticalDifference = (pool, bars, critical, width) => {
    const half = Math.ceil(pool.length / 2);
    const [low, high] = [1, Math.max(2, Math.ceil(pool.at(-1)?.rank ?? 2))];
    const span = high - low;
    const floor = -1.2 - bars.length * 0.55;
    const items = pool.map((item, place) => {
      const left = place < half;
      const level = floor - (left ? place : pool.length - 1 - place);
      return {
        ...item,
        level,
        zero: 0,
        edge: left ? low - 0.03 * span : high + 0.03 * span,
        side: left ? "left" : "right",
        label: `${item.name}  ${item.rank.toFixed(2)}`,
      };
    });
    const names = Math.min(230, width * 0.27);
    const x = {
      type: "quantitative",
      scale: { domain: [low - 0.03 * span, high + 0.03 * span], nice: false },
      title: "mean rank (1 is best)",
    };
    const y = { type: "quantitative", scale: { domain: [floor - half + 0.4, 1.4] }, axis: null };
    /** @param {string} side @param {number} dx */
    const text = (side, dx) => ({
      transform: [{ filter: `datum.side === '${side}'` }],
      mark: { type: "text", align: side === "left" ? "right" : "left", dx, limit: names - 8 },
      encoding: { x: { ...x, field: "edge" }, y: { ...y, field: "level" }, text: { field: "label" } },
    });
    return {
      width: width - 2 * names,
      height: (half + bars.length * 0.55 + 2) * 21,
      padding: { left: names, right: names, top: 40, bottom: 4 },
      autosize: { type: "none" },
      data: { values: items },
      layer: [
        {
          mark: { type: "rule", strokeWidth: 1 },
          encoding: {
            x: { ...x, field: "rank", axis: { orient: "top", grid: false, tickCount: Math.min(span, 10) } },
            y: { ...y, field: "zero" },
            y2: { field: "level" },
          },
        },
        {
          mark: { type: "rule", strokeWidth: 1 },
          encoding: { x: { ...x, field: "rank" }, x2: { field: "edge" }, y: { ...y, field: "level" } },
        },
        text("left", -6),
        text("right", 6),
        {
          data: {
            values: bars.map(([from, to], place) => ({
              from: from - 0.01 * span,
              to: to + 0.01 * span,
              level: -0.6 - place * 0.55,
            })),
          },
          mark: { type: "rule", strokeWidth: 5, color: "var(--mark)", strokeCap: "round" },
          encoding: { x: { ...x, field: "from" }, x2: { field: "to" }, y: { ...y, field: "level" } },
        },
        {
          data: { values: [{ from: low, to: Math.min(high, low + critical), level: 0.8 }] },
          layer: [
            {
              mark: { type: "rule", strokeWidth: 2 },
              encoding: { x: { ...x, field: "from" }, x2: { field: "to" }, y: { ...y, field: "level" } },
            },
            {
              mark: { type: "text", align: "left", dx: 6 },
              encoding: {
                x: { ...x, field: "to" },
                y: { ...y, field: "level" },
                text: { value: `CD = ${critical.toFixed(2)}` },
              },
            },
          ],
        },
      ],
    };
  };

  /** @param {any} table @param {string} balance */
  const critical = (table, balance) => {
    const diagram = table.analysis?.criticals.find((item) => item.balance === balance);
    if (!diagram || diagram.pool.length < 2) return null;
    const rank = new Map(diagram.pool.map((id, at) => [id, diagram.mean_ranks[at]]));
    const pool = diagram.pool.map((id) => ({
      name: LOVT.board.row(table, id)?.name ?? id,
      rank: rank.get(id),
    }));
    const bars = diagram.cliques
      .filter((clique) => clique.length > 1)
      .map((clique) => [
        Math.min(...clique.map((id) => rank.get(id))),
        Math.max(...clique.map((id) => rank.get(id))),
      ]);
    const label = `Critical difference diagram over ${plural(diagram.blocks, diagram.balance)} as blocks: rows joined by a bar differ by less than ${fixed(diagram.critical_difference)} mean ranks (Nemenyi at ${share(diagram.alpha)}; Friedman ${pEquals(diagram.friedman_p)}, Iman and Davenport ${pEquals(diagram.iman_davenport_p)}). Ranks depend on the pool: ${plural(pool.length, "row")}.`;
    return [
      h("h2", {}, "Critical difference"),
      LOVT.plot(label, (width) => criticalDifference(pool, bars, diagram.critical_difference, width)),
    ];
  };

  LOVT.critical = critical;
})();
