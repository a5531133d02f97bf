import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../../local/asl/json.ts';
import { type DriveOptions, drive, EPOCH, INVOKE, INVOKE_AND_WAIT, machine } from '../../harness/drive.ts';

const END = { End: true };

describe('what a state machine gives', () => {
  const rows: [title: string, states: Record<string, unknown>, output: Json, options?: DriveOptions][] = [
    ['Pass hands its input on', { A: { Type: 'Pass', ...END } }, { a: 1 }, { input: { a: 1 } }],
    [
      'Output mixes text, expressions and nesting',
      {
        A: {
          Type: 'Pass',
          Output: { text: 'plain', sum: '{% $states.input.a + 1 %}', list: [1, '{% $states.input.a %}', null] },
          ...END,
        },
      },
      { text: 'plain', sum: 3, list: [1, 2, null] },
      { input: { a: 2 } },
    ],
    [
      'Output may be one expression',
      { A: { Type: 'Pass', Output: '{% $states.input.list[0] %}', ...END } },
      'x',
      { input: { list: ['x', 'y'] } },
    ],
    ['an expression between spaces is text', { A: { Type: 'Pass', Output: ' {% 1 %} ', ...END } }, ' {% 1 %} '],
    [
      'null is a result',
      { A: { Type: 'Pass', Output: '{% $states.input.nothing %}', ...END } },
      null,
      { input: { nothing: null } },
    ],
    [
      'variables outlive their state',
      {
        A: { Type: 'Pass', Assign: { x: '{% $states.input.a %}' }, Next: 'B' },
        B: { Type: 'Pass', Output: '{% $x * 10 %}', ...END },
      },
      20,
      { input: { a: 2 } },
    ],
    [
      'Assign and Output see the variables from before',
      {
        A: { Type: 'Pass', Assign: { x: 1 }, Next: 'B' },
        B: { Type: 'Pass', Assign: { x: 2, y: '{% $x %}' }, Output: '{% $x %}', Next: 'C' },
        C: { Type: 'Succeed', Output: '{% {"input": $states.input, "x": $x, "y": $y} %}' },
      },
      { input: 1, x: 2, y: 1 },
    ],
    [
      'Choice takes the first rule that holds, with its own Output',
      {
        A: {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input.n > 10 %}', Next: 'Big' },
            { Condition: '{% $states.input.n > 1 %}', Output: 'middle', Next: 'Done' },
            { Condition: true, Next: 'Big' },
          ],
        },
        Big: { Type: 'Fail' },
        Done: { Type: 'Succeed' },
      },
      'middle',
      { input: { n: 5 } },
    ],
    [
      "Choice's own Output and Assign belong to Default",
      {
        A: {
          Type: 'Choice',
          Choices: [{ Condition: false, Next: 'B' }],
          Default: 'B',
          Output: 'default',
          Assign: { x: 7 },
        },
        B: { Type: 'Pass', Output: '{% [$states.input, $x] %}', ...END },
      },
      ['default', 7],
    ],
    [
      'Succeed ends with its Output',
      { A: { Type: 'Succeed', Output: '{% $states.input.a %}' } },
      2,
      { input: { a: 2 } },
    ],
    [
      'Task evaluates its Arguments and gives its result',
      {
        A: { Type: 'Task', Resource: INVOKE, Arguments: { FunctionName: 'f', Payload: '{% $states.input %}' }, ...END },
      },
      { FunctionName: 'f', Payload: { a: 1 } },
      { input: { a: 1 } },
    ],
    [
      'Arguments may be one expression',
      { A: { Type: 'Task', Resource: INVOKE, Arguments: '{% $merge([$states.input, {"b": 2}]) %}', ...END } },
      { a: 1, b: 2 },
      { input: { a: 1 } },
    ],
    [
      'Output of a Task sees result and input',
      { A: { Type: 'Task', Resource: INVOKE, Output: '{% [$states.input, $states.result.Payload] %}', ...END } },
      ['in', 'out'],
      { input: 'in', task: () => ({ output: { Payload: 'out' } }) },
    ],
    [
      'a task may give null',
      { A: { Type: 'Task', Resource: INVOKE, ...END } },
      null,
      { task: () => ({ output: null }) },
    ],
    [
      'Catch without Output passes the error on',
      {
        A: { Type: 'Task', Resource: INVOKE, Catch: [{ ErrorEquals: ['Oops'], Next: 'B' }], ...END },
        B: { Type: 'Succeed' },
      },
      { Error: 'Oops', Cause: 'why' },
      { task: () => ({ error: 'Oops', cause: 'why' }) },
    ],
    [
      'Catch assigns and outputs from $states.errorOutput and the input',
      {
        A: {
          Type: 'Task',
          Resource: INVOKE,
          Catch: [
            {
              ErrorEquals: ['States.ALL'],
              Assign: { e: '{% $states.errorOutput %}' },
              Output: '{% $states.input %}',
              Next: 'B',
            },
          ],
          ...END,
        },
        B: { Type: 'Succeed', Output: '{% {"in": $states.input, "error": $e.Error, "cause": $e.Cause} %}' },
      },
      { in: 'i', error: 'Oops', cause: 'why' },
      { input: 'i', task: () => ({ error: 'Oops', cause: 'why' }) },
    ],
    [
      'a timeout has an empty Cause',
      {
        A: {
          Type: 'Task',
          Resource: INVOKE,
          TimeoutSeconds: 5,
          Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'B' }],
          ...END,
        },
        B: { Type: 'Succeed' },
      },
      { Error: 'States.Timeout', Cause: '' },
      { task: () => undefined },
    ],
    [
      'the added functions work',
      {
        A: {
          Type: 'Pass',
          Output: {
            partition: '{% $partition([1, 2, 3], 2) %}',
            range: '{% $range(1, 9, 4) %}',
            hash: '{% $hash("content", "SHA-1") %}',
            random: '{% $random() %}',
            seeded: '{% $random(1) = $random(1) %}',
            uuid: '{% $uuid() %}',
            parse: '{% $parse("{\\"a\\":[1]}").a %}',
          },
          ...END,
        },
      },
      {
        partition: [[1, 2], [3]],
        range: [1, 5, 9],
        hash: '040f06fd774092478d450774f5ba30c5da78acc8',
        random: 0.5,
        seeded: true,
        uuid: 'id-1',
        parse: [1],
      },
    ],
    [
      'the context object names execution, state and machine',
      { A: { Type: 'Pass', Output: '{% $states.context %}', ...END } },
      {
        Execution: {
          Id: 'arn:aws:states:eu-west-1:111111111111:execution:machine:run',
          Input: { a: 1 },
          Name: 'run',
          RoleArn: 'arn:aws:iam::111111111111:role/machine-role',
          StartTime: '2026-01-01T00:00:00.000Z',
          RedriveCount: 0,
        },
        State: { Name: 'A', EnteredTime: '2026-01-01T00:00:00.000Z' },
        StateMachine: { Id: 'arn:aws:states:eu-west-1:111111111111:stateMachine:machine', Name: 'machine' },
      },
      { input: { a: 1 } },
    ],
    [
      'a token task sees its token and its retry count',
      {
        A: {
          Type: 'Task',
          Resource: INVOKE_AND_WAIT,
          Arguments: {
            Payload: { token: '{% $states.context.Task.Token %}', retries: '{% $states.context.State.RetryCount %}' },
          },
          Retry: [{ ErrorEquals: ['Again'] }],
          Output: '{% $states.result.Payload %}',
          ...END,
        },
      },
      { token: 'token-id-2', retries: 1 },
      { task: ({ parameters }, number) => (number === 1 ? { error: 'Again' } : { output: parameters }) },
    ],
  ];

  test.each(rows)('%s', async (_title, states, output, options = {}) => {
    const run = await drive(machine(states), options);
    expect(run.execution).toMatchObject({ status: 'SUCCEEDED', error: null, cause: null, output });
  });
});

