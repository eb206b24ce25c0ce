/** The map of a model's items: a plane to wander in, with a list of what is in sight for those who do not see it. */

import { get, part } from "./api.js";
import { Canvas } from "./canvas.js";
import { byId, count, el, iconButton } from "./dom.js";
import { legend, paint } from "./legend.js";
import { badge } from "./row.js";
import { telling } from "./say.js";
import { append, listen, state } from "./store.js";

const AGAIN = 2500;
const LISTED = 14;

let canvas;
let items = [];
let shown = null;
let by = "popularity";
let timer;

/** Builds the view; it is filled when it is opened for the first time. */
export function startMap() {
  const view = byId("map");
  const board = el("canvas", { tabindex: 0, role: "application", "aria-labelledby": "map-title", "aria-describedby": "map-help" });
  const tip = el("p", { class: "tip", "aria-hidden": "true", hidden: true });
  view.append(
    el(
      "div",
      { class: "map-side" },
      el("h1", { id: "map-title" }, "The lie of the catalogue"),
      el("p", { class: "note", id: "map-note" }),
      el("div", { class: "choices" }, el("label", { for: "map-model" }, "Model"), el("select", { id: "map-model", on: { change: (event) => open(event.target.value) } }), el("label", { for: "map-by" }, "Colour"), chooser()),
      el("ul", { class: "legend", id: "legend" }),
      el("h2", { id: "sight-title" }, "In sight"),
      el("ol", { class: "sight", id: "sight", "aria-labelledby": "sight-title" }),
    ),
    el(
      "div",
      { class: "board" },
      board,
      tip,
      el("div", { class: "zoom" }, iconButton("plus", "Nearer", () => canvas.zoom(1.5)), iconButton("minus", "Farther", () => canvas.zoom(1 / 1.5)), iconButton("whole", "The whole map", () => canvas.whole())),
      el("p", { class: "note hint", id: "map-help" }, "Drag to wander, scroll to come nearer, click a dot to put it into the history. Keys: arrows, + and −, 0 for the whole."),
    ),
  );
  canvas = new Canvas(board, tip, { picked: add, moved: sight });
  window.addEventListener("themechange", recolour);
  listen(["view", "models"], () => state.view === "map" && open(shown ?? state.a));
  listen(["history", "answers"], mark);
  if (state.view === "map") open(state.a);
}

function chooser() {
  const change = (event) => {
    by = event.target.value;
    recolour();
  };
  return el("select", { id: "map-by", on: { change } }, el("option", { value: "popularity" }, "by popularity"), el("option", { value: "category" }, "by category"));
}

/** Shows the map of a model; asks again while a better one is being drawn. */
async function open(name) {
  clearTimeout(timer);
  const able = state.models.filter((one) => one.has_vectors).map((one) => one.name);
  const wanted = able.includes(name) ? name : [state.a, state.b, ...able].find((one) => able.includes(one));
  byId("map-model").replaceChildren(...able.map((one) => el("option", { value: one, selected: one === wanted }, one)));
  if (!wanted) {
    byId("map-note").textContent = "None of these models has item vectors to lay out.";
    return;
  }
  const told = await telling(() => get(`/v1/models/${part(wanted)}/map`));
  if (!told || state.view !== "map") return;
  const fresh = shown !== wanted;
  shown = wanted;
  items = told.item_id.map((id, i) => ({ item_id: id, title: told.title[i], x: told.x[i], y: 1 - told.y[i], popularity: told.popularity[i], head: told.head[i], group: told.group[i], category: told.category[i] }));
  items.groups = told.groups;
  items.categories = told.categories;
  const of = told.total > items.length ? `${count(items.length)} of ${count(told.total)} items` : `All ${count(items.length)} items`;
  byId("map-note").textContent = `${of} of ${wanted}, by their vectors: ${told.method === "pca" ? "two main axes" : "t-SNE"}${told.drawing ? ", a better map is being drawn …" : ""}`;
  canvas.show(items, { whole: fresh });
  recolour();
  mark();
  if (told.drawing) timer = setTimeout(() => state.view === "map" && shown === wanted && open(wanted), AGAIN);
}

function recolour() {
  if (!items.length) return;
  byId("map-by").querySelector("[value=category]").disabled = !items.categories.length;
  paint(items, by);
  byId("legend").replaceChildren(...legend(items, by));
  canvas.draw();
}

/** Rings around the history and around what the model recommends for it. */
function mark() {
  const side = ["a", "b"].find((one) => state[one] === shown);
  const next = side && state.answers[side] && !state.answers[side].fallback ? state.answers[side].items : [];
  canvas.mark(state.history.map((item) => item.item_id), next.map((item) => item.item_id));
}

function sight(seen) {
  const best = [...seen].sort((one, other) => other.popularity - one.popularity).slice(0, LISTED);
  byId("sight-title").textContent = seen.length === items.length ? "In sight: everything" : `In sight: ${count(seen.length)}`;
  byId("sight").replaceChildren(...best.map((item) => el("li", {}, el("button", { type: "button", class: "quiet", title: "Add to the history", on: { click: () => add(item) } }, item.title), badge({ group: groupOf(item), popularity: item.popularity }))));
}

function groupOf(item) {
  return item.popularity === 0 ? "new" : item.head ? "head" : "tail";
}

function add(item) {
  return telling(async () => append({ item_id: item.item_id, title: item.title, details: await get(`/v1/items/${part(item.item_id)}`) }));
}
