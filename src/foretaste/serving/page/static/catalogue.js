/** The catalogue beside the lists: what is popular, until something is searched for. */

import { get, part, post } from "./api.js";
import { byId, count } from "./dom.js";
import { found } from "./row.js";
import { telling } from "./say.js";
import { listen, state } from "./store.js";

const SHOWN = 40;
const PAUSE = 130;

let asked = null;

/** Lets the field search as somebody types. */
export function startCatalogue() {
  const input = byId("q");
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") focusRow(0, event);
  });
  byId("found").addEventListener("keydown", walk);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key === "/" && !typing && state.view === "explore") {
      event.preventDefault();
      input.focus();
    }
  });
  listen(["a", "b", "models"], refresh);
  return refresh();
}

/** Shows what fits the field now. */
export async function refresh() {
  const text = byId("q").value.trim();
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  await telling(async () => {
    const items = text ? await searched(text, signal) : await popular(signal);
    if (signal.aborted) return;
    byId("found").replaceChildren(...items.map(found));
    byId("found-note").textContent = text
      ? told(items.length, text)
      : "Popular now. Click an item to put it into the history.";
  });
}

/** Items by their words; both models are asked, because one may know items that the other does not. */
async function searched(text, signal) {
  const ask = (name) => get(`/v1/search?q=${part(text)}&k=${SHOWN}&details=true&model=${part(name)}`, { signal });
  const answers = await Promise.all([...new Set([state.a, state.b])].map(ask));
  const items = new Map();
  for (const item of answers.flatMap((answer) => answer.items))
    if (!items.has(item.item_id)) items.set(item.item_id, item);
  return [...items.values()].sort((one, other) => other.score - one.score).slice(0, SHOWN);
}

async function popular(signal) {
  const answer = await post("/v1/recommend", { history: [], k: SHOWN, model: state.a, details: true }, { signal });
  return answer.items;
}

function told(number, text) {
  if (!number) return `Nothing in the catalogue fits “${text}”.`;
  return number === SHOWN ? `The best ${SHOWN} for “${text}”` : `${count(number)} for “${text}”`;
}

/** Up and down through the rows. */
function walk(event) {
  const rows = [...byId("found").querySelectorAll(".title")];
  const place = rows.indexOf(event.target.closest(".row")?.querySelector(".title"));
  if (event.key === "ArrowDown") focusRow(place + 1, event);
  else if (event.key === "ArrowUp" && place === 0) {
    event.preventDefault();
    byId("q").focus();
  } else if (event.key === "ArrowUp") focusRow(place - 1, event);
}

function focusRow(place, event) {
  const row = byId("found").querySelectorAll(".title")[place];
  if (!row) return;
  event.preventDefault();
  row.focus();
}
