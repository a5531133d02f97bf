/** What the board adds to the stylesheet of all pages. */
export const BOARD_STYLE = `
body:has(#content) :is(.bar, main) { max-width: 84rem; }
a.mark { text-decoration: none; }
#content:focus { outline: 0; }
.scroll, .lanes { position: relative; }
#content > :first-child { margin-top: 0; }
.crumbs { display: flex; flex-wrap: wrap; gap: .2rem .55rem; list-style: none; margin: 0; padding: 0; justify-content: flex-end; }
.crumbs li { margin: 0; }
.crumbs li + li::before { content: "/"; margin-right: .55rem; color: var(--line); }
.pill.quiet { font-weight: 500; }
h1 .pill { vertical-align: .3em; letter-spacing: 0; }
.inline { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .35rem .9rem; }
.inline li { margin: 0; }

.tiles { display: grid; grid-template-columns: repeat(5, 1fr); list-style: none; margin: 1.1rem 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.tiles li { margin: 0; }
.tiles li + li { border-left: 1px solid var(--line); }
.tiles a { display: block; height: 100%; padding: .95rem 1.2rem; color: var(--quiet); text-decoration: none; font-size: .88rem; border-radius: 13px; }
.tiles a strong { display: block; color: var(--text); font-size: 1.6rem; line-height: 1.2; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tiles a.bad strong { color: var(--bad); } .tiles a.warn strong { color: var(--warn); } .tiles a.calm strong { color: var(--accent); }
.tiles a:hover { background: var(--code); }
.tiles a[aria-current] { box-shadow: inset 0 -3px 0 var(--accent); color: var(--text); }

.find { display: flex; align-items: center; gap: .8rem; margin: 0 0 1rem; }
.find label { margin: 0; }
input[type="search"] { flex: 1; max-width: 26rem; font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--quiet); border-radius: 10px; padding: .5rem .8rem; }

.apps { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.apps > li { display: grid; grid-template-columns: minmax(9rem, 15rem) minmax(0, 1fr); gap: .3rem 1.5rem; padding: .75rem 1.2rem; margin: 0; border-left: 4px solid transparent; }
.apps > li + li { border-top: 1px solid var(--line); }
.apps > li.bad { border-left-color: var(--bad); } .apps > li.warn { border-left-color: var(--warn); } .apps > li.calm { border-left-color: var(--accent); }
.apps > li:first-child { border-top-left-radius: 14px; } .apps > li:last-child { border-bottom-left-radius: 14px; }
.apps h2 { font-size: 1rem; margin: 0; letter-spacing: 0; }
.apps h2 a { color: var(--text); text-decoration-color: var(--line); text-underline-offset: .2em; }
.apps h2 a:hover { text-decoration-color: var(--accent); }
.apps .now { grid-column: 2; margin: 0; padding: 0; list-style: none; font-size: .92rem; }
.apps .now li { margin: .15rem 0; }
.track { display: flex; flex-wrap: wrap; gap: .3rem .35rem; list-style: none; margin: 0; padding: 0; }
.track li { display: flex; align-items: center; gap: .35rem; margin: 0; }
.track li + li::before { content: "→"; color: var(--quiet); }
.stop { display: inline-flex; align-items: baseline; gap: .45rem; border: 1px solid var(--line); border-radius: 8px; padding: .05rem .55rem; font-size: .9rem; background: var(--page); }
.stop b { font-weight: 600; }
.stop.bad { border-color: var(--bad); background: var(--bad-tint); } .stop.warn { border-color: var(--warn); background: var(--warn-tint); } .stop.calm { border-color: var(--accent); background: var(--accent-tint); }
.dot { flex: none; display: inline-block; width: .62em; height: .62em; border-radius: 50%; background: var(--quiet); }
.dot.good { background: var(--good); } .dot.bad { background: var(--bad); border-radius: 1px; } .dot.warn { background: transparent; border: 2.5px solid var(--warn); } .dot.calm { background: var(--accent); } .dot.quiet { background: transparent; border: 2px solid var(--line); }

.lanes { display: flex; gap: 1rem; list-style: none; margin: 1.1rem 0; padding: 0 .2rem .6rem; overflow-x: auto; scroll-snap-type: x proximity; }
.lanes > li { flex: 1 0 17rem; max-width: 28rem; margin: 0; scroll-snap-align: start; display: flex; flex-direction: column; background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); padding: 1rem 1.15rem; }
.lanes > li.good { border-top-color: var(--good); } .lanes > li.bad { border-top-color: var(--bad); } .lanes > li.warn { border-top-color: var(--warn); } .lanes > li.calm { border-top-color: var(--accent); }
.lanes h3 { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin: 0 0 .7rem; font-size: 1.05rem; }
.lanes .runs { font-size: 1.42rem; line-height: 1.25; font-weight: 700; letter-spacing: -.02em; margin: 0; }
.lanes .runs.quiet { margin-bottom: .8rem; }
.lanes .runs a { color: inherit; text-decoration-color: var(--line); text-underline-offset: .18em; }
.lanes .commit { margin: .7rem 0 .9rem; padding: .5rem .8rem; font-size: .92rem; }
.lanes .notice { border-radius: 10px; padding: .65rem .85rem; margin: 0 0 .8rem; font-size: .92rem; }
.lanes .notice > :last-child { margin-bottom: 0; }
.notice.warn { background: var(--warn-tint); } .notice.bad { background: var(--bad-tint); } .notice.calm { background: var(--accent-tint); } .notice.good { background: var(--good-tint); }
.notice h4 { margin: 0 0 .35rem; font-size: .95rem; }
.small-facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem .9rem; margin: 0 0 .9rem; font-size: .92rem; }
.small-facts dd ul { margin: 0; padding: 0; list-style: none; }
.small-facts dd li { margin: 0; }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; margin: auto 0 0; padding-top: .4rem; }
a.action { display: inline-block; padding: .3rem .85rem; border: 1.5px solid var(--accent); border-radius: 9px; font-weight: 600; font-size: .9rem; text-decoration: none; }
a.action:hover { background: var(--accent-tint); }
a.action.bad { color: var(--bad); border-color: var(--bad); }
a.action.bad:hover { background: var(--bad-tint); }

.stages { list-style: none; margin: 0 0 .6rem; padding: 0; }
.stages li { position: relative; margin: 0; padding: .12rem 0 .12rem 1.5rem; }
.stages li::before { content: ""; position: absolute; left: .14rem; top: .52rem; width: .62rem; height: .62rem; border-radius: 50%; background: var(--card); border: 2px solid var(--quiet); z-index: 1; }
.stages li + li::after { content: ""; position: absolute; left: .41rem; top: -.62rem; height: 1.15rem; border-left: 2px solid var(--line); }
.stages .done::before { background: var(--good); border-color: var(--good); }
.stages .now::before { background: var(--accent); border-color: var(--accent); box-shadow: 0 0 0 3px var(--accent-tint); }
.stages .ended::before { background: var(--bad); border-color: var(--bad); border-radius: 2px; }
.stages .later { color: var(--quiet); }
.stages .now b, .stages .ended b { font-weight: 700; }
.stages .detail { display: block; font-size: .9rem; color: var(--quiet); }
.stages b { font-weight: 600; }

.chart { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem 1.5rem; }
.spark { display: block; max-width: 100%; height: auto; }
.spark .bar { fill: var(--accent); } .spark .fail { stroke: var(--bad); } .spark .base { stroke: var(--line); }
.spark .bar.none { fill: var(--line); }
.timeline { list-style: none; margin: 0; padding: 0; }
.timeline li { display: grid; grid-template-columns: 12.5rem minmax(0, 1fr); gap: .2rem 1rem; padding: .45rem 0; margin: 0; }
.timeline li + li { border-top: 1px solid var(--line); }
.timeline time { color: var(--quiet); font-variant-numeric: tabular-nums; }
.cause pre { margin: .4rem 0 .8rem; padding: .7rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; font: .88rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; }
.cause h3 { margin: .8rem 0 .2rem; }
.figures.four { grid-template-columns: repeat(4, 1fr); }
.releases td, .releases th { white-space: nowrap; }
.releases .what { white-space: normal; min-width: 14rem; }
td .pill { font-size: .8rem; }
button.go { background: var(--accent); color: var(--on-accent); }
button.go.bad { background: var(--bad); border-color: var(--bad); color: var(--card); }
.choices { display: grid; gap: .4rem; margin: 0; padding: 0; border: 0; }
.choices label { display: flex; gap: .6rem; align-items: baseline; margin: 0; font-weight: 400; }

@media print { .lanes { flex-wrap: wrap; overflow: visible; } .actions, .find, a.action { display: none; } .lanes > li { break-inside: avoid; } }
@media (max-width: 62rem) { .tiles { grid-template-columns: repeat(3, 1fr); } .tiles li:nth-child(4) { border-left: 0; } .tiles li:nth-child(n + 4) { border-top: 1px solid var(--line); } }
@media (max-width: 46rem) {
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .tiles li:nth-child(odd) { border-left: 0; } .tiles li:nth-child(even) { border-left: 1px solid var(--line); } .tiles li:nth-child(n + 3) { border-top: 1px solid var(--line); }
  .apps > li { grid-template-columns: 1fr; padding: .75rem .9rem; }
  .apps .now { grid-column: 1; }
  .lanes { flex-direction: column; overflow-x: visible; padding: 0; }
  .lanes > li { flex: none; max-width: none; }
  .figures.four { grid-template-columns: repeat(2, 1fr); }
  .timeline li { grid-template-columns: 1fr; gap: 0; }
  .releases .what { min-width: 8.5rem; } .releases .author { display: none; }
  .bar { flex-direction: column; gap: .3rem; } .crumbs { justify-content: flex-start; }
}
`;
