"use strict";
/* The plots as Vega-Lite specifications: pure functions from values to JSON. Numbers are in percent where people read
   percent. */
(() => {
  /** Okabe and Ito's colours without black and yellow; dashes and shapes say the same again. */
  const LOOKS = [
    { colour: "#0072b2", dash: [], shape: "circle" },
    { colour: "#d55e00", dash: [6, 3], shape: "square" },
    { colour: "#009e73", dash: [2, 3], shape: "triangle-up" },
    { colour: "#cc79a7", dash: [8, 3, 2, 3], shape: "diamond" },
    { colour: "#56b4e9", dash: [10, 4], shape: "cross" },
    { colour: "#e69f00", dash: [4, 2, 1, 2], shape: "triangle-down" },
  ];

  const TWO = [LOOKS[0], { colour: "#d55e00", dash: [], shape: "diamond" }];

  /** Room for an axis of names: no more than the longest needs, and not all of a narrow screen. @param {string[]} names @param {number} width */
  const labelLimit = (names, width) =>
    Math.min(width < 560 ? width * 0.46 : Math.min(230, width * 0.3), 8 + 7 * Math.max(...names.map((name) => name.length)));

  /**
   * Runs of each row on one task: a small circle per run, a bar for the interval, a tick for the mean.
   * @param {{name: string, mean: number, low: number, high: number, runs: number[]}[]} rows best first
   * @param {string} metric @param {number} width
   */
  const runs = (rows, metric, width) => {
    const limit = labelLimit(
      rows.map((row) => row.name),
      width,
    );
    const y = {
      field: "name",
      type: "nominal",
      sort: null,
      title: null,
      axis: { labelLimit: limit, ticks: false, domain: false, grid: true },
    };
    const x = {
      type: "quantitative",
      title: `${metric}, %`,
      scale: { zero: false, nice: true },
      axis: { tickCount: 8 },
    };
    const points = rows.flatMap((row) =>
      row.runs.map((value, at) => ({ name: row.name, value, run: at + 1 })),
    );
    return {
      width: width - limit - 24,
      height: { step: 22 },
      layer: [
        {
          data: { values: rows.filter((row) => row.low !== null) },
          mark: { type: "rule", strokeWidth: 5, opacity: 0.35, color: "var(--mark)" },
          encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" } },
        },
        {
          data: { values: points },
          mark: {
            type: "point",
            size: 34,
            filled: false,
            strokeWidth: 1.2,
            color: "var(--ink)",
            opacity: 0.75,
          },
          encoding: {
            y,
            x: { ...x, field: "value" },
            tooltip: [{ field: "name", title: "row" }, { field: "run" }, { field: "value", format: ".2f" }],
          },
        },
        {
          data: { values: rows },
          mark: { type: "tick", thickness: 2.5, size: 16, color: "var(--mark)" },
          encoding: {
            y,
            x: { ...x, field: "mean" },
            tooltip: [
              { field: "name", title: "row" },
              { field: "mean", format: ".1f" },
              { field: "low", format: ".1f" },
              { field: "high", format: ".1f" },
            ],
          },
        },
      ],
    };
  };

  /**
   * Learning curves of at most as many rows as there are LOOKS; the legend stands beside the plot.
   * @param {{name: string, epoch: number, value: number}[]} values @param {string} metric @param {number} width
   */
  const curves = (values, metric, width) => {
    const names = [...new Set(values.map((item) => item.name))];
    const epochs = values.map((item) => item.epoch);
    const ticks = Math.max(1, Math.min(10, Math.max(...epochs) - Math.min(...epochs)));
    /** @param {any[]} range */
    const by = (range) => ({ field: "name", type: "nominal", legend: null, scale: { domain: names, range } });
    return {
      width: width - 60,
      height: 260,
      data: { values },
      encoding: {
        x: { field: "epoch", type: "quantitative", title: "epoch", axis: { tickCount: ticks, tickMinStep: 1, format: "d", grid: false } },
        y: { field: "value", type: "quantitative", title: `validation ${metric}, %`, scale: { zero: false } },
        color: by(LOOKS.map((look) => look.colour)),
        tooltip: [{ field: "name", title: "row" }, { field: "epoch" }, { field: "value", format: ".1f" }],
      },
      layer: [
        {
          mark: { type: "line", strokeWidth: 2 },
          encoding: { strokeDash: by(LOOKS.map((look) => look.dash)) },
        },
        {
          mark: { type: "point", size: 36, filled: true },
          encoding: { shape: by(LOOKS.map((look) => look.shape)) },
        },
      ],
    };
  };

  /**
   * Two rows on every task, means with intervals.
   * @param {{task: string, row: string, mean: number, low: number, high: number}[]} values @param {string[]} names
   * @param {number} width
   */
  const twoRows = (values, names, width) => {
    // Titles cut at the end would all read the same on a phone.
    if (width < 560)
      values = values.map((item) => ({ ...item, task: item.task.replace("fine-tuned", "tuned") }));
    const limit = labelLimit(
      values.map((item) => item.task),
      width,
    );
    const y = {
      field: "task",
      type: "nominal",
      sort: null,
      title: null,
      axis: { labelLimit: limit, ticks: false, domain: false, grid: true },
    };
    /** @param {any[]} range */
    const by = (range) => ({ field: "row", type: "nominal", legend: null, scale: { domain: names, range } });
    const colour = by(TWO.map((look) => look.colour));
    return {
      width: width - limit - 24,
      height: { step: 24 },
      data: { values },
      encoding: { y },
      layer: [
        {
          mark: { type: "rule", strokeWidth: 4, opacity: 0.45 },
          encoding: {
            x: {
              field: "low",
              type: "quantitative",
              title: "score, %",
              scale: { zero: false },
              axis: { tickCount: 8 },
            },
            x2: { field: "high" },
            color: colour,
          },
        },
        {
          mark: { type: "point", size: 70, filled: true, opacity: 1 },
          encoding: {
            x: { field: "mean", type: "quantitative" },
            color: colour,
            shape: by(TWO.map((look) => look.shape)),
            tooltip: [
              { field: "task" },
              { field: "row" },
              { field: "mean", format: ".1f" },
              { field: "low", format: ".1f" },
              { field: "high", format: ".1f" },
            ],
          },
        },
      ],
    };
  };

  /**
   * Cost against standing.
   * @param {{name: string, cost: number, rank: number, from: string}[]} values @param {string} title of the cost
   * @param {boolean} labels whether names stand beside the points @param {number} width
   */
  const cost = (values, title, labels, width) => ({
    width: width - (labels ? 190 : 70),
    height: Math.min(460, Math.max(300, width * 0.5)),
    data: { values },
    encoding: {
      x: {
        field: "cost",
        type: "quantitative",
        scale: { type: "log", nice: false, padding: 16 },
        title,
        axis: { grid: false, tickCount: 6, format: "~s" },
      },
      y: {
        field: "rank",
        type: "quantitative",
        scale: { reverse: true, zero: false, nice: true },
        title: "mean rank (better is up)",
      },
    },
    layer: [
      {
        mark: { type: "point", size: 70, filled: true, opacity: 0.85 },
        encoding: {
          color: {
            field: "from",
            type: "nominal",
            title: "learned from",
            legend: { orient: "bottom", columns: width < 560 ? 2 : 6 },
          },
          shape: { field: "from", type: "nominal", title: "learned from" },
          tooltip: [
            { field: "name", title: "row" },
            { field: "rank", title: "mean rank", format: ".2f" },
            { field: "cost", title, format: ",.3~s" },
          ],
        },
      },
      ...(labels
        ? [
            {
              mark: { type: "text", align: "left", dx: 8, dy: 1, limit: 150 },
              encoding: { text: { field: "name" } },
            },
          ]
        : []),
    ],
  });

  LOVT.specs = { LOOKS, TWO, runs, curves, twoRows, cost };
})();
