import type { Execution, HistoryEvent } from '../../asl/execution.ts';
import type { LoggingConfiguration } from './state-machines.ts';

/** Names of the details of history events that contain data of the execution. */
const EXECUTION_DATA = new Set(['input', 'output', 'parameters', 'assignedVariables']);

/** Returns the history event without the data of the execution. */
export function withoutExecutionData(event: HistoryEvent): HistoryEvent {
  if (!event.details) return event;
  return {
    ...event,
    details: Object.fromEntries(Object.entries(event.details).filter(([name]) => !EXECUTION_DATA.has(name))),
  };
}

/** Returns the log lines that Step Functions writes for `events` with this logging configuration. */
export function logLines(
  { Level, IncludeExecutionData }: LoggingConfiguration,
  { arn }: Execution,
  events: readonly HistoryEvent[],
): string[] {
  return events
    .filter(({ type }) => isLogged(type, Level))
    .map((event) => (IncludeExecutionData ? event : withoutExecutionData(event)))
    .map(({ id, previousEventId, timestamp, type, details = {} }) =>
      JSON.stringify({
        id: String(id),
        type,
        details,
        previous_event_id: String(previousEventId),
        event_timestamp: String(timestamp),
        execution_arn: arn,
      }),
    );
}

function isLogged(type: string, level: LoggingConfiguration['Level']): boolean {
  switch (level) {
    case 'ALL':
      return true;
    case 'ERROR':
      return /(Failed|TimedOut|Aborted)$/.test(type);
    case 'FATAL':
      return /^Execution(Failed|TimedOut|Aborted)$/.test(type);
    case 'OFF':
      return false;
  }
}
