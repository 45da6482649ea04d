"use strict";
/* What a place on the board costs. */
(() => {
  const { h, fill, sheet } = LOVT;
  const { duration, fixed, SUPERVISION } = LOVT.format;
  const SHOWN = 40;

  const KINDS = {
    seconds: { label: "time of evaluation", title: "seconds of all runs, tuning included", text: duration },
    parameters: {
      label: "parameters",
      title: "parameters of the backbone",
      text: (value) => value.toLocaleString("en"),
    },
  };

  /** @param {any} table @param {HTMLElement} root */
  const view = (table, root) => {
    const kinds = Object.keys(KINDS).filter((kind) =>
      table.rows.some((row) => row[kind] && row.rank !== undefined),
    );
    if (kinds.length === 0) {
      root.append(
        h(
          "p",
          {},
          table.kind === "runs"
            ? "No complete row with a known cost yet."
            : "No cost is known of these rows.",
        ),
      );
      return;
    }
    const area = h("div", {});
    const draw = () => {
      const wanted = LOVT.route.current().params.get("cost") ?? "";
      const kind = kinds.includes(wanted) ? wanted : kinds[0];
      const { title, text } = KINDS[kind];
      const rows = table.rows
        .filter((row) => row[kind] && row.rank !== undefined)
        .sort((a, b) => a.rank - b.rank);
      fill(
        area,
        kinds.length > 1 &&
          h(
            "fieldset",
            { class: "choice" },
            h("legend", {}, "Cost is"),
            kinds.map((name) =>
              h(
                "label",
                {},
                h("input", {
                  type: "radio",
                  name: "cost",
                  value: name,
                  checked: name === kind,
                  change: () => (
                    LOVT.route.update({ cost: name }),
                    draw(),
                    area.querySelector("input:checked")?.focus()
                  ),
                }),
                h("span", {}, KINDS[name].label),
              ),
            ),
          ),
        LOVT.plot(
          `Mean rank against ${title}. Shape and colour: what a row learned from.`,
          kind,
          (fields) => rows.map((row) => ({ ...fields(row), cost: row[kind], rank: row.rank })),
        ),
        sheet(
          "The same in numbers",
          ["Row", "Mean rank", KINDS[kind].label, "Learned from"],
          rows
            .slice(0, SHOWN)
            .map((row) => [
              LOVT.rowLink(table, row.id),
              fixed(row.rank),
              text(row[kind]),
              SUPERVISION[row.supervision],
            ]),
        ),
        rows.length > SHOWN &&
          h("p", { class: "legend" }, `The best ${SHOWN} of ${rows.length.toLocaleString("en")}.`),
      );
    };
    root.append(area);
    draw();
  };

  LOVT.views.cost = view;
})();
