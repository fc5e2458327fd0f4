// The page that shows a graph, without the graph: what stands on it and how it looks. It needs nothing but itself.
#pragma once
#include <string_view>

namespace kiln::io::detail {

// The policy in the head forbids the browser to load anything, whatever the page says.
inline constexpr std::string_view html_head = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>graph</title>
<style>
:root {
  color-scheme: light dark;
  --page: #fafaf8; --card: #fff; --text: #22262e; --faint: #6c7482; --line: #8f98a8; --border: #d9dce2; --accent: #2563eb;
  --node: #fff; --scope: #e9ecf2; --tint: #4a5f94; --variable: #d97706; --input: #0f9d8a; --kernel-s: 72%; --kernel-l: 83%;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --card: #1b1f26; --text: #e3e6eb; --faint: #98a1b0; --line: #737d8f; --border: #333a45; --accent: #7aa7ff;
    --node: #232831; --scope: #262d39; --tint: #a9bdf5; --variable: #f0a04b; --input: #3fc7b4; --kernel-s: 38%; --kernel-l: 31%;
  }
}
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; background: var(--page); color: var(--text); font: 13px/1.45 system-ui, sans-serif; }
main { flex: 1; position: relative; min-width: 0; }
svg.graph { width: 100%; height: 100%; display: block; cursor: grab; touch-action: none; user-select: none; }
svg.graph:active { cursor: grabbing; }
aside { width: 290px; padding: 14px; border-left: 1px solid var(--border); background: var(--card); overflow: auto; }
@media (max-width: 700px) {
  body { flex-direction: column; }
  aside { width: auto; height: 38vh; border-left: 0; border-top: 1px solid var(--border); }
}
nav { position: absolute; left: 12px; top: 12px; display: flex; gap: 4px; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--border); border-radius: 6px; padding: 2px 9px; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
input { width: 100%; background: var(--page); padding: 5px 9px; }
h1 { font-size: 15px; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 12px; margin: 16px 0 4px; color: var(--faint); font-weight: 600; }
h3 { font-size: 14px; margin: 16px 0 0; overflow-wrap: anywhere; }
ul.found { margin-top: 6px; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: 1px 0; overflow-wrap: anywhere; }
li small, p { color: var(--faint); }
p { margin: 6px 0 0; }
h3 + p { margin: 0; }
a { color: var(--accent); cursor: pointer; }
a:hover { text-decoration: underline; }
.swatch { display: inline-block; width: 11px; height: 11px; border: 1px solid var(--line); border-radius: 3px; margin-right: 7px; }
.swatch { background: hsl(var(--h) var(--kernel-s) var(--kernel-l)); }
.swatch.variable { background: none; border: 2px solid var(--variable); }
.swatch.input { background: none; border: 2px solid var(--input); }
.swatch.plain { background: none; border: 0; border-bottom: 2px solid var(--line); border-radius: 0; height: 7px; vertical-align: 4px; }
.swatch.dotted { border-bottom-style: dotted; }
.kernels li { cursor: pointer; border-radius: 4px; }
.kernels li:hover, .kernels li.on { background: var(--scope); }

svg text { fill: var(--text); font: 12px system-ui, sans-serif; text-anchor: middle; pointer-events: none; }
svg .small { font-size: 10px; fill: var(--faint); }
svg .label { font-size: 10px; fill: var(--faint); }
svg .label { stroke: var(--ground, var(--page)); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
svg stop { stop-color: hsl(var(--h) var(--kernel-s) var(--kernel-l)); }
.box { fill: var(--node); stroke: var(--line); stroke-width: 1; }
.node, .bar { cursor: pointer; }
.node:hover > .box, .bar:hover + .box { stroke: var(--accent); }
.node:focus { outline: none; }
.node:focus-visible > .box, .selected > .box { stroke: var(--accent); stroke-width: 2.5; }
.variable > .box { stroke: var(--variable); stroke-width: 2; }
.input > .box { stroke: var(--input); stroke-width: 2; }
.variable.selected > .box, .input.selected > .box { stroke-width: 3.5; }
.scope.open > .box { fill: var(--ground); stroke: var(--border); pointer-events: none; }
.scope.open.variable > .box { stroke: var(--variable); stroke-width: 1; }
.scope.open.selected > .box { stroke: var(--accent); }
svg .title, svg .strong { font-weight: 600; }
svg .title { font-size: 12px; text-anchor: start; }
.bar { fill: transparent; }
.chip rect { fill: var(--ground, var(--page)); stroke: var(--border); }
.chip.far text { fill: var(--accent); }
.chip.far rect { cursor: pointer; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.2; }
.edge.control { stroke-dasharray: 1.5 4; stroke-linecap: round; opacity: .8; }
.edge.near { stroke: var(--accent); stroke-width: 2; }
.dim { opacity: .22; }
</style>
</head>
<body>
<main>
<svg class="graph" role="img" aria-label="graph">
<defs><marker id="arrow" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
<path d="M0 .8 8 4 0 7.2z" fill="context-stroke"/></marker></defs>
<g class="view"></g>
</svg>
<nav>
<button data-do="in" title="larger (+)">+</button>
<button data-do="out" title="smaller (-)">&minus;</button>
<button data-do="fit" title="all of it (0)">fit</button>
<button data-do="open">open all</button>
<button data-do="close">close all</button>
</nav>
</main>
<aside>
<h1></h1>
<input type="search" placeholder="search by name ( / )" aria-label="search by name" spellcheck="false">
<ul class="found"></ul>
<div class="details"></div>
<div class="kernels"></div>
<h2>Legend</h2>
<ul>
<li><span class="swatch input"></span>input</li>
<li><span class="swatch variable"></span>variable</li>
<li><span class="swatch plain"></span>tensor</li>
<li><span class="swatch plain dotted"></span>only happens before</li>
</ul>
<p>A click on a scope opens it, one on its title closes it. Drag to move, turn the wheel to zoom.</p>
</aside>
)html";

inline constexpr std::string_view html_end = "</body>\n</html>\n";

}  // namespace kiln::io::detail
