// How the nodes of a graph find their places on a page: a layered layout, level by level. A level is what stands in one scope;
// scopes that are open are boxes, laid out before. Longest paths make the layers (Sugiyama, Tagawa and Toda 1981), barycenters
// the order within them, least squares the places.
#pragma once
#include <string_view>

namespace kiln::io::detail {

// An item has `l` and `r`, what it needs left and right of the point x where its edges meet, and a height h, of which edges end
// `over` below the top and `under` above the bottom; it gets a layer and the place x, y of its middle.
// An edge has items `from` and `to` and a key `net` of what it carries; of an open scope the port of that key is where it meets.
// Where it has a `label`, the first item of `via` is the place for it.
inline constexpr std::string_view html_layout = R"js(
const PAD = 14;
const LONGEST = 30;   // an edge over more layers than this is not drawn, its reader tells the name instead;
const BUSY = 8;       // nor is one over as many layers as this, of a source with more edges than this
const tooLong = (e, length) => length > LONGEST || (length >= BUSY && e.from.leaving.length > BUSY);
const spanOf = e => e.label ? 2 : 1;
const port = (item, side, net) => item.ports ? item.ports.get(side + net).x - item.l : 0;

// Every item gets a layer; edges that close a cycle of scopes go up.
function setLayers(items, edges) {
  for (const v of items) { v.leaving = []; v.entering = []; v.waits = 0; v.rank = -1; }
  for (const e of edges) { e.from.leaving.push(e); e.to.entering.push(e); e.to.waits++; }
  const order = [], ready = items.filter(v => !v.waits);
  let next = 0, first = 0;
  while (order.length < items.length) {
    let v = ready[next++];
    if (!v) while (!v) { if (items[first].rank < 0) v = items[first]; first++; }   // the cycle is cut where it begins
    if (v.rank >= 0) continue;
    v.rank = order.length;
    order.push(v);
    for (const e of v.leaving) if (--e.to.waits === 0 && e.to.rank < 0) ready.push(e.to);
  }
  const top = items.some(v => v.port === 'in') ? 1 : 0;
  const down = v => v.leaving.filter(e => e.to.rank > v.rank);
  for (const v of order) v.layer = v.port === 'in' ? 0 : top;
  for (const v of order) for (const e of down(v)) e.to.layer = Math.max(e.to.layer, v.layer + spanOf(e));
  for (const v of order.slice().reverse()) {   // what is read below stands near its readers
    const to = down(v).filter(e => !e.to.port);
    if (!v.port && to.length && to.length >= v.entering.length) v.layer = Math.min(...to.map(e => e.to.layer - spanOf(e)));
  }
  const last = Math.max(...order.map(v => v.port === 'out' ? v.layer : v.layer + 1));
  for (const v of order) if (v.port === 'out') v.layer = last;
  return order;
}

// Long edges lead over dummies, one a layer; links join neighbouring layers.
function makeRows(order, edges) {
  const rows = [];
  const put = v => { v.above = []; v.below = []; (rows[v.layer] ??= []).push(v); return v; };
  order.forEach(put);
  for (const e of edges) {
    const a = e.from.layer, b = e.to.layer, dummy = layer => {
      const wide = e.label && !e.via.length ? e.labelWidth / 2 : 0;   // the first one is where the label stands
      e.via.push(put({dummy: true, layer, l: wide, r: wide, h: wide && 14}));
    };
    e.via = [];
    if (a < b) for (let k = a + 1; k < b; ++k) dummy(k);
    else for (let k = a; k >= b; --k) dummy(k);
    const chain = [e.from, ...e.via, e.to];
    for (let k = 1; k < chain.length; ++k) {
      const p = chain[k - 1], q = chain[k];
      const ax = p === e.from ? port(p, 'out', e.net) : 0, bx = q === e.to ? port(q, 'in', e.net) : 0;
      const link = {a: p, ax, b: q, bx, w: p.dummy && q.dummy ? 40 : p.dummy || q.dummy ? 4 : 1};
      if (p.layer > q.layer) [link.a, link.ax, link.b, link.bx] = [q, 0, p, 0];
      if (p.layer !== q.layer) { link.a.below.push(link); link.b.above.push(link); }
    }
  }
  return rows;
}

function crossings(rows) {
  let n = 0;
  for (const row of rows) {
    const ends = row.flatMap(v => v.below).sort((p, q) => p.a.pos - q.a.pos || p.b.pos - q.b.pos), seen = [];
    for (const {b} of ends) {
      let low = 0, high = seen.length;
      while (low < high) { const mid = (low + high) >> 1; if (seen[mid] <= b.pos) low = mid + 1; else high = mid; }
      n += seen.length - low;
      seen.splice(low, 0, b.pos);
    }
  }
  return n;
}
function orderRows(rows) {
  const number = row => row.forEach((v, k) => v.pos = (k + .5) / row.length);
  const within = (v, x, row) => v.pos + (v.l + v.r ? x / (v.l + v.r) / row.length : 0);
  rows.forEach(number);
  let best = Infinity, kept = rows;
  for (let k = 0; k < 16 && best > 0; ++k) {
    const down = k % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      for (const v of row) {
        const ends = down ? v.above.map(l => within(l.a, l.ax, rows[l.a.layer])) : v.below.map(l => within(l.b, l.bx, rows[l.b.layer]));
        v.key = ends.length ? ends.reduce((s, x) => s + x) / ends.length : v.pos;
      }
      row.sort((p, q) => p.key - q.key);
      number(row);
    }
    const n = crossings(rows);
    if (n < best) { best = n; kept = rows.map(row => row.slice()); }
  }
  kept.forEach(number);
  return kept;
}

