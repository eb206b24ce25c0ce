/** The page's start: what the service has, then the parts, each of which draws itself and listens. */

import { startAdding } from "./add.js";
import { get, heldKey, holdKey } from "./api.js";
import { startCatalogue } from "./catalogue.js";
import { byId, count, el } from "./dom.js";
import { startHistory } from "./history.js";
import { startLinks } from "./links.js";
import { startLists } from "./lists.js";
import { startMap } from "./map.js";
import { startModels } from "./models.js";
import { change, listen, state } from "./store.js";
import { startTheme } from "./theme.js";
import { startWishes } from "./wishes.js";

const TITLES = { explore: "Explore", map: "Map", models: "Models" };

startTheme();
start().catch((error) =>
  byId("main").append(el("p", { class: "empty", role: "alert" }, `The page cannot start: ${error.message}.`)),
);

async function start() {
  const settings = await get("/page/settings.json");
  const { models } = await get("/v1/models");
  const [a, b] = opening(models);
  change({ settings, models, a, b });
  await startLinks();
  startViews();
  startKey();
  about();
  listen(["models"], about);
  startHistory();
  startWishes();
  startMap();
  startModels();
  startAdding();
  await Promise.all([startCatalogue(), startLists()]);
}

/** The two models to begin with: the first, and the best of those that read texts, or simply the next. */
function opening(models) {
  const quality = (one) => one.metrics["ndcg@10"] ?? 0;
  const [first, ...others] = models;
  const reading = others.filter((one) => one.encoder).sort((one, other) => quality(other) - quality(one));
  return [first.name, (reading[0] ?? others[0] ?? first).name];
}

function startViews() {
  for (const link of document.querySelectorAll("[data-view]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      change({ view: link.dataset.view });
      byId("main").focus({ preventScroll: true });
      scrollTo(0, 0);
    });
  }
  listen(["view"], show);
  show();
}

function show() {
  for (const view of document.querySelectorAll(".view")) view.hidden = view.id !== state.view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${TITLES[state.view]} – Foretaste`;
}

function startKey() {
  byId("key").hidden = heldKey() === null;
  byId("key").title = "Forget the API key of this tab";
  byId("key").addEventListener("click", () => {
    holdKey(null);
    location.reload();
  });
}

function about() {
  const [first] = state.models;
  const items = Math.max(...state.models.map((one) => one.items));
  const models = `${count(state.models.length)} ${state.models.length === 1 ? "model" : "models"}`;
  byId("about").textContent = `${first.data?.name ?? "catalogue"} · ${count(items)} items · ${models}`;
}
