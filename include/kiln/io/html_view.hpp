// What a page does with its graph: draws it, opens and closes scopes, moves, finds, tells about a node.
#pragma once
#include <string_view>

namespace kiln::io::detail {

// From the JSON on the page to a tree of scopes; to each level of it the edges between what is seen.
inline constexpr std::string_view html_model = R"js(
const data = JSON.parse(document.getElementById('graph').textContent);
const MANY = 4;      // more control edges into a node than this are not drawn
const SMALL = 40;    // a graph of up to so many nodes begins opened
const root = {path: null, children: [], open: true};
const scopes = new Map;
const prefix = path => path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : null;
const lastOf = path => path.slice(path.lastIndexOf('/') + 1);
function scopeOf(path) {
  if (path === null) return root;
  let s = scopes.get(path);
  if (!s) {
    scopes.set(path, s = {path, label: lastOf(path), parent: scopeOf(prefix(path)), children: [], open: false});
    s.parent.children.push(s);
  }
  return s;
}
const leaves = data.nodes.map((n, i) => ({...n, leaf: true, path: n.name, inputs: n.in, readers: [], number: i}));
const named = new Map(leaves.map(v => [v.path, v]));
const tensors = [];   // [source, target, output]; -1: only happens before
for (const t of leaves) for (const [s, k] of t.inputs) { tensors.push([leaves[s], t, k]); leaves[s].readers.push(t); }
for (const v of leaves) v.crowded = v.inputs.filter(([, k]) => k < 0).length > MANY;
for (const v of leaves) v.constant = v.op === 'Const' && !v.inputs.length && v.readers.length > 0;   // stands at its readers
const shown = leaves.filter(v => !v.constant);
for (const v of shown) scopeOf(prefix(v.path));
for (const v of shown) {
  const own = scopes.get(v.path);   // a variable is in its scope, together with its reading and its initial value
  v.variable = v.op === 'VariableV2';
  v.input = v.op === 'Placeholder';
  v.label = own ? `(${own.label})` : lastOf(v.path);
  v.parent = own ?? scopeOf(prefix(v.path));
  v.parent.children.push(v);
  if (own) own.variable = v.variable;
}
let ids = 0;
(function summarise(s) {
  s.id = ids++;
  s.first = Infinity; s.size = 0; s.parts = new Map;
  if (s.leaf) { s.first = s.number; s.size = 1; s.parts = new Map(s.kernels.map(k => [k, 1])); }
  for (const c of s.children ?? []) {
    summarise(c);
    s.first = Math.min(s.first, c.first);
    s.size += c.size;
    for (const [k, n] of c.parts) s.parts.set(k, (s.parts.get(k) ?? 0) + n);
  }
  s.children?.sort((a, b) => a.first - b.first);
})(root);

const above = function* (v) { for (let p = v.parent; p; p = p.parent) yield p; };
function seen(v) {   // what stands for a node: itself or the outermost closed scope around it
  let s = v;
  for (const p of above(v)) if (!p.open) s = p;
  return s;
}
const typeOf = (s, k) => s.out[Math.min(k, s.out.length - 1)] ?? '';
function labelOf(list) {   // of tensors, [source, output]
  const types = new Set(list.map(([s, k]) => typeOf(s, k)));
  const n = new Set(list.map(([s, k]) => (s.parent.variable ? s.parent.path : s.path) + ':' + k)).size;   // a variable is read as one
  return types.size > 1 ? `${n} tensors` : [...types].map(t => n > 1 && t ? `${n} \u00d7 ${t}` : t).join('');
}

// Gives each open scope its edges, and ports where edges pass its border. What leaves a source is one net.
function connect() {
  for (const s of [root, ...scopes.values()]) { s.edges = new Map; s.ports = s.open ? new Map : null; s.carries = new Map; }
  for (const v of shown) v.carries = new Map;
  for (const [s, t, k] of tensors) {
    const a = seen(s), b = seen(t);
    if (s.constant || a === b || k < 0 && t.crowded) continue;
    const around = new Set(above(a)), common = [...above(b)].find(p => around.has(p)), net = a.id + (k < 0 ? '^' : '');
    const join = (level, from, to) => {
      const key = `${from.id} ${to.id} ${net}`;
      let e = level.edges.get(key);
      if (!e) level.edges.set(key, e = {from, to, net, control: k < 0, source: a, targets: new Set, carries: new Map});
      e.targets.add(b);
      if (k >= 0) e.carries.set(s.number + ':' + k, [s, k]);
    };
    const port = (scope, side) => {
      if (!scope.ports.has(side + net)) scope.ports.set(side + net, {port: side, id: side + net, l: 0, r: 0, h: 0});
      return scope.ports.get(side + net);
    };
    if (k >= 0) a.carries.set(s.number + ':' + k, [s, k]);
    let x = a, y = b;
    for (; x.parent !== common; x = x.parent) join(x.parent, x, port(x.parent, 'out'));
    for (; y.parent !== common; y = y.parent) join(y.parent, port(y.parent, 'in'), y);
    join(common, x, y);
  }
  for (const s of [...scopes.values(), ...shown]) s.mixed = new Set([...s.carries.values()].map(([u, k]) => typeOf(u, k))).size > 1;
  for (const s of [root, ...scopes.values()]) for (const e of s.edges.values()) {   // tensors of one type are told at their source
    e.label = e.source.mixed && e.from === e.source ? labelOf([...e.carries.values()]) : '';
    e.labelWidth = widthOf(e.label, '10px') + 8;
  }
}
)js";

