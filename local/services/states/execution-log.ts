import type { Execution, HistoryEvent } from '../../asl/execution.ts';
import type { LoggingConfiguration } from './state-machines.ts';

/** Details of history events that hold data of the execution. */
const EXECUTION_DATA = new Set(['input', 'output', 'parameters', 'assignedVariables']);

/** The history event without what the execution works on. */
export function withoutExecutionData(event: HistoryEvent): HistoryEvent {
  if (!event.details) return event;
  return {
    ...event,
    details: Object.fromEntries(Object.entries(event.details).filter(([name]) => !EXECUTION_DATA.has(name))),
  };
}

/** The lines that Step Functions writes to its log group for `events`, as the machine's logging configuration wants them. */
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
