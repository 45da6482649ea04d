"use strict";
/* The address after `#` is the whole state of the page: `#/view/table/item?key=value`. */
(() => {
  /**
   * @typedef {object} Route
   * @property {string} view  @property {string} table  @property {string} item  @property {URLSearchParams} params
   */

  /** @returns {Route} */
  const current = () => {
    const [path, query = ""] = window.location.hash.replace(/^#\/?/, "").split("?");
    const [view = "", table = "", item = ""] = path.split("/").map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return "";
      }
    });
    return { view: view || "table", table, item, params: new URLSearchParams(query) };
  };

  /**
   * Return the address of a view.
   * @param {string} view @param {string} [table] @param {string} [item] @param {Record<string, string>} [params]
   */
  const to = (view, table = "", item = "", params = {}) => {
    const path = [view, table, item]
      .filter((part) => part !== "")
      .map(encodeURIComponent)
      .join("/");
    const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "")).toString();
    return `#/${path}${query ? `?${query}` : ""}`;
  };

  /** Change parameters in place, without a step in the history. @param {Record<string, string>} changes */
  const update = (changes) => {
    const { view, table, item, params } = current();
    const kept = { ...Object.fromEntries(params), ...changes };
    window.history.replaceState(null, "", to(view, table, item, kept));
  };

  LOVT.route = { current, to, update };
})();
