"use strict";
/* The frame: what the head marks as chosen, and the view that the address names. */
(() => {
  const { h, fill } = LOVT;
  const { raw } = LOVT.board;
  const head = /** @type {HTMLElement} */ (document.getElementById("head"));
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));

  const start = () => {
    for (const element of head.querySelectorAll("[hidden]")) element.hidden = false;
    head.querySelector(".settings").prepend(LOVT.versions.select());
    const theme = head.querySelector("[name=theme]");
    theme.value = LOVT.theme.current();
    theme.addEventListener("change", () => LOVT.theme.set(theme.value));
  };

  /** Mark table and view, and let their links keep the other. @param {any} table @param {string} view */
  const frame = (table, view) => {
    const active = raw.views[view].below || view;
    /** @param {HTMLElement} link @param {string} address @param {string | false} current */
    const point = (link, address, current) => {
      link.setAttribute("href", address);
      if (current) link.setAttribute("aria-current", current);
      else link.removeAttribute("aria-current");
    };
    for (const link of head.querySelectorAll("[data-table]")) {
      const id = link.dataset.table;
      point(link, LOVT.route.to(active, id), id === table.id && "true");
    }
    for (const link of head.querySelectorAll("[data-view]")) {
      const name = link.dataset.view;
      point(link, LOVT.route.to(name, table.id), name === active && "page");
    }
  };

  /** @param {any} table @param {string} view @param {string} item */
  const titleOf = (table, view, item) => {
    if (view === "submission") return LOVT.board.row(table, item)?.name ?? "Unknown row";
    if (view === "task") return table.columns.find((column) => column.task === item)?.title ?? "Unknown task";
    return raw.views[view].title || table.title;
  };

  /** @param {HTMLElement} root @param {string} text */
  LOVT.lost = (root, text) => root.append(h("p", {}, text, " ", h("a", { href: "#/" }, "Back to the table")));

  const nothing = () =>
    fill(
      main,
      h("h1", {}, "Nothing here yet"),
      h("p", { class: "lead" }, "This version holds no finished runs and no published rows."),
      h("pre", {}, "lovt-bench evaluate random\nlovt-bench leaderboard build"),
    );

  let turn = 0;

  /** @param {boolean} moved whether the reader went somewhere, so that focus follows */
  const show = async (moved) => {
    turn += 1;
    const mine = turn;
    LOVT.tip.hide();
    const { view: wanted, table: id, item } = LOVT.route.current();
    const view = LOVT.views[wanted] ? wanted : "table";
    const table = LOVT.board.table(id);
    if (!table) return nothing();
    frame(table, view);
    const title = titleOf(table, view, item);
    document.title = `${title}${view === "table" ? "" : ` · ${table.short}`} · lovt-bench ${raw.version}`;
    // Views that load something are built aside and shown whole.
    const versions = view === "changes";
    const page = h(
      "div",
      { class: `view ${view} ${table.section}` },
      !versions && LOVT.part("stamp", table),
      h("h1", {}, title),
      !versions && LOVT.versions.withdrawn(),
      view === "table" && LOVT.part("lead", table),
    );
    try {
      const drawn = LOVT.views[view](table, page, item);
      if (drawn instanceof Promise) main.setAttribute("aria-busy", "true");
      await drawn;
    } catch (error) {
      console.error(error);
      LOVT.lost(page, "This view could not be drawn; the numbers are in the files below.");
    }
    if (mine !== turn) return undefined;
    if (["table", "ranks", "tasks"].includes(view)) page.append(LOVT.part("notes", table));
    main.removeAttribute("aria-busy");
    main.replaceChildren(page);
    if (moved) {
      window.scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
    return undefined;
  };

  document.querySelector(".skip")?.addEventListener("click", (event) => {
    // The hash is the page's state: jumping by it would lose the view.
    event.preventDefault();
    main.focus();
  });
  window.addEventListener("hashchange", () => show(true));
  start();
  show(false);
})();
