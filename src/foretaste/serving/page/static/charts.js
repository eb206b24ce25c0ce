/** Bars by group and lines by epoch, drawn as SVG in the page's colours. */

import { figure, frame, hue } from "./figure.js";
import { share, svg } from "./dom.js";

const WIDEST_BAR = 26;
const DASHES = ["none", "6 4", "2 4"];

/** Groups of bars. `groups` have `name` and `note`, each series a `name`, a `place` among the colours and `values`. */
export function bars({ title, about, groups, series }) {
  const box = frame(series.flatMap((one) => one.values));
  const wide = (box.right - box.left) / groups.length;
  const bar = Math.min(WIDEST_BAR, (wide * 0.8) / series.length);
  const drawn = groups.map((group, column) => {
    const start = box.left + column * wide + (wide - bar * series.length) / 2;
    const rects = series.map((one, row) => rect(one, group.name, one.values[column], start + row * bar, bar, box));
    return [
      rects,
      label(start + (bar * series.length) / 2, box.floor + 18, group.name),
      label(start + (bar * series.length) / 2, box.floor + 33, group.note, "faint"),
    ];
  });
  const columns = groups.map((group) => group.name);
  return figure({ title, about, series, box, drawn, columns, valueOf: (one, column) => one.values[column] });
}

function rect(one, group, value, x, bar, box) {
  const height = Math.max(box.floor - box.y(value ?? 0), 1);
  const about = `${one.name}, ${group}: ${share(value)}`;
  return svg(
    "rect",
    { x: x + 0.75, y: box.floor - height, width: Math.max(bar - 1.5, 1), height, rx: 2, fill: hue(one) },
    svg("title", {}, about),
  );
}

/** Lines by epoch. `value(epoch, first)` says how high a point is; where `low` is set the scale begins below the lowest. */
export function curve({ title, about, lines, value, low = false }) {
  const series = lines
    .map((one) => ({ ...one, values: one.epochs.map((epoch) => value(epoch, one.epochs[0]) ?? null) }))
    .filter((one) => one.values.filter(Number.isFinite).length > 1);
  if (!series.length) return null;
  const box = frame(
    series.flatMap((one) => one.values),
    { low },
  );
  const longest = Math.max(...series.map((one) => one.values.length));
  const x = (epoch) => box.left + 6 + (epoch / (longest - 1)) * (box.right - box.left - 16);
  const step = Math.max(1, Math.ceil(longest / 8));
  const ticks = Array.from({ length: longest }, (_, epoch) => epoch).filter((epoch) => epoch % step === 0);
  const drawn = [
    ticks.map((epoch) => label(x(epoch), box.floor + 18, epoch + 1)),
    series.map((one) => line(one, x, box.y)),
  ];
  const columns = ticks.map((epoch) => `epoch ${epoch + 1}`);
  return figure({ title, about, series, box, drawn, columns, valueOf: (one, column) => one.values[ticks[column]] });
}

function line(one, x, y) {
  const points = one.values.flatMap((found, epoch) =>
    Number.isFinite(found) ? [`${x(epoch).toFixed(1)},${y(found).toFixed(1)}`] : [],
  );
  const look = { class: "line", stroke: hue(one), "stroke-dasharray": DASHES[one.dash ?? 0] };
  return svg("polyline", { points: points.join(" "), ...look }, svg("title", {}, one.name));
}

function label(x, y, text, more = "") {
  return svg("text", { x, y, class: `tick middle ${more}` }, text);
}
