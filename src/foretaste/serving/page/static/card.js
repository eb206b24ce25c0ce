/** One model: what it is, and the way to a new version and back. */

import { get, part, post } from "./api.js";
import { count, el, share } from "./dom.js";
import { swatch } from "./figure.js";
import { telling, toast } from "./say.js";
import { change } from "./store.js";

/** The card of a model. */
export function card(one) {
  const terms = facts(one).map(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value ?? "–"))]);
  const reload = el(
    "button",
    { type: "button", class: "line", on: { click: () => act(one, "reload", "is at") } },
    "Read it again",
  );
  const back = { type: "button", class: "quiet", on: { click: () => act(one, "rollback", "is back at") } };
  return el(
    "section",
    { class: "card", "aria-label": one.name },
    el("h3", {}, swatch(one), one.name),
    el("dl", {}, terms),
    el("div", { class: "actions" }, reload, one.previous_version && el("button", back, "Back to the version before")),
  );
}

function facts(one) {
  const recall = one.index["recall@10"];
  return [
    ["Recipe", one.recipe],
    ["Version", one.version],
    ...(one.previous_version ? [["Before it", one.previous_version]] : []),
    ["Items", count(one.items)],
    ["Reads texts with", one.encoder?.name ?? "nothing"],
    ["Follows intents", one.follows_intent ? "yes" : "no"],
    ["Index", recall ? `${one.index.kind}, recall@10 ${share(recall, 2)}` : one.index.kind],
    ["Share of traffic", `${Math.round(100 * one.share)} %`],
  ];
}

function act(one, how, said) {
  return telling(async () => {
    const told = await post(`/v1/models/${part(one.name)}/${how}`);
    const { models } = await get("/v1/models");
    change({ models });
    const same = told.version === one.version;
    toast(
      same ? `${one.name} was read again; nothing in it has changed.` : `${one.name} ${said} version ${told.version}.`,
    );
  });
}
