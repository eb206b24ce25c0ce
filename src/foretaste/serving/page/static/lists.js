/** The lists of two models side by side, asked for again whenever something changes. */

import { heldKey, post } from "./api.js";
import { byId, el, share } from "./dom.js";
import { glide } from "./glide.js";
import { ranked } from "./row.js";
import { announce, toast } from "./say.js";
import { change, listen, model, state } from "./store.js";

const K = 10;
const PAUSE = 40;

const waiting = {};
let timer;

/** Draws the two lists and keeps them up to date. */
export function startLists() {
  for (const side of ["a", "b"])
    byId(`list-${side}`).append(el("div", { class: "who" }), el("div", { class: "told" }), el("ol", { class: "rows" }));
  byId("curl").addEventListener("click", copy);
  listen(["history", "intent", "alpha", "diversity", "a", "b", "models"], () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  });
  return refresh();
}

/** The question to one model as the service is asked it; an intent is left out where it cannot be followed. */
export function question(name) {
  const asked = { history: state.history.map((item) => item.item_id), k: K, model: name, reasons: true, details: true };
  if (state.intent && model(name)?.follows_intent) Object.assign(asked, { intent: state.intent, alpha: state.alpha });
  if (state.diversity) asked.diversity = state.diversity;
  return asked;
}

async function refresh() {
  const done = await Promise.all(["a", "b"].map(answer));
  if (done.includes(false)) return;
  draw();
  const first = (side) => state.answers[side]?.items[0]?.title;
  announce(
    `Lists updated. ${state.a}: first is ${first("a") ?? "nothing"}. ${state.b}: first is ${first("b") ?? "nothing"}.`,
  );
}

/** Asks one model; false if another question came in the meantime. */
async function answer(side) {
  waiting[side]?.abort();
  const { signal } = (waiting[side] = new AbortController());
  byId(`list-${side}`).setAttribute("aria-busy", "true");
  const began = performance.now();
  try {
    const told = await post("/v1/recommend", question(state[side]), { signal });
    change({ answers: { ...state.answers, [side]: { ...told, ms: performance.now() - began } } });
  } catch (error) {
    if (error.name === "AbortError") return false;
    change({ answers: { ...state.answers, [side]: { items: [], notes: [error.message], failed: true } } });
  }
  if (signal.aborted) return false;
  byId(`list-${side}`).removeAttribute("aria-busy");
  return true;
}

function draw() {
  const { a, b } = state.answers;
  const places = (told) => new Map(told.items.map((item, place) => [item.item_id, place + 1]));
  drawSide("a", a, places(b));
  drawSide("b", b, places(a));
  const common = a.items.filter((item) => places(b).has(item.item_id)).length;
  byId("common").textContent =
    a.items.length && b.items.length ? `${common} of ${Math.min(a.items.length, b.items.length)} in common` : "";
}

function drawSide(side, told, others) {
  const [who, notes, rows] = byId(`list-${side}`).children;
  const other = state[side === "a" ? "b" : "a"];
  who.replaceChildren(...heading(side, told));
  notes.replaceChildren(...notesOf(side, told).map((text) => el("p", {}, text)));
  glide(
    rows,
    told.items.map((item, place) => ranked(item, place + 1, others.get(item.item_id), other)),
  );
}

function heading(side, told) {
  const label = side === "a" ? "First model" : "Second model";
  const options = state.models.map((one) =>
    el("option", { value: one.name, selected: one.name === state[side] }, one.name),
  );
  const select = el(
    "select",
    { "aria-label": label, on: { change: (event) => change({ [side]: event.target.value }) } },
    options,
  );
  const quality = model(state[side])?.metrics?.["ndcg@10"];
  const facts = [
    quality === undefined ? null : `ndcg@10 ${share(quality)}`,
    told.ms ? `${Math.max(1, Math.round(told.ms))} ms` : null,
  ];
  return [select, el("p", { class: "note number" }, facts.filter(Boolean).join(" · "))];
}

/** What a reader should know of a list, as sentences. */
function notesOf(side, told) {
  const notes = [...told.notes];
  if (state.intent && !model(state[side])?.follows_intent) {
    notes.push("this model follows no intent: the list goes by the history alone");
  }
  return [...new Set(notes)].map((note) => `${note[0].toUpperCase()}${note.slice(1)}.`);
}

/** Puts the question to the first model into the clipboard, for a terminal; the key is left to the terminal. */
async function copy() {
  const body = JSON.stringify(question(state.a)).replaceAll("'", "'\\''");
  const key = heldKey() ? ' -H "authorization: Bearer $KEY"' : "";
  const text = `curl ${location.origin}/v1/recommend -H 'content-type: application/json'${key} -d '${body}'`;
  try {
    await navigator.clipboard.writeText(text);
    toast("The question to the first model is in the clipboard.");
  } catch {
    toast(text);
  }
}
