/** Bars by group and lines by epoch, drawn as SVG in the page's colours, each with a table for those who do not see it. */

import { el, share, svg } from "./dom.js";

const WIDTH = 560;
const HEIGHT = 250;
const LEFT = 44;
const BOTTOM = 46;
const TOP = 12;
const FLOOR = HEIGHT - BOTTOM;

/** Groups of bars. `groups` have `name` and `note`, each series a `name`, a `place` among the colours and `values`. */
export function bars({ title, about, groups, series }) {
  const most = ceiling(series.flatMap((one) => one.values));
  const wide = (WIDTH - LEFT) / groups.length;
  const bar = Math.min(26, (wide * 0.78) / series.length);
  const y = (value) => FLOOR - (value / most) * (FLOOR - TOP);
  const drawn = groups.map((group, column) => {
    const start = LEFT + column * wide + (wide - bar * series.length) / 2;
    const rects = series.map((one, row) => {
      const value = one.values[column] ?? 0;
      const height = Math.max(FLOOR - y(value), 1);
      return svg("rect", { x: start + row * bar + 1, y: FLOOR - height, width: Math.max(bar - 2, 1), height, rx: 2, fill: `var(--s${one.place % 8})` }, svg("title", {}, `${one.name}, ${group.name}: ${share(one.values[column])}`));
    });
    const middle = LEFT + column * wide + wide / 2;
    return [rects, svg("text", { x: middle, y: FLOOR + 18, class: "tick middle" }, group.name), svg("text", { x: middle, y: FLOOR + 34, class: "tick middle faint" }, group.note)];
  });
  return figure(title, about, series, [axis(most, y), drawn], groups.map((group) => group.name), (one, column) => one.values[column]);
}

/** Lines by epoch. `value(epoch, first)` says how high a point is. */
export function curve(title, about, lines, value) {
  const series = lines.map((one) => ({ ...one, values: one.epochs.map((epoch) => value(epoch, one.epochs[0]) ?? null) })).filter((one) => one.values.filter((found) => Number.isFinite(found)).length > 1);
  if (!series.length) return null;
  const most = ceiling(series.flatMap((one) => one.values));
  const longest = Math.max(...series.map((one) => one.values.length));
  const x = (epoch) => LEFT + 6 + (epoch / (longest - 1)) * (WIDTH - LEFT - 20);
  const y = (found) => FLOOR - (found / most) * (FLOOR - TOP);
  const paths = series.map((one) => {
    const points = one.values.map((found, epoch) => (Number.isFinite(found) ? `${x(epoch).toFixed(1)},${y(found).toFixed(1)}` : null)).filter(Boolean);
    return svg("polyline", { points: points.join(" "), class: "line", stroke: `var(--s${one.place % 8})` }, svg("title", {}, one.name));
  });
  const step = Math.max(1, Math.ceil(longest / 8));
  const ticks = Array.from({ length: longest }, (_, epoch) => epoch).filter((epoch) => epoch % step === 0);
  const labels = ticks.map((epoch) => svg("text", { x: x(epoch), y: FLOOR + 18, class: "tick middle" }, epoch + 1));
  return figure(title, about, series, [axis(most, y), labels, paths], ticks.map((epoch) => `epoch ${epoch + 1}`), (one, column) => one.values[ticks[column]]);
}

function figure(title, about, series, content, columns, valueOf) {
  const keys = series.map((one) => el("li", {}, el("i", { class: "dot", "aria-hidden": "true", vars: { background: `var(--s${one.place % 8})` } }), one.name));
  const rows = series.map((one) => el("tr", {}, el("th", { scope: "row" }, one.name), columns.map((_, column) => el("td", {}, share(valueOf(one, column))))));
  return el(
    "figure",
    { class: "figure" },
    el("figcaption", {}, el("h2", {}, title), el("p", { class: "note" }, about)),
    el("ul", { class: "legend" }, keys),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${about}. The table below has the numbers.` }, content),
    el("details", {}, el("summary", {}, "Numbers"), el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Model"), columns.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows)))),
  );
}

function axis(most, y) {
  return [0, 0.25, 0.5, 0.75, 1].map((part) => [svg("line", { x1: LEFT, x2: WIDTH, y1: y(part * most), y2: y(part * most), class: "grid" }), svg("text", { x: LEFT - 8, y: y(part * most) + 4, class: "tick end" }, tick(part * most))]);
}

function ceiling(values) {
  const most = Math.max(...values.filter(Number.isFinite), 0) || 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= most);
}

function tick(value) {
  return String(Number(value.toPrecision(3))).replace(/^0\./, ".");
}
