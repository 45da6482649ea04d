"use strict";
/* Charts: the specifications of charts.js (leaderboard.show.plots) with the rows of a view. The library (0.9 MB) is loaded
   with the first of them. Expressions are interpreted, not compiled, so the page's policy needs no `unsafe-eval`. */
(() => {
  const { h } = LOVT;

  /** As `filled` of leaderboard.show.plots.chart. @param {any} spec @param {any[]} rows @param {number} width */
  const filled = (spec, rows, width) => {
    const labels = Object.fromEntries(rows.map((row) => [row.id, row.name]));
    const known = {
      longest: Math.max(0, ...rows.map((row) => (row.title ?? row.name).length)),
      count: rows.length,
      kinds: Object.fromEntries(
        ["from", "family", "kind"].map((field) => [field, [...new Set(rows.map((row) => row[field]).filter(Boolean))]]),
      ),
      labels,
      series: [...new Set(rows.map((row) => row.id))],
    };
    const params = Object.entries(known).map(([name, value]) => ({ name, value }));
    return { ...spec, width, datasets: { rows }, params: [...params, ...spec.params] };
  };

  /** @param {HTMLElement} frame @param {(charts: any) => any} make */
  const draw = async (frame, make) => {
    const loaded = await Promise.all([LOVT.load("charts.js"), LOVT.load("assets/vega.js")]);
    if (!loaded.every(Boolean) || !window.vegaEmbed) {
      frame.replaceChildren(
        h("p", { class: "quiet" }, "The plot library is not beside this page; the numbers are in the table."),
      );
      return;
    }
    const spec = make(window.LOVT_BENCH_CHARTS);
    const width = Math.max(spec.usermeta?.least ?? 240, frame.clientWidth - 12);
    try {
      await window.vegaEmbed(frame, spec.datasets ? filled(spec, spec.datasets.rows, width) : { ...spec, width }, {
        ast: true,
        actions: false,
        defaultStyle: false,
        renderer: "svg",
        tooltip: { theme: "custom", disableDefaultStyle: true },
        loader: { http: { credentials: "omit" } },
      });
    } finally {
      frame.dataset.drawn = "true";
    }
  };

  /**
   * Return a figure that is drawn once it is on the page.
   * @param {string} label what the chart shows, in a sentence; it is the text of the picture too
   * @param {any} chart a specification with its data, or the name of one
   * @param {(fields: (row: any) => any, series: number) => any[]} [rows] what a named one shows
   */
  LOVT.plot = (label, chart, rows = () => []) => {
    const frame = h("div", { class: "plot", role: "img", "aria-label": label });
    /** @param {any} known */
    const make = (known) => {
      if (typeof chart !== "string") return chart;
      const fields = (row) => ({ id: row.id, name: row.name, from: LOVT.board.learnedFrom(row).short });
      return { ...known.charts[chart], datasets: { rows: rows(fields, known.series) } };
    };
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watch.disconnect();
        draw(frame, make);
      },
      // Wherever on the page: what is not drawn would be missing in print.
      { rootMargin: "100000px" },
    );
    watch.observe(frame);
    return h("figure", {}, frame, h("figcaption", {}, label));
  };
})();