describe('what fails an execution', () => {
  const pass = (Output: Json) => ({ A: { Type: 'Pass', Output, ...END } });
  const where = "An error occurred while executing the state 'A' (entered at the event id #2). ";
  const nothing = (source: string, field: string) =>
    `${where}The JSONata expression '${source}' specified for the field '${field}' returned nothing (undefined).`;
  const unexpected = (source: string, field: string) =>
    `${where}The JSONata expression '${source}' specified for the field '${field}' returned an unexpected result type.`;
  const rows: [
    title: string,
    states: Record<string, unknown>,
    error: string | null,
    cause: string | RegExp | null,
    options?: DriveOptions,
  ][] = [
    [
      'undefined in Output',
      pass('{% $states.input.missing %}'),
      'States.QueryEvaluationError',
      nothing('$states.input.missing', 'Output'),
    ],
    [
      'undefined deep in Output',
      pass({ a: [{ b: '{% $states.input.x %}' }] }),
      'States.QueryEvaluationError',
      nothing('$states.input.x', 'Output/a[0]/b'),
    ],
    [
      'undefined in Assign',
      { A: { Type: 'Pass', Assign: { x: '{% $states.input.x %}' }, ...END } },
      'States.QueryEvaluationError',
      nothing('$states.input.x', 'Assign/x'),
    ],
    ['an unset variable', pass('{% $missing %}'), 'States.QueryEvaluationError', nothing('$missing', 'Output')],
    [
      'undefined in Arguments',
      { A: { Type: 'Task', Resource: INVOKE, Arguments: { Payload: '{% $states.input.x %}' }, ...END } },
      'States.QueryEvaluationError',
      nothing('$states.input.x', 'Arguments/Payload'),
    ],
    [
      'undefined in a Condition',
      { A: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.x %}', Next: 'B' }] }, B: { Type: 'Succeed' } },
      'States.QueryEvaluationError',
      nothing('$states.input.x', 'Choices[0]/Condition'),
    ],
    [
      'a Condition that is no boolean',
      { A: { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'B' }] }, B: { Type: 'Succeed' } },
      'States.QueryEvaluationError',
      unexpected('1', 'Choices[0]/Condition'),
    ],
    ['a function as a result', pass('{% $sum %}'), 'States.QueryEvaluationError', unexpected('$sum', 'Output')],
    [
      'a lambda inside a result',
      pass('{% [function($x){$x}] %}'),
      'States.QueryEvaluationError',
      unexpected('[function($x){$x}]', 'Output'),
    ],
    [
      'an expression that throws',
      pass('{% $sum("a") %}'),
      'States.QueryEvaluationError',
      `${where}The JSONata expression '$sum("a")' specified for the field 'Output' threw an error during evaluation. T0412: Argument 1 of function "sum" must be an array of "numbers"`,
    ],
    ['$eval', pass('{% $eval("1+1") %}'), 'States.QueryEvaluationError', /T1006: Attempted to invoke a non-function$/],
    [
      '$range of too many items',
      pass('{% $range(1, 1001, 1) %}'),
      'States.QueryEvaluationError',
      /threw an error during evaluation: .*1001 items/,
    ],
    [
      '$hash with an unknown algorithm',
      pass('{% $hash("a", "CRC") %}'),
      'States.QueryEvaluationError',
      /unknown algorithm of \$hash: CRC$/,
    ],
    [
      '$parse of what is no JSON',
      pass('{% $parse("{") %}'),
      'States.QueryEvaluationError',
      /threw an error during evaluation: /,
    ],
    [
      'an endless expression',
      pass('{% ($f := function($x){ $f($x + 1) }; $f(1)) %}'),
      'States.QueryEvaluationError',
      /too many steps$/,
    ],
    [
      'a dynamic timeout of zero',
      { A: { Type: 'Task', Resource: INVOKE, TimeoutSeconds: '{% 0 %}', ...END } },
      'States.QueryEvaluationError',
      unexpected('0', 'TimeoutSeconds'),
    ],
    [
      'a dynamic timeout with a fraction',
      { A: { Type: 'Task', Resource: INVOKE, TimeoutSeconds: '{% 1.5 %}', ...END } },
      'States.QueryEvaluationError',
      unexpected('1.5', 'TimeoutSeconds'),
    ],
    [
      'waiting until something that is no time',
      { A: { Type: 'Wait', Timestamp: '{% "tomorrow" %}', ...END } },
      'States.QueryEvaluationError',
      unexpected('"tomorrow"', 'Timestamp'),
    ],
    [
      'waiting for less than nothing',
      { A: { Type: 'Wait', Seconds: '{% -1 %}', ...END } },
      'States.QueryEvaluationError',
      unexpected('-1', 'Seconds'),
    ],
    [
      'no choice without a Default',
      { A: { Type: 'Choice', Choices: [{ Condition: false, Next: 'B' }] }, B: { Type: 'Succeed' } },
      'States.NoChoiceMatched',
      "No choice of the state 'A' matched, and it has no Default.",
    ],
    ['Fail as written', { A: { Type: 'Fail', Error: 'Rejected', Cause: 'by staff' } }, 'Rejected', 'by staff'],
    ['Fail with nothing', { A: { Type: 'Fail' } }, null, null],
    [
      'Fail with expressions',
      { A: { Type: 'Fail', Error: '{% $states.input.error %}', Cause: '{% "because " & $states.input.why %}' } },
      'NotHolder',
      'because of x',
      { input: { error: 'NotHolder', why: 'of x' } },
    ],
    [
      'Fail with a Cause that is no text',
      { A: { Type: 'Fail', Cause: '{% 1 %}' } },
      'States.QueryEvaluationError',
      unexpected('1', 'Cause'),
    ],
    [
      'a task that nothing catches',
      { A: { Type: 'Task', Resource: INVOKE, ...END } },
      'Oops',
      'why',
      { task: () => ({ error: 'Oops', cause: 'why' }) },
    ],
    [
      'an error in the Output of a catcher, although the catcher catches all',
      {
        A: {
          Type: 'Task',
          Resource: INVOKE,
          Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.errorOutput.Nothing %}', Next: 'B' }],
          ...END,
        },
        B: { Type: 'Succeed' },
      },
      'States.QueryEvaluationError',
      nothing('$states.errorOutput.Nothing', 'Catch[0]/Output'),
      { task: () => ({ error: 'Oops' }) },
    ],
    [
      'a result above 256 KiB, which States.ALL does not catch',
      {
        A: { Type: 'Task', Resource: INVOKE, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }], ...END },
        B: { Type: 'Succeed' },
      },
      'States.DataLimitExceeded',
      /exceeding the maximum number of bytes/,
      { task: () => ({ output: 'x'.repeat(256 * 1024) }) },
    ],
    [
      'an Output above 256 KiB',
      pass('{% $join($map([1..300], function($i) { $pad("", 1000, "x") })) %}'),
      'States.DataLimitExceeded',
      /'A' returned a result/,
    ],
    [
      'a history of 25,000 events',
      {
        A: { Type: 'Pass', Next: 'B' },
        B: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'C' }], Default: 'A' },
        C: { Type: 'Succeed' },
      },
      'States.Runtime',
      'The execution reached the maximum number of history events (25000).',
    ],
    [
      'States.Runtime, whatever Catch says',
      {
        A: {
          Type: 'Task',
          Resource: INVOKE,
          Catch: [{ ErrorEquals: ['States.Runtime', 'States.TaskFailed'], Next: 'B' }],
          ...END,
        },
        B: { Type: 'Succeed' },
      },
      'States.Runtime',
      '',
      { task: () => ({ error: 'States.Runtime' }) },
    ],
  ];

  test.each(rows)('%s', async (_title, states, error, cause, options = {}) => {
    const run = await drive(machine(states), options);
    expect(run.execution).toMatchObject({ status: 'FAILED', error, output: null });
    if (cause instanceof RegExp) expect(run.execution.cause).toMatch(cause);
    else expect(run.execution.cause).toBe(cause);
    expect(run.types.at(-1)).toBe('ExecutionFailed');
    expect(run.events.length).toBeLessThanOrEqual(25_000);
  });
});

