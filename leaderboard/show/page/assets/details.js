"use strict";
/* Runs, costs and curves of one table, loaded when a view shows them. Written by leaderboard.show.page.details. */
(() => {
  /**
   * @typedef {object} Known
   * @property {number | null} std  @property {number | null} lr  @property {[number, number | null][]} runs seed and value
   * @property {[string, number][]} extra  @property {[number, number | null, number | null] | null} claimed
   * @property {{runs: number, seconds: number, devices: string[], memory: number | null, joules: number | null} | null} cost
   * @property {[number[], number[]] | null} curve epochs and values
   * @property {[string, string[]][]} made what made its runs: label and values
   */

  /** @param {any[]} raw @param {any[][]} shared @returns {Known} */
  const cell = (raw, shared) => {
    const [std, lr, seeds, values, extra, claimed, cost, curve, made] = raw;
    return {
      std: std ?? null,
      lr: lr ?? null,
      runs: (values ?? []).map((value, at) => [shared[seeds][at], value]),
      extra: extra ?? [],
      claimed: claimed ?? null,
      cost: cost
        ? { runs: cost[0], seconds: cost[1], devices: shared[cost[2]], memory: cost[3], joules: cost[4] }
        : null,
      curve: curve ? [shared[curve[0]], curve[1].map((value) => value / 10000)] : null,
      made: made ? shared[made] : [],
    };
  };

  /** @type {Map<string, any>} */
  const known = new Map();

  /** @param {any} table */
  LOVT.details = async (table) => {
    await LOVT.load(`details/${table.id}.js`);
    const raw = (window.LOVT_BENCH_DETAILS ?? {})[table.id] ?? { rows: {}, pairs: [], shared: [] };
    if (!known.has(table.id)) known.set(table.id, new Map());
    const decoded = known.get(table.id);

    /** What is known of a row beside its numbers. @param {string} id */
    const row = (id) => {
      if (!decoded.has(id)) {
        const found = Object.hasOwn(raw.rows, id) ? raw.rows[id] : { cells: {} };
        const cells = Object.entries(found.cells).map(([place, item]) => [place, cell(item, raw.shared)]);
        decoded.set(id, { ...found, cells: Object.fromEntries(cells) });
      }
      return decoded.get(id);
    };
    return { row, pairs: raw.pairs };
  };
})();
