import { createHash } from 'node:crypto';

/** The one stylesheet. Colours keep a contrast of at least 4.5 to 1, light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1b1f27; --quiet: #565e6c; --line: #d9dde4; --code: #f0f2f5;
  --accent: #1f56c4; --on-accent: #ffffff;
  --good: #17693a; --good-tint: #e4f4ea; --bad: #b3202c; --bad-tint: #fdeaeb;
  --warn: #865200; --warn-tint: #fdf1dc; --calm-tint: #e9effb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151a; --card: #1b2028; --text: #e8ebf0; --quiet: #a4adbb; --line: #343b47; --code: #252b35;
    --accent: #8cb3ff; --on-accent: #0d1830;
    --good: #72d69a; --good-tint: #17301f; --bad: #ff9a9f; --bad-tint: #3a1b1e;
    --warn: #f3be6b; --warn-tint: #35280f; --calm-tint: #1c2840;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -100vw; background: var(--card); padding: .6rem 1rem; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; }
.bar { display: flex; justify-content: space-between; gap: 1rem; padding: .9rem max(1rem, calc(50vw - 25rem)); color: var(--quiet); font-size: .9rem; }
.mark { font-weight: 700; letter-spacing: .02em; color: var(--text); }
.mark::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .5em; background: var(--accent); border-radius: 2px; transform: rotate(45deg); }
main { max-width: 52rem; margin: 0 auto; padding: 0 1rem 4rem; }
h1 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.1rem); line-height: 1.2; margin: .6rem 0 .4rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 0 0 .8rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .5rem; }
p { margin: 0 0 .7rem; }
.lede { font-size: 1.05rem; color: var(--quiet); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.25rem; margin: 1rem 0; }
.banner { border-left: 6px solid var(--accent); background: var(--calm-tint); border-radius: 8px; padding: .9rem 1.1rem; margin: 1rem 0; }
.banner p:last-child, .card > :last-child { margin-bottom: 0; }
.banner strong { display: block; font-size: 1.1rem; }
.banner.good { border-color: var(--good); background: var(--good-tint); }
.banner.bad { border-color: var(--bad); background: var(--bad-tint); }
.banner.warn { border-color: var(--warn); background: var(--warn-tint); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .9rem 1.5rem; margin: 0; }
dt { color: var(--quiet); font-size: .85rem; }
dd { margin: 0; font-weight: 600; }
dd .detail { display: block; font-weight: 400; color: var(--quiet); font-size: .9rem; }
.commit { margin: 1rem 0 0; padding: .7rem .9rem; background: var(--code); border-radius: 8px; white-space: pre-wrap; }
.chips { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: .8rem 0 0; list-style: none; }
.chip, .level { border: 1px solid var(--line); background: var(--code); border-radius: 999px; padding: .15rem .75rem; font-size: .92rem; display: inline-block; }
.add { color: var(--good); } .change { color: var(--warn); } .remove { color: var(--bad); } .quiet { color: var(--quiet); }
.level { font-weight: 700; }
.level::first-letter { text-transform: uppercase; }
.level.high, .level.critical { color: var(--bad); background: var(--bad-tint); border-color: currentcolor; }
.level.medium { color: var(--warn); background: var(--warn-tint); border-color: currentcolor; }
.level.low, .level.none { color: var(--good); background: var(--good-tint); border-color: currentcolor; }
code, .digest { font: .92em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.resource { border-top: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; padding: .15rem 0; }
summary code { font-weight: 600; }
.sign { display: inline-block; min-width: 2ch; font-weight: 700; }
ul.plain { list-style: none; padding: 0; margin: 0; }
ul { padding-left: 1.2rem; margin: 0 0 .7rem; }
.scroll { overflow-x: auto; }
.picture { max-width: 100%; height: auto; min-width: 24rem; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; margin: .4rem 0 .6rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line); min-width: 5rem; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; font-size: .85rem; }
tbody th { font-weight: 500; }
td.number, th.number { text-align: right; min-width: 0; white-space: nowrap; font-variant-numeric: tabular-nums; padding-right: 0; padding-left: .6rem; }
.tag { border: 1px solid var(--bad); color: var(--bad); border-radius: 4px; padding: 0 .35rem; font-size: .8rem; white-space: nowrap; }
label { display: block; font-weight: 600; margin: 1rem 0 .35rem; }
label .hint { font-weight: 400; color: var(--quiet); }
textarea, input[type="text"] {
  width: 100%; font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--quiet);
  border-radius: 8px; padding: .55rem .7rem;
}
input[type="text"] { max-width: 20rem; }
.buttons { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.3rem 0; }
button { font: inherit; font-weight: 700; min-height: 2.9rem; min-width: 9rem; padding: .5rem 1.4rem; border-radius: 8px; border: 2px solid var(--accent); cursor: pointer; }
button.approve { background: var(--accent); color: var(--on-accent); }
button.reject { background: transparent; color: var(--bad); border-color: var(--bad); }
footer { color: var(--quiet); font-size: .88rem; margin-top: 2rem; }
@media (max-width: 34rem) { .buttons button { flex: 1 1 100%; } .card { padding: 1rem; } }
@media (prefers-reduced-motion: no-preference) { button { transition: filter .15s; } button:hover { filter: brightness(1.08); } }
@media print { .skip, .buttons { display: none; } .card { break-inside: avoid; } }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing is loaded from anywhere, no script runs, and the form posts only back to where the page came from. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  'img-src data:',
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');
