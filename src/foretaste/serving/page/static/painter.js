/** Puts dots, rings and the path of the history on a canvas. */

import { colour } from "./theme.js";

const OUTSIDE = 8;
const FULL_TURN = 7;

/** Moves every item to where it is drawn now and paints those in sight, which are returned. */
export function paintDots(map, eased) {
  const { pen, width, height } = map;
  const unit = map.size() * map.scale;
  const radius = radiusOf(map);
  pen.globalAlpha = 0.85;
  const seen = map.items.filter((item) => {
    item.nowX = item.fromX + (item.x - item.fromX) * eased;
    item.nowY = item.fromY + (item.y - item.fromY) * eased;
    item.left = width / 2 + (item.nowX - map.x) * unit;
    item.top = height / 2 + (item.nowY - map.y) * unit;
    return item.left > -OUTSIDE && item.top > -OUTSIDE && item.left < width + OUTSIDE && item.top < height + OUTSIDE;
  });
  for (const item of seen) {
    pen.fillStyle = item.colour ?? "gray";
    circle(pen, item, item === map.near ? radius + 2.5 : radius);
    pen.fill();
  }
  pen.globalAlpha = 1;
  return seen;
}

/** A dashed path through the history, rings around its items and around what is recommended. */
export function paintRings(map) {
  const { pen } = map;
  const places = new Map(map.items.map((item) => [item.item_id, item]));
  const known = (ids) => ids.map((id) => places.get(id)).filter(Boolean);
  const path = known(map.path);
  pen.lineWidth = 1.5;
  pen.strokeStyle = colour("--ink");
  pen.setLineDash([3, 4]);
  pen.beginPath();
  for (const item of path) pen.lineTo(item.left, item.top);
  pen.stroke();
  pen.setLineDash([]);
  rings(map, known(map.next), "--new");
  rings(map, path, "--ink");
}

function rings(map, items, name) {
  map.pen.lineWidth = 2.2;
  map.pen.strokeStyle = colour(name);
  for (const item of items) {
    circle(map.pen, item, radiusOf(map) + 4);
    map.pen.stroke();
  }
}

function circle(pen, { left, top }, radius) {
  pen.beginPath();
  pen.arc(left, top, radius, 0, FULL_TURN);
}

/** Larger when somebody is near, smaller where there are many. */
function radiusOf({ scale, items, width }) {
  const crowd = Math.max(0.8, Math.min(1.3, 1000 / (items.length + 1)));
  return Math.min(7, (width < 600 ? 1.9 : 2.7) * Math.sqrt(scale) * crowd);
}
