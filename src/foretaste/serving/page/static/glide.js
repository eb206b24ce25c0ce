/** Rows that stay move to their new places; rows that come are marked for a moment. */

const MILLISECONDS = 320;

/** Replaces the rows of a list by others with the same or other `data-id`. */
export function glide(list, rows) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const focused = list.contains(document.activeElement)
    ? document.activeElement.closest("[data-id]")?.dataset.id
    : null;
  const before = new Map([...list.children].map((row) => [row.dataset.id, row.getBoundingClientRect().top]));
  list.replaceChildren(...rows);
  for (const row of rows) {
    const old = before.get(row.dataset.id);
    if (old === undefined) {
      if (before.size && !still) row.classList.add("fresh");
      continue;
    }
    const moved = old - row.getBoundingClientRect().top;
    if (moved && !still)
      row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], {
        duration: MILLISECONDS,
        easing: "cubic-bezier(.2,.7,.2,1)",
      });
  }
  if (focused)
    (rows.find((row) => row.dataset.id === focused) ?? rows[0])
      ?.querySelector("button")
      ?.focus({ preventScroll: true });
}
