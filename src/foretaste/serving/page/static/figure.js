/** What charts share: a frame with a scale, a legend, and a table of the numbers for those who do not see the drawing. */

import { el, share, svg } from "./dom.js";

const HEIGHT = 250;
const MARGIN = { left: 44, top: 12, bottom: 46 };
const NICE = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10];
const LINES = 4;

/** Where values lie in a drawing: `y(value)`, and its edges. With `low` the scale begins a bit below the lowest. */
export function frame(values, { low = false } = {}) {
  const known = values.filter(Number.isFinite);
  const most = ceiling(Math.max(...known, 0));
  const lowest = Math.min(...known);
  const least = low ? Math.floor(lowest * 10) / 10 : 0;
  const top = low ? Math.ceil(Math.max(...known) * 10) / 10 : most;
  const width = document.documentElement.clientWidth < 700 ? 370 : 560;
  const floor = HEIGHT - MARGIN.bottom;
  const y = (value) => floor - ((value - least) / (top - least || 1)) * (floor - MARGIN.top);
  return { width, floor, y, least, most: top, left: MARGIN.left, right: width };
}

/** Colour of a series by its place among the models. */
export function hue(one) {
  return `var(--s${one.place % 8})`;
}

/** A dot of that colour. */
export function swatch(one) {
  return el("i", { class: one.dash ? "dot hollow" : "dot", "aria-hidden": "true", vars: { "--dot": hue(one) } });
}

/** A drawing with what belongs to it. `valueOf(series, column)` gives the numbers of the table. */
export function figure({ title, about, series, box, drawn, columns, valueOf }) {
  const described = `${title}. ${about}. The table below has the numbers.`;
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${box.width} ${HEIGHT}`, role: "img", "aria-label": described },
    axis(box),
    drawn,
  );
  return el(
    "figure",
    { class: "figure" },
    el("figcaption", {}, el("h2", {}, title), el("p", { class: "note" }, about)),
    el(
      "ul",
      { class: "legend" },
      series.map((one) => el("li", {}, swatch(one), one.name)),
    ),
    drawing,
    numbers(series, columns, valueOf),
  );
}

function numbers(series, columns, valueOf) {
  const cells = (one) => columns.map((_, column) => el("td", {}, share(valueOf(one, column))));
  const head = ["Model", ...columns].map((name) => el("th", { scope: "col" }, name));
  const rows = series.map((one) => el("tr", {}, el("th", { scope: "row" }, one.name), cells(one)));
  const table = el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows));
  return el("details", {}, el("summary", {}, "Numbers"), el("div", { class: "scroll" }, table));
}

function axis({ y, least, most, left, right }) {
  return Array.from({ length: LINES + 1 }, (_, step) => {
    const value = least + (step / LINES) * (most - least);
    const place = y(value);
    return [
      svg("line", { x1: left, x2: right, y1: place, y2: place, class: "grid" }),
      svg(
        "text",
        { x: left - 8, y: place + 4, class: "tick end" },
        String(Number(value.toPrecision(3))).replace(/^0\./, "."),
      ),
    ];
  });
}

function ceiling(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return NICE.map((step) => step * power).find((step) => step >= most * 0.999) ?? most;
}