describe('Catch', () => {
  const catching = (...patterns: string[][]) => ({
    A: {
      Type: 'Task',
      Resource: INVOKE,
      HeartbeatSeconds: 5,
      Catch: patterns.map((ErrorEquals, index) => ({ ErrorEquals, Output: index, Next: 'B' })),
      ...END,
    },
    B: { Type: 'Succeed' },
  });
  const rows: [title: string, patterns: string[][], failure: { error: string } | undefined, taken: number | 'none'][] =
    [
      ['takes the first catcher that matches', [['Other'], ['Oops', 'Else'], ['States.ALL']], { error: 'Oops' }, 1],
      ['takes States.ALL when nothing else matches', [['Other'], ['States.ALL']], { error: 'Oops' }, 1],
      ['takes States.TaskFailed for any error', [['States.TaskFailed']], { error: 'Oops' }, 0],
      ['lets a missed heartbeat pass States.TaskFailed', [['States.TaskFailed'], ['States.ALL']], undefined, 1],
      ['knows a missed heartbeat as States.Timeout', [['States.Timeout']], undefined, 0],
      ['knows a missed heartbeat by its own name', [['States.HeartbeatTimeout'], ['States.Timeout']], undefined, 0],
      [
        'takes an explicit States.DataLimitExceeded',
        [['States.DataLimitExceeded']],
        { error: 'States.DataLimitExceeded' },
        0,
      ],
      ['leaves an error it does not name', [['Other']], { error: 'Oops' }, 'none'],
    ];
  test.each(rows)('%s', async (_title, patterns, failure, taken) => {
    const run = await drive(machine(catching(...patterns)), { task: () => failure });
    if (taken === 'none') expect(run.execution).toMatchObject({ status: 'FAILED', error: 'Oops' });
    else expect(run.execution).toMatchObject({ status: 'SUCCEEDED', output: taken });
  });

  test('takes a query error of the Arguments and of the Output', async () => {
    const states = (fields: Record<string, unknown>) => ({
      A: {
        Type: 'Task',
        Resource: INVOKE,
        ...fields,
        Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Output: '{% $states.errorOutput.Error %}', Next: 'B' }],
        ...END,
      },
      B: { Type: 'Succeed' },
    });
    for (const fields of [{ Arguments: '{% $states.input.x %}' }, { Output: '{% $states.result.x %}' }]) {
      const run = await drive(machine(states(fields)));
      expect(run.execution).toMatchObject({ status: 'SUCCEEDED', output: 'States.QueryEvaluationError' });
      expect(run.types).toContain('EvaluationFailed');
    }
  });
});

