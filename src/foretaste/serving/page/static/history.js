/** The history: what somebody took, oldest first, to be put in another order, cut and emptied. */

import { get, part, post } from "./api.js";
import { cover } from "./cover.js";
import { byId, count, el, iconButton } from "./dom.js";
import { itemsOf } from "./links.js";
import { announce, telling, toast } from "./say.js";
import { change, listen, move, state } from "./store.js";

const EXAMPLE = 3;

let dragged = null;

/** Draws the history and lets it be filled from a user or an example. */
export function startHistory() {
  byId("clear").addEventListener("click", () => {
    change({ history: [] });
    announce("The history is empty.");
    byId("q").focus();
  });
  byId("example").addEventListener("click", () => telling(example));
  byId("user-form").addEventListener("submit", (event) => {
    event.preventDefault();
    telling(() => load(byId("user").value.trim()));
  });
  listen(["history"], draw);
  draw();
}

function draw() {
  const { history } = state;
  byId("history-note").textContent = history.length
    ? `${count(history.length)} ${history.length === 1 ? "item" : "items"}, oldest first`
    : "";
  byId("clear").hidden = !history.length;
  const blank = el("li", { class: "blank" }, "Click items in the catalogue, or try an example.");
  byId("history").replaceChildren(...(history.length ? history.map(step) : [blank]));
  byId("history").scrollLeft = byId("history").scrollWidth;
}

function step(item, place) {
  const last = state.history.length - 1;
  const on = {
    dragstart: () => (dragged = place),
    dragover: (event) => {
      event.preventDefault();
      event.currentTarget.classList.toggle("over", dragged !== place);
    },
    dragleave: (event) => event.currentTarget.classList.remove("over"),
    drop: (event) => {
      event.preventDefault();
      if (dragged !== null && dragged !== place) move(dragged, place);
      dragged = null;
    },
  };
  const button = (name, label, to, props) => iconButton(name, `${label}: ${item.title}`, () => shift(place, to), props);
  return el(
    "li",
    { class: "step", draggable: "true", "data-id": item.item_id, on },
    cover(item),
    el("p", { class: "name" }, item.title),
    el("span", { class: "place number", "aria-hidden": "true" }, place + 1),
    el(
      "div",
      { class: "moves" },
      button("left", "Move earlier", place - 1, { disabled: place === 0, "data-move": "left" }),
      button("right", "Move later", place + 1, { disabled: place === last, "data-move": "right" }),
      button("close", "Remove", null, { class: "quiet icon away", "data-move": "away" }),
    ),
  );
}

/** Moves or removes, and keeps the focus where the person works. */
function shift(from, to) {
  const { title } = state.history[from];
  const used = document.activeElement?.dataset.move;
  move(from, to);
  announce(to === null ? `Removed ${title}.` : `${title} is number ${to + 1} now.`);
  const steps = byId("history").querySelectorAll(".step");
  const next = steps[to ?? Math.min(from, steps.length - 1)];
  const buttons = next ? [...next.querySelectorAll(".moves button:not(:disabled)")] : [];
  (buttons.find((one) => one.dataset.move === used) ?? buttons[0] ?? byId("q")).focus();
}

/** The history that the service keeps of a user. */
async function load(user) {
  if (!user) return;
  const told = await get(`/v1/users/${part(user)}/history?limit=50`);
  if (!told.events.length) return toast(`Nothing is kept of a user ${user}.`);
  change({ history: await itemsOf(told.events.map((event) => event.item_id)) });
  announce(`The last ${state.history.length} items of ${user} are the history.`);
}

/** A popular item and some that are like it, so that there is something to see at once. */
async function example() {
  const { items } = await post("/v1/recommend", { history: [], k: 60, model: state.a, details: true });
  if (!items.length) return;
  const first = items[Math.floor(Math.random() * items.length)];
  const like = state.models.find((one) => one.has_vectors);
  const near = like
    ? (await get(`/v1/items/${part(first.item_id)}/similar?k=12&details=true&model=${part(like.name)}`)).items
    : items;
  const rest = near.filter((item) => item.item_id !== first.item_id).sort(() => Math.random() - 0.5);
  change({
    history: [first, ...rest].slice(0, EXAMPLE).map(({ item_id, title, details }) => ({ item_id, title, details })),
  });
  announce("An example is the history now.");
}
