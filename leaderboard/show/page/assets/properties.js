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

  /** What is known of a row's embeddings, beside those of other rows. @param {any} table @param {any} row @param {any} known */
  LOVT.embeddings = async (table, row, known) => {
    const { properties = [] } = await LOVT.details(table);
    const kinds = { std: "all regions", std_within: "within an image", std_centroids: "centroids of images" };
    return (known.embeddings ?? []).map(([title, facts]) => {
      const set = properties.find((item) => title.startsWith(item.title));
      const others = (set?.rows ?? []).filter((item) => item.row !== row.id);
      const rows = (set?.rows ?? []).filter((item) => item.row === row.id).concat(others.slice(0, 7));
      return [title, facts, rows, kinds];
    });
  };
})();
