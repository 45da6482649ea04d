"use strict";
/* What the page brings with it (templates/views.html.j2): parts of views, choices between them, and rows that wait. */
(() => {
  const { h } = LOVT;

  /** Return a copy of a part of a table's views. @param {string} name @param {any} table @returns {DocumentFragment} */
  LOVT.part = (name, table) =>
    document.querySelector(`template[data-part="${CSS.escape(`${name} ${table.id}`)}"]`).content.cloneNode(true);

  /**
   * Show the part below `root` that the address chooses, and let the reader choose.
   * @param {HTMLElement} root @param {string} key of the address
   * @param {(value: string, area: HTMLElement) => void} draw called with each part when it is shown first
   */
  LOVT.choose = (root, key, draw) => {
    const areas = [...root.querySelectorAll("[data-choice]")];
    const drawn = new Set();
    const show = () => {
      const wanted = LOVT.route.current().params.get(key);
      const shown = areas.find((area) => area.dataset.choice === wanted) ?? areas[0];
      if (!shown) return;
      for (const area of areas) area.hidden = area !== shown;
      for (const input of root.querySelectorAll(`input[name="${key}"]`)) {
        input.checked = input.value === shown.dataset.choice;
      }
      if (!drawn.has(shown)) draw(shown.dataset.choice, shown);
      drawn.add(shown);
    };
    root.addEventListener("change", (event) => {
      if (event.target.name !== key) return;
      LOVT.route.update({ [key]: event.target.value });
      show();
    });
    show();
  };

  /** A link to a row's own view. @param {any} table @param {string} id */
  LOVT.rowLink = (table, id) => {
    const row = LOVT.board.row(table, id);
    return row ? h("a", { href: LOVT.route.to("submission", table.id, id) }, row.name) : h("span", {}, id);
  };

  /** A table of which the first rows are shown. @param {Node} sheet @param {number} shown */
  LOVT.long = (sheet, shown) => {
    const rows = [...sheet.querySelectorAll("tbody tr")];
    for (const row of rows.slice(shown)) row.hidden = true;
    const button = h("button", { type: "button", "data-more": true }, `All ${rows.length.toLocaleString("en")}`);
    return h("div", { class: "long" }, sheet, rows.length > shown && h("p", { class: "more" }, button));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    if (!button) return;
    for (const row of button.closest(".long").querySelectorAll("tr[hidden]")) row.hidden = false;
    button.remove();
  });
})();
