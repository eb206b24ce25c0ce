/** Words to the person: read out, or shown for a while. */

import { byId, el } from "./dom.js";

const SECONDS = 7;

/** Has a screen reader say something. */
export function announce(text) {
  byId("live").textContent = text;
}

/** Shows a message for some seconds. */
export function toast(text, { bad = false } = {}) {
  const note = el("p", { class: bad ? "toast bad" : "toast" }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), SECONDS * 1000);
}

/** Does something, and shows what went wrong with it. */
export async function telling(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, { bad: true });
    return undefined;
  }
}
