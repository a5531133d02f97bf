import type { LocalRoutes } from '../door/local-route.ts';
import type { WireResponse } from '../door/wire.ts';
import type { LogsService } from '../services/logs/logs-service.ts';
import { html, respondPage, time } from './html.ts';

type ReadableLogs = Pick<LogsService, 'groups' | 'read'>;

/** Serves `/local/logs`, the log groups, and `/local/logs/<name, encoded>`, the newest lines of one group. */
export function logsRoutes(logs: ReadableLogs): LocalRoutes {
  return {
    '/local/logs': () => respondGroups(logs),
    '/local/logs/': ({ path }) => respondGroup(logs, decodeURIComponent(path.slice('/local/logs/'.length))),
  };
}

function respondGroups(logs: ReadableLogs): WireResponse {
  const rows = logs.groups().map((group) => {
    const lines = logs.read(group);
    const last = lines.at(-1);
    return html`<tr><td><a href="/local/logs/${encodeURIComponent(group)}">${group}</a></td><td class="number">${lines.length}</td><td>${last ? time(last.at.getTime()) : ''}</td></tr>`;
  });
  return respondPage({
    title: 'Logs',
    content: html`<section class="card"><table><thead><tr><th>Log group</th><th>Lines</th><th>Last line (UTC)</th></tr></thead><tbody>${rows}</tbody></table></section>`,
  });
}

function respondGroup(logs: ReadableLogs, group: string): WireResponse {
  if (!logs.groups().includes(group)) {
    return respondPage({
      title: 'Not found',
      status: 404,
      content: html`<p class="card">There is no log group ${group}.</p>`,
    });
  }
  const text = logs
    .read(group)
    .map(({ at, message }) => `${at.toISOString()}  ${message}`)
    .join('\n');
  return respondPage({ title: group, content: html`<pre>${text}</pre>` });
}