// The graph as SVG. Every text is set as text, never as markup.
inline constexpr std::string_view html_view = R"js(
const $ = s => document.querySelector(s);
const svg = $('svg.graph'), view = $('.view');
function element(made, attributes, children) {
  for (const [k, x] of Object.entries(attributes)) if (x !== false) made.setAttribute(k, x);
  made.append(...children);
  return made;
}
const make = (tag, attributes = {}, ...children) => element(document.createElementNS(svg.namespaceURI, tag), attributes, children);
const html = (tag, attributes = {}, ...children) => element(document.createElement(tag), attributes, children);
const pen = document.createElement('canvas').getContext('2d');
const widthOf = (text, font = '12px') => { pen.font = font + ' system-ui, sans-serif'; return pen.measureText(text).width; };
const short = (text, n) => text.length > n ? text.slice(0, n - 1) + '\u2026' : text;
const hue = k => `--h:${(212 + k * 137.5) % 360}`;

const fills = new Map;   // gradients of hard stripes, one for each mixture of kernels
function fillOf(parts) {
  if (!parts.size) return 'var(--node)';
  const all = [...parts].sort((a, b) => a[0] - b[0]), key = all.join(';');
  if (!fills.has(key)) {
    const sum = all.reduce((s, [, n]) => s + n, 0), stops = [];
    let at = 0;
    const stop = k => stops.push(make('stop', {offset: at / sum, style: hue(k)}));
    for (const [k, n] of all) { stop(k); at += n; stop(k); }
    fills.set(key, `kernels${fills.size}`);
    svg.querySelector('defs').append(make('linearGradient', {id: fills.get(key)}, ...stops));
  }
  return `url(#${fills.get(key)})`;
}

// The line below the name.
function secondOf(v) {
  if (!v.leaf && !v.variable) return v.size + (v.size > 1 ? ' nodes' : ' node');
  if (v.variable || v.input) return '';
  if (v.crowded) return `after ${v.inputs.length} nodes`;
  return v.op === 'Const' ? v.value : likeItsName(v) ? '' : v.op;
}
const likeItsName = v => v.op.slice(0, 3).toLowerCase() === v.label.slice(0, 3).toLowerCase();
function size(v) {
  if (v.port) return;
  if (v.open) { v.l = v.r = v.width / 2; v.h = v.height; v.over = v.under = 0; return; }
  const plain = !v.leaf && !v.variable;
  v.text = short(v.label, 40);
  v.second = secondOf(v);
  const carried = [...v.carries.values()];
  v.foot = v.mixed ? '' : labelOf(carried) || (v.leaf && !v.readers.length && v.op !== 'Assign' ? typeOf(v, 0) : '');
  const constants = v.leaf ? v.inputs.map(([s]) => leaves[s]).filter(s => s.constant) : [];
  v.chips = [...constants.map(s => ({text: short(s.value || lastOf(s.path), 9), of: s})),
             ...v.far.map(s => ({text: short(s.label, 14), of: s, far: true}))];
  v.w = Math.max(46, widthOf(v.text, plain ? '600 12px' : '12px') + (v.leaf ? 20 : 30), widthOf(v.second, '10px') + 20);
  v.box = v.second ? 38 : 26;
  v.chip = v.chips.length ? Math.max(...v.chips.map(c => widthOf(c.text, '10px'))) + 12 : 0;
  const column = Math.max(v.box, v.chips.length * 18);
  v.r = Math.max(v.w / 2 + (plain ? 4 : 0), widthOf(v.foot, '10px') / 2 + 4);
  v.l = Math.max(v.r, v.chip ? v.w / 2 + v.chip + 10 : 0);
  v.over = (column - v.box) / 2;
  v.under = v.over + (v.foot ? 18 : 0);
  v.h = v.box + v.over + v.under;
}
function measure(scope) {
  for (const v of scope.children) { v.far = []; if (v.open) measure(v); }
  const items = [...scope.children, ...scope.ports.values()];
  const {width, height, edges} = layOut(items, [...scope.edges.values()], size, scope === root ? 0 : 32);
  const title = scope === root ? 0 : widthOf(scope.label, '600 12px') + 24;   // no edge enters through it
  const entries = [...scope.ports.values()].filter(p => p.port === 'in').map(p => p.x), first = Math.min(Infinity, ...entries);
  const more = Math.max(0, (title - width) / 2, first < title ? title + 8 - first : 0);
  Object.assign(scope, {drawn: edges, width: width + 2 * (PAD + more), height, shift: PAD + more});
  for (const p of scope.ports.values()) p.x += scope.shift;
}