// The x nearest to those that the neighbours want, in least squares, with nothing over another: neighbours that want too near
// are pooled into one block.
function settle(row, wishes) {
  const blocks = [], joined = row.filter(v => v.above.length + v.below.length), mid = joined.reduce((s, v) => s + v.x / joined.length, 0);
  let shift = 0;
  row.forEach((v, k) => {
    if (k) shift += row[k - 1].r + (row[k - 1].dummy && v.dummy ? 12 : 22) + v.l;
    v.offset = shift;
    let w = .01, s = w * (joined.includes(v) ? v.x : mid);
    for (const [x, weight] of wishes(v)) { w += weight; s += weight * x; }
    let block = {w, want: s / w - shift, items: [v]};
    for (let before; (before = blocks.at(-1)) && before.want > block.want; blocks.pop()) {
      const sum = before.w + block.w;
      block = {w: sum, want: (before.w * before.want + block.w * block.want) / sum, items: before.items.concat(block.items)};
    }
    blocks.push(block);
  });
  for (const b of blocks) for (const v of b.items) v.x = b.want + v.offset;
}
function setPlaces(rows, head) {
  for (const row of rows) {
    row.forEach(v => v.x = 0);
    settle(row, () => []);
  }
  const up = v => v.below.map(l => [l.b.x + l.bx - l.ax, l.w]), down = v => v.above.map(l => [l.a.x + l.ax - l.bx, l.w]);
  for (let k = 0; k < 12; ++k) {
    for (const row of rows) settle(row, down);
    for (const row of rows.slice().reverse()) settle(row, up);
  }
  const both = v => [...down(v), ...up(v).map(([x, w]) => [x, w / 4])];
  for (const row of rows) settle(row, v => (!v.above.length ? up : v.dummy ? down : both)(v));   // long edges are straight
  let y = rows[0][0].port ? 0 : head;
  rows.forEach((row, k) => {
    row.h = Math.max(...row.map(v => v.h));
    row.top = y;
    for (const v of row) v.y = y + row.h / 2;
    const wide = Math.max(0, ...row.flatMap(v => v.below).map(l => Math.abs(l.a.x + l.ax - l.b.x - l.bx)));
    const least = row[0].port ? head : rows[k + 1]?.[0].port ? 14 : 26;
    y += row.h + (k + 1 < rows.length ? Math.min(90, least + wide / 9) : row[0].port ? 0 : PAD);
  });
  return y;
}

// The edge as an SVG path: through the layers straight, between them curved; back edges leave below and enter above like others.
function pathOf(e, rows) {
  const from = e.from.x + port(e.from, 'out', e.net), to = e.to.x + port(e.to, 'in', e.net), row = v => rows[v.layer];
  const low = v => row(v).top + row(v).h, up = e.from.layer >= e.to.layer;
  const points = [[from, e.from.y + e.from.h / 2 - (e.from.under || 0)], [from, low(e.from)]];
  for (const d of e.via) points.push(...(up ? [[d.x, low(d)], [d.x, row(d).top]] : [[d.x, row(d).top], [d.x, low(d)]]));
  points.push([to, row(e.to).top], [to, e.to.y - e.to.h / 2 + (e.to.over || 0)]);
  for (const p of points) p.forEach((x, k) => p[k] = Math.round(10 * x) / 10);
  let d = 'M' + points[0], [x, y] = points[0];
  points.slice(1).forEach(([x1, y1], k) => {
    const bend = y1 === y ? (k < 2 ? 20 : -20) : (y1 - y) / 2;
    if (x !== x1) d += `C${x} ${y + bend} ${x1} ${y1 - (y1 === y ? -bend : bend)} ${x1} ${y1}`;
    else if (y !== y1) d += `L${x1} ${y1}`;
    [x, y] = [x1, y1];
  });
  return d;
}

// Lays out one level; the items' sizes come from `size`, which is asked once it is known which edges are too long.
function layOut(items, edges, size, head) {
  if (!items.length) return {width: 0, height: 0, edges};
  const order = setLayers(items, edges), far = new Set;
  for (const e of edges) if (!e.to.port && tooLong(e, e.to.layer - e.from.layer)) {
    far.add(e);
    if (e.to.open) e.to.ports.get('in' + e.net).told = e.source;
    else e.to.far.push(e.source);
  }
  edges = edges.filter(e => !far.has(e));
  order.forEach(size);
  const rows = orderRows(makeRows(order, edges)), bottom = setPlaces(rows, head);
  const left = Math.min(...rows.flat().map(v => v.x - v.l)), right = Math.max(...rows.flat().map(v => v.x + v.r));
  for (const v of rows.flat()) v.x -= left;
  for (const e of edges) e.path = pathOf(e, rows);
  return {width: right - left, height: bottom, edges};
}
)js";

}  // namespace kiln::io::detail
