import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import * as operations from '../../lambdas/api/operations.ts';
import { type InputIssue, InvalidInputError } from '../../lambdas/domain/errors.ts';
import { parseInput } from '../../lambdas/runtime/parse-input.ts';

/** Sentences that zod has for mistakes, and ours for a mistake that a schema should have words for. */
const FOREIGN =
  /Invalid (?:input|option|string|number|key|value|discriminator|email|URL|ISO)|Too (?:small|big)|received|Unrecognized key|undefined|NaN|does not have the form that is needed|is not allowed$/;

/** Values of every kind, of which most are wrong at most places. */
const VALUES: readonly unknown[] = [
  ...[undefined, null, true, 7, 0, -1, 1.5, 1e12, '', ' ', 'x', 'No Such Thing!', 'x'.repeat(3000)],
  ...[[], ['x'], [7, 7], ['dev1', 'dev1'], {}, { bogus: 1 }, 'https://git.example.com/a.git', '2026-13-45', '-3'],
];

// Some operations name their metrics when they are loaded.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';

type Place = readonly string[];

const put = (value: unknown, [first, ...rest]: Place): unknown =>
  first === undefined ? value : { [first]: put(value, rest) };

/** Returns the places at which a schema has fields of its own, down to the third level. */
function placesIn(schema: unknown, depth = 0): Place[] {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject) || depth > 3) return [[]];
  const fields = Object.entries(inner.shape).flatMap(([name, field]) =>
    placesIn(field, depth + 1).map((place) => [name, ...place]),
  );
  return [[], ...Object.keys(inner.shape).map((name) => [name]), ...fields];
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.def.in) : schema;
}

function issuesOf(schema: z.ZodType, value: unknown): readonly InputIssue[] {
  try {
    parseInput('request', schema, value);
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.issues;
    throw error;
  }
}

const ROUTES = Object.entries(
  Object.assign({}, ...Object.values(operations)) as Record<
    string,
    () => Promise<{ input: Record<string, z.ZodType> }>
  >,
);

describe.each(ROUTES)('%s', (_, load) => {
  test('says of every wrong value in our words what is wrong, and shows the value', async () => {
    const { input } = await load();
    for (const [part, schema] of Object.entries(input))
      for (const place of placesIn(schema))
        for (const value of VALUES)
          for (const issue of issuesOf(z.object({ [part]: schema }), { [part]: put(value, place) })) {
            expect(issue).toMatchObject({
              message: expect.not.stringMatching(FOREIGN),
              value: expect.stringMatching(/./),
            });
            expect(issue.message.length).toBeLessThan(1000);
            expect(issue.value.length).toBeLessThanOrEqual(201);
          }
  });
});

