/** Light, dark, or as the system says; the choice is remembered. */

import { byId, icon } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };
const ICON = { auto: "auto", light: "sun", dark: "moon" };

/** Sets the theme that was chosen and lets the button change it. */
export function startTheme() {
  const button = byId("theme");
  const show = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.replaceChildren(icon(ICON[theme]));
    button.title = `Theme: ${theme === "auto" ? "as the system says" : theme}`;
    button.setAttribute("aria-label", `${button.title}. Change to ${NEXT[theme]}`);
    window.dispatchEvent(new Event("themechange"));
  };
  let theme = NEXT[localStorage.getItem("foretaste-theme")] ? localStorage.getItem("foretaste-theme") : "auto";
  show(theme);
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    localStorage.setItem("foretaste-theme", theme);
    show(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    window.dispatchEvent(new Event("themechange")),
  );
}

/** What a colour of the page is now, in a form that a canvas knows. */
export function colour(name) {
  const probe = document.createElement("i");
  probe.style.setProperty("color", `var(${name})`);
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
