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

  /** Return the value of a property, null where it is not known. @param {any} set @param {any} row @param {string} key */
  const value = (set, row, key) => row.values[set.columns.indexOf(key)] ?? null;

  /** @param {number} number @param {boolean} power */
  const digits = (number, power) =>
    (power ? number.toExponential(2) : number.toFixed(Math.abs(number) < 10 ? 3 : 1)).replace(/^-/, "−");

  /** @param {any} table @param {any} set @param {HTMLElement} area */
  const draw = (table, set, area) => {
    const { params } = LOVT.route.current();
    const pick = (name, all) => all.find(([key]) => key === params.get(name)) ?? all[0];
    const [property, outcome] = [pick("property", set.properties), pick("score", set.outcomes)];
    if (!property || !outcome) return;
    const up = set.outcomes.indexOf(outcome);
    const right = (row) => value(set, row, property[0]);
    const rows = set.rows.filter((row) => right(row) !== null);
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
    const shown = rows.filter((row) => !property[2] || right(row) > 0);
    area.querySelector("[data-chart]").replaceChildren(
      form,
      LOVT.plot(
        `${outcome[1]}, against ${property[1]}; ${set.title}.`,
        property[2] ? "propertyLog" : "property",
        (fields) =>
          shown.map((row) => ({
            ...fields({ ...own(row), id: row.row, name: row.name }),
            value: right(row),
            score: row.scores[up],
          })),
      ),
    );
    const numbers = LOVT.sheet(
      "What the chart shows",
      ["Row", property[1], `${outcome[1]}, %`],
      rows.map((row) => [
        LOVT.board.row(table, row.row) ? LOVT.rowLink(table, row.row) : row.name,
        digits(right(row), property[2]),
        row.scores[up].toFixed(1),
      ]),
      "numbers",
    );
    area.querySelector("[data-rows]").replaceChildren(LOVT.long(numbers, 10));
  };

  /** @param {any} table @param {HTMLElement} root */
  LOVT.views.properties = async (table, root) => {
    root.append(LOVT.part("properties", table));
    const { properties = [] } = await LOVT.details(table);
    LOVT.choose(root, "on", (key, area) => {
      const set = properties.find((item) => item.key === key);
      if (set) draw(table, set, area);
    });
  };

  /** Rows beside the one that is looked at. */
  const BESIDE = 7;

  /** Marks of a row in the chart of spread. @param {any} set @param {any} row */
  const marks = (set, row) =>
    set.spread
      .filter(([key]) => value(set, row, key) !== null)
      .map(([key, kind, offset]) => ({
        id: row.row,
        name: row.name,
        kind,
        value: value(set, row, key),
        spread: value(set, row, `${key}.std`),
        offset,
      }));

  /** @param {any} set @param {any} row */
  const numbers = (set, row) =>
    set.properties
      .filter(([key]) => value(set, row, key) !== null)
      .map(([key, label, power]) => {
        const spread = value(set, row, `${key}.std`);
        return [label, digits(value(set, row, key), power) + (spread === null ? "" : ` ± ${digits(spread, power)}`)];
      });

  /** What is known of a row's embeddings, and where it stands among others. @param {any} row @param {any[]} properties of the table */
  LOVT.embeddings = (row, properties) =>
    properties.map((set) => {
      const own = set.rows.find((item) => item.row === row.id);
      if (!own) return null;
      const others = set.rows.filter((item) => item !== own);
      const rest = others.length - BESIDE;
      return h(
        "section",
        {},
        h("h3", {}, set.title, own.level && `, level ${own.level}`),
        LOVT.plot(
          `Spread of embeddings: standard deviation times √d, with one deviation over images; the broken line is what a uniform distribution on the sphere reaches.${rest > 0 ? ` ${rest} more rows were measured on these images.` : ""}`,
          "spread",
          () => [own, ...others.slice(0, BESIDE)].flatMap((item) => marks(set, item)),
        ),
        h(
          "details",
          {},
          h("summary", {}, "Numbers"),
          LOVT.sheet("Properties of its embeddings", ["Property", "Value"], numbers(set, own), "numbers"),
        ),
      );
    });
})();
