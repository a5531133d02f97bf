import { expect, test } from '@jest/globals';
import { logLines } from '../../../local/services/states/execution-log.ts';
import { drive, machine } from '../../harness/drive.ts';

const failing = machine({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Fail', Error: 'Oops' } });

test.each([
  ['ALL', ['ExecutionStarted', 'PassStateEntered', 'PassStateExited', 'FailStateEntered', 'ExecutionFailed']],
  ['ERROR', ['ExecutionFailed']],
  ['FATAL', ['ExecutionFailed']],
  ['OFF', []],
] as const)('the log level %s takes its events', async (Level, types) => {
  const { execution, events } = await drive(failing);
  const lines = logLines({ Level, IncludeExecutionData: false, Destinations: [] }, execution, events);
  expect(lines.map((line) => JSON.parse(line).type)).toEqual(types);
});

test('lines hold the data of the execution only when the machine wants them to', async () => {
  const { execution, events } = await drive(failing, { input: { secret: 1 } });
  const linesOf = (IncludeExecutionData: boolean) =>
    logLines({ Level: 'ALL', IncludeExecutionData, Destinations: [] }, execution, events);
  expect(linesOf(false).join()).not.toContain('secret');
  expect(linesOf(true).join()).toContain('secret');
  expect(JSON.parse(linesOf(false)[1] ?? '')).toEqual({
    id: '2',
    type: 'PassStateEntered',
    details: { name: 'A', inputDetails: { truncated: false } },
    previous_event_id: '0',
    event_timestamp: '1767225600000',
    execution_arn: execution.arn,
  });
});
