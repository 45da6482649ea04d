"use strict";
/* One row: what it is, what was measured, what was claimed, what it cost, and how to get the same again. */
(() => {
  const { h, sheet, outside } = LOVT;
  const {
    percent,
    halfWidth,
    signed,
    fixed,
    share,
    plural,
    duration,
    bytes,
    energy,
    EVIDENCE_LONG,
    MISSING,
  } = LOVT.format;

  /** Terms and their values. @param {[string, any][]} items */
  const facts = (items) =>
    h(
      "dl",
      { class: "facts" },
      items
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
    );

  /** The interval over images, and what it is from. @param {any} cell @param {any} found */
  const otherImages = (cell, found) => {
    if (!found.images) return MISSING;
    const [seeds, runs, images, patients] = found.images;
    const people = patients === null ? "" : ` of ${plural(patients, "patient")}`;
    const title = `${plural(runs, "distinct run")}, ${plural(images, "image")}${people}; ${share(seeds)} of the variance is of seeds`;
    return h("td", { title }, halfWidth(cell.images, ""));
  };

  /** @param {string} text @param {...any} content nothing at all leaves the section out */
  const section = (text, ...content) => {
    const kept = content.flat().filter(Boolean);
    return kept.length ? h("section", {}, h("h2", {}, text), kept) : null;
  };

  /** @param {any} table @param {any} row @param {any} known */
  const measured = (table, row, known) => {
    const claims = table.kind !== "claimed" && known.cells.some((found) => found.claim !== undefined);
    const images = row.cells.some((cell) => cell && cell.images !== null);
    const rows = table.columns.map((column) => {
      const cell = row.cells[column.place];
      const found = known.cells[column.place];
      const { claim, claimInterval, claimDifference } = found;
      const claimed = claims
        ? [
            percent(claim) + halfWidth(claimInterval),
            claimDifference === undefined ? MISSING : signed(claimDifference),
          ]
        : [];
      const title = h("a", { href: LOVT.route.to("task", table.id, column.task) }, column.title);
      if (!cell) return [title, MISSING, "", "", ...(images ? [""] : []), "", ...claimed, "", ""];
      const failed = cell.status === "diverged";
      const value = failed ? `diverged ${cell.failed.replace(" of ", "/")}` : percent(cell.mean);
      const rest = cell.status === "partial" ? ` (${cell.runs}/${table.runs})` : "";
      const runs = found.runs.map(({ seed, value: run }) =>
        h("span", { class: "run", title: `seed ${seed}` }, run === null ? "×" : percent(run)),
      );
      return [
        title,
        h("td", { class: cell.mark }, value, rest),
        failed ? MISSING : halfWidth(cell.student, "") || MISSING,
        failed ? MISSING : halfWidth(cell.normal, "") || MISSING,
        ...(images ? [otherImages(cell, found)] : []),
        cell.rank === null ? MISSING : Number(cell.rank),
        ...claimed,
        h("td", {}, runs.length ? runs : "not published"),
        found.lr ?? MISSING,
      ];
    });
    const head = [
      "Task",
      "Mean",
      "Student's t",
      "1.96 · std / √n",
      ...(images ? ["Other images"] : []),
      "Rank",
      ...(claims ? ["Claimed", "Measured − claimed"] : []),
      "Runs",
      "Learning rate",
    ];
    return [
      sheet(
        claims ? "Measured here and claimed by the submitter, in percent" : "In percent",
        head,
        rows,
        "numbers",
      ),
      images &&
        h(
          "p",
          { class: "legend" },
          "Student's t and 1.96 · std / √n: these test images, other training seeds. Other images: 95 % for other images of the same source and other training seeds together, from the predictions of single images.",
        ),
    ];
  };

  /** @param {any} table @param {any} known */
  const costs = (table, known) => {
    const found = table.columns.filter((column) => known.cells[column.place].seconds !== undefined);
    if (found.length === 0) return null;
    const cost = (column) => known.cells[column.place];
    const total = found.reduce((sum, column) => sum + cost(column).seconds, 0);
    const runs = found.reduce((sum, column) => sum + cost(column).costRuns, 0);
    return [
      h("p", {}, `${plural(runs, "run")}, tuning included, took ${duration(total)} in all.`),
      h(
        "details",
        {},
        h("summary", {}, "By task"),
        sheet(
          "Cost by task",
          ["Task", "Runs", "Time", "Device", "Peak memory", "Energy"],
          found.map((column) => [
            column.title,
            cost(column).costRuns,
            duration(cost(column).seconds),
            cost(column).devices.join(", "),
            bytes(cost(column).memory),
            energy(cost(column).joules),
          ]),
        ),
      ),
    ];
  };

  /** What made the runs of a row, over its cells. @param {any} table @param {any} known */
  const made = (table, known) => {
    /** @type {Map<string, Set<string>>} */
    const found = new Map();
    for (const column of table.columns)
      for (const [label, values] of known.cells[column.place].made ?? [])
        found.set(label, new Set([...(found.get(label) ?? []), ...values]));
    return found.size > 0 && facts([...found].map(([label, values]) => [label, [...values].join("; ")]));
  };

  /** @param {any} table @param {any} row @param {any} known */
  const lineage = (table, row, known) => {
    const audits = (table.analysis?.audits ?? []).filter((item) => item.row === row.id);
    const title = new Map(table.columns.map((column) => [column.task, column.title]));
    return [
      (known.contradictions ?? []).map((text) =>
        h("p", { class: "warning" }, h("b", {}, "The records contradict themselves. "), text),
      ),
      (known.disputed ?? []).map((text) => h("p", { class: "warning" }, text)),
      (known.stale ?? []).map((text) => h("p", { class: "warning" }, h("b", {}, "Stale. "), text)),
      row.frozen &&
        h(
          "p",
          { class: "warning" },
          "A graph without weights: only tasks on a frozen backbone can be measured.",
        ),
      known.overlaps?.length &&
        sheet(
          "Shared images between pre-training and evaluation data",
          ["Dataset", "Mark", "Why"],
          known.overlaps.map(({ dataset, mark, reasons }) => [
            table.columns.find((column) => column.datasetId === dataset)?.dataset ?? dataset,
            h("span", { class: `flag ${mark === "overlapping" ? "warn" : ""}` }, mark),
            reasons.join(" "),
          ]),
          "prose",
        ),
      known.audit?.length && [h("h3", {}, "The submitter's overlap audit"), facts(known.audit)],
      audits.length &&
        sheet(
          "Runs that do not look independent",
          ["Task", "Runs", "Effective", "Repeated values", "Repeated seeds"],
          audits.map((item) => [
            title.get(item.task) ?? item.task,
            item.runs,
            item.effective_runs,
            item.repeated_values,
            item.repeated_seeds,
          ]),
        ),
    ];
  };

  /** One task of each dataset and head: the frozen one of most images, of those that have examples. @param {any} table */
  const kinds = (table) => {
    const found = new Map();
    for (const column of table.columns) {
      if (!(LOVT.board.raw.examples ?? []).includes(column.task)) continue;
      const kind = `${column.datasetId} ${column.head}`;
      const last = found.get(kind);
      const frozen = (item) => (item.backbone === "frozen" ? 1 : 0);
      const more = last ? frozen(column) - frozen(last) || column.fraction - last.fraction : 1;
      if (more >= 0) found.set(kind, column);
    }
    return [...found.values()];
  };

  /** @param {any} table @param {HTMLElement} root @param {string} item */
  const view = async (table, root, item) => {
    const row = LOVT.board.row(table, item);
    if (!row) return LOVT.lost(root, "This table has no such row.");
    const details = await LOVT.details(table);
    const known = details.row(row.id);
    const paper = known.paper ? outside(known.paper, known.link) : null;
    const flags = LOVT.grid.flags(row);
    const audited = new Set((table.analysis?.audits ?? []).map((item) => item.row));
    root.append(
      ...[
        flags.length > 0 && h("p", { class: "flags" }, flags),
        known.description && h("p", { class: "lead" }, known.description),
        facts([
          [
            "Mean rank",
            row.rank === undefined
              ? "none: not every task is finished"
              : `${fixed(row.rank)} among complete rows`,
          ],
          ["Best on", `${row.best} of ${plural(table.columns.length, "task")}`],
          ["Learned from", LOVT.board.learnedFrom(row).full],
          ["Share of corpus", row.fraction === undefined ? null : share(row.fraction)],
          ["Checked", row.evidence ? `${row.evidence}: ${EVIDENCE_LONG[row.evidence]}` : null],
          ["Keeper of the board", LOVT.board.raw.keeper],
          ["Class", row.class === "open" ? "open" : row.class ? "paper (ResNet-50)" : null],
          ...(known.network ?? []),
          ["Pre-training data", known.data?.join(", ")],
          ["Paper", paper],
          ["Independence of runs", audited.has(row.id) ? "flagged, see below" : null],
        ]),
        h(
          "p",
          {},
          h(
            "a",
            { href: LOVT.route.to("compare", table.id, "", { a: row.id }) },
            "Compare with another row →",
          ),
        ),
        section(
          table.kind === "claimed" ? "Claimed" : table.kind === "published" ? "Published" : "Scores",
          measured(table, row, known),
        ),
        section(
          "Embeddings",
          LOVT.embeddings(row, details.properties),
          details.properties.some((set) => set.rows.some((item) => item.row === row.id)) &&
            h(
              "p",
              { class: "legend" },
              "Measured without labels; no rank depends on it. ",
              h("a", { href: LOVT.route.to("properties", table.id) }, "Do properties go with scores?"),
            ),
        ),
        section("Lineage and audit", lineage(table, row, known).flat()),
        section(
          "Provenance",
          known.provenance?.length && facts(known.provenance),
          known.backbone && facts([["Backbone SHA-256", h("code", {}, known.backbone)]]),
        ),
        section("What made the runs", made(table, known)),
        section("Cost", costs(table, known)),
        section(
          "How to reproduce",
          known.commands?.length
            ? [
                h(
                  "p",
                  {},
                  `On ${table.track} image stores with ${table.splits} splits of ${[...new Set(table.columns.map((column) => column.dataset))].join(", ")}, made by `,
                  h("code", {}, "lovt-bench data prepare"),
                  "; their digests are in ",
                  h("a", { href: "leaderboard.json" }, "leaderboard.json"),
                  ".",
                ),
                h("pre", { tabindex: 0 }, known.commands.join("\n")),
              ]
            : table.source &&
                h(
                  "p",
                  {},
                  "Transcribed, not measured here: ",
                  outside(table.source.citation, table.source.url),
                ),
        ),
      ].filter(Boolean),
    );
    const shown = [];
    for (const column of kinds(table)) {
      const found = await LOVT.examples(table, column.task, row.id);
      if (!found) continue;
      const title = h("a", { href: LOVT.route.to("task", table.id, column.task) }, column.title);
      shown.push(h("section", {}, h("h3", {}, title), found));
    }
    if (shown.length)
      root.append(
        h("h2", {}, "Examples on phantom images"),
        LOVT.examplesKey(),
        h("div", { class: "pairs" }, shown),
      );
    return undefined;
  };

  LOVT.views.submission = view;
})();
