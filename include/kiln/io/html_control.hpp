// How people move in the graph on a page: they open, select, search, zoom. It can be given in the address as well.
#pragma once
#include <string_view>

namespace kiln::io::detail {

// The address: page.html#open=SCOPE&open=SCOPE&select=NAME&kernel=NUMBER&find=TEXT, all of it optional, `open=*` opens every scope.
inline constexpr std::string_view html_control = R"js(
const at = {x: 0, y: 0, s: 1};
function move() { view.setAttribute('transform', `translate(${at.x} ${at.y}) scale(${at.s})`); }
function zoom(by, x = svg.clientWidth / 2, y = svg.clientHeight / 2) {
  const s = Math.min(4, Math.max(.02, at.s * by));
  Object.assign(at, {x: x - (x - at.x) * s / at.s, y: y - (y - at.y) * s / at.s, s});
  move();
}
function fit(least = 0) {
  const w = svg.clientWidth, h = svg.clientHeight, s = Math.max(least, Math.min(1.4, (w - 30) / root.width, (h - 90) / root.height));
  const wide = root.width * s > w && least > 0, first = root.children[0];   // then where the graph begins
  Object.assign(at, {s, x: w / 2 - (wide ? first.x + root.shift : root.width / 2) * s, y: Math.max(52, (h - root.height * s) / 2)});
  move();
}
function placeOf(v) {
  const b = [...view.querySelectorAll('.node, .scope.open')].find(g => itemOf(g) === v).getBoundingClientRect(), o = svg.getBoundingClientRect();
  return [b.x + b.width / 2 - o.x, b.y - o.y];
}
function show(v) {   // opens what is around it and goes there where it is not seen
  for (const p of above(v)) p.open = true;
  selected = v;
  draw();
  const [seenX, seenY] = placeOf(v), w = svg.clientWidth, h = svg.clientHeight;
  if (at.s >= .6 && seenX > 30 && seenX < w - 30 && seenY > 50 && seenY < h - 50) return;
  if (at.s < .6) zoom(.8 / at.s);
  const [x, y] = placeOf(v);
  at.x += w / 2 - x;
  at.y += h / 3 - y;
  move();
}
function toggle(v) {   // what was clicked stays where it is
  const [x, y] = placeOf(v);
  v.open = !v.open;
  selected = v;
  draw();
  const [x1, y1] = placeOf(v);
  at.x += x - x1;
  at.y += y - y1;
  move();
}
function setAll(open) {
  for (const s of scopes.values()) s.open = open;
  draw();
  fit();
}
const itemOf = g => g.classList.contains('scope') ? scopes.get(g.dataset.name) : named.get(g.dataset.name);

// Marks what is selected and its edges, and dims what is not in the kernel.
function mark() {
  for (const g of view.querySelectorAll('.node, .scope.open')) {
    const v = itemOf(g);
    g.classList.toggle('selected', v === selected);
    if (!v.open) g.classList.toggle('dim', kernel !== null && !v.parts.has(kernel));
  }
  for (const s of [root, ...scopes.values()]) if (s.open) for (const e of s.drawn ?? []) {
    e.drawn.classList.toggle('near', e.source === selected || e.targets.has(selected));
    e.drawn.classList.toggle('dim', kernel !== null);
  }
  tell();
}

function link(v, text) {
  const a = html('a', {'data-to': v.path}, v.path);
  a.onclick = () => show(v.constant ? v.readers[0] : v);
  return html('li', {}, a, small(' ' + text));
}
const swatch = (k, ...more) => html('li', {'data-kernel': k}, html('span', {class: 'swatch', style: hue(k)}), data.kernels[k], ...more);
const small = text => html('small', {}, text);
function list(title, lines, most = 40) {
  const more = lines.length > most ? [html('li', {}, small(`and ${lines.length - most} more`))] : [];
  return lines.length ? [html('h2', {}, title), html('ul', {}, ...lines.slice(0, most), ...more)] : [];
}
function tell() {
  const v = selected, into = $('.details');
  if (!v) return into.replaceChildren();
  const inside = u => u === v || [...above(u)].includes(v);
  const kernels = list('In kernels', [...v.parts.keys()].sort((a, b) => a - b).map(k => swatch(k)));
  const valueOf = s => s.constant && s.value ? `= ${s.value}, ` : '';
  if (v.leaf)
    return into.replaceChildren(html('h3', {}, v.path), html('p', {}, v.op + (v.value ? ` = ${v.value}` : '')),
      ...list('Inputs', v.inputs.map(([s, k]) => link(leaves[s], k < 0 ? 'happens before' : valueOf(leaves[s]) + typeOf(leaves[s], k)))),
      ...list('Outputs', v.out.map(t => html('li', {}, t))),
      ...list('Read by', [...new Set(v.readers)].map(r => link(r, r.op))), ...kernels);
  const ends = (a, b) => [...new Set(tensors.filter(t => inside(t[a]) && !inside(t[b]) && !t[0].constant).map(t => t[b]))];
  const ops = new Map;
  for (const u of shown) if (inside(u)) ops.set(u.op, (ops.get(u.op) ?? 0) + 1);
  into.replaceChildren(html('h3', {}, v.path), html('p', {}, `scope of ${v.size} nodes`),
    ...list('Inputs', ends(1, 0).map(s => link(s, s.out[0] ?? ''))), ...list('Read by', ends(0, 1).map(t => link(t, t.op))),
    ...list('Operations', [...ops].sort((a, b) => b[1] - a[1]).map(([op, n]) => html('li', {}, op, small(` ${n}`)))), ...kernels);
}
function find(text) {
  const low = text.toLowerCase(), hits = !low ? [] : shown.filter(v => v.path.toLowerCase().includes(low));
  const count = low && hits.length !== 1 ? [html('li', {}, small(`${hits.length} found`))] : [];
  $('.found').replaceChildren(...hits.slice(0, 30).map(v => link(v, v.op)), ...count);
  return hits;
}
function pick(k) {
  kernel = kernel === k ? null : k;
  for (const li of $('.kernels').querySelectorAll('li')) li.classList.toggle('on', Number(li.dataset.kernel) === kernel);
  mark();
}

function followAddress() {
  const asked = new URLSearchParams(location.hash.slice(1)), names = asked.getAll('open');
  if (names.includes('*')) for (const s of scopes.values()) s.open = true;
  for (let s of names) if (s = scopes.get(s)) for (const p of [s, ...above(s)]) p.open = true;
  draw();
  fit(.45);
  if (asked.has('find')) find($('input').value = asked.get('find'));
  if (asked.has('kernel') && data.kernels[asked.get('kernel')] !== undefined) pick(Number(asked.get('kernel')));
  const name = asked.get('select'), v = name === null ? null : shown.find(u => u.path === name) ?? scopes.get(name);
  if (v) show(v);
}

let held = null, moved = false;
svg.onpointerdown = e => { held = [e.clientX, e.clientY]; moved = false; };
svg.onpointermove = e => {
  if (!held || !e.buttons) return;
  const dx = e.clientX - held[0], dy = e.clientY - held[1];
  if (!moved && Math.hypot(dx, dy) < 4) return;
  moved = true;
  svg.setPointerCapture(e.pointerId);
  held = [e.clientX, e.clientY];
  at.x += dx;
  at.y += dy;
  move();
};
svg.onpointerup = () => held = null;
svg.addEventListener('wheel', e => {
  e.preventDefault();
  const o = svg.getBoundingClientRect();
  zoom(Math.exp(-e.deltaY * (e.deltaMode ? .05 : .0015)), e.clientX - o.x, e.clientY - o.y);
}, {passive: false});
svg.onclick = e => {
  if (moved) return moved = false;
  const chip = e.target.closest('.chip.far'), g = e.target.closest('.node') ?? e.target.closest('.bar')?.parentNode;
  if (chip) return show(itemOf(chip));
  const v = g && itemOf(g);
  if (v && !v.leaf) return toggle(v);
  selected = v ?? null;
  mark();
};
const deeds = {in: () => zoom(1.3), out: () => zoom(1 / 1.3), fit: () => fit(), open: () => setAll(true), close: () => setAll(false)};
for (const b of document.querySelectorAll('button')) b.onclick = () => deeds[b.dataset.do]();
const search = $('input');
search.oninput = () => find(search.value);
search.onkeydown = e => { if (e.key === 'Enter') { const [v] = find(search.value); if (v) show(v); } };
document.onkeydown = e => {
  if (e.target === search) { if (e.key === 'Escape') search.blur(); return; }
  if (e.key === 'Enter' && e.target.closest('.node')) e.target.dispatchEvent(new MouseEvent('click', {bubbles: true}));
  if (e.key === 'Escape') { selected = null; mark(); }
  if (e.key === '/') { e.preventDefault(); search.focus(); }
  deeds[{'+': 'in', '-': 'out', 0: 'fit'}[e.key]]?.();
};
window.onhashchange = followAddress;

document.title = data.title;
$('h1').append(data.title);
$('.kernels').append(...list('Kernels', data.kernels.map((name, k) => {
  const li = swatch(k, small(` ${root.parts.get(k) ?? 0}`));
  li.onclick = () => pick(k);
  return li;
}), 400));
if (shown.length <= SMALL) for (const s of scopes.values()) s.open = !s.variable;
followAddress();
)js";

}  // namespace kiln::io::detail
