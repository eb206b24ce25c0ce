/** The map of a model's items: a plane to wander in, with a list of what is in sight. */

import { get, part } from "./api.js";
import { Canvas } from "./canvas.js";
import { byId, count, el, iconButton } from "./dom.js";
import { legend, paint, rings } from "./legend.js";
import { telling } from "./say.js";
import { listSight } from "./sight.js";
import { append, listen, state } from "./store.js";

const AGAIN = 2500;
const METHODS = { pca: "two main axes", "t-sne": "t\u2011SNE" };
const HELP = "Drag to wander, scroll to come nearer, click a dot to put it into the history.";
const KEYS = "Keys: arrows, + and −, 0 for the whole.";

let canvas;
let items = [];
let shown = null;
let by = "popularity";
let timer;

/** Builds the view; it is filled when it is opened for the first time. */
export function startMap() {
  const board = el("canvas", {
    tabindex: 0,
    role: "application",
    "aria-labelledby": "map-title",
    "aria-describedby": "map-help",
  });
  const tip = el("p", { class: "tip", "aria-hidden": "true", hidden: true });
  const zoom = [
    iconButton("plus", "Nearer", () => canvas.zoom(1.5)),
    iconButton("minus", "Farther", () => canvas.zoom(1 / 1.5)),
    iconButton("whole", "The whole map", () => canvas.whole()),
  ];
  const hint = el("p", { class: "note hint", id: "map-help" }, `${HELP} ${KEYS}`);
  byId("map").append(side(), el("div", { class: "board" }, board, tip, el("div", { class: "zoom" }, zoom), hint));
  canvas = new Canvas(board, tip, { picked: add, moved: (seen) => listSight(seen, items, add) });
  window.addEventListener("themechange", recolour);
  listen(["view", "models"], () => state.view === "map" && open(shown ?? state.a));
  listen(["history", "answers"], mark);
  if (state.view === "map") open(state.a);
}

function side() {
  const choose = (event) => {
    by = event.target.value;
    recolour();
  };
  const ways = ["popularity", "category"].map((way) => el("option", { value: way }, `by ${way}`));
  return el(
    "div",
    { class: "map-side" },
    el("h1", { id: "map-title" }, "A map of the catalogue"),
    el("p", { class: "note", id: "map-note", role: "status" }),
    el(
      "div",
      { class: "choices" },
      el("label", { for: "map-model" }, "Model"),
      el("select", { id: "map-model", on: { change: (event) => open(event.target.value) } }),
      el("label", { for: "map-by" }, "Colour"),
      el("select", { id: "map-by", on: { change: choose } }, ways),
    ),
    el("ul", { class: "legend", id: "legend" }),
    el("ul", { class: "legend", id: "rings" }),
    el("h2", { id: "sight-title" }, "In sight"),
    el("ol", { class: "sight", id: "sight", "aria-labelledby": "sight-title" }),
  );
}

/** Shows the map of a model; asks again while a better one is being drawn. */
async function open(name) {
  clearTimeout(timer);
  const able = state.models.filter((one) => one.has_vectors).map((one) => one.name);
  const wanted = [name, state.a, state.b, ...able].find((one) => able.includes(one));
  const options = able.map((one) => el("option", { value: one, selected: one === wanted }, one));
  byId("map-model").replaceChildren(...options);
  if (!wanted) {
    byId("map-note").textContent = "None of these models has item vectors to lay out.";
    return;
  }
  const told = await telling(() => get(`/v1/models/${part(wanted)}/map`));
  if (!told || state.view !== "map") return;
  const fresh = shown !== wanted;
  shown = wanted;
  items = placed(told);
  byId("map-note").textContent = about(told);
  canvas.show(items, { whole: fresh });
  recolour();
  mark();
  if (told.drawing) timer = setTimeout(() => state.view === "map" && shown === wanted && open(wanted), AGAIN);
}

/** The columns of the answer as items; north is up. */
function placed(told) {
  const columns = ["item_id", "title", "x", "popularity", "head", "group", "category"];
  const found = told.item_id.map((_, row) => ({
    ...Object.fromEntries(columns.map((name) => [name, told[name][row]])),
    y: 1 - told.y[row],
  }));
  return Object.assign(found, { groups: told.groups, categories: told.categories });
}

function about(told) {
  const all = told.total === items.length;
  const share = all ? `All ${count(items.length)} items` : `${count(items.length)} of ${count(told.total)} items`;
  const drawing = told.drawing ? ", a better map is being drawn …" : "";
  return `${share} by the vectors that ${told.model} has of them: ${METHODS[told.method]}${drawing}`;
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
  const answer = side && !state.answers[side]?.fallback ? state.answers[side] : null;
  const next = answer?.items.map((item) => item.item_id) ?? [];
  byId("rings").replaceChildren(...(state.history.length ? rings(next.length > 0) : []));
  canvas.mark(
    state.history.map((item) => item.item_id),
    next,
  );
}

function add(item) {
  return telling(async () => {
    const details = await get(`/v1/items/${part(item.item_id)}`);
    append({ item_id: item.item_id, title: item.title, details });
  });
}
