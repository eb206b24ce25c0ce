/** Rows that stay move to their new places; rows that come are marked for a moment. */

const MILLISECONDS = 320;

/** Replaces the rows of a list by others with the same or other `data-id`. */
export function glide(list, rows) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const focus = focusIn(list);
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
  focus?.();
}

/** What puts the focus back to where it is now: the same button of the same row, or of the first one. */
function focusIn(list) {
  const button = list.contains(document.activeElement) ? document.activeElement : null;
  const row = button?.closest("[data-id]");
  if (!row) return null;
  const place = [...row.querySelectorAll("button")].indexOf(button);
  return () => {
    const again = [...list.children].find((one) => one.dataset.id === row.dataset.id) ?? list.firstElementChild;
    again?.querySelectorAll("button")[place]?.focus({ preventScroll: true });
  };
}
