import type { WireResponse } from '../door/wire.ts';

/** HTML that is safe to send: all values from outside have been escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Content = string | number | Html | readonly Html[] | undefined;

/** Makes HTML from a template literal. The values are escaped unless they are HTML themselves. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.map((text, index) => text + render(values[index])).join(''));
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map((part) => part.text).join('');
  return escapeHtml(String(content));
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Turns the URLs of a text into links. */
export function linkUrls(text: string): Html {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/);
  return new Html(
    parts.map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : html`${part}`).text).join(''),
  );
}

interface PageProps {
  readonly title: string;
  readonly content: Html;
  readonly status?: number;
  /** Seconds after which the browser loads the page again. */
  readonly refreshSeconds?: number;
}

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --soft: light-dark(#59636e, #9aa4af);
  --line: light-dark(#d8dee4, #30363d); --card: light-dark(#fff, #161b22); --ground: light-dark(#f6f8fa, #0d1117);
  --link: light-dark(#0550ae, #79b8ff); --good: light-dark(#116329, #56d364); --bad: light-dark(#a40e26, #ff9492);
  --busy: light-dark(#0550ae, #79b8ff); --idle: light-dark(#59636e, #9aa4af); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 0.95rem/1.55 system-ui, sans-serif; }
header, main { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: baseline; padding-top: 1.25rem; }
header strong { margin-right: auto; }
a { color: var(--link); }
h1 { font-size: 1.5rem; margin: 1.5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 1rem 1.25rem; margin: 0 0 1rem; }
.soft { color: var(--soft); }
p { margin: 0.25rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.75rem 0.45rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { margin: 0.5rem 0 0; padding: 0.75rem; background: var(--ground); border: 1px solid var(--line); border-radius: 0.4rem;
  font: 0.85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--link); }
.status { font-weight: 600; white-space: nowrap; }
.status::before { content: "● "; }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); } .idle { color: var(--idle); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
`;

/** Renders a page of the local cloud in the common frame. The page loads nothing else: no script, no font, no image. */
export function respondPage({ title, content, status = 200, refreshSeconds }: PageProps): WireResponse {
  const refresh =
    refreshSeconds === undefined ? undefined : html`<meta http-equiv="refresh" content="${refreshSeconds}">`;
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${refresh}
<title>${title} – local cloud</title><style>${new Html(STYLE)}</style></head>
<body>
<header><strong>Local cloud</strong><a href="/local/">Overview</a><a href="/local/executions">Executions</a><a href="/local/outbox">Outbox</a><a href="/local/queues">Queues</a><a href="/local/logs">Logs</a><a href="/local/alarms">Alarms</a><a href="/local/dns">DNS</a></header>
<main><h1>${title}</h1>${content}</main>
</body>
</html>
`;
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: page.text,
  };
}

/** Renders a time for people, to the second, in UTC like the logs. */
export function time(epochMilliseconds: number): Html {
  const iso = new Date(epochMilliseconds).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;
}

/** Formats a duration: `85 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Indents JSON text; returns other text unchanged. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
