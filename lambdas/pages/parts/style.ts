import { createHash } from 'node:crypto';

/** The stylesheet of all pages. Colours have a contrast of at least 4.5 to 1, in light and dark mode. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --text: #14181f; --quiet: #555e6b; --line: #dfe3e8; --code: #f1f3f6;
  --accent: #1f55c3; --on-accent: #ffffff; --accent-tint: #e8eefb;
  --good: #15683a; --good-tint: #e3f4e9; --bad: #b01f2b; --bad-tint: #fdeaeb;
  --warn: #815000; --warn-tint: #fcf0da;
  --shadow: 0 1px 2px rgb(20 24 31 / .05), 0 4px 16px rgb(20 24 31 / .04);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #181c22; --text: #e8ebf0; --quiet: #a3acb9; --line: #2d343d; --code: #222831;
    --accent: #8db4ff; --on-accent: #0b1730; --accent-tint: #1a2640;
    --good: #74d69b; --good-tint: #14301f; --bad: #ff9ca1; --bad-tint: #3b1a1d;
    --warn: #f2bf6e; --warn-tint: #33270f;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.sr { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100vw; background: var(--card); padding: .6rem 1rem; border-radius: 8px; }
.skip:focus { left: 1rem; top: 1rem; z-index: 2; }

.bar { display: flex; justify-content: space-between; gap: 1rem; max-width: 60rem; margin: 0 auto; padding: 1.1rem 1rem; color: var(--quiet); font-size: .9rem; }
.mark { font-weight: 700; letter-spacing: -.01em; color: var(--text); }
.mark::before { content: ""; display: inline-block; width: .62em; height: .62em; margin-right: .6em; background: var(--accent); border-radius: 2px; transform: rotate(45deg); }
main { max-width: 60rem; margin: 0 auto; padding: 0 1rem 4rem; }
.eyebrow { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin: 1rem 0 .5rem; color: var(--quiet); font-size: .92rem; }
h1 { font-size: clamp(1.7rem, 1.2rem + 2.2vw, 2.4rem); line-height: 1.15; letter-spacing: -.022em; font-weight: 750; margin: 0 0 .6rem; text-wrap: pretty; }
h2 { font-size: 1.2rem; line-height: 1.3; letter-spacing: -.012em; margin: 0 0 .9rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
p { margin: 0 0 .75rem; }
.lede { font-size: 1.08rem; color: var(--quiet); max-width: 46rem; text-wrap: pretty; }
.lede strong { color: var(--text); font-weight: 600; }
.quiet { color: var(--quiet); }
.small { font-size: .9rem; }
ul { padding-left: 1.15rem; margin: 0 0 .75rem; }
li { margin: .2rem 0; }
code, .digest { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); padding: 1.35rem 1.5rem; margin: 1.1rem 0; }
.card > :last-child, .banner > :last-child { margin-bottom: 0; }
.banner { border: 1px solid; border-left-width: 6px; border-radius: 12px; padding: 1rem 1.25rem; margin: 1.1rem 0; background: var(--accent-tint); border-color: var(--accent); }
.banner h2 { margin: 0 0 .35rem; }
.banner.good { border-color: var(--good); background: var(--good-tint); }
.banner.bad { border-color: var(--bad); background: var(--bad-tint); }
.banner.warn { border-color: var(--warn); background: var(--warn-tint); }
.banner blockquote { border-color: currentcolor; }
blockquote { margin: .4rem 0 .75rem; padding: .1rem 0 .1rem .9rem; border-left: 3px solid var(--line); white-space: pre-wrap; }

.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0; margin: 1.3rem 0 1.1rem; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.figures > div { padding: 1.05rem 1.25rem; border-left: 1px solid var(--line); }
.figures > div:first-child { border-left: 0; }
.figures .value { font-size: 1.42rem; line-height: 1.25; font-weight: 700; letter-spacing: -.02em; font-variant-numeric: tabular-nums; margin: .2rem 0; }
.figures .detail { font-size: .88rem; font-weight: 400; color: var(--quiet); }
.counts { display: flex; flex-wrap: wrap; gap: 0 .7rem; }
dt { color: var(--quiet); font-size: .86rem; }
dd { margin: 0; }
.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem 1.5rem; margin: 0; }
.facts dd { font-weight: 600; }
.facts .detail { display: block; font-weight: 400; color: var(--quiet); font-size: .9rem; }
.commit { margin: 1.2rem 0 0; padding: .85rem 1.1rem; background: var(--code); border-left: 3px solid var(--accent); border-radius: 4px 10px 10px 4px; }
.commit p { margin: 0; white-space: pre-wrap; }
.commit .subject { font-weight: 600; }
.commit .by { margin-top: .35rem; }

.add { color: var(--good); } .change { color: var(--warn); } .remove { color: var(--bad); } .none { color: var(--quiet); }
.level { font-weight: 700; }
.level::first-letter { text-transform: uppercase; }
.level.high, .level.critical { color: var(--bad); } .level.medium { color: var(--warn); } .level.low { color: var(--good); } .level.none { color: var(--quiet); }
.pill { display: inline-block; border-radius: 999px; padding: .1rem .7rem; font-size: .85rem; font-weight: 600; background: var(--code); color: var(--quiet); border: 1px solid var(--line); white-space: nowrap; }
.pill.good, .pill.low { color: var(--good); background: var(--good-tint); border-color: transparent; }
.pill.bad, .pill.high, .pill.critical { color: var(--bad); background: var(--bad-tint); border-color: transparent; }
.pill.warn, .pill.medium { color: var(--warn); background: var(--warn-tint); border-color: transparent; }
.pill.calm { color: var(--accent); background: var(--accent-tint); border-color: transparent; }
.tag { border: 1px solid currentcolor; color: var(--bad); border-radius: 5px; padding: 0 .4rem; font: 600 .76rem/1.5 system-ui, sans-serif; white-space: nowrap; }

.group { display: flex; align-items: center; gap: .6rem; }
.sign { display: inline-grid; place-items: center; flex: none; width: 1.45rem; height: 1.45rem; border-radius: 6px; font-weight: 700; line-height: 1; }
.sign.add { background: var(--good-tint); } .sign.change { background: var(--warn-tint); } .sign.remove { background: var(--bad-tint); } .sign.quiet { background: var(--code); }
.resource { border-top: 1px solid var(--line); }
summary { display: flex; align-items: baseline; gap: .7rem; cursor: pointer; padding: .55rem 0; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; flex: none; width: .45em; height: .45em; margin: 0 .1em; border: solid var(--quiet); border-width: 0 2px 2px 0; transform: translateY(-.1em) rotate(-45deg); }
details[open] > summary::before { transform: translateY(-.2em) rotate(45deg); }
.resource summary code { font-weight: 600; }
.resource summary .path, .path { font-weight: 400; color: var(--quiet); }
.resource .inside { padding: .1rem 0 .9rem 1.35rem; }
.differing { padding: .7rem 0 .2rem; }
.resource .inside > :last-child { margin-bottom: 0; }
.plain { list-style: none; padding: 0; }
.plain li { border-top: 1px solid var(--line); padding: .4rem 0; margin: 0; }
.diff { margin: 0 0 .6rem; }
.diff > div { display: grid; grid-template-columns: 15rem fit-content(20rem) auto minmax(0, 1fr); gap: .2rem .7rem; align-items: baseline; padding: .3rem 0; }
.diff > div + div { border-top: 1px dashed var(--line); }
.diff dt { color: var(--text); font-size: .95rem; }
.diff .arrow { color: var(--quiet); }
.diff .only { grid-column: 2 / -1; }
.diff code { border-radius: 5px; padding: .06rem .3rem; box-decoration-break: clone; -webkit-box-decoration-break: clone; white-space: pre-wrap; }
.diff dt code { padding: 0; }
.diff .was code { background: var(--bad-tint); }
.diff .becomes code { background: var(--good-tint); }

.picture { display: block; }
.picture .label { fill: var(--text); }
.picture rect { fill-opacity: 1; }
.picture .add rect { fill: var(--good-tint); } .picture .change rect { fill: var(--warn-tint); } .picture .remove rect { fill: var(--bad-tint); } .picture .quiet rect { fill: var(--card); }
.scroll { overflow-x: auto; }
.frame { border: 1px solid var(--line); border-radius: 10px; padding: .75rem; margin: 1rem 0 .5rem; background: var(--page); }
.frame .picture { margin: 0 auto; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; list-style: none; padding: 0; color: var(--quiet); font-size: .88rem; }
.legend li { display: flex; align-items: center; gap: .45rem; margin: 0; }
.legend .sign { width: 1.25rem; height: 1.25rem; font-size: .85rem; }

table { width: 100%; border-collapse: collapse; margin: .2rem 0 .8rem; font-size: .95rem; }
th, td { text-align: left; vertical-align: baseline; padding: .45rem .9rem .45rem 0; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--quiet); font-weight: 500; font-size: .86rem; padding-top: 0; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tfoot th, tfoot td { border-top: 2px solid var(--line); font-weight: 700; }
td .detail { display: block; }

.gates { list-style: none; padding: 0; margin: 0; }
.gates > li { border-top: 1px solid var(--line); padding: .8rem 0; margin: 0; }
.gates > li:first-child { border-top: 0; padding-top: 0; }
.gates > li:last-child { padding-bottom: 0; }
.gates h3 .small { font-weight: 400; }
.gates h3 { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin: 0; }
.gates ul { list-style: none; padding: 0; margin: .5rem 0 0; }

.to-decision { position: sticky; bottom: 0; z-index: 1; display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin: 0 -1rem; padding: .7rem 1rem; background: var(--page); border-top: 1px solid var(--line); font-size: .92rem; }
.to-decision a, button { font: inherit; font-weight: 700; border-radius: 10px; border: 2px solid var(--accent); cursor: pointer; }
.to-decision a { flex: none; padding: .4rem 1.1rem; background: var(--accent); color: var(--on-accent); text-decoration: none; }
.decision { border: 2px solid var(--accent); }
label { display: block; font-weight: 600; margin: 1.1rem 0 .4rem; }
label .hint { font-weight: 400; color: var(--quiet); }
textarea, input[type="text"] {
  display: block; width: 100%; font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--quiet);
  border-radius: 10px; padding: .6rem .8rem;
}
textarea { resize: vertical; min-height: 5.2rem; }
input[type="text"] { max-width: 20rem; }
[aria-invalid="true"] { border: 2px solid var(--bad); }
.problem { color: var(--bad); font-weight: 600; margin: .4rem 0 0; }
.buttons { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.4rem 0 1rem; }
button { min-height: 3rem; min-width: 10rem; padding: .5rem 1.6rem; }
button.approve { background: var(--accent); color: var(--on-accent); }
button.reject { background: transparent; color: var(--bad); border-color: currentcolor; }
footer { color: var(--quiet); font-size: .88rem; margin-top: 2rem; }

@media (max-width: 46rem) {
  .figures, .facts { grid-template-columns: repeat(2, 1fr); }
  .figures > div:nth-child(odd) { border-left: 0; }
  .figures > div:nth-child(n + 3) { border-top: 1px solid var(--line); }
  .diff > div { display: flex; flex-wrap: wrap; gap: .2rem .6rem; padding: .5rem 0; }
  .diff dt { flex: 1 0 100%; }
}
@media (max-width: 34rem) {
  .card { padding: 1.1rem 1.05rem; border-radius: 12px; }
  .figures > div { padding: .85rem 1rem; }
  .figures .value { font-size: 1.2rem; }
  .buttons button { flex: 1 1 100%; }
  table { font-size: .88rem; }
  th, td { padding-right: .6rem; }
}
@media (prefers-reduced-motion: no-preference) { button, .to-decision a { transition: filter .15s; } }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
button:hover, .to-decision a:hover { filter: brightness(1.08); }
@media print {
  .skip, .to-decision, .buttons { display: none; }
  .card, .figures { box-shadow: none; break-inside: avoid; }
}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** The page loads nothing and runs no script. Its form can post only to the origin of the page. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  'img-src data:',
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');