describe('Retry', () => {
  const retrying = (...Retry: Record<string, unknown>[]) => ({
    A: { Type: 'Task', Resource: INVOKE, Retry, Output: 'done', ...END },
  });
  const always = (error: string) => () => ({ error });

  test('waits one second, then twice as long each time, three times', async () => {
    const run = await drive(machine(retrying({ ErrorEquals: ['Oops'] })), { task: always('Oops') });
    expect(run.execution).toMatchObject({ status: 'FAILED', error: 'Oops' });
    expect(run.performed).toHaveLength(4);
    expect(run.seconds).toBe(1 + 2 + 4);
  });

  test('keeps to interval, rate and longest delay', async () => {
    const run = await drive(
      machine(
        retrying({ ErrorEquals: ['Oops'], IntervalSeconds: 10, BackoffRate: 3, MaxAttempts: 4, MaxDelaySeconds: 50 }),
      ),
      { task: always('Oops') },
    );
    expect(run.seconds).toBe(10 + 30 + 50 + 50);
  });

  test('and Wait states are shortened by one factor, where the world asks for it; timeouts are not', async () => {
    const states = {
      A: { Type: 'Wait', Seconds: 200, Next: 'B' },
      B: {
        Type: 'Task',
        Resource: INVOKE,
        TimeoutSeconds: 10,
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 30, MaxAttempts: 2 }],
        ...END,
      },
    };
    const run = await drive(machine(states), { task: () => undefined, waitsDividedBy: 100 });
    expect(run.seconds).toBeCloseTo(2 + 10 + 0.3 + 10 + 0.6 + 10, 6);
  });

  test.each([
    [0, 0],
    [0.25, 0.25 * 7],
    [0.999, 0.999 * 7],
  ])('spreads the delays with full jitter (%d)', async (random, seconds) => {
    const run = await drive(machine(retrying({ ErrorEquals: ['Oops'], JitterStrategy: 'FULL' })), {
      task: always('Oops'),
      random: () => random,
    });
    expect(run.seconds).toBeCloseTo(seconds, 6);
  });

  test('succeeds when the task does at last', async () => {
    const run = await drive(machine(retrying({ ErrorEquals: ['States.TaskFailed'] })), {
      task: (_attempt, number) => (number < 3 ? { error: 'Oops' } : { output: 1 }),
    });
    expect(run.execution).toMatchObject({ status: 'SUCCEEDED', output: 'done' });
    expect(new Set(run.performed.map(({ id }) => id)).size).toBe(3);
  });

  test('counts per entry, and lets only the first match decide', async () => {
    const run = await drive(
      machine(
        retrying(
          { ErrorEquals: ['A'], MaxAttempts: 1 },
          { ErrorEquals: ['B'], MaxAttempts: 2 },
          { ErrorEquals: ['States.ALL'], MaxAttempts: 9 },
        ),
      ),
      { task: (_attempt, number) => ({ error: number % 2 === 1 ? 'A' : 'B' }) },
    );
    expect(run.execution.error).toBe('A');
    expect(run.performed).toHaveLength(3);
  });

  test('does not retry with MaxAttempts 0, and goes on to Catch', async () => {
    const states = {
      A: {
        Type: 'Task',
        Resource: INVOKE,
        Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 0 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
        ...END,
      },
      B: { Type: 'Succeed', Output: 'caught' },
    };
    const run = await drive(machine(states), { task: always('Oops') });
    expect(run.performed).toHaveLength(1);
    expect(run.execution.output).toBe('caught');
  });

  test('retries after a timeout only when States.Timeout or States.ALL is named', async () => {
    const states = (ErrorEquals: string[]) => ({
      A: { Type: 'Task', Resource: INVOKE, TimeoutSeconds: 10, Retry: [{ ErrorEquals, MaxAttempts: 1 }], ...END },
    });
    expect((await drive(machine(states(['States.TaskFailed'])), { task: () => undefined })).performed).toHaveLength(1);
    const retried = await drive(machine(states(['States.Timeout'])), { task: () => undefined });
    expect(retried.performed).toHaveLength(2);
    expect(retried.seconds).toBe(10 + 1 + 10);
    expect(retried.execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout', cause: null });
  });

  test('starts again from nothing when the state is entered again', async () => {
    const states = {
      A: {
        Type: 'Task',
        Resource: INVOKE,
        Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Again' }],
        Next: 'Done',
      },
      Again: { Type: 'Pass', Next: 'A' },
      Done: { Type: 'Succeed' },
    };
    const run = await drive(machine(states), {
      task: (_attempt, number) => (number < 4 ? { error: 'Oops' } : { output: 1 }),
    });
    expect(run.execution.status).toBe('SUCCEEDED');
    expect(run.performed).toHaveLength(4);
  });
});

