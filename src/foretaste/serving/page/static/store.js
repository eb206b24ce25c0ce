/** What the page knows and what was chosen, in one place. Whoever draws something listens for the names it draws. */

const listeners = [];

/** The state; change it through `change` only. */
export const state = {
  view: "explore",
  history: [],
  a: null,
  b: null,
  intent: "",
  alpha: 0.7,
  diversity: 0,
  models: [],
  settings: { images: [] },
  answers: {},
};

/** Sets some members and tells those who listen to them. */
export function change(patch) {
  const changed = Object.keys(patch).filter((name) => state[name] !== patch[name]);
  Object.assign(state, patch);
  for (const { names, tell } of listeners) {
    if (names.some((name) => changed.includes(name))) tell(changed);
  }
}

/** Calls `tell` whenever one of these members changes. */
export function listen(names, tell) {
  listeners.push({ names, tell });
}

/** What the service says of a model. */
export function model(name) {
  return state.models.find((one) => one.name === name);
}

/** Puts an item at the end of the history. */
export function append(item) {
  change({ history: [...state.history, item] });
}

/** Moves the item at one place to another; out of the history where `to` is null. */
export function move(from, to) {
  const history = [...state.history];
  const [item] = history.splice(from, 1);
  if (to !== null) history.splice(to, 0, item);
  change({ history });
}
