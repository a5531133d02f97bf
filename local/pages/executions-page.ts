import type { Execution, ExecutionStatus, HistoryEvent } from '../asl/execution.ts';
import type { WireResponse } from '../door/wire.ts';
import { readTimeline, type StateVisit } from './execution-timeline.ts';
import { duration, type Html, html, prettyJson, respondPage, time } from './html.ts';

const REFRESH_SECONDS = 2;

const LOOKS: Readonly<Record<ExecutionStatus, string>> = {
  RUNNING: 'busy',
  SUCCEEDED: 'good',
  FAILED: 'bad',
  TIMED_OUT: 'bad',
  ABORTED: 'idle',
};

const pathOf = ({ machineName, name }: Execution): string =>
  `/local/executions/${encodeURIComponent(machineName)}/${encodeURIComponent(name)}`;

/** Returns the execution whose page has this path below `/local/executions/`. */
export function findByPath(executions: readonly Execution[], path: string): Execution | undefined {
  return executions.find((execution) => pathOf(execution) === path);
}

/** Renders all executions, newest first. */
export function respondExecutions(executions: readonly Execution[], now: number): WireResponse {
  const rows = executions.map(
    (execution) => html`<tr>
<td><a href="${pathOf(execution)}">${execution.name}</a></td><td>${status(execution)}</td>
<td>${execution.position?.state}</td><td>${time(execution.startedAt)}</td><td class="number">${duration((execution.stoppedAt ?? now) - execution.startedAt)}</td></tr>`,
  );
  const content =
    rows.length === 0
      ? html`<p class="card">No execution has been started yet.</p>`
      : html`<div class="card"><table>
<thead><tr><th scope="col">Execution</th><th scope="col">Status</th><th scope="col">State</th><th scope="col">Started (UTC)</th><th scope="col">Duration</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
  return respondPage({ title: 'Executions', content, refreshSeconds: REFRESH_SECONDS });
}

/** Renders one execution: its states with their inputs and outputs, and its whole history. */
export function respondExecution(execution: Execution, history: readonly HistoryEvent[], now: number): WireResponse {
  const { machineName, name, startedAt, stoppedAt, error, cause, input, output } = execution;
  const visits = readTimeline(history).map((visit) => stateRow(visit, now));
  const events = history.map(
    ({
      id,
      type,
      timestamp,
      details = {},
    }) => html`<tr><td class="number">${id}</td><td>${type}</td><td>${time(timestamp)}</td>
<td><pre>${JSON.stringify(details, null, 2)}</pre></td></tr>`,
  );
  const content = html`
<section class="card"><dl>
<dt>Status</dt><dd>${status(execution)}</dd>
<dt>State machine</dt><dd>${machineName}</dd>
<dt>Started</dt><dd>${time(startedAt)} UTC</dd>
<dt>Duration</dt><dd>${duration((stoppedAt ?? now) - startedAt)}</dd>
${error === null ? undefined : html`<dt>Error</dt><dd>${error}</dd>`}${cause === null ? undefined : html`<dt>Cause</dt><dd><pre>${prettyJson(cause)}</pre></dd>`}
</dl>${data('Input', input)}${execution.status === 'SUCCEEDED' ? data('Output', JSON.stringify(output)) : undefined}</section>
<section class="card"><h2>States</h2><table>
<thead><tr><th scope="col">State</th><th scope="col">Result</th><th scope="col">Entered (UTC)</th><th scope="col">Duration</th></tr></thead>
<tbody>${visits}</tbody></table></section>
<section class="card"><details><summary>History: ${history.length} events</summary><table>
<thead><tr><th scope="col">Event</th><th scope="col">Type</th><th scope="col">At (UTC)</th><th scope="col">Details</th></tr></thead>
<tbody>${events}</tbody></table></details></section>`;
  return respondPage({
    title: name,
    content,
    refreshSeconds: execution.status === 'RUNNING' ? REFRESH_SECONDS : undefined,
  });
}

function stateRow(visit: StateVisit, now: number): Html {
  const { name, type, enteredAt, leftAt, input, output, error, cause, attempts, logUrl } = visit;
  const details = [
    attempts > 1 ? html`<p class="soft">${attempts} attempts</p>` : html``,
    logUrl === undefined ? html`` : html`<p><a href="${logUrl}">Build log</a></p>`,
    error === undefined ? html`` : html`<p>${error}</p>`,
    cause ? data('Cause', cause) : html``,
    data('Input', input),
    output === undefined ? html`` : data('Output', output),
  ];
  return html`<tr><td><strong>${name}</strong> <span class="soft">${type}</span>${details}</td><td>${result(visit)}</td>
<td>${time(enteredAt)}</td><td class="number">${duration((leftAt ?? now) - enteredAt)}</td></tr>`;
}

function result({ leftAt, error, isEnd }: StateVisit): Html {
  if (leftAt === undefined) return html`<span class="status busy">running</span>`;
  if (isEnd) return html`<span class="status bad">ended here</span>`;
  if (error !== undefined) return html`<span class="status idle">error handled</span>`;
  return html`<span class="status good">done</span>`;
}

function status({ status: value }: Execution): Html {
  return html`<span class="status ${LOOKS[value]}">${value.toLowerCase().replace('_', ' ')}</span>`;
}

function data(title: string, text: string): Html {
  return html`<details><summary>${title}</summary><pre>${prettyJson(text)}</pre></details>`;
}
