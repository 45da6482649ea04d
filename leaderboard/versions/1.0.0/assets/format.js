"use strict";
/* Numbers as text, with the rounding of the other renderings of a version (leaderboard.show.layout). */
(() => {
  const MISSING = "—";

  /**
   * A number with so many decimals; exact ties go to the even digit as Python rounds them.
   * @param {number} value @param {number} digits
   */
  const rounded = (value, digits) => {
    const halves = value * 2 ** (digits + 1);
    const tie = Number.isInteger(halves) && halves % 2 !== 0;
    if (!tie) return value.toFixed(digits);
    const low = Math.floor(value * 10 ** digits);
    return ((low % 2 === 0 ? low : low + 1) / 10 ** digits).toFixed(digits);
  };

  /** @param {number} value */
  const one = (value) => rounded(value, 1);

  /** @param {number | null | undefined} fraction */
  const percent = (fraction) => (fraction === null || fraction === undefined ? MISSING : one(100 * fraction));

  /**
   * What follows a mean: the half-width of its interval, or that there are too few runs for one.
   * @param {number | null | undefined} half @param {string} [before]
   */
  const halfWidth = (half, before = " ") =>
    half === null || half === undefined ? "" : `${before}${half <= 0.5 ? `± ${percent(half)}` : "(too few runs)"}`;

  /** @param {number | null | undefined} value @param {number} [digits] */
  const fixed = (value, digits = 2) =>
    value === null || value === undefined ? MISSING : rounded(value, digits);

  /** @param {number} value */
  const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "±") + one(Math.abs(100 * value));

  /** @param {number | null | undefined} value */
  const share = (value) =>
    value === null || value === undefined ? MISSING : `${Number((100 * value).toPrecision(6))} %`;

  /** @param {number | null | undefined} p */
  const pValue = (p) => (p === null || p === undefined ? MISSING : p < 0.001 ? "< 0.001" : p.toFixed(3));

  /** @param {number | null | undefined} seconds */
  const duration = (seconds) => {
    if (seconds === null || seconds === undefined) return MISSING;
    if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`;
    if (seconds < 3600) return `${(seconds / 60).toFixed(0)} min`;
    return `${(seconds / 3600).toFixed(seconds < 36000 ? 1 : 0)} h`;
  };

  /** @param {number | null | undefined} bytes */
  const bytes = (bytes) => (bytes ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : MISSING);

  /** @param {number | null | undefined} joules */
  const energy = (joules) => (joules ? `${(joules / 3.6e6).toPrecision(2)} kWh` : MISSING);

  /** @param {number} count @param {string} one @param {string} [many] */
  const plural = (count, one, many = `${one}s`) =>
    `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

  const EVIDENCE = ["declared", "validated", "reproduced", "retrained"];

  const EVIDENCE_LONG = {
    declared: "numbers or run records of the submitter, not measured by the keeper of this board",
    validated: "the weights are here and passed the checks; the keeper did not measure them",
    reproduced: "the keeper of this board evaluated these weights",
    retrained: "the keeper of this board made the weights by running the submission, and evaluated them",
  };

  LOVT.format = {
    MISSING,
    EVIDENCE,
    EVIDENCE_LONG,
    one,
    percent,
    halfWidth,
    fixed,
    signed,
    share,
    pValue,
    duration,
    bytes,
    energy,
    plural,
  };
})();
