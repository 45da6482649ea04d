"use strict";
/* The frame: tabs of tables, links of views, and the view that the address names. */
(() => {
  const { h, fill, outside } = LOVT;
  const { raw } = LOVT.board;
  const head = /** @type {HTMLElement} */ (document.getElementById("head"));
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));

  const VIEWS = [
    ["table", "Table"],
    ["ranks", "Ranks"],
    ["tasks", "Tasks"],
    ["compare", "Compare"],
    ["cost", "Cost"],
    ["changes", "Versions"],
  ];
  const PARENT = { task: "tasks", submission: "table" };

  const themes = () => {
    const names = { auto: "System", light: "Light", dark: "Dark" };
    return h(
      "label",
      { class: "control" },
      h("span", {}, "Colours"),
      h(
        "select",
        { name: "theme", change: (event) => LOVT.theme.set(event.target.value) },
        Object.entries(names).map(([key, text]) =>
          h("option", { value: key, selected: key === LOVT.theme.current() }, text),
        ),
      ),
    );
  };

  /** @param {any} table @param {string} view */
  const frame = (table, view) => {
    const active = PARENT[view] ?? view;
    fill(
      head,
      h(
        "div",
        { class: "bar" },
        h("p", { class: "brand" }, h("a", { href: "#/" }, "lovt-bench ", h("span", {}, "leaderboard"))),
        h("div", { class: "settings" }, LOVT.versions.select(), themes()),
      ),
      raw.tables.length > 0 &&
        h(
          "nav",
          { class: "tabs", "aria-label": "Tables, never to be mixed" },
          h(
            "ul",
            {},
            raw.tables.map((item) =>
              h(
                "li",
                {},
                h(
                  "a",
                  {
                    href: LOVT.route.to(["submission", "task"].includes(view) ? PARENT[view] : view, item.id),
                    class: item.section,
                    "aria-current": item.id === table?.id ? "true" : null,
                    title: item.title,
                  },
                  item.short,
                ),
              ),
            ),
          ),
        ),
      table &&
        h(
          "nav",
          { class: "views", "aria-label": "Views of this table" },
          h(
            "ul",
            {},
            VIEWS.map(([name, text]) =>
              h(
                "li",
                {},
                h(
                  "a",
                  { href: LOVT.route.to(name, table.id), "aria-current": name === active ? "page" : null },
                  text,
                ),
              ),
            ),
          ),
        ),
    );
  };

  const STAMPS = {
    phantom: ["Phantom", "Synthetic images drawn by a program. The numbers say nothing about real X-rays."],
    published: ["Published", "Numbers of a paper, transcribed. Nothing here was measured by this benchmark."],
    claimed: ["Claimed", "Numbers that submitters state. Nothing here was measured by this benchmark."],
  };

  /** @param {any} table @param {string} title @param {string} view */
  const opening = (table, title, view) => {
    const whole = view === "table";
    const [word, text] = (view !== "changes" && STAMPS[table.section]) || [];
    return [
      word && h("p", { class: `stamp-line ${table.section}` }, h("b", {}, word), ` ${text}`),
      h("h1", {}, title),
      view !== "changes" && LOVT.versions.withdrawn(),
      whole && h("p", { class: "lead" }, table.statement),
      whole &&
        table.claims.length > 0 &&
        h(
          "p",
          { class: "claims" },
          `Counted again from the paper's numbers: ${table.claims.join("; ")}.`,
        ),
      whole &&
        table.analysis?.statements.length > 0 &&
        h(
          "p",
          { class: "claims" },
          `${table.analysis.statements.slice(0, 2).join(" ")} `,
          h("a", { href: LOVT.route.to("ranks", table.id) }, "What else can be said, and what cannot"),
        ),
      whole && table.source && h("p", { class: "source" }, outside(table.source.citation, table.source.url)),
    ].filter(Boolean);
  };

  /** @param {any} table @param {string} view @param {string} item */
  const titleOf = (table, view, item) => {
    if (view === "submission") return LOVT.board.row(table, item)?.name ?? "Unknown row";
    if (view === "task") return table.columns.find((column) => column.task === item)?.title ?? "Unknown task";
    const names = {
      ranks: "Ranks",
      tasks: "Tasks",
      compare: "Two rows compared",
      cost: "Cost against rank",
      changes: "Versions and changes",
    };
    return names[view] ?? table.title;
  };

  /** What a table's builder noticed. @param {any} table */
  LOVT.notes = (table) => {
    const all = [...table.notes, ...raw.notes];
    return all.length
      ? h(
          "details",
          { class: "notes" },
          h("summary", {}, `Notes (${all.length})`),
          h(
            "ul",
            {},
            all.map((text) => h("li", {}, text)),
          ),
        )
      : h("span", {});
  };

  /** @param {HTMLElement} root @param {string} text */
  LOVT.lost = (root, text) => root.append(h("p", {}, text, " ", h("a", { href: "#/" }, "Back to the table")));

  let turn = 0;

  /** @param {boolean} moved whether the reader went somewhere, so that focus follows */
  const show = async (moved) => {
    turn += 1;
    const mine = turn;
    LOVT.tip.hide();
    const { view: wanted, table: id, item } = LOVT.route.current();
    const view = LOVT.views[wanted] ? wanted : "table";
    const table = LOVT.board.table(id);
    frame(table, view);
    if (!table) {
      fill(
        main,
        h("h1", {}, "Nothing here yet"),
        h("p", { class: "lead" }, "This version holds no finished runs and no published rows."),
        h("pre", {}, "lovt-bench evaluate random\nlovt-bench leaderboard build"),
      );
      return;
    }
    const title = titleOf(table, view, item);
    document.title = `${title}${view === "table" ? "" : ` · ${table.short}`} · lovt-bench ${raw.version}`;
    // Views that load something are built aside and shown whole.
    const page = h(
      "div",
      { class: `view ${view} ${table.section}` },
      opening(table, title, view),
    );
    try {
      const drawn = LOVT.views[view](table, page, item);
      if (drawn instanceof Promise) main.setAttribute("aria-busy", "true");
      await drawn;
    } catch (error) {
      console.error(error);
      LOVT.lost(page, "This view could not be drawn; the numbers are in the files below.");
    }
    if (mine !== turn) return;
    main.removeAttribute("aria-busy");
    main.replaceChildren(page);
    if (moved) {
      window.scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
  };

  document.querySelector(".skip")?.addEventListener("click", (event) => {
    // The hash is the page's state: jumping by it would lose the view.
    event.preventDefault();
    main.focus();
  });
  window.addEventListener("hashchange", () => show(true));
  show(false);
})();
