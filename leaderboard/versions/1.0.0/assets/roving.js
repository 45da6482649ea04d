"use strict";
/* One stop of the Tab key for a whole grid; arrow keys move inside it. */
(() => {
  const STEPS = {
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    Home: [0, -Infinity],
    End: [0, Infinity],
    PageDown: [12, 0],
    PageUp: [-12, 0],
  };

  /** What takes the focus in a cell. @param {Element} cell @returns {HTMLElement} */
  const target = (cell) => cell.querySelector("a, button") ?? /** @type {HTMLElement} */ (cell);

  /** @param {HTMLTableElement} grid */
  LOVT.roving = (grid) => {
    const body = grid.tBodies[0];

    /** The cells that can be seen on a line: 0 is the headers that sort. @param {number} at */
    const line = (at) => {
      const buttons = [...grid.querySelectorAll("thead button")].map((button) => button.closest("th"));
      const cells = at === 0 ? buttons : [...body.rows[at - 1].cells];
      return cells.filter((cell) => cell.offsetParent !== null);
    };

    (grid.querySelector("tbody a") ?? grid.querySelector("thead button"))?.setAttribute("tabindex", "0");
    grid.addEventListener("focusin", (event) => {
      for (const element of grid.querySelectorAll('[tabindex="0"]')) element.setAttribute("tabindex", "-1");
      /** @type {Element} */ (event.target).setAttribute("tabindex", "0");
    });
    grid.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      const cell = /** @type {Element} */ (event.target).closest("td, th");
      if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const at = cell.closest("thead") ? 0 : cell.parentElement.sectionRowIndex + 1;
      const next = line(Math.max(0, Math.min(at + step[0], body.rows.length)));
      const place = line(at).indexOf(cell) + step[1];
      target(next[Math.max(0, Math.min(place, next.length - 1))]).focus();
    });
  };
})();
