/** What is wished for in words, and the dials beside it. */

import { byId } from "./dom.js";
import { change, listen, state } from "./store.js";

const PAUSE = 350;

/** Lets the fields change the state, and shows what the state says. */
export function startWishes() {
  let timer;
  byId("wishes").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    change({ intent: byId("intent").value.trim() });
  });
  byId("intent").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => change({ intent: byId("intent").value.trim() }), PAUSE);
  });
  for (const name of ["alpha", "diversity"])
    byId(name).addEventListener("input", () => change({ [name]: Number(byId(name).value) }));
  listen(["intent", "alpha", "diversity", "a", "b", "models"], draw);
  draw();
}

function draw() {
  if (byId("intent").value.trim() !== state.intent) byId("intent").value = state.intent;
  byId("alpha").value = state.alpha;
  byId("diversity").value = state.diversity;
  byId("alpha").disabled = !state.intent;
  byId("alpha").setAttribute(
    "aria-valuetext",
    `${Math.round(100 * state.alpha)} % intent, ${Math.round(100 - 100 * state.alpha)} % history`,
  );
  byId("diversity").setAttribute("aria-valuetext", `${Math.round(100 * state.diversity)} %`);
  byId("intent-note").textContent = note();
}

function note() {
  const able = state.models.filter((one) => one.follows_intent).map((one) => one.name);
  if (!able.length) return "None of these models follows an intent; train alpharec for one that does.";
  if (!state.intent || able.includes(state.a) || able.includes(state.b)) return "";
  return `Neither of the two models follows an intent; choose ${able.join(" or ")}.`;
}
