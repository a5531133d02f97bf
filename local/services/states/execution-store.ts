import { createHash } from 'node:crypto';
import { type Definition, parseDefinition } from '../../asl/definition.ts';
import type { Execution, ExecutionStatus, HistoryEvent } from '../../asl/execution.ts';
import type { Collection, Database } from '../../persistence/database.ts';

/** An execution as it is stored. As on AWS, it continues with the definition with which it was started. */
export interface StoredExecution {
  readonly execution: Execution;
  readonly definitionId: string;
  /** Status changes that have not been put on the event bus yet. */
  readonly unannounced: readonly ExecutionStatus[];
}

/** Executions, their histories and their definitions. Every change is in the database before the call returns. */
export interface ExecutionStore {
  addDefinition(text: string): string;
  definition(id: string): Definition;
  find(arn: string): StoredExecution | undefined;
  /** Returns the executions, newest first. */
  list(): StoredExecution[];
  running(): StoredExecution[];
  /** Stores the events first: a crash in between leaves events that the next step overwrites under the same numbers. */
  commit(stored: StoredExecution, events: readonly HistoryEvent[]): void;
  /** Returns the events, oldest first. */
  history(arn: string): HistoryEvent[];
}

export function createExecutionStore(database: Database): ExecutionStore {
  const stored = database.collection<StoredExecution>('states-executions');
  // Kept in memory, because every step and every page reads executions: each is parsed once, not every time.
  const executions = new Map(stored.entries());
  const definitions = database.collection<string>('states-definitions');
  const parsedDefinitions = new Map<string, Definition>();
  const historyOf = (arn: string): Collection<HistoryEvent> =>
    database.collection<HistoryEvent>(`states-history/${arn}`);
  const all = (): StoredExecution[] => [...executions.values()];
  return {
    addDefinition(text) {
      const id = createHash('sha256').update(text).digest('hex');
      definitions.put(id, text);
      return id;
    },
    definition(id) {
      const known = parsedDefinitions.get(id);
      if (known) return known;
      const text = definitions.get(id);
      if (text === undefined) throw new Error(`reading state machine definition ${id}: it is not stored`);
      const definition = parseDefinition(text);
      parsedDefinitions.set(id, definition);
      return definition;
    },
    find: (arn) => executions.get(arn),
    list: () => all().sort((a, b) => b.execution.startedAt - a.execution.startedAt),
    running: () =>
      all().filter(({ execution, unannounced }) => execution.status === 'RUNNING' || unannounced.length > 0),
    commit(execution, events) {
      const { arn } = execution.execution;
      const history = historyOf(arn);
      for (const event of events) history.put(eventKey(event.id), event);
      stored.put(arn, execution);
      executions.set(arn, execution);
    },
    history(arn) {
      const lastEventId = executions.get(arn)?.execution.lastEventId ?? 0;
      return historyOf(arn)
        .entries()
        .map(([, event]) => event)
        .filter(({ id }) => id <= lastEventId);
    },
  };
}

/** Returns the key of an event. Keys sort as text; a history has at most 25,000 events. */
const eventKey = (id: number): string => String(id).padStart(5, '0');
