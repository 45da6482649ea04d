"use strict";
/* Other versions beside this one, from `../versions.js`; a page that was taken away from them works without. */
(() => {
  const { h } = LOVT;

  /**
   * @typedef {object} Version
   * @property {string} version  @property {string} date  @property {"major" | "minor" | "patch"} bump
   * @property {string | null} previous  @property {string} note  @property {string} summary
   * @property {string[]} [notices] what it shows though a newer version leaves it out
   */

  const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

  /** @returns {Version[]} releases, newest first */
  const all = () => {
    const found = window.LOVT_BENCH_VERSIONS;
    return Array.isArray(found)
      ? found.filter((item) => item && typeof item.version === "string" && NAME.test(item.version))
      : [];
  };

  /** @param {string} version */
  const address = (version) => `../${encodeURIComponent(version)}/index.html`;

  const select = () => {
    const here = LOVT.board.raw.version;
    const found = all();
    if (found.filter((item) => item.version !== here).length === 0)
      return h("span", { class: "version" }, `version ${here}`);
    const known = found.some((item) => item.version === here) ? found : [{ version: here }, ...found];
    return h(
      "label",
      { class: "control version" },
      h("span", {}, "Version"),
      h(
        "select",
        {
          name: "version",
          change: (event) => {
            const item = known.find((other) => other.version === event.target.value);
            if (item && item.version !== here)
              window.location.href = address(item.version) + window.location.hash;
          },
        },
        known.map((item) =>
          h("option", { value: item.version, selected: item.version === here }, item.version),
        ),
      ),
    );
  };

  /** @param {any} _table @param {HTMLElement} root */
  const view = (_table, root) => {
    const found = all();
    const here = LOVT.board.raw.version;
    root.append(
      h(
        "p",
        { class: "lead" },
        "Major versions change the protocol and cannot be compared; minor versions add entries; patch versions change how things are shown.",
      ),
    );
    if (found.length === 0) root.append(h("p", {}, "No other version lies beside this page."));
    for (const item of found) {
      root.append(
        h(
          "section",
          {},
          h(
            "h2",
            {},
            item.version === here
              ? `${item.version} (this one)`
              : h("a", { href: address(item.version) }, item.version),
            h("span", { class: "quiet" }, ` ${item.date ?? ""}`),
            item.bump && h("span", { class: "flag" }, item.bump),
          ),
          (item.notices ?? []).map((text) => h("p", { class: "warning" }, text)),
          h("p", {}, item.summary),
          item.note && h("p", { class: "quiet" }, item.note),
          h(
            "p",
            {},
            item.previous ? `Every change since ${item.previous}: ` : "The first release's record: ",
            ["CHANGES.md", "changes.json"].map((file, at) => [
              at > 0 && ", ",
              h("a", { href: `../${encodeURIComponent(item.version)}/${file}` }, file),
            ]),
          ),
        ),
      );
    }
  };

  /** What this version shows though a newer one leaves it out. */
  const withdrawn = () =>
    (all().find((item) => item.version === LOVT.board.raw.version)?.notices ?? []).map((text) =>
      h("p", { class: "warning" }, h("b", {}, "Newer versions leave this out. "), text),
    );

  LOVT.versions = { all, select, withdrawn };
  LOVT.views.changes = view;
})();
