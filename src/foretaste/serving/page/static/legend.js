/** What the colours of the map mean. */

import { el } from "./dom.js";
import { colour } from "./theme.js";

const RAMP = ["--m0", "--m1", "--m2", "--m3", "--m4"];
const SERIES = ["--s0", "--s1", "--s2", "--s3", "--s4", "--s5", "--s6", "--s7"];

/** Gives each item its colour, by `popularity` or by `category`. */
export function paint(items, by) {
  const names = by === "popularity" ? scale(items.groups.length) : SERIES;
  const colours = names.map(colour);
  const rest = colour("--rest");
  for (const item of items) item.colour = colours[by === "popularity" ? item.group : item.category] ?? rest;
}

/** The entries that explain them. */
export function legend(items, by) {
  const labels = by === "popularity" ? items.groups : items.categories;
  const names = by === "popularity" ? scale(labels.length) : SERIES;
  const entries = labels.map((label, place) => entry(label, names[place]));
  if (by === "popularity") return [el("li", { class: "unit" }, "times in training"), ...entries];
  return items.some((item) => item.category < 0) ? [...entries, entry("others", "--rest")] : entries;
}

function entry(label, name) {
  return el("li", {}, el("i", { class: "dot", "aria-hidden": "true", vars: { "--dot": `var(${name})` } }), label);
}

/** What the rings mean. */
export function rings(follows) {
  const ring = (label, name) =>
    el("li", {}, el("i", { class: "dot ring", "aria-hidden": "true", vars: { "--dot": `var(${name})` } }), label);
  return [ring("history", "--ink"), follows && ring("what comes next", "--new")].filter(Boolean);
}

/** As many steps of the ramp as there are groups, the most popular always the last. */
function scale(length) {
  return Array.from(
    { length },
    (_, place) => RAMP[length < 2 ? 0 : Math.round((place * (RAMP.length - 1)) / (length - 1))],
  );
}
