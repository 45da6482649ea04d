"use strict";
/* Properties of embeddings against scores: the table of correlations comes with the page, the chart is chosen here. */
(() => {
  const { h } = LOVT;

  /** @param {string} name @param {string} title @param {[string, string][]} options @param {string} chosen */
  const select = (name, title, options, chosen) =>
    h(
      "label",
      { class: "control wide" },
      h("span", {}, title),
      h(
        "select",
        { name },
        options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
      ),
    );

  /** @param {any} table @param {any} set @param {HTMLElement} area */
  const draw = (table, set, area) => {
    const { params } = LOVT.route.current();
    const pick = (name, all) => all.find(([key]) => key === params.get(name)) ?? all[0];
    const [property, outcome] = [pick("property", set.properties), pick("score", set.outcomes)];
    if (!property || !outcome) return;
    const rows = set.rows.filter(
      (row) => row.values[property[0]] !== undefined && row.scores[outcome[0]] !== undefined,
    );
    const own = (row) => LOVT.board.row(table, row.row) ?? { supervision: "text" };
    const form = h(
      "form",
      { class: "filters" },
      select("property", "Property (to the right)", set.properties, property[0]),
      select("score", "Score (up)", set.outcomes, outcome[0]),
    );
    form.addEventListener("change", (event) => {
      LOVT.route.update({ [event.target.name]: event.target.value });
      draw(table, set, area);
      area.querySelector(`[name=${event.target.name}]`)?.focus();
    });
    const shown = rows.filter((row) => !property[2] || row.values[property[0]] > 0);
    area.replaceChildren(
      form,
      LOVT.plot(
        `${outcome[1]}, against ${property[1]}; ${set.title}.`,
        property[2] ? "propertyLog" : "property",
        (fields) =>
          shown.map((row) => ({
            ...fields({ ...own(row), id: row.row, name: row.name }),
            value: row.values[property[0]],
            score: row.scores[outcome[0]],
          })),
      ),
      LOVT.sheet(
        "What the chart shows",
        ["Row", property[1], `${outcome[1]}, %`],
        rows.map((row) => [
          LOVT.board.row(table, row.row) ? LOVT.rowLink(table, row.row) : row.name,
          property[2] ? row.values[property[0]].toExponential(2) : row.values[property[0]].toFixed(3),
          row.scores[outcome[0]].toFixed(1),
        ]),
        "numbers",
      ),
    );
  };

  /** @param {any} table @param {HTMLElement} root */
  LOVT.views.properties = async (table, root) => {
    root.append(LOVT.part("properties", table));
    const { properties = [] } = await LOVT.details(table);
    LOVT.choose(root, "on", (title, area) => {
      const set = properties.find((item) => item.title === title);
      if (set) draw(table, set, area.querySelector("[data-chart]"));
    });
  };

  /** Rows beside the one that is looked at. */
  const BESIDE = 7;

  /** What is known of a row's embeddings, and where it stands among others. @param {any} row @param {any} known @param {any[]} properties of the table */
  LOVT.embeddings = (row, known, properties) => {
    return (known.embeddings ?? []).map(([title, facts]) => {
      const set = properties.find((item) => title.startsWith(item.title));
      const marks = set?.spread ?? [];
      const order = [row.id, ...new Set(marks.map((mark) => mark.id).filter((id) => id !== row.id))];
      const near = order.slice(0, BESIDE + 1).flatMap((id) => marks.filter((mark) => mark.id === id));
      const rest = order.length - BESIDE - 1;
      return h(
        "section",
        {},
        h("h3", {}, title),
        near.length > 0 &&
          LOVT.plot(
            `Spread of embeddings: standard deviation times √d, with one deviation over images; the broken line is what a uniform distribution on the sphere reaches.${rest > 0 ? ` ${rest} more rows were measured on these images.` : ""}`,
            "spread",
            () => near,
          ),
        h(
          "details",
          {},
          h("summary", {}, "Numbers"),
          LOVT.sheet("Properties of its embeddings", ["Property", "Value"], facts, "numbers"),
        ),
      );
    });
  };
})();
