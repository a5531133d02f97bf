import { expect, test } from '@jest/globals';
import type { HistoryEvent } from '../../../local/asl/execution.ts';
import { openDatabase } from '../../../local/persistence/database.ts';
import { createExecutionStore } from '../../../local/services/states/execution-store.ts';
import { drive, machine } from '../../harness/drive.ts';

const event = (id: number, type: string): HistoryEvent => ({ id, previousEventId: id - 1, timestamp: 0, type });

test('events of a step that was not stored to its end do not show, and are written again', async () => {
  const database = openDatabase(undefined);
  const store = createExecutionStore(database);
  const { execution } = await drive(machine({ A: { Type: 'Succeed' } }));
  const stored = { execution: { ...execution, lastEventId: 1 }, definitionId: 'x', unannounced: [] };
  store.commit(stored, [event(1, 'ExecutionStarted')]);
  // This is what remains if the process is killed after the events and before the execution are stored.
  database.collection<HistoryEvent>(`states-history/${execution.arn}`).put('00002', event(2, 'Lost'));
  expect(store.history(execution.arn).map(({ type }) => type)).toEqual(['ExecutionStarted']);
  store.commit({ ...stored, execution: { ...execution, lastEventId: 2 } }, [event(2, 'PassStateEntered')]);
  expect(store.history(execution.arn).map(({ type }) => type)).toEqual(['ExecutionStarted', 'PassStateEntered']);
  database.close();
});