describe('what is wrong, in our words', () => {
  const form = z.strictObject({
    text: z.string().min(1).max(5).optional(),
    long: z.string().min(3).optional(),
    count: z.int().min(2).max(4).optional(),
    flag: z.boolean().optional(),
    list: z.array(z.string()).min(1).max(2).optional(),
    kind: z.enum(['a', 'b', 'c']).optional(),
    only: z.literal('a').optional(),
    mail: z.email().optional(),
    at: z.iso.datetime().optional(),
    url: z.url().optional(),
    begins: z.string().startsWith('arn:').optional(),
    even: z.number().multipleOf(2).optional(),
    names: z.record(z.string().regex(/^[a-z]+$/, 'lower-case letters'), z.number()).optional(),
    either: z.union([z.string(), z.strictObject({ id: z.int() })]).optional(),
    shape: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('alias'), to: z.string() }),
        z.strictObject({ kind: z.literal('cname') }),
      ])
      .optional(),
    exact: z.tuple([z.string()]).optional(),
    whole: z.object({ x: z.number() }).optional(),
  });

  test.each<[object, string, string, string]>([
    [{ text: 7 }, 'text', 'must be a text', '7'],
    [{ text: '' }, 'text', 'must not be empty', '""'],
    [{ text: 'abcdef' }, 'text', 'must have at most 5 characters', '"abcdef"'],
    [{ long: 'ab' }, 'long', 'must have at least 3 characters', '"ab"'],
    [{ count: 1 }, 'count', 'must be at least 2', '1'],
    [{ count: 5 }, 'count', 'must be at most 4', '5'],
    [{ count: 2.5 }, 'count', 'must be a whole number', '2.5'],
    [{ count: '3' }, 'count', 'must be a number', '"3"'],
    [{ flag: 'yes' }, 'flag', 'must be true or false', '"yes"'],
    [{ list: 'x' }, 'list', 'must be a list', '"x"'],
    [{ list: [] }, 'list', 'must have at least 1 item', '[]'],
    [{ list: ['a', 'b', 'c'] }, 'list', 'must have at most 2 items', '["a","b","c"]'],
    [{ list: ['a', 7] }, 'list.1', 'must be a text', '7'],
    [{ kind: 'd' }, 'kind', 'must be one of "a", "b" or "c"', '"d"'],
    [{ only: 'b' }, 'only', 'must be "a"', '"b"'],
    [{ mail: 'nobody' }, 'mail', 'must be an e-mail address such as staff@example.com', '"nobody"'],
    [{ at: 'now' }, 'at', 'must be a time in UTC such as 2026-12-01T09:30:00Z', '"now"'],
    [{ url: 'nowhere' }, 'url', 'must be a URL such as https://example.com/path', '"nowhere"'],
    [{ begins: 'x' }, 'begins', 'must begin with "arn:"', '"x"'],
    [{ even: 3 }, 'even', 'must be a multiple of 2', '3'],
    [{ names: { A: 1 } }, 'names.A', 'this name is not allowed: lower-case letters', '1'],
    [{ either: 7 }, 'either', 'must have one of 2 forms: must be a text; or must be an object', '7'],
    [
      { either: { id: 'x', more: 1 } },
      'either',
      'must have one of 2 forms: must be a text; or id must be a number and has no field "more"',
      '{"id":"x","more":1}',
    ],
    [{ shape: { kind: 'x' } }, 'shape.kind', 'must be one of "alias" or "cname"', '"x"'],
    [{ exact: ['a', 'b'] }, 'exact', 'must have at most 1 item', '["a","b"]'],
    [{ whole: {} }, 'whole.x', 'is missing, and must be a number', 'nothing'],
    [{ bogus: [1] }, 'bogus', 'there is no such field', '[1]'],
  ])('%j', (body, field, message, value) => {
    expect(issuesOf(form, body)).toEqual([{ field, message, value }]);
  });

  test('a schema that has words of its own keeps them', () => {
    const commit = z.string().regex(/^[0-9a-f]{40}$/, 'a full commit id');
    expect(issuesOf(commit, 'abc')).toEqual([{ field: '(whole)', message: 'a full commit id', value: '"abc"' }]);
  });
});

describe('the value that is shown', () => {
  const LINK =
    'https://sns.eu-west-1.amazonaws.com/confirmation.html?TopicArn=arn:aws:sns:eu-west-1:111111111111:mail&Token=abc123&Endpoint=staff@example.com';
  const shown = (schema: z.ZodType, value: unknown) => issuesOf(schema, value).map(({ value: text }) => text);

  test.each(['link', 'token', 'taskToken', 'password', 'clientSecret', 'Authorization'])(
    'hides the field %s',
    (name) => {
      expect(shown(z.strictObject({ [name]: z.number() }), { [name]: 'abc123' })).toEqual(['(not shown)']);
      expect(shown(z.strictObject({}), { [name]: 'abc123' })).toEqual(['(not shown)']);
      expect(shown(z.string(), { deep: [{ [name]: 'abc123' }] })).toEqual([`{"deep":[{"${name}":"(not shown)"}]}`]);
    },
  );

  test('hides what is secret in a text, wherever it stands', () => {
    expect(shown(z.number(), LINK)[0]).not.toContain('abc123');
    expect(shown(z.number(), [LINK])[0]).toContain('TopicArn=arn:aws:sns:eu-west-1:111111111111:mail');
    expect(shown(z.number(), 'https://someone:hunter2@git.example.com/a.git')).toEqual([
      '"https://(not shown)@git.example.com/a.git"',
    ]);
    expect(shown(z.number(), 'https://abc.example.com/approvals/s3cr3t?x=1')).toEqual([
      '"https://abc.example.com/approvals/(not shown)?x=1"',
    ]);
  });

  test('shows the address of a secret, and an ssh user', () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf';
    expect(shown(z.strictObject({ secretArn: z.number() }), { secretArn: arn })).toEqual([JSON.stringify(arn)]);
    expect(shown(z.number(), 'ssh://git@git.example.com/a.git')).toEqual(['"ssh://git@git.example.com/a.git"']);
  });

  test('is cut at a length', () => {
    const [value = ''] = shown(z.number(), 'x'.repeat(1000));
    expect(value).toBe(`"${'x'.repeat(199)}…`);
  });
});
