/** The form that takes a new item in by its text. */

import { post } from "./api.js";
import { refresh } from "./catalogue.js";
import { byId, el, field, iconButton } from "./dom.js";
import { showItem } from "./item.js";
import { toast } from "./say.js";
import { change, state } from "./store.js";

const LABELS = {
  brand: "Brand",
  categories: "Categories, broad to narrow, with commas",
  category: "Category",
  description: "Description",
  price: "Price",
};
const SEND = "Take it in";
const ABOUT =
  "Models that read texts can recommend it at once, without any training. " +
  "The others cannot know it; the answer says which they are.";

/** Lets the button open the form. */
export function startAdding() {
  byId("add").addEventListener("click", open);
}

function open() {
  const columns = Object.assign({}, ...state.models.map((one) => one.columns ?? {}));
  const inputs = inputsFor(columns);
  const wrong = el("p", { class: "wrong", role: "alert" });
  const send = el("button", { type: "submit" }, SEND);
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    send.textContent = "Its text is being read …";
    wrong.textContent = "";
    try {
      const id = await take(read(inputs, columns));
      dialog.close();
      showItem(id);
    } catch (error) {
      wrong.textContent = [error.message, ...refusals(error)].join("\n");
    }
    send.disabled = false;
    send.textContent = SEND;
  };
  const dialog = el(
    "dialog",
    { "aria-labelledby": "add-title", on: { close: () => dialog.remove() } },
    el(
      "form",
      { class: "sheet", on: { submit } },
      iconButton("close", "Close", () => dialog.close(), { class: "quiet icon close" }),
      el("h2", { id: "add-title" }, "A new item, by its text"),
      el("p", { class: "note" }, ABOUT),
      el("div", { class: "fields" }, fields(inputs)),
      wrong,
      el("div", { class: "actions" }, send),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  inputs.title.focus();
}

/** A field for the id, for the title, and for what the catalogue has a column for. */
function inputsFor(columns) {
  const id = `NEW-${Date.now().toString(36).toUpperCase()}`;
  const inputs = {
    item_id: input("item_id", { required: true, value: id }),
    title: input("title", { required: true }),
  };
  for (const name of Object.keys(LABELS).filter((one) => one in columns)) {
    inputs[name] = input(name, name === "price" ? { inputmode: "decimal" } : {});
  }
  return inputs;
}

function input(name, props) {
  const [tag, maxlength] = name === "description" ? ["textarea", 1000] : ["input", 250];
  return el(tag, { id: `new-${name}`, name, autocomplete: "off", maxlength, ...props });
}

function fields({ title, price, item_id: id, ...inputs }) {
  return [
    field("Title", title),
    Object.entries(inputs).map(([name, one]) => field(LABELS[name], one)),
    el("div", { class: "pair" }, price && field(LABELS.price, price), field("Item id", id)),
  ];
}

/** The form as the service takes it; empty fields are left out. */
function read(inputs, columns) {
  const item = {};
  for (const [name, { value }] of Object.entries(inputs)) {
    if (value.trim()) item[name] = meant(columns[name], value.trim());
  }
  if (Number.isNaN(item.price)) throw new Error("The price is no number; write it as 12.50.");
  return item;
}

function meant(kind, text) {
  if (kind === "number") return Number(text.replace(",", "."));
  if (kind !== "list") return text;
  const parts = text.split(",").map((one) => one.trim());
  return parts.filter(Boolean);
}

function refusals(error) {
  return Object.entries(error.problem?.models ?? {}).map(([name, why]) => `${name}: ${why}`);
}

async function take(item) {
  const { models } = await post("/v1/items", item);
  const took = Object.keys(models).filter((name) => models[name] === "added");
  const not = Object.keys(models).filter((name) => models[name] !== "added");
  toast(`Taken in by ${took.join(", ")}.${not.length ? ` Cannot know it: ${not.join(", ")}.` : ""}`);
  if (!took.includes(state.a) && !took.includes(state.b)) change({ b: took[0] });
  change({ models: [...state.models] });
  await refresh();
  return item.item_id;
}
