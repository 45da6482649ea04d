"use strict";
/* Elements from values. Text always enters as a text node and addresses are checked here, so nothing that a submission
   says can become markup. */
(() => {
  /** @typedef {Node | string | number | null | undefined | false | any[]} Child lists are taken apart */

  const SVG = "http://www.w3.org/2000/svg";

  /** @param {Element} element @param {Child} child */
  const add = (element, child) => {
    if (child === null || child === undefined || child === false) return;
    if (Array.isArray(child)) for (const item of child) add(element, item);
    else element.append(child instanceof Node ? child : String(child));
  };

  /** @param {Element} element @param {Record<string, any>} attributes */
  const dress = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") element.addEventListener(name, value);
      else element.setAttribute(name, value === true ? "" : String(value));
    }
  };

  /**
   * Return an HTML element. A function among the attributes listens to the event of its name.
   * @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children
   * @returns {HTMLElement}
   */
  const h = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    dress(element, attributes);
    for (const child of children) add(element, child);
    return element;
  };

  /** Return an SVG element. @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children */
  const s = (tag, attributes = {}, ...children) => {
    const element = document.createElementNS(SVG, tag);
    dress(element, attributes);
    for (const child of children) add(element, child);
    return element;
  };

  /**
   * Return a link to another site, or the text alone where the address is not plain http(s).
   * @param {string} text @param {string | null | undefined} address
   */
  const outside = (text, address) => {
    let url = null;
    try {
      url = address ? new URL(address) : null;
    } catch {
      url = null;
    }
    if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) return h("span", {}, text);
    return h("a", { href: url.href, rel: "noopener noreferrer nofollow" }, text);
  };

  /** @param {Element} element @param {...Child} children */
  const fill = (element, ...children) => {
    element.replaceChildren();
    for (const child of children) add(element, child);
    return element;
  };

  /** @type {Map<string, Promise<boolean>>} */
  const loaded = new Map();

  /**
   * Load a script of the page once; false where it is not there. Scripts, unlike data, also load from disk.
   * @param {string} src @returns {Promise<boolean>}
   */
  const load = (src) => {
    if (!loaded.has(src)) {
      loaded.set(
        src,
        new Promise((resolve) => {
          const script = h("script", { src });
          script.addEventListener("load", () => resolve(true));
          script.addEventListener("error", () => resolve(false));
          document.head.append(script);
        }),
      );
    }
    return /** @type {Promise<boolean>} */ (loaded.get(src));
  };

  /**
   * Return a table inside a frame that scrolls by itself, so that the page never does sideways.
   * @param {string} caption @param {Child[]} head @param {Child[][]} rows first cell of each is the row's header
   * @param {string} [kind] further classes
   */
  const table = (caption, head, rows, kind = "") =>
    h(
      "div",
      { class: "scroll", role: "region", "aria-label": caption, tabindex: 0 },
      h(
        "table",
        { class: `list ${kind}` },
        h("caption", {}, caption),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((cells) =>
            h(
              "tr",
              {},
              cells.map((cell, place) =>
                cell instanceof HTMLTableCellElement
                  ? cell
                  : h(place ? "td" : "th", place ? {} : { scope: "row" }, cell),
              ),
            ),
          ),
        ),
      ),
    );

  Object.assign(LOVT, { h, s, fill, load, outside, sheet: table });
})();