let selected = null, kernel = null;
const centred = (text, x, y, of = '') => make('text', {x, y, class: of}, text);
function drawEdge(e) {
  const far = e.to.port || e.to.open, n = e.carries.size, names = [...e.carries.values()].map(([s, k]) => `${s.path}: ${typeOf(s, k)}`);
  const looks = {class: 'edge' + (e.control ? ' control' : ''), style: n > 1 && `stroke-width:${1.2 + Math.log2(n) * .5}`};
  const path = make('path', {...looks, d: e.path, 'marker-end': !far && 'url(#arrow)'},
    make('title', {}, (e.control ? [`after ${e.source.path}`] : names.slice(0, 12)).join('\n')));
  e.drawn = path;
  return e.label ? [path, centred(e.label, e.via[0].x, e.via[0].y + 3.5, 'label')] : [path];
}
function drawChip({text, of, far}, x, y, width) {   // what is not drawn as a node: a constant, or what is far away
  return make('g', {class: 'chip' + (far ? ' far' : '') + (of.leaf ? '' : ' scope'), 'data-name': of.path},
    make('title', {}, of.leaf ? `${of.path}\n${typeOf(of, 0)}` : of.path),
    make('rect', {x: x - width / 2, y: y - 7.5, width, height: 15, rx: 7.5}), centred(text, x, y + 3.5, 'small'));
}
function drawNode(v) {
  const plain = !v.leaf && !v.variable, x = -v.w / 2, y = v.over - v.h / 2, round = v.variable || v.input ? v.box / 2 : plain ? 7 : 5;
  const box = {x, y, width: v.w, height: v.box, rx: round};
  const kind = (v.leaf ? 'leaf' : 'scope closed') + (v.variable ? ' variable' : v.input ? ' input' : '');
  const g = make('g', {class: 'node ' + kind, 'data-name': v.path, tabindex: 0, transform: `translate(${v.x} ${v.y})`},
    make('title', {}, v.leaf ? `${v.path}\n${v.op}` : v.path));
  if (plain) g.append(make('rect', {...box, class: 'box', x: x + 4, y: y + 4}));
  g.append(make('rect', {...box, class: 'box', style: plain ? '' : `fill:${fillOf(v.parts)}`}));
  if (plain && v.parts.size) g.append(make('rect', {x: x + 8, y: y + v.box - 5, width: v.w - 16, height: 3, fill: fillOf(v.parts)}));
  g.append(centred(v.text, v.leaf ? 0 : 6, y + (v.second ? 16 : 17), plain ? 'strong' : ''));
  if (v.second) g.append(centred(v.second, 0, y + 30, 'small'));
  if (!v.leaf) g.append(centred('+', x + 12, y + (v.second ? 16 : 17)));
  if (v.foot) g.append(centred(v.foot, 0, y + v.box + 13, 'label'));
  v.chips.forEach((c, k) => {
    const at = y + v.box / 2 + (k - (v.chips.length - 1) / 2) * 18;
    g.append(make('line', {class: 'edge', x1: x - 8, x2: x, y1: at, y2: y + v.box / 2}), drawChip(c, x - 8 - v.chip / 2, at, v.chip));
  });
  return g;
}
const ground = v => `--ground: color-mix(in srgb, var(--page), var(--tint) ${6 * Math.min(5, [...above(v)].length)}%)`;
function drawLevel(scope) {
  const g = make('g', {transform: `translate(${scope.shift} 0)`});
  for (const v of scope.children) if (v.open) {
    const told = [...v.ports.values()].filter(p => p.told).map(({told, x}) => {
      const text = short(told.label, 14);
      return drawChip({text, of: told, far: true}, x, 0, widthOf(text, '10px') + 12);
    });
    g.append(make('g', {class: 'scope open' + (v.variable ? ' variable' : ''), 'data-name': v.path, style: ground(v),
                        transform: `translate(${v.x - v.l} ${v.y - v.h / 2})`},
      make('rect', {class: 'bar', width: v.width, height: 26}, make('title', {}, v.path)),
      make('rect', {class: 'box', width: v.width, height: v.height, rx: 9}),
      drawLevel(v), make('text', {x: 11, y: 18, class: 'label title'}, '\u2212 ' + v.label), ...told));
  }
  g.append(...scope.drawn.flatMap(drawEdge), ...scope.children.filter(v => !v.open).map(drawNode));
  return g;
}
function draw() {
  connect();
  measure(root);
  view.replaceChildren(drawLevel(root));
  mark();
}
)js";

}  // namespace kiln::io::detail
