"use strict";
/* One row: what it is, what was measured, what was claimed, what it cost, and how to get the same again. */
(() => {
  const { h, sheet, outside } = LOVT;
  const { percent, signed, fixed, share, plural, duration, bytes, energy, SUPERVISION_LONG, EVIDENCE_LONG, MISSING } = LOVT.format;

  /** Terms and their values. @param {[string, any][]} items */
  const facts = (items) => h("dl", { class: "facts" }, items.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));

  /** @param {string} text @param {string} [kind] */
  const section = (text, ...content) => {
    const kept = content.flat().filter(Boolean);
    return kept.length ? h("section", {}, h("h2", {}, text), kept) : null;
  };

  /** @param {any} table @param {any} row @param {any} known */
  const measured = (table, row, known) => {
    const rows = table.columns.map((column) => {
      const cell = row.cells[column.place];
      const found = known.cells[column.place] ?? {};
      const title = h("a", { href: LOVT.route.to("task", table.id, column.task) }, column.title);
      if (!cell) return [title, MISSING, "", "", "", "", ""];
      const failed = cell.status === "diverged";
      const mark = cell.mark === 1 ? "best" : cell.mark === 2 ? "second" : "";
      const value = failed ? `diverged ${cell.failed?.join("/") ?? ""}` : percent(cell.mean);
      const half = (spread) => (failed || spread === null ? MISSING : `± ${percent(spread)}`);
      const single = (found.runs ?? []).map(([seed, run]) => h("span", { class: "run", title: `seed ${seed}` }, run === null ? "×" : percent(run)));
      const rest = cell.status === "partial" ? ` (${cell.runs}/${table.runs})` : "";
      return [title, h("td", { class: mark }, value, rest), half(cell.student), half(cell.normal), cell.rank === null ? MISSING : Number(cell.rank), h("td", { class: "runs" }, single.length ? single : "not published"), found.lr ?? MISSING];
    });
    return sheet("Measured, in percent", ["Task", "Mean", "Student's t", "1.96 · std / √n", "Rank", "Runs", "Learning rate"], rows, "numbers");
  };

  /** @param {any} table @param {any} known @param {any} row */
  const claimed = (table, known, row) => {
    const rows = table.columns
      .filter((column) => known.cells[column.place]?.claimed)
      .map((column) => {
        const [value, interval, difference] = known.cells[column.place].claimed;
        const cell = row.cells[column.place];
        const own = table.kind === "claimed" || !cell || cell.status === "diverged" ? null : cell.mean;
        return [column.title, percent(value) + (interval === null ? "" : ` ± ${percent(interval)}`), percent(own), difference === null ? MISSING : signed(difference)];
      });
    return rows.length ? sheet("Claimed by the submitter, and measured here", ["Task", "Claimed", "Measured", "Measured − claimed"], rows) : null;
  };

  /** @param {any} table @param {any} known */
  const costs = (table, known) => {
    const found = table.columns.filter((column) => known.cells[column.place]?.cost);
    if (found.length === 0) return null;
    const cost = (column) => known.cells[column.place].cost;
    const total = found.reduce((sum, column) => sum + cost(column).seconds, 0);
    const runs = found.reduce((sum, column) => sum + cost(column).runs, 0);
    return [
      h("p", {}, `${plural(runs, "run")}, tuning included, took ${duration(total)} in all.`),
      sheet("Cost by task", ["Task", "Runs", "Time", "Device", "Peak memory", "Energy"], found.map((column) => [column.title, cost(column).runs, duration(cost(column).seconds), (cost(column).devices ?? []).join(", "), bytes(cost(column).memory), energy(cost(column).joules)])),
    ];
  };

  /** @param {any} table @param {any} row @param {any} known */
  const lineage = (table, row, known) => {
    const audits = (table.analysis?.audits ?? []).filter(([id]) => id === row.id);
    const title = new Map(table.columns.map((column) => [column.task, column.title]));
    return [
      (known.stale ?? []).map((text) => h("p", { class: "warning" }, h("b", {}, "Stale. "), text)),
      row.frozen && h("p", { class: "warning" }, "A graph without weights: only tasks on a frozen backbone can be measured."),
      known.overlaps?.length &&
        sheet("Shared images between pre-training and evaluation data", ["Dataset", "Mark", "Why"], known.overlaps.map(([dataset, mark, reasons]) => [dataset, h("span", { class: `flag ${mark === "overlapping" ? "warn" : ""}` }, mark), reasons.join(" ")]), "prose"),
      known.audit?.length && [h("h3", {}, "The submitter's overlap audit"), facts(known.audit)],
      audits.length &&
        sheet("Runs that do not look independent", ["Task", "Runs", "Effective", "Repeated values", "Repeated seeds"], audits.map(([, task, runs, effective, values, seeds]) => [title.get(task) ?? task, runs, effective, values, seeds])),
    ];
  };

  /** @param {any} table @param {HTMLElement} root @param {string} item */
  const view = async (table, root, item) => {
    const row = LOVT.board.row(table, item);
    if (!row) return LOVT.lost(root, "This table has no such row.");
    const all = await LOVT.board.details(table);
    const known = all.rows[row.id] ?? { cells: {} };
    const paper = known.paper ? outside(known.paper, known.link) : null;
    const flags = LOVT.grid.flags(row);
    const audited = new Set((table.analysis?.audits ?? []).map(([id]) => id));
    root.append(
      ...[
        flags.length > 0 && h("p", { class: "flags" }, flags),
        known.description && h("p", { class: "lead" }, known.description),
        facts([
          ["Mean rank", row.rank === undefined ? "none: not every task is finished" : `${fixed(row.rank)} among complete rows`],
          ["Best on", `${row.best} of ${plural(table.columns.length, "task")}`],
          ["Learned from", SUPERVISION_LONG[row.supervision]],
          ["Share of corpus", row.fraction === undefined ? null : share(row.fraction)],
          ["Checked", row.evidence ? `${row.evidence}: ${EVIDENCE_LONG[row.evidence]}` : null],
          ["Class", row.class === "open" ? "open" : row.class ? "paper (ResNet-50)" : null],
          ["Architecture", known.architecture],
          ["Parameters", row.parameters?.toLocaleString("en")],
          ["Pre-training data", known.data?.join(", ")],
          ["Paper", paper],
          ["Independence of runs", audited.has(row.id) ? "flagged, see below" : null],
        ]),
        h("p", {}, h("a", { href: LOVT.route.to("compare", table.id, "", { a: row.id }) }, "Compare with another row →")),
        section(table.kind === "claimed" ? "Claimed" : table.kind === "published" ? "Published" : "Measured", measured(table, row, known)),
        section("Claimed and measured", table.kind === "claimed" ? null : claimed(table, known, row)),
        section("Lineage and audit", lineage(table, row, known).flat()),
        section("Provenance", known.provenance?.length && facts(known.provenance), known.backbone && facts([["Backbone SHA-256", h("code", {}, known.backbone)]])),
        section("Cost", costs(table, known)),
        section("How to reproduce", known.commands?.length ? h("pre", { tabindex: 0 }, known.commands.join("\n")) : table.source && h("p", {}, "Transcribed, not measured here: ", outside(table.source.citation, table.source.url))),
      ].filter(Boolean),
    );
    const shown = [];
    for (const column of table.columns) {
      const found = await LOVT.examples(table, column.task, row.id);
      if (found) shown.push(h("h3", {}, column.title), found);
      if (shown.length >= 6) break;
    }
    if (shown.length) root.append(h("section", {}, h("h2", {}, "Examples on phantom images"), shown));
    return undefined;
  };

  LOVT.views.submission = view;
})();
