import * as z from 'zod';
import type { HistoryEvent } from '../asl/execution.ts';

/** One visit of an execution to a state, read from its history. */
export interface StateVisit {
  readonly name: string;
  /** `Task`, `Choice`, … */
  readonly type: string;
  readonly enteredAt: number;
  readonly input: string;
  /** How often the task was started. */
  attempts: number;
  /** Error of the last failed attempt. */
  error?: string;
  cause?: string;
  leftAt?: number;
  output?: string;
  /** URL of the log of the build that the task ran. */
  logUrl?: string;
  /** True when the execution ended in this state without leaving it. */
  isEnd: boolean;
}

/** Returns the visited states of an execution, in the order of their entries. */
export function readTimeline(history: readonly HistoryEvent[]): StateVisit[] {
  const visits: StateVisit[] = [];
  for (const { type, timestamp, details = {} } of history) {
    const entered = /^(\w+)StateEntered$/.exec(type);
    if (entered?.[1]) {
      const visit = { name: text(details.name), type: entered[1], enteredAt: timestamp, input: text(details.input) };
      visits.push({ ...visit, attempts: 0, isEnd: false });
      continue;
    }
    const visit = visits.at(-1);
    if (!visit) continue;
    if (type === 'TaskScheduled') visit.attempts += 1;
    if (type === 'TaskSubmitted') visit.logUrl = readLogUrl(text(details.output));
    if (/^(TaskFailed|TaskTimedOut|EvaluationFailed|ExecutionFailed)$/.test(type) && details.error !== undefined) {
      visit.error = text(details.error);
      visit.cause = text(details.cause);
    }
    if (type.endsWith('StateExited')) {
      visit.leftAt = timestamp;
      visit.output = text(details.output);
    }
    if (/^Execution(Failed|Aborted|TimedOut)$/.test(type) && visit.leftAt === undefined) {
      visit.leftAt = timestamp;
      visit.isEnd = true;
    }
  }
  return visits;
}

const BuildSchema = z.object({ Build: z.object({ Logs: z.object({ DeepLink: z.url({ protocol: /^https?$/ }) }) }) });

function readLogUrl(output: string): string | undefined {
  try {
    return BuildSchema.parse(JSON.parse(output)).Build.Logs.DeepLink;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
