"use strict";
/* The board as the views read it. `window.LOVT_BENCH_BOARD` is written by leaderboard.show.page.core. */
(() => {
  /**
   * @typedef {object} Cell
   * @property {number | null} mean  @property {number | null} interval half-width of the table's interval
   * @property {number | null} student  @property {number | null} normal  @property {number} runs
   * @property {number | null} images half-width for other images of the source and other seeds
   * @property {"complete" | "partial" | "diverged"} status  @property {"" | "best" | "second"} mark
   * @property {number | null} rank  @property {string} failed how many of its runs diverged
   * @property {string} signs of how it was tuned and made: keys of `raw.signs`
   *
   * @typedef {object} Row
   * @property {string} id  @property {string} name  @property {string} method  @property {number} [fraction]
   * @property {string} supervision  @property {"paper" | "open"} [class]  @property {string} [evidence]
   * @property {Record<string, string>} [marks] overlap by dataset  @property {number} [stale]  @property {boolean} [frozen]
   * @property {number} [contradictions]  @property {number} [disputed]  @property {true} [unfinished] it stands apart, below rows that have all tasks
   * @property {number} [rank]  @property {number} best  @property {number} [seconds]  @property {number} [parameters]  @property {number} [gmac]
   * @property {string} family of its network
   * @property {(Cell | null)[]} cells  @property {number} place from 0, in the order of the table
   *
   * @typedef {object} Column
   * @property {string} task  @property {number} number  @property {string} title  @property {string} dataset
   * @property {string} datasetId  @property {string} head  @property {"frozen" | "fine-tuned"} backbone
   * @property {number} fraction  @property {string} metric  @property {number} images  @property {number} place
   * @property {Set<string> | null} close rows that cannot be told apart from the best, itself among them; null: it stands apart
   * @property {number} compared other rows that the best was compared with
   *
   * @typedef {object} Table
   * @property {string} id  @property {string} section  @property {Column[]} columns  @property {Row[]} rows  @property {Map<string, number>} byId
   */

  const PLAIN = { mean: null, student: null, normal: null, images: null, status: "complete", mark: "", rank: null, failed: "", signs: "" };

  /** The fields of one cell, from lists of which each has one field of all cells. @param {Record<string, any[]>} lists @param {number} place */
  LOVT.at = (lists, place) =>
    Object.fromEntries(
      Object.entries(lists)
        .map(([name, list]) => [name, list[place]])
        .filter(([, value]) => value !== null),
    );

  /** @param {any} lists @param {number} place @param {any} of the table @returns {Cell | null} */
  const cell = (lists, place, of) => {
    const found = { ...PLAIN, runs: of.runs, ...LOVT.at(lists, place) };
    if (found.status === "missing") return null;
    return { ...found, interval: of.interval === "student-t" ? found.student : found.normal };
  };

  const raw = window.LOVT_BENCH_BOARD ?? { version: "?", tables: [], notes: [], examples: [] };
  /** @param {any} column @param {any} of the table */
  const standing = (column, of) => {
    const found = of.analysis?.differences.find((item) => item.task === column.task);
    const near = found?.indistinguishable ?? [];
    return { close: near.length ? new Set([found.best, ...near]) : null, compared: found?.compared ?? 0 };
  };

  /** @type {Map<string, Table>} */
  const decoded = new Map();

  /** Return a table by id, the first where there is none of it, null on an empty board. @param {string} [id] */
  const table = (id) => {
    const found = raw.tables.find((/** @type {any} */ item) => item.id === id) ?? raw.tables[0];
    if (!found) return null;
    if (!decoded.has(found.id)) {
      decoded.set(found.id, {
        ...found,
        columns: found.columns.map((column, place) => ({ ...column, ...standing(column, found), place })),
        rows: found.rows.map((row, place) => ({
          ...row,
          place,
          cells: found.columns.map((_, at) => cell(row.cells, at, found)),
        })),
        byId: new Map(found.rows.map((row, place) => [row.id, place])),
      });
    }
    return decoded.get(found.id);
  };

  /** @param {Table} of @param {string} id @returns {Row | undefined} */
  const row = (of, id) => of.rows[of.byId.get(id) ?? -1];

  /** Return the worst overlap mark of a row. @param {Row} of */
  const overlap = (of) => {
    const marks = Object.values(of.marks ?? {});
    if (marks.includes("overlapping")) return "overlapping";
    return marks.length === 0 || marks.includes("unknown") ? "unknown" : "clean";
  };

  /**
   * Return the words that must stand beside a row.
   * @param {Row} of @returns {{text: string, title: string, kind: string}[]}
   */
  const flags = (of) => {
    const found = [];
    if (overlap(of) === "overlapping") {
      const names = Object.keys(of.marks ?? {}).filter((name) => of.marks?.[name] === "overlapping");
      found.push({
        text: "overlap",
        kind: "warn",
        title: `Pre-training data share images with ${names.join(", ")}.`,
      });
    }
    const unknown = Object.keys(of.marks ?? {}).filter((name) => of.marks?.[name] === "unknown");
    if (unknown.length)
      found.push({
        text: "?",
        kind: "",
        title: `It is not known whether pre-training data share images with ${unknown.join(", ")}.`,
      });
    if (of.contradictions)
      found.push({
        text: "contradicts itself",
        kind: "warn",
        title: "What its run records say cannot all be true; its own view lists it.",
      });
    if (of.disputed)
      found.push({
        text: "disputed",
        kind: "warn",
        title: "The keeper of this board marked it as disputed; its own view says why.",
      });
    if (of.stale)
      found.push({
        text: "stale",
        kind: "warn",
        title: "Protocol, data or backbone are no longer those here.",
      });
    if (of.frozen)
      found.push({
        text: "frozen only",
        kind: "",
        title: "A graph without weights: only frozen tasks can be measured.",
      });
    if (of.class === "open")
      found.push({ text: "open", kind: "", title: "Open class: not the paper's ResNet-50." });
    return found;
  };

    /** What a row learned from, in a word and in full. @param {Row} of @returns {{short: string, full: string}} */
  const learnedFrom = (of) => raw.learnedFrom[of.supervision];

  LOVT.board = { raw, learnedFrom, table, row, overlap, flags };
})();
