/** What is in sight on the map, as a list: the map for those who do not see it, or would rather read. */

import { byId, count, el } from "./dom.js";
import { badge } from "./row.js";

const LISTED = 14;

/** Lists the most popular of the items in sight; `pick(item)` is called for the one that is chosen. */
export function listSight(seen, all, pick) {
  const best = [...seen].sort((one, other) => other.popularity - one.popularity).slice(0, LISTED);
  byId("sight-title").textContent =
    seen.length === all.length ? "In sight: everything" : `In sight: ${count(seen.length)}`;
  byId("sight").replaceChildren(...best.map((item) => entry(item, pick)));
}

function entry(item, pick) {
  const props = { type: "button", class: "quiet", title: "Add to the history", on: { click: () => pick(item) } };
  const said = el("span", { class: "unseen" }, ", add to the history");
  return el(
    "li",
    {},
    el("button", props, item.title, said),
    badge({ group: groupOf(item), popularity: item.popularity }),
  );
}

function groupOf(item) {
  if (item.popularity === 0) return "new";
  return item.head ? "head" : "tail";
}
