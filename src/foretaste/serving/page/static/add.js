/** The form that takes a new item in by its text. */

import { post } from "./api.js";
import { refresh } from "./catalogue.js";
import { byId, el, field, iconButton } from "./dom.js";
import { showItem } from "./item.js";
import { toast } from "./say.js";
import { change, state } from "./store.js";

const LABELS = { brand: "Brand", categories: "Categories, broad to narrow, with commas", category: "Category", price: "Price", description: "Description" };

/** Lets the button open the form. */
export function startAdding() {
  byId("add").addEventListener("click", open);
}

function open() {
  const columns = Object.assign({}, ...state.models.map((one) => one.columns ?? {}));
  const inputs = { item_id: input("item_id", { required: true, value: `NEW-${Date.now().toString(36).toUpperCase()}` }), title: input("title", { required: true }) };
  for (const name of Object.keys(LABELS)) if (name in columns) inputs[name] = input(name, name === "price" ? { inputmode: "decimal" } : {});
  const wrong = el("p", { class: "wrong", role: "alert" });
  const send = el("button", { type: "submit" }, "Take it in");
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    wrong.textContent = "";
    try {
      await take(read(inputs, columns));
      dialog.close();
    } catch (error) {
      wrong.textContent = [error.message, ...Object.entries(error.problem?.models ?? {}).map(([name, why]) => `${name}: ${why}`)].join("\n");
    }
    send.disabled = false;
  };
  const dialog = el(
    "dialog",
    { "aria-labelledby": "add-title", on: { close: () => dialog.remove() } },
    el(
      "form",
      { class: "sheet", on: { submit } },
      iconButton("close", "Close", () => dialog.close(), { class: "quiet icon close" }),
      el("h2", { id: "add-title" }, "A new item, by its text"),
      el("p", { class: "note" }, "Models that read texts can recommend it at once, without any training. The others cannot know it; the answer says which they are."),
      el("div", { class: "fields" }, field("Title", inputs.title), Object.keys(LABELS).filter((name) => inputs[name]).map((name) => field(LABELS[name], inputs[name])), field("Item id", inputs.item_id)),
      wrong,
      el("div", { class: "actions" }, send),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  inputs.title.focus();
}

function input(name, props) {
  const tag = name === "description" ? "textarea" : "input";
  return el(tag, { id: `new-${name}`, name, autocomplete: "off", maxlength: name === "description" ? 1000 : 250, ...props });
}

/** The form as the service takes it; empty fields are left out. */
function read(inputs, columns) {
  const item = {};
  for (const [name, { value }] of Object.entries(inputs)) {
    const text = value.trim();
    if (!text) continue;
    if (columns[name] === "number") item[name] = Number(text.replace(",", "."));
    else if (columns[name] === "list") item[name] = text.split(",").map((one) => one.trim()).filter(Boolean);
    else item[name] = text;
  }
  if (Number.isNaN(item.price)) throw new Error("The price is no number; write it as 12.50.");
  return item;
}

async function take(item) {
  const { models } = await post("/v1/items", item);
  const took = Object.keys(models).filter((name) => models[name] === "added");
  const not = Object.keys(models).filter((name) => models[name] !== "added");
  toast(`Taken in by ${took.join(", ")}.${not.length ? ` Cannot know it: ${not.join(", ")}.` : ""}`);
  if (!took.includes(state.a) && !took.includes(state.b)) change({ b: took[0] });
  change({ models: [...state.models] });
  await refresh();
  showItem(item.item_id);
}
