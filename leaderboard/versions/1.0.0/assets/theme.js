"use strict";
/* Light, dark or the reader's setting, before the first paint. Where a page has no storage the choice lasts until it
   is closed. */
window.LOVT = {};
(() => {
  const KEY = "lovt-bench-theme";
  /** @typedef {"auto" | "light" | "dark"} Theme */

  /** @returns {Theme} */
  const stored = () => {
    try {
      const value = window.localStorage.getItem(KEY);
      return value === "light" || value === "dark" ? value : "auto";
    } catch {
      return "auto";
    }
  };

  /** @param {Theme} theme */
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };

  /** @type {Theme} */
  let current = stored();
  apply(current);

  LOVT.theme = {
    current: () => current,
    /** @param {Theme} theme */
    set(theme) {
      current = theme;
      apply(theme);
      try {
        window.localStorage.setItem(KEY, theme);
      } catch {
        // No storage: nothing to remember.
      }
    },
  };
})();