describe('time', () => {
  test.each<[title: string, state: Record<string, unknown>, seconds: number, input?: Json]>([
    ['seconds', { Seconds: 90 }, 90],
    ['dynamic seconds', { Seconds: '{% $states.input.s * 2 %}' }, 8, { s: 4 }],
    ['a time', { Timestamp: '2026-01-01T01:00:00Z' }, 3600],
    ['a dynamic time', { Timestamp: '{% $states.input.at %}' }, 60, { at: '2026-01-01T01:01:00+01:00' }],
    ['a time long gone', { Timestamp: '2001-01-01T00:00:00Z' }, 0],
  ])('Wait waits for %s', async (_title, fields, seconds, input = {}) => {
    const run = await drive(machine({ A: { Type: 'Wait', ...fields, ...END } }), { input });
    expect(run.execution.status).toBe('SUCCEEDED');
    expect(run.seconds).toBe(seconds);
  });

  test('a dynamic TimeoutSeconds ends the attempt and cancels its work', async () => {
    const states = { A: { Type: 'Task', Resource: INVOKE, TimeoutSeconds: '{% $states.input.s %}', ...END } };
    const run = await drive(machine(states), { input: { s: 30 }, task: () => undefined });
    expect(run.seconds).toBe(30);
    expect(run.canceled).toEqual(run.performed);
    expect(run.types).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskTimedOut',
      'ExecutionFailed',
    ]);
  });

  test('heartbeats put the silence off, not the timeout', async () => {
    const states = { A: { Type: 'Task', Resource: INVOKE_AND_WAIT, TimeoutSeconds: 12, HeartbeatSeconds: 5, ...END } };
    const run = await drive(machine(states), { task: () => undefined, untilSeconds: 1 });
    for (const seconds of [4, 8]) {
      run.now = EPOCH + seconds * 1000;
      await run.signal({ kind: 'heartbeat', attemptId: run.attempt.id });
    }
    await run.run();
    expect(run.seconds).toBe(12);
    expect(run.execution.error).toBe('States.Timeout');
  });

  test('a result that comes after the timeout is too late', async () => {
    const states = { A: { Type: 'Task', Resource: INVOKE, TimeoutSeconds: 5, ...END } };
    const run = await drive(machine(states), { task: () => undefined, untilSeconds: 1 });
    run.now = EPOCH + 5000;
    await run.signal({ kind: 'succeeded', attemptId: run.attempt.id, output: 'late' });
    expect(run.execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });

  test("the machine's TimeoutSeconds ends everything, past every Catch", async () => {
    const states = {
      A: { Type: 'Task', Resource: INVOKE, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }], ...END },
      B: { Type: 'Succeed' },
    };
    const run = await drive(machine(states, { TimeoutSeconds: 60 }), { task: () => undefined });
    expect(run.seconds).toBe(60);
    expect(run.execution).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
    expect(run.canceled).toEqual(run.performed);
    expect(run.types.at(-1)).toBe('ExecutionTimedOut');
  });
});

