import type { LocalRoutes } from '../door/local-route.ts';
import type { AlarmState, CloudWatchService } from '../services/cloudwatch/cloudwatch-service.ts';
import { html, respondPage } from './html.ts';

const STATE_CLASS = { OK: 'good', ALARM: 'bad', INSUFFICIENT_DATA: 'idle' } as const satisfies Record<
  AlarmState,
  string
>;

/** Serves `/local/alarms`, the template's alarms with their states, and `/local/alarms.json` for programs. */
export function alarmsRoutes({ alarms }: Pick<CloudWatchService, 'alarms'>): LocalRoutes {
  return {
    '/local/alarms': () => {
      const rows = alarms().map(
        ({ name, description, metric, state }) =>
          html`<tr><td>${name}<br><span class="soft">${metric}</span></td><td>${description}</td><td><span class="status ${STATE_CLASS[state]}">${state}</span></td></tr>`,
      );
      return respondPage({
        title: 'Alarms',
        content: html`<section class="card"><table><thead><tr><th>Alarm</th><th>Meaning</th><th>State</th></tr></thead><tbody>${rows}</tbody></table></section>`,
      });
    },
    '/local/alarms.json': () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alarms()),
    }),
  };
}
