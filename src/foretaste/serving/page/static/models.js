/** The models: what they are, how good they were, how they were trained, and the way to a new version and back. */

import { get, part, post } from "./api.js";
import { bars, curve } from "./charts.js";
import { byId, count, el, share } from "./dom.js";
import { telling, toast } from "./say.js";
import { change, listen, state } from "./store.js";

const METRICS = ["ndcg@10", "hr@10", "mrr@10", "ndcg@20", "hr@20"];
const DIVISIONS = [
  ["Whom the items are for", "By popularity of the item that came next", (groups) => groups?.items, "items"],
  ["How much is known of the person", "By length of the history", (groups) => groups?.users, "users"],
];

let metric = "ndcg@10";
let records = new Map();

/** Builds the view when it is opened, and again when a model changes. */
export function startModels() {
  listen(["view", "models"], () => state.view === "models" && telling(open));
  if (state.view === "models") telling(open);
}

async function open() {
  const told = await Promise.all(state.models.map((one) => get(`/v1/models/${part(one.name)}/evaluation`)));
  records = new Map(told.map((record) => [record.model, record]));
  draw();
}

function draw() {
  const all = state.models.map((one, place) => ({ ...one, place, record: records.get(one.name) ?? {} }));
  const names = [...new Set(all.flatMap((one) => Object.keys(one.metrics)))];
  const known = METRICS.filter((name) => names.includes(name));
  if (!known.includes(metric)) metric = known[0] ?? names[0] ?? metric;
  const choose = el("select", { id: "metric", on: { change: (event) => redraw(event.target.value) } }, (known.length ? known : names).map((name) => el("option", { value: name, selected: name === metric }, name)));
  byId("models").replaceChildren(
    el("div", { class: "models-head" }, el("h1", { id: "models-title" }, "Models"), el("p", { class: "note" }, protocol(all)), el("div", { class: "chosen" }, el("label", { for: "metric" }, "Metric"), choose)),
    table(all, known.length ? known : names.slice(0, 5)),
    el("div", { class: "figures" }, DIVISIONS.map(([title, about, pick]) => division(title, about, all, pick)), curves(all)),
    el("h2", { class: "section" }, "What they are"),
    el("div", { class: "cards" }, all.map(card)),
  );
}

function redraw(name) {
  metric = name;
  draw();
  byId("metric").focus();
}

function protocol(all) {
  const told = all.map((one) => one.record.test?.protocol).find(Boolean);
  if (!told) return "Nothing was measured of these models where they lie.";
  const facts = [told.data, `${told.split} split`, `${told.candidates} ranking of ${count(told.num_candidates ?? 0)} items`, `seen items ${told.seen}`, `${count(told.evaluated_users ?? 0)} users`, `seed ${told.seed}`];
  return `Test set: ${facts.filter(Boolean).join(", ")}`;
}

function table(all, names) {
  const best = Object.fromEntries(names.map((name) => [name, Math.max(...all.map((one) => one.metrics[name] ?? -1))]));
  const row = (one) =>
    el("tr", {}, el("th", { scope: "row" }, swatch(one), one.name), names.map((name) => el("td", { class: one.metrics[name] === best[name] ? "number best" : "number" }, share(one.metrics[name]))), el("td", { class: "number" }, share(one.record.test?.beyond?.coverage, 2)), el("td", { class: "number" }, seconds(one.record.seconds)));
  const head = el("tr", {}, el("th", { scope: "col" }, "Model"), names.map((name) => el("th", { scope: "col" }, name)), el("th", { scope: "col", title: "Share of the catalogue in the lists" }, "coverage"), el("th", { scope: "col" }, "trained in"));
  return el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Test metrics" }, el("table", {}, el("caption", { class: "unseen" }, "Test metrics of each model"), el("thead", {}, head), el("tbody", {}, all.map(row))));
}

/** One chart: a metric by group, a bar for each model. */
function division(title, about, all, pick) {
  const bins = all.map((one) => pick(one.record.test?.groups)).find(Boolean);
  if (!bins) return null;
  const fine = Object.values(bins.bins ?? {}).find((one) => one && Object.keys(one).length > 2) ?? { head: bins.head, tail: bins.tail };
  const kind = Object.entries(bins.bins ?? {}).find(([, one]) => one === fine)?.[0];
  const groups = Object.entries(fine).filter(([, one]) => one?.targets).map(([name, one]) => ({ name, note: count(one.targets) }));
  const of = (one, name) => (kind ? pick(one.record.test?.groups)?.bins?.[kind] : pick(one.record.test?.groups))?.[name]?.[metric] ?? null;
  const series = all.map((one) => ({ name: one.name, place: one.place, values: groups.map(({ name }) => of(one, name)) }));
  return bars({ title, about: `${metric} – ${about.toLowerCase()}; below it, how many were asked`, groups, series: series.filter((one) => one.values.some((value) => value !== null)) });
}

function curves(all) {
  const lines = all.flatMap((one) => Object.entries(one.record.curves ?? {}).map(([stage, epochs]) => ({ name: Object.keys(one.record.curves).length > 1 ? `${one.name} · ${stage}` : one.name, place: one.place, epochs })));
  if (!lines.length) return null;
  return [curve("How the training went", "Loss by epoch, as a share of the first", lines, (one, first) => one.loss / first.loss), curve("What validation saw", `${metric} by epoch`, lines, (one) => one.valid?.[metric])];
}

function card(one) {
  const act = (how, said) => () =>
    telling(async () => {
      const told = await post(`/v1/models/${part(one.name)}/${how}`);
      const { models } = await get("/v1/models");
      change({ models });
      toast(told.version === one.version ? `${one.name} was read again; nothing has changed in it.` : `${one.name} ${said} version ${told.version}.`);
    });
  const facts = [["Recipe", one.recipe], ["Version", one.version], ["Before it", one.previous_version ?? "–"], ["Items", count(one.items)], ["Data", one.data?.name], ["Reads texts with", one.encoder?.name ?? "nothing"], ["Index", `${one.index.kind}${one.index["recall@10"] ? `, recall@10 ${share(one.index["recall@10"], 2)}` : ""}`], ["Share of traffic", `${Math.round(100 * one.share)} %`]];
  return el(
    "section",
    { class: "card", "aria-label": one.name },
    el("h3", {}, swatch(one), one.name),
    el("dl", {}, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value ?? "–"))])),
    el("div", { class: "actions" }, el("button", { type: "button", class: "line", on: { click: act("reload", "is at") } }, "Read it again"), one.previous_version && el("button", { type: "button", class: "quiet", on: { click: act("rollback", "is back at") } }, "Back to the version before")),
  );
}

function swatch(one) {
  return el("i", { class: "dot", "aria-hidden": "true", vars: { background: `var(--s${one.place % 8})` } });
}

function seconds(told) {
  const total = Object.values(told ?? {}).reduce((sum, one) => sum + (typeof one === "number" ? one : 0), 0);
  if (!total) return "–";
  return total < 100 ? `${total.toFixed(0)} s` : total < 6000 ? `${(total / 60).toFixed(0)} min` : `${(total / 3600).toFixed(1)} h`;
}
