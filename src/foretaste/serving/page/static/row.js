/** One item of a list, and why it is there. */

import { cover, facts } from "./cover.js";
import { count, el, iconButton, share } from "./dom.js";
import { showItem } from "./item.js";
import { append, state } from "./store.js";

const GROUPS = {
  head: ["popular", "among the most popular fifth of the items"],
  tail: ["long tail", "outside the most popular fifth of the items"],
  new: ["new", "nobody had it in training"],
};

/** A row of a list of recommendations. `also` is the item's place in the other model's list, if it is there. */
export function ranked(item, place, also, other) {
  return el(
    "li",
    { class: "row", "data-id": item.item_id },
    el("span", { class: "rank number", "aria-hidden": "true" }, place),
    cover(item),
    el("div", {}, titleOf(item), el("p", { class: "meta" }, facts(item)), why(item.reasons)),
    el(
      "div",
      { class: "ends" },
      about(item),
      also &&
        el(
          "span",
          { class: "also number", title: `Number ${also} of ${other}` },
          el("span", { class: "unseen" }, `Also in ${other}, number `),
          also,
        ),
    ),
  );
}

/** A row of the catalogue. */
export function found(item) {
  return el(
    "li",
    { class: "row", "data-id": item.item_id },
    cover(item),
    el("div", {}, titleOf(item), el("p", { class: "meta" }, facts(item))),
    about(item),
  );
}

function titleOf(item) {
  const click = () => append({ item_id: item.item_id, title: item.title, details: item.details ?? {} });
  return el(
    "button",
    { type: "button", class: "title", title: "Add to the history", on: { click } },
    item.title,
    el("span", { class: "unseen" }, ", add to the history"),
  );
}

function about(item) {
  return iconButton("more", `About ${item.title}`, () => showItem(item.item_id), { class: "quiet icon more" });
}

function why(reasons) {
  if (!reasons) return null;
  return el("p", { class: "why" }, badge(reasons), parts(reasons.parts), near(reasons.nearest));
}

/** How popular an item is. */
export function badge({ group, popularity }) {
  const [name, meaning] = GROUPS[group] ?? [group, ""];
  const title = `${meaning}; ${count(popularity)} interactions in training`;
  return el(
    "span",
    { class: `badge ${group}`, title },
    name,
    group === "new" ? null : el("span", { class: "number" }, count(popularity)),
  );
}

/** What in the history it is most like. */
function near(nearest) {
  const [first] = nearest ?? [];
  if (!first) return null;
  const titleOf = (id) => state.history.find((item) => item.item_id === id)?.title ?? id;
  const all = nearest.map((one) => `${titleOf(one.item_id)} (cosine ${share(one.cosine, 2)})`);
  return el(
    "span",
    { class: "near", title: `Nearest in the history: ${all.join("; ")}` },
    el("span", { class: "what" }, "like ", el("b", {}, titleOf(first.item_id))),
    el("span", { class: "number" }, share(first.cosine, 2)),
  );
}

function parts(told) {
  const entries = Object.entries(told ?? {});
  if (entries.length < 2) return null;
  const total = entries.reduce((sum, [, value]) => sum + Math.max(value, 0), 0) || 1;
  const text = entries
    .map(([name, value]) => `${name} ${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`)
    .join(", ");
  const bars = entries.map(([name, value]) =>
    el("i", { class: name, vars: { "--share": Math.max(value, 0) / total } }),
  );
  const [name, value] = entries.reduce((best, one) => (one[1] > best[1] ? one : best));
  return el(
    "span",
    { class: "parts", title: `The score is made of: ${text}` },
    el("span", { class: "bar", "aria-hidden": "true" }, bars),
    `${name} ${Math.round((100 * Math.max(value, 0)) / total)} %`,
    el("span", { class: "unseen" }, `: ${text}`),
  );
}
