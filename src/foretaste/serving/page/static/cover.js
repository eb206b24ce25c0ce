/** What stands for an item's looks: its image where the service allows its origin, otherwise a typographic cover. */

import { el } from "./dom.js";
import { state } from "./store.js";

/** The cover of an item; decoration, so nothing of it is read out. */
export function cover(item) {
  const kind = kindOf(item);
  const node = el(
    "span",
    {
      class: "cover",
      "aria-hidden": "true",
      vars: { "--hue": hue(kind), "--turn": `${100 + (hash(item.title ?? "") % 70)}deg` },
    },
    letters(kind || item.title),
  );
  const source = allowed(item.details?.image ?? item.details?.image_url);
  if (source) {
    const image = el("img", {
      src: source,
      alt: "",
      loading: "lazy",
      decoding: "async",
      referrerpolicy: "no-referrer",
    });
    image.addEventListener("error", () => image.remove());
    node.append(image);
  }
  return node;
}

/** The narrowest category of an item, or an empty text. */
export function kindOf(item) {
  const told = item.details?.categories ?? item.details?.category;
  const last = Array.isArray(told) ? told.at(-1) : told;
  return last ? String(last) : "";
}

/** Brand, price and narrowest category in one line. */
export function facts(item) {
  const { brand, price } = item.details ?? {};
  const cost =
    typeof price === "number"
      ? price.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })
      : price;
  return [brand, cost, kindOf(item)]
    .filter((one) => one !== undefined && one !== null && one !== "")
    .map(String)
    .join(" · ");
}

function allowed(text) {
  if (typeof text !== "string" || !URL.canParse(text, location.href)) return null;
  const url = new URL(text, location.href);
  return [location.origin, ...state.settings.images].includes(url.origin) ? url.href : null;
}

function letters(text) {
  const words = String(text ?? "").match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const first = [...words[0]][0].toUpperCase();
  return words.length > 1 ? first + [...words[1]][0].toLowerCase() : first + ([...words[0]][1] ?? "").toLowerCase();
}

function hue(text) {
  return hash(text) % 360;
}

function hash(text) {
  let sum = 2166136261;
  for (const letter of text) sum = Math.imul(sum ^ letter.codePointAt(0), 16777619);
  return sum >>> 0;
}
