/** Pointers, fingers, wheel and keys on a map. */

const STEP = 60;
const CLICK = 5;

/** Lets them move a map that can `pan`, `zoom`, `whole`, find an item `at` a pixel, `point` at it, and have it `picked`. */
export function onGestures(board, map) {
  const fingers = new Map();
  let travelled = 0;
  const place = (event) => {
    const box = board.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  board.addEventListener("pointerdown", (event) => {
    board.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    travelled = fingers.size > 1 ? CLICK : 0;
  });
  board.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) return map.point(map.at(now.x, now.y));
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, where]) => where);
    fingers.set(event.pointerId, now);
    if (other)
      map.zoom(
        Math.hypot(now.x - other.x, now.y - other.y) / (Math.hypot(before.x - other.x, before.y - other.y) || 1),
        (now.x + other.x) / 2,
        (now.y + other.y) / 2,
      );
    else if (travelled >= CLICK) map.pan(now.x - before.x, now.y - before.y);
    if (travelled >= CLICK) map.point(null);
    return undefined;
  });
  board.addEventListener("pointerup", (event) => {
    const { x, y } = place(event);
    fingers.delete(event.pointerId);
    const item = travelled < CLICK ? map.at(x, y) : null;
    if (item) map.picked(item);
  });
  board.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  board.addEventListener("pointerleave", () => map.point(null));
  board.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = place(event);
      map.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), x, y);
    },
    { passive: false },
  );
  const keys = {
    ArrowLeft: () => map.pan(STEP, 0),
    ArrowRight: () => map.pan(-STEP, 0),
    ArrowUp: () => map.pan(0, STEP),
    ArrowDown: () => map.pan(0, -STEP),
    "+": () => map.zoom(1.5),
    "=": () => map.zoom(1.5),
    "-": () => map.zoom(1 / 1.5),
    0: () => map.whole(),
  };
  board.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
}
