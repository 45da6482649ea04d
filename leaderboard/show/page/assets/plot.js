"use strict";
/* Plots by Vega-Lite. The library (0.9 MB) is loaded with the first view that has a plot. Expressions are interpreted, not
   compiled, so the page's policy needs no `unsafe-eval`. */
(() => {
  const { h, s } = LOVT;

  /** Colours are variables of the style sheet: dark mode and print change them without drawing again. */
  const CONFIG = {
    background: null,
    font: "system-ui, sans-serif",
    padding: 4,
    view: { stroke: null },
    axis: {
      domainColor: "var(--line-strong)",
      gridColor: "var(--line)",
      tickColor: "var(--line-strong)",
      labelColor: "var(--quiet)",
      titleColor: "var(--quiet)",
      titleFontWeight: "normal",
      labelFontSize: 12,
      titleFontSize: 12,
      labelLimit: 190,
    },
    legend: {
      labelColor: "var(--ink)",
      titleColor: "var(--quiet)",
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: "normal",
      labelLimit: 190,
      symbolSize: 80,
    },
    header: { labelColor: "var(--ink)", titleColor: "var(--quiet)" },
    rule: { color: "var(--quiet)" },
    text: { color: "var(--ink)", fontSize: 12 },
    range: { category: LOVT.specs.LOOKS.map((look) => look.colour) },
  };

  /* Shapes as Vega draws them, around 0. */
  const SHAPES = {
    circle: "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
    square: "M-3-3H3V3H-3Z",
    "triangle-up": "M0-3.4L3.4 3H-3.4Z",
    "triangle-down": "M0 3.4L3.4-3H-3.4Z",
    diamond: "M0-4L4 0L0 4L-4 0Z",
    cross: "M-1.2-3.6H1.2V-1.2H3.6V1.2H1.2V3.6H-1.2V1.2H-3.6V-1.2H-1.2Z",
  };

  /** A legend in which colour, dash and shape stand together. @param {any[]} names @param {any[]} looks one per name */
  LOVT.legend = (names, looks) =>
    h(
      "ul",
      { class: "lines" },
      names.map((name, at) => {
        const look = looks[at];
        return h(
          "li",
          {},
          s(
            "svg",
            { width: 36, height: 12, viewBox: "0 -6 36 12", "aria-hidden": "true" },
            s("line", {
              x1: 0,
              x2: 36,
              stroke: look.colour,
              "stroke-width": 2,
              "stroke-dasharray": look.dash.join(" ") || null,
            }),
            s("path", { d: SHAPES[look.shape], transform: "translate(18 0)", fill: look.colour }),
          ),
          name,
        );
      }),
    );

  /** @param {HTMLElement} frame @param {any} spec */
  const draw = async (frame, spec) => {
    if (!(await LOVT.load("assets/vega.js")) || !window.vegaEmbed) {
      frame.replaceChildren(
        h("p", { class: "quiet" }, "The plot library is not beside this page; the numbers are in the table."),
      );
      return;
    }
    const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", config: CONFIG, ...spec };
    const tooltip = { theme: "custom", disableDefaultStyle: true };
    try {
      await window.vegaEmbed(frame, full, {
        ast: true,
        actions: false,
        defaultStyle: false,
        renderer: "svg",
        tooltip,
        loader: { http: { credentials: "omit" } },
      });
    } finally {
      frame.dataset.drawn = "true";
    }
  };

  /**
   * Return a figure that is drawn once it is on the page.
   * @param {string} label what the plot shows, in a sentence; it is the text of the picture too
   * @param {any | ((width: number) => any)} spec Vega-Lite, or what makes it for a width in pixels
   */
  const plot = (label, spec) => {
    const frame = h("div", { class: "plot", role: "img", "aria-label": label });
    const figure = h("figure", {}, frame, h("figcaption", {}, label));
    const start = () => {
      const width = Math.max(240, frame.clientWidth - 12);
      return draw(frame, typeof spec === "function" ? spec(width) : spec);
    };
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watch.disconnect();
        start();
      },
      // Wherever on the page: what is not drawn would be missing in print.
      { rootMargin: "100000px" },
    );
    watch.observe(frame);
    return figure;
  };

  LOVT.plot = plot;
})();
