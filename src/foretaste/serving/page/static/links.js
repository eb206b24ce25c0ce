/** The address holds what was chosen, so that a comparison can be sent to a colleague and the way back works. */

import { get, part } from "./api.js";
import { change, listen, state } from "./store.js";

const VIEWS = ["explore", "map", "models"];
const LONGEST = 200;

let reading = false;

/** Starts to follow the address and to write it. */
export async function startLinks() {
  await read();
  listen(["history", "a", "b", "intent", "alpha", "diversity"], () => write("replaceState"));
  listen(["view"], () => write("pushState"));
  window.addEventListener("popstate", read);
  window.addEventListener("hashchange", read);
}

async function read() {
  if (!location.hash.includes("=") && location.hash.length > 1) return; // a jump inside the page
  const told = new URLSearchParams(location.hash.slice(1));
  const names = state.models.map((one) => one.name);
  const chosen = (key, otherwise) => (names.includes(told.get(key)) ? told.get(key) : otherwise);
  const number = (key, otherwise) =>
    told.has(key) && Number(told.get(key)) >= 0 && Number(told.get(key)) <= 1 ? Number(told.get(key)) : otherwise;
  reading = true;
  change({
    view: VIEWS.includes(told.get("view")) ? told.get("view") : "explore",
    a: chosen("a", state.a),
    b: chosen("b", state.b),
    intent: told.get("intent")?.slice(0, 300) ?? state.intent,
    alpha: number("alpha", state.alpha),
    diversity: number("diversity", state.diversity),
  });
  reading = false;
  if (!told.has("h")) return write("replaceState");
  const ids = told.get("h").split("~").filter(Boolean).map(decoded).slice(0, LONGEST);
  if (ids.join("\n") !== state.history.map((item) => item.item_id).join("\n")) change({ history: await itemsOf(ids) });
}

/** Items by their ids; of those that are gone the id stands alone. */
export async function itemsOf(ids) {
  return Promise.all(
    ids.map(async (id) => {
      const known = state.history.find((item) => item.item_id === id);
      const details = known?.details ?? (await get(`/v1/items/${part(id)}`).catch(() => ({})));
      return { item_id: id, title: details.title ?? id, details };
    }),
  );
}

function write(how) {
  const told = new URLSearchParams({ view: state.view, a: state.a ?? "", b: state.b ?? "" });
  if (state.history.length)
    told.set("h", state.history.map((item) => encodeURIComponent(item.item_id).replaceAll("~", "%7E")).join("~"));
  if (state.intent) told.set("intent", state.intent);
  if (state.intent && state.alpha !== 0.7) told.set("alpha", state.alpha);
  if (state.diversity) told.set("diversity", state.diversity);
  if (`#${told}` !== location.hash) history[reading ? "replaceState" : how](null, "", `#${told}`);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
