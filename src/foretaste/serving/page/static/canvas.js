/** Draws dots on a canvas and lets somebody wander among them, by pointer, wheel, fingers or keys. */

import { onGestures } from "./gestures.js";
import { paintDots, paintRings } from "./painter.js";

const MARGIN = 28;
const CLOSEST = 40;
const REACH = 14;
const MILLISECONDS = 900;

/** One map. `picked(item)` is told of clicks, `moved(items)` of what is in sight. */
export class Canvas {
  constructor(board, tip, { picked, moved }) {
    Object.assign(this, {
      board,
      tip,
      picked,
      moved,
      items: [],
      near: null,
      path: [],
      next: [],
      scale: 1,
      x: 0.5,
      y: 0.5,
    });
    this.pen = board.getContext("2d");
    new ResizeObserver(() => this.resize()).observe(board);
    onGestures(board, this);
  }

  /** Shows items by their places in the unit square; those that were there before glide. */
  show(items, { whole }) {
    const before = new Map(this.items.map((item) => [item.item_id, item]));
    const still = whole || matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const item of items) {
      const old = still ? undefined : before.get(item.item_id);
      Object.assign(item, { fromX: old?.nowX ?? item.x, fromY: old?.nowY ?? item.y });
    }
    this.items = items;
    this.began = still ? -Infinity : performance.now();
    if (whole) this.whole();
    this.draw();
  }

  /** Rings: the history in its order, and what follows it. */
  mark(path, next) {
    this.path = path;
    this.next = next;
    this.draw();
  }

  whole() {
    Object.assign(this, { scale: 1, x: 0.5, y: 0.5 });
    this.draw();
  }

  /** Comes nearer to a point of the board, given in its pixels; the middle when none is given. */
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const scale = Math.min(CLOSEST, Math.max(1, this.scale * factor));
    const change = 1 / (this.size() * this.scale) - 1 / (this.size() * scale);
    this.go(this.x + (left - this.width / 2) * change, this.y + (top - this.height / 2) * change, scale);
  }

  /** Wanders by pixels. */
  pan(right, down) {
    const unit = this.size() * this.scale;
    this.go(this.x - right / unit, this.y - down / unit, this.scale);
  }

  go(x, y, scale) {
    Object.assign(this, { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)), scale });
    this.draw();
  }

  /** The item under a pixel, or none. */
  at(left, top) {
    let best = null;
    let nearest = REACH;
    for (const item of this.items) {
      const distance = Math.hypot(item.left - left, item.top - top);
      if (distance < nearest) [best, nearest] = [item, distance];
    }
    return best;
  }

  /** Shows the title of an item beside it; of none, nothing. */
  point(item) {
    if (this.near === item) return;
    this.near = item;
    this.tip.hidden = !item;
    if (item) {
      this.tip.textContent = item.title;
      this.tip.style.setProperty("left", `${Math.min(item.left, this.width - 240)}px`);
      this.tip.style.setProperty("top", `${item.top + 14}px`);
    }
    this.draw();
  }

  resize() {
    const { width, height } = this.board.getBoundingClientRect();
    Object.assign(this, { width, height });
    this.board.width = width * devicePixelRatio;
    this.board.height = height * devicePixelRatio;
    this.draw();
  }

  size() {
    return Math.max(1, Math.min(this.width, this.height) - 2 * MARGIN);
  }

  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.width) this.paint();
    });
  }

  paint() {
    const gone = Math.min(1, (performance.now() - this.began) / MILLISECONDS);
    this.pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.pen.clearRect(0, 0, this.width, this.height);
    const seen = paintDots(this, 1 - (1 - gone) ** 3);
    paintRings(this);
    if (gone < 1) this.draw();
    else this.tell(seen);
  }

  tell(seen) {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.moved(seen), 120);
  }
}
