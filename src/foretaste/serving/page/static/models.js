/** The models: what they are, how good they were, and how they were trained. */

import { get, part } from "./api.js";
import { card } from "./card.js";
import { bars, curve } from "./charts.js";
import { byId, count, el } from "./dom.js";
import { telling } from "./say.js";
import { listen, state } from "./store.js";
import { table } from "./table.js";

const METRICS = ["ndcg@10", "hr@10", "mrr@10", "ndcg@20", "hr@20"];
const DIVISIONS = [
  ["Popular items and the long tail", "by how often the item that came next was met in training", "items"],
  ["Short and long histories", "by what is known of the person", "users"],
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
  const usual = METRICS.filter((name) => names.includes(name));
  const shown = usual.length ? usual : names.slice(0, METRICS.length);
  if (!shown.includes(metric)) metric = shown[0] ?? metric;
  byId("models").replaceChildren(
    el(
      "div",
      { class: "models-head" },
      el("h1", { id: "models-title" }, "Models"),
      el("p", { class: "note" }, protocol(all)),
      chooser(shown),
    ),
    ...(shown.length ? [table(all, shown)] : []),
    el(
      "div",
      { class: "figures" },
      DIVISIONS.map((one) => division(all, ...one)),
      curves(all),
    ),
    el("h2", { class: "section" }, "What they are"),
    el("div", { class: "cards" }, all.map(card)),
  );
}

function chooser(names) {
  const change = (event) => {
    metric = event.target.value;
    draw();
    byId("metric").focus();
  };
  const options = names.map((name) => el("option", { value: name, selected: name === metric }, name));
  return el(
    "div",
    { class: "chosen" },
    el("label", { for: "metric" }, "Metric"),
    el("select", { id: "metric", on: { change } }, options),
  );
}

function protocol(all) {
  const told = all.map((one) => one.record.test?.protocol).find(Boolean);
  if (!told) return "Nothing was measured of these models where they lie.";
  const ranking = `${told.candidates} ranking of ${count(told.num_candidates ?? 0)} items`;
  const facts = [
    told.data,
    told.split,
    ranking,
    `seen items ${told.seen}`,
    `${count(told.evaluated_users ?? 0)} users`,
    `seed ${told.seed}`,
  ];
  return `Test set: ${facts.filter(Boolean).join(", ")}`;
}

/** A metric by group, a bar for each model; the groups are the first finer ones that the report has. */
function division(all, title, about, kind) {
  const told = all.map((one) => one.record.test?.groups?.[kind]).find(Boolean);
  if (!told) return null;
  const finer = Object.entries(told.bins ?? {}).find(([, bins]) => bins && Object.keys(bins).length > 2)?.[0];
  const of = (groups) => (finer ? groups?.bins?.[finer] : groups && { tail: groups.tail, head: groups.head }) ?? {};
  const groups = Object.entries(of(told))
    .filter(([, one]) => one?.targets)
    .map(([name, one]) => ({ name, note: count(one.targets) }));
  const values = (one) => groups.map(({ name }) => of(one.record.test?.groups?.[kind])[name]?.[metric] ?? null);
  const series = all.map((one) => ({ name: one.name, place: one.place, values: values(one) }));
  const measured = series.filter((one) => one.values.some((value) => value !== null));
  return groups.length && measured.length
    ? bars({ title, about: `${metric} ${about}; below it, how many`, groups, series: measured })
    : null;
}

function curves(all) {
  const lines = all.flatMap((one) => {
    const stages = Object.entries(one.record.curves ?? {});
    const name = (stage) => (stages.length > 1 ? `${one.name}, ${stage}` : one.name);
    return stages.map(([stage, epochs], dash) => ({ name: name(stage), place: one.place, dash: dash % 3, epochs }));
  });
  const loss = { title: "How the training went", about: "Loss by epoch, as a share of the first epoch’s" };
  const valid = { title: "What validation saw", about: `${metric} on the validation targets by epoch` };
  return [
    curve({ ...loss, lines, value: (epoch, first) => epoch.loss / first.loss, low: true }),
    curve({ ...valid, lines, value: (epoch) => epoch.valid?.[metric] }),
  ];
}
