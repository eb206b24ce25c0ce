/** Asking the service: JSON in, JSON out, problems as errors, and an API key where one is demanded. */

import { askForKey } from "./key.js";

const KEY = "foretaste-key";

/** What went wrong, in the service's own words. */
export class Refused extends Error {
  constructor(status, problem) {
    const errors = (problem.errors ?? []).map((one) => `${one.where}: ${one.message}`).join("; ");
    super([problem.detail ?? `the service answered ${status}`, errors, problem.mend].filter(Boolean).join(" – "));
    this.status = status;
    this.kind = (problem.type ?? "").split(":").pop();
    this.problem = problem;
  }
}

/** The key of this tab, or null; it is forgotten when the tab is closed. */
export function heldKey() {
  return sessionStorage.getItem(KEY);
}

/** Keeps a key for this tab; null forgets it. */
export function holdKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/** Asks once; a demand for a key is passed on to the person, and the question put again. */
export async function ask(method, path, body, { signal } = {}) {
  for (;;) {
    const key = heldKey();
    const headers = key ? { authorization: `Bearer ${key}` } : {};
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await sent(path, {
      method,
      headers,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status === 401) {
      if (heldKey() === key) holdKey(await askForKey(key !== null));
      continue;
    }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, told);
    return told;
  }
}

async function sent(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { detail: "the service cannot be reached" });
  }
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body, options) => ask("POST", path, body, options);
export const remove = (path) => ask("DELETE", path);

/** A part of a path out of anything, as a model's name or an item's id. */
export const part = encodeURIComponent;