describe('signals', () => {
  const caught = {
    A: { Type: 'Task', Resource: INVOKE_AND_WAIT, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }], ...END },
    B: { Type: 'Succeed' },
  };

  test('stop passes every Catch by and cancels the work', async () => {
    const run = await drive(machine(caught), { task: () => undefined });
    await run.signal({ kind: 'stop', error: 'Operator', cause: 'asked for' });
    expect(run.execution).toMatchObject({ status: 'ABORTED', error: 'Operator', cause: 'asked for', position: null });
    expect(run.canceled).toEqual(run.performed);
    expect(run.types.slice(-2)).toEqual(['TaskStateAborted', 'ExecutionAborted']);
  });

  test('stop ends a waiting execution', async () => {
    const run = await drive(machine({ A: { Type: 'Wait', Seconds: 60, ...END } }), { untilSeconds: 1 });
    await run.signal({ kind: 'stop', error: null, cause: null });
    expect(run.types.slice(-2)).toEqual(['WaitStateAborted', 'ExecutionAborted']);
  });

  test('an answer to an attempt that is over changes nothing', async () => {
    const states = { A: { Type: 'Task', Resource: INVOKE_AND_WAIT, Retry: [{ ErrorEquals: ['Oops'] }], ...END } };
    const run = await drive(machine(states), {
      task: (_attempt, number) => (number === 1 ? { error: 'Oops' } : undefined),
    });
    const before = run.execution;
    const [first] = run.performed;
    await run.signal({ kind: 'succeeded', attemptId: first?.id ?? '', output: 1 });
    expect(run.execution).toEqual(before);
  });

  test('an answer that comes before the service has accepted the task counts', async () => {
    const run = await drive(machine(caught), { task: () => undefined });
    const { id } = run.attempt;
    await run.signal({ kind: 'succeeded', attemptId: id, output: 'early' });
    await run.signal({ kind: 'submitted', attemptId: id, output: {} });
    await run.signal({ kind: 'failed', attemptId: id, error: 'Late', cause: '' });
    expect(run.execution).toMatchObject({ status: 'SUCCEEDED', output: 'early' });
  });

  test('news of a task that is over does not enter the state that follows', async () => {
    const states = { A: { Type: 'Task', Resource: INVOKE_AND_WAIT, Next: 'B' }, B: { Type: 'Succeed' } };
    const run = await drive(machine(states), { task: () => undefined });
    const { id } = run.attempt;
    await run.signal({ kind: 'succeeded', attemptId: id, output: 'early' });
    const before = run.execution;
    expect(before.position).toMatchObject({ state: 'B' });
    await run.signal({ kind: 'submitted', attemptId: id, output: {} });
    expect(run.execution).toEqual(before);
  });

  test('nothing moves an execution that has ended', async () => {
    const run = await drive(machine({ A: { Type: 'Succeed' } }));
    const ended = run.execution;
    await run.signal({ kind: 'stop', error: null, cause: null });
    await run.signal({ kind: 'proceed' });
    expect(run.execution).toEqual(ended);
  });
});

