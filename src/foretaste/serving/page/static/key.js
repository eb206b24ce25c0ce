/** The dialog that asks for an API key. Several questions may wait for the same answer. */

import { byId, el } from "./dom.js";

let waiting = null;

/** Asks for a key; resolves when one was given. */
export function askForKey(wrong) {
  waiting ??= new Promise((resolve) => {
    const input = el("input", {
      id: "key-input",
      type: "password",
      autocomplete: "off",
      required: true,
      maxlength: 200,
      placeholder: "ft_…",
    });
    const given = (event) => {
      event.preventDefault();
      waiting = null;
      dialog.close();
      dialog.remove();
      resolve(input.value.trim());
    };
    const dialog = el(
      "dialog",
      { "aria-labelledby": "key-title", on: { cancel: (event) => event.preventDefault() } },
      el(
        "form",
        { class: "sheet", on: { submit: given } },
        el("h2", { id: "key-title" }, "This service asks for an API key"),
        el(
          "p",
          { class: "note" },
          "Whoever runs it makes one with foretaste key. It is kept in this tab only and forgotten when you close it.",
        ),
        el("p", { class: "wrong", role: "alert" }, wrong ? "The service does not know that key." : ""),
        el("div", { class: "field" }, el("label", { for: "key-input" }, "API key"), input),
        el("div", { class: "actions" }, el("button", { type: "submit" }, "Go on")),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    byId("key").hidden = false;
    input.focus();
  });
  return waiting;
}
