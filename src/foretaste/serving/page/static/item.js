/** The sheet of one item: everything the catalogue has, what is like it, and what can be done with it. */

import { get, part, remove } from "./api.js";
import { refresh } from "./catalogue.js";
import { cover, facts } from "./cover.js";
import { count, el, iconButton } from "./dom.js";
import { telling, toast } from "./say.js";
import { append, change, model, state } from "./store.js";

const HIDDEN = new Set(["item_id", "title", "description", "image", "image_url", "popularity"]);
const LIKE = 4;
const LEADING = 3;
const LEAD = "See what its neighbours lead to";
const TIMES = /(_at|time|date)$/;
const [EARLIEST, LATEST] = [1e8, 1e10];

/** Opens the sheet of an item. */
export function showItem(id) {
  return telling(async () => {
    const details = await get(`/v1/items/${part(id)}`);
    const item = { item_id: id, title: details.title ?? id, details };
    const [name, like] = await similar(id, details.popularity);
    const dialog = el("dialog", { "aria-labelledby": "item-title", on: { close: () => dialog.remove() } });
    dialog.append(sheet(item, name, like, () => dialog.close()));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What is like it, and which model says so: the first that can compare and knows it, the chosen two before others. */
async function similar(id, popularity) {
  const able = [state.a, state.b, ...state.models.map((one) => one.name)].filter((name) => model(name).has_vectors);
  if (!popularity) able.sort((one, other) => Boolean(model(other).encoder) - Boolean(model(one).encoder));
  for (const name of new Set(able)) {
    const told = await get(`/v1/items/${part(id)}/similar?k=${LIKE}&details=true&model=${part(name)}`).catch(
      () => null,
    );
    if (told) return [name, told.items];
  }
  return [null, []];
}

function sheet(item, name, like, close) {
  const { description, popularity } = item.details;
  const then = (work) => () => {
    close();
    work();
  };
  const leads = () => change({ history: near.slice(0, LEADING).reverse() });
  const near = like.map(({ item_id, title, details }) => ({ item_id, title, details }));
  return el(
    "div",
    { class: "sheet" },
    iconButton("close", "Close", close, { class: "quiet icon close" }),
    el(
      "div",
      { class: "lead" },
      cover(item),
      el("div", {}, el("h2", { id: "item-title" }, item.title), el("p", { class: "note" }, facts(item))),
    ),
    description && el("p", { class: "text" }, String(description)),
    el(
      "dl",
      {},
      rowsOf(item.details),
      term("In training", popularity ? `${count(popularity)} interactions` : "never"),
      term("Item id", item.item_id),
    ),
    like.length > 0 &&
      el(
        "div",
        {},
        el("h3", {}, `Most like it, says ${name}`),
        el(
          "ul",
          { class: "rows compact" },
          near.map((one) => small(one, then)),
        ),
      ),
    el(
      "div",
      { class: "actions" },
      el("button", { type: "button", on: { click: then(() => append(item)) } }, "Add to the history"),
      near.length > 0 && el("button", { type: "button", class: "line", on: { click: then(leads) } }, LEAD),
      el("button", { type: "button", class: "danger quiet", on: { click: then(() => takeOut(item)) } }, "Take out"),
    ),
  );
}

function rowsOf(details) {
  return Object.entries(details)
    .filter(([name, value]) => !HIDDEN.has(name) && value !== null)
    .map(([name, value]) => term(name.replaceAll("_", " "), readable(name, value)));
}

/** Lists as paths, seconds since 1970 as dates, the rest as it is. */
function readable(name, value) {
  if (Array.isArray(value)) return value.join(" › ");
  const isTime = TIMES.test(name) && Number.isInteger(value) && value > EARLIEST && value < LATEST;
  return isTime ? new Date(value * 1000).toISOString().slice(0, 10) : value;
}

function term(name, value) {
  return [el("dt", {}, name), el("dd", {}, String(value))];
}

function small(item, then) {
  const click = then(() => showItem(item.item_id));
  return el(
    "li",
    { class: "row" },
    cover(item),
    el(
      "div",
      {},
      el("button", { type: "button", class: "title", on: { click } }, item.title),
      el("p", { class: "meta" }, facts(item)),
    ),
  );
}

function takeOut(item) {
  return telling(async () => {
    if (!confirm(`Take “${item.title}” out of the catalogue? Histories may still hold it.`)) return;
    await remove(`/v1/items/${part(item.item_id)}`);
    toast(`“${item.title}” is out of the catalogue.`);
    change({ models: [...state.models] });
    await refresh();
  });
}
