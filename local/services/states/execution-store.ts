import { createHash } from 'node:crypto';
import { type Definition, parseDefinition } from '../../asl/definition.ts';
import type { Execution, ExecutionStatus, HistoryEvent } from '../../asl/execution.ts';
import type { Collection, Database } from '../../persistence/database.ts';

/** An execution as it is kept: it goes on with the definition it was started with, as on AWS. */
export interface StoredExecution {
  readonly execution: Execution;
  readonly definitionId: string;
  /** Status changes that have not been put on the event bus yet. */
  readonly unannounced: readonly ExecutionStatus[];
}

/** Executions, their histories and the definitions they run, all written through. */
export interface ExecutionStore {
  addDefinition(text: string): string;
  definition(id: string): Definition;
  find(arn: string): StoredExecution | undefined;
  /** Newest first. */
  list(): StoredExecution[];
  running(): StoredExecution[];
  /** The events go first: a crash in between leaves events that the next step writes again under the same numbers. */
  commit(stored: StoredExecution, events: readonly HistoryEvent[]): void;
  /** Oldest first. */
  history(arn: string): HistoryEvent[];
}

export function createExecutionStore(database: Database): ExecutionStore {
  const stored = database.collection<StoredExecution>('states-executions');
  // Asked for at every step and by every page: parsed once, not each time.
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

/** Keys sort as text; histories end at 25,000 events. */
const eventKey = (id: number): string => String(id).padStart(5, '0');
