/** The models' test figures side by side. */

import { el, share } from "./dom.js";
import { swatch } from "./figure.js";

/** One row for each model, one column for each metric, the best in bold. */
export function table(all, names) {
  const best = Object.fromEntries(names.map((name) => [name, Math.max(...all.map((one) => one.metrics[name] ?? -1))]));
  const heads = [...names.map((name) => [name]), ["coverage", "Share of the catalogue in the lists"], ["trained in"]];
  const head = heads.map(([name, title]) => el("th", { scope: "col", title }, name));
  const cells = (one) => names.map((name) => cell(share(one.metrics[name]), one.metrics[name] === best[name]));
  const more = (one) => [cell(share(one.record.test?.beyond?.coverage, 2)), cell(duration(one.record.seconds))];
  const rows = all.map((one) => el("tr", {}, el("th", { scope: "row" }, swatch(one), one.name), cells(one), more(one)));
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Test metrics" },
    el(
      "table",
      {},
      el("caption", { class: "unseen" }, "Test metrics of each model"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Model"), head)),
      el("tbody", {}, rows),
    ),
  );
}

function cell(text, best = false) {
  return el("td", { class: best ? "number best" : "number" }, text);
}

function duration(told) {
  const total = Object.values(told ?? {}).reduce((sum, one) => sum + (typeof one === "number" ? one : 0), 0);
  if (!total) return "–";
  if (total < 100) return `${Math.max(1, Math.round(total))} s`;
  return total < 6000 ? `${Math.round(total / 60)} min` : `${(total / 3600).toFixed(1)} h`;
}
