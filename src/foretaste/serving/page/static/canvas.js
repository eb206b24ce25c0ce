/** Draws dots on a canvas and lets somebody wander among them, by pointer, wheel, fingers or keys. */

import { onGestures } from "./gestures.js";
import { colour } from "./theme.js";

const MARGIN = 28;
const CLOSEST = 40;
const REACH = 14;
const MILLISECONDS = 900;

/** One map. `picked(item)` is told of clicks, `moved(items)` of what is in sight. */
export class Canvas {
  constructor(board, tip, { picked, moved }) {
    Object.assign(this, { board, tip, picked, moved, items: [], near: null, path: [], next: new Set(), scale: 1, x: 0.5, y: 0.5 });
    this.pen = board.getContext("2d");
    new ResizeObserver(() => this.resize()).observe(board);
    onGestures(board, this);
  }

  /** Shows items by their places in the unit square; those that were there before glide. */
  show(items, { whole }) {
    const before = new Map(this.items.map((item) => [item.item_id, item]));
    const still = whole || matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const item of items) Object.assign(item, { fromX: still ? item.x : (before.get(item.item_id)?.nowX ?? item.x), fromY: still ? item.y : (before.get(item.item_id)?.nowY ?? item.y) });
    this.items = items;
    this.began = still ? -Infinity : performance.now();
    if (whole) this.whole();
    this.draw();
  }

  /** Rings: the history in its order, and what follows it. */
  mark(path, next) {
    this.path = path;
    this.next = new Set(next);
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
    const { pen, width, height } = this;
    const gone = Math.min(1, (performance.now() - this.began) / MILLISECONDS);
    const eased = 1 - (1 - gone) ** 3;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const unit = this.size() * this.scale;
    const radius = Math.min(7, 2.6 * Math.sqrt(Math.max(1, this.scale)) * Math.max(0.8, Math.min(1.35, 1000 / (this.items.length + 1))));
    const seen = [];
    for (const item of this.items) {
      item.nowX = item.fromX + (item.x - item.fromX) * eased;
      item.nowY = item.fromY + (item.y - item.fromY) * eased;
      item.left = width / 2 + (item.nowX - this.x) * unit;
      item.top = height / 2 + (item.nowY - this.y) * unit;
      if (item.left < -8 || item.top < -8 || item.left > width + 8 || item.top > height + 8) continue;
      seen.push(item);
      pen.globalAlpha = 0.82;
      pen.fillStyle = item.colour ?? "gray";
      pen.beginPath();
      pen.arc(item.left, item.top, item === this.near ? radius + 2 : radius, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    this.rings(radius);
    if (gone < 1) this.draw();
    else this.tell(seen);
  }

  rings(radius) {
    const { pen } = this;
    const places = new Map(this.items.map((item) => [item.item_id, item]));
    const path = this.path.map((id) => places.get(id)).filter(Boolean);
    pen.lineWidth = 1.5;
    pen.strokeStyle = colour("--ink");
    pen.setLineDash([3, 4]);
    pen.beginPath();
    for (const item of path) pen.lineTo(item.left, item.top);
    pen.stroke();
    pen.setLineDash([]);
    const ring = (item, wider, line, name) => {
      pen.lineWidth = line;
      pen.strokeStyle = colour(name);
      pen.beginPath();
      pen.arc(item.left, item.top, radius + wider, 0, 7);
      pen.stroke();
    };
    for (const id of this.next) if (places.has(id)) ring(places.get(id), 4, 2, "--new");
    for (const item of path) ring(item, 4, 2.4, "--ink");
  }

  tell(seen) {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.moved(seen), 120);
  }
}
