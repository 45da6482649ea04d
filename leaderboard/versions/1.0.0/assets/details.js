"use strict";
/* Runs, costs and curves of one table, loaded when a view shows them. Written by leaderboard.show.page.details. */
(() => {
  /** @typedef {object} Known what is not known is not there
   * @property {number} std  @property {number} lr  @property {{seed: number, value: number | null}[]} runs
   * @property {number} claim  @property {number} claimInterval  @property {number} claimDifference
   * @property {number} costRuns  @property {number} seconds  @property {string[]} devices  @property {number} memory  @property {number} joules
   * @property {number[]} epochs  @property {number[]} curve validation by epoch, as fractions
   * @property {[string, string[]][]} made what made its runs: label and values
   */
  const SHARED = ["seeds", "devices", "epochs", "made"];

  /** @param {any} lists @param {number} place @param {any[][]} shared @returns {Known} */
  const cell = (lists, place, shared) => {
    const found = LOVT.at(lists, place);
    for (const name of SHARED) if (name in found) found[name] = shared[found[name]];
    found.runs = (found.values ?? []).map((value, at) => ({ seed: found.seeds[at], value }));
    found.curve = found.curve?.map((value) => value / 10000);
    return found;
  };

  /** @type {Map<string, any>} */
  const known = new Map();

  /** @param {any} table */
  LOVT.details = async (table) => {
    await LOVT.load(`details/${table.id}.js`);
    const raw = window.LOVT_BENCH_DETAILS?.[table.id] ?? { rows: {}, pairs: [], shared: [] };

    /** What is known of a row beside its numbers. @param {string} id */
    const row = (id) => {
      const key = `${table.id} ${id}`;
      if (!known.has(key)) {
        const found = Object.hasOwn(raw.rows, id) ? raw.rows[id] : { cells: {} };
        const cells = table.columns.map((column) => cell(found.cells, column.place, raw.shared));
        known.set(key, { ...found, cells });
      }
      return known.get(key);
    };
    return { row, pairs: raw.pairs, properties: raw.properties ?? [] };
  };
})();