describe('history', () => {
  test('tells a token task in the order of AWS', async () => {
    const states = {
      A: {
        Type: 'Task',
        Resource: INVOKE_AND_WAIT,
        Arguments: { FunctionName: 'f', Payload: 1 },
        TimeoutSeconds: 60,
        HeartbeatSeconds: 5,
        Assign: { x: '{% $states.result %}' },
        ...END,
      },
    };
    const run = await drive(machine(states), { task: () => undefined, untilSeconds: 1, input: { a: 1 } });
    await run.signal({ kind: 'submitted', attemptId: run.attempt.id, output: { StatusCode: 200 } });
    await run.signal({ kind: 'succeeded', attemptId: run.attempt.id, output: { ok: true } });
    const truncated = { truncated: false };
    const kind = { resourceType: 'lambda', resource: 'invoke.waitForTaskToken' };
    const timestamp = EPOCH;
    expect(run.events).toEqual([
      {
        id: 1,
        previousEventId: 0,
        timestamp,
        type: 'ExecutionStarted',
        details: { input: '{"a":1}', inputDetails: truncated, roleArn: 'arn:aws:iam::111111111111:role/machine-role' },
      },
      {
        id: 2,
        previousEventId: 0,
        timestamp,
        type: 'TaskStateEntered',
        details: { name: 'A', input: '{"a":1}', inputDetails: truncated },
      },
      {
        id: 3,
        previousEventId: 2,
        timestamp,
        type: 'TaskScheduled',
        details: {
          ...kind,
          region: 'eu-west-1',
          parameters: '{"FunctionName":"f","Payload":1}',
          timeoutInSeconds: 60,
          heartbeatInSeconds: 5,
        },
      },
      { id: 4, previousEventId: 3, timestamp, type: 'TaskStarted', details: kind },
      {
        id: 5,
        previousEventId: 4,
        timestamp,
        type: 'TaskSubmitted',
        details: { ...kind, output: '{"StatusCode":200}', outputDetails: truncated },
      },
      {
        id: 6,
        previousEventId: 5,
        timestamp,
        type: 'TaskSucceeded',
        details: { ...kind, output: '{"ok":true}', outputDetails: truncated },
      },
      {
        id: 7,
        previousEventId: 6,
        timestamp,
        type: 'TaskStateExited',
        details: {
          name: 'A',
          output: '{"ok":true}',
          outputDetails: truncated,
          assignedVariables: { x: '{"ok":true}' },
          assignedVariablesDetails: truncated,
        },
      },
      {
        id: 8,
        previousEventId: 7,
        timestamp,
        type: 'ExecutionSucceeded',
        details: { output: '{"ok":true}', outputDetails: truncated },
      },
    ]);
  });

  test('says where an evaluation failed', async () => {
    const run = await drive(machine({ A: { Type: 'Pass', Output: { v: '{% $states.input.x %}' }, ...END } }));
    expect(run.types).toEqual(['ExecutionStarted', 'PassStateEntered', 'EvaluationFailed', 'ExecutionFailed']);
    expect(run.events[2]?.details).toMatchObject({
      state: 'A',
      location: 'Output/v',
      error: 'States.QueryEvaluationError',
    });
  });
});
