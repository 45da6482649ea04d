"use strict";
/* Plots by Vega-Lite. The library (0.9 MB) is loaded when the first plot comes into view. Expressions are interpreted, not
   compiled, so the page's policy needs no `unsafe-eval`. */
(() => {
  const { h } = LOVT;

  /* Okabe and Ito's colours, without black and yellow; shapes and dashes say the same again. */
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];

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
    legend: { labelColor: "var(--ink)", titleColor: "var(--quiet)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 190, symbolSize: 80 },
    header: { labelColor: "var(--ink)", titleColor: "var(--quiet)" },
    rule: { color: "var(--quiet)" },
    text: { color: "var(--ink)", fontSize: 12 },
    range: { category: COLOURS },
  };

  /** @param {HTMLElement} frame @param {any} spec */
  const draw = async (frame, spec) => {
    if (!(await LOVT.load("assets/vega.js")) || !window.vegaEmbed) {
      frame.replaceChildren(h("p", { class: "quiet" }, "The plot library is not beside this page; the numbers are in the table."));
      return;
    }
    const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", config: CONFIG, ...spec };
    const tooltip = { theme: "custom", disableDefaultStyle: true };
    try {
      await window.vegaEmbed(frame, full, { ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip, loader: { http: { credentials: "omit" } } });
    } finally {
      frame.dataset.drawn = "true";
    }
  };

  /**
   * Return a figure that is drawn when it comes into view.
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
      { rootMargin: "300px" },
    );
    watch.observe(frame);
    return figure;
  };

  LOVT.plot = plot;
  LOVT.COLOURS = COLOURS;
})();
