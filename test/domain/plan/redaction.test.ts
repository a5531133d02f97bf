import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { describeAnalysis } from '../../../cli/plan/describe-analysis.ts';
import { HIDDEN } from '../../../lambdas/domain/contract/hidden-text/secret-finder.ts';
import { headlineOf } from '../../../lambdas/domain/plan/analysis.ts';
import { Redactor } from '../../../lambdas/domain/plan/redaction/redactor.ts';
import { analyse, block, change, planOf, recordedPlan, recordedPlanText } from './plan-documents.ts';

/** Returns every string in a JSON value, including keys. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsIn(item)]);
}

/** Returns everything that leaves the analysis: what is stored, what the table keeps, and what people read. */
function emittedBy(plan: unknown): string[] {
  const analysis = analyse(plan, { stage: 'production', environment: 'prod1', modulesJson: { Modules: [] } });
  const text = describeAnalysis(analysis, { file: 'plan.json', width: 200, hasColors: false });
  return [...stringsIn(analysis), ...stringsIn(headlineOf(analysis)), text];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
const goInner = (text: string): string =>
  inner(text).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);

/** Forms in which a copy of a secret can occur in a plan. */
const COPIES: Readonly<Record<string, (secret: string) => unknown>> = {
  whole: (secret) => secret,
  'in a connection string': (secret) => `postgres://app:${secret}@db.example.com/app`,
  'in a list': (secret) => ['first', secret],
  'as a key of a map': (secret) => ({ [secret]: 'value' }),
  'in JSON': (secret) => JSON.stringify({ environment: [{ name: 'SETTING', value: `x=${secret}` }] }),
  'in JSON as Terraform encodes it': (secret) => `{"setting":"${goInner(secret)}"}`,
  'in JSON inside JSON': (secret) => JSON.stringify({ file: JSON.stringify({ setting: secret }) }),
  'in base64': base64,
  'in base64 among other things': (secret) => `user-data ${base64(`#!/bin/sh\nexport TOKEN=${secret}\n`)}`,
  'in base64 after one more character': (secret) => base64(`x${secret}y`),
  'in base64 of JSON': (secret) => base64(JSON.stringify({ setting: secret })),
  'in base64 for URLs': (secret) => Buffer.from(`user:${secret}`).toString('base64url'),
  'in a query': (secret) => `https://example.com/hook?sig=${encodeURIComponent(secret)}&x=1`,
  'in a form': (secret) => new URLSearchParams({ token: secret }).toString(),
  'in hexadecimal': (secret) => Buffer.from(secret).toString('hex'),
  'in quotes of HCL': (secret) => `module.a["${inner(secret).replace(/([$%])\{/g, '$1$1{')}"]`,
  'in HTML': (secret) => `<b>${secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</b>`,
  'in JSON of ASCII': (secret) =>
    inner(secret).replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
};

/** Returns a plan that masks a secret in one place and contains the secret in many others. */
function planWith(secret: string): unknown {
  const copies = Object.fromEntries(
    Object.entries(COPIES).map(([name, copy]) => [name.replaceAll(' ', '_'), copy(secret)]),
  );
  const mask = { password: true };
  return planOf({
    variables: { password: { value: secret }, plain: { value: `plain ${secret}` } },
    configuration: {
      provider_config: { aws: { name: 'aws', expressions: { token: { constant_value: secret } } } },
      root_module: {
        variables: { password: { sensitive: true, default: secret }, plain: {} },
        outputs: { secret: { sensitive: true, expression: { references: ['var.password'] } } },
        resources: [block('aws_db_instance', 'main', { expressions: { password: { references: ['var.password'] } } })],
        module_calls: {
          app: {
            source: `git::https://user:${encodeURIComponent(secret)}@example.com/modules.git?ref=v1.0.0`,
            module: { variables: { key: { sensitive: true } } },
            expressions: { key: { constant_value: secret } },
          },
        },
      },
    },
    resource_changes: [
      change({
        type: 'aws_db_instance',
        name: 'main',
        before: { id: 'db', password: 'old' },
        after: { id: 'db', password: secret },
        beforeMask: mask,
        afterMask: mask,
      }),
      change({ type: 'aws_ssm_parameter', name: 'copy', actions: ['create'], after: copies }),
      change({ type: 'aws_ssm_parameter', name: 'gone', actions: ['delete'], before: copies }),
      change({
        type: 'terraform_data',
        name: 'copy',
        before: { output: 'nothing', list: [{ a: 1 }] },
        after: { output: copies, list: [{ a: copies }] },
      }),
      change({ type: 'aws_s3_bucket', name: 'each', index: secret, actions: ['delete'], before: { bucket: secret } }),
      change({
        type: 'aws_iam_role_policy',
        name: 'wide',
        actions: ['create'],
        after: {
          policy: JSON.stringify({ Statement: [{ Effect: 'Allow', Action: '*', Resource: `arn:aws:s3:::${secret}` }] }),
        },
      }),
      change({
        type: 'aws_sns_topic',
        name: 'imported',
        actions: ['no-op'],
        importing: { id: secret },
        before: copies,
        after: copies,
      }),
      change({ type: 'aws_sns_topic', name: 'odd', actions: [secret] }),
    ],
    resource_drift: [
      change({ type: 'aws_ssm_parameter', name: 'copy', before: { value: 'x' }, after: { value: secret } }),
    ],
    output_changes: {
      secret: { actions: ['update'], before: 'old', after: secret, before_sensitive: true, after_sensitive: true },
      leaked: { actions: ['update'], before: copies, after: { nested: copies } },
    },
    checks: [
      {
        address: { to_display: 'check.health' },
        status: 'fail',
        instances: [{ status: 'fail', problems: [{ message: `cannot log in with ${secret}` }] }],
      },
    ],
    prior_state: { values: { outputs: { secret: { sensitive: true, value: secret } }, root_module: {} } },
  });
}

/** All texts that the analysis of such a plan emits and that are not the secret. */
const OUR_WORDS = `${HIDDEN}${emittedBy(planWith('5b1f6c0e-unlike-anything-else')).join('\n')}`;

/** Texts that people use as secrets, and some that nobody should use. */
const secretText = fc
  .oneof(
    fc.string({ minLength: 8, maxLength: 40 }),
    fc.string({ minLength: 8, maxLength: 40, unit: 'binary' }),
    fc.string({ minLength: 8, maxLength: 24, unit: fc.constantFrom(...'aZ09"\\<>&%/+=\n\t \'é€😀') }),
    fc.base64String({ minLength: 16, maxLength: 700 }),
    fc.uuid(),
  )
  .map((text) => text.toWellFormed())
  // Blank texts are no secrets. A secret that occurs in our own sentences cannot be distinguished from these.
  .filter((text) => text.trim().length >= 8 && !/^[\s\d]*$/.test(text) && !OUR_WORDS.includes(text.trim()));

describe('a secret that stands under one mask', () => {
  test('is nowhere in anything that leaves the analysis, in whatever form it was copied', () => {
    return fc.assert(
      fc.property(secretText, (secret) => {
        const emitted = emittedBy(planWith(secret));
        const trimmed = secret.trim();
        for (const text of emitted)
          for (const form of [
            trimmed,
            inner(trimmed),
            goInner(trimmed),
            encodeURIComponent(trimmed),
            base64(trimmed),
            Buffer.from(trimmed).toString('hex'),
          ])
            if (text.includes(form))
              throw new Error(`found ${JSON.stringify(form)} in ${JSON.stringify(text.slice(0, 200))}`);
      }),
      { seed: 20261129, numRuns: 150 },
    );
  });

  test.each(Object.keys(COPIES))('leaves nothing readable behind when it is copied %s', (name) => {
    const secret = 'pa"ss\\wo<rd>&42/x';
    const redactor = new Redactor();
    redactor.learn(secret);
    const shown = JSON.stringify(redactor.value(COPIES[name]?.(secret), undefined));
    expect(shown).toContain(HIDDEN);
    for (const run of shown.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [])
      expect(Buffer.from(run, 'base64').toString()).not.toContain('wo<rd>');
  });
});

describe('13-sensitive-values', () => {
  const SECRETS = [
    'gR5-nW8qLz3T-old',
    'wT8!xE2mVj6Kd-new',
    'https://hooks.example.com/T01/B02/aXb9-old-hook',
    'https://hooks.example.com/T01/B02/pQr7-new-hook?sig=a&b=<c>',
    'mailpw-4Kd-old',
    'mail"pw\\6Yt&<new>',
    'tok_live_51Hq8ZbXwT0vPn3',
    'tok_live_72Lm4YcRuS9kDf6',
    'dG9rX2xpdmVfNTFIcThaYlh3VDB2UG4z',
    'dG9rX2xpdmVfNzJMbTRZY1J1UzlrRGY2',
    'sk-3JmQ9-literal-8vTe2',
    'sk-7PwX1-literal-2hNc5',
    'LIC-7f3e-Q0aZ-91xW-shared',
  ];
  const emitted = emittedBy(recordedPlan('13-sensitive-values'));

  test.each(SECRETS)('%s is gone', (secret) => {
    expect(emitted.filter((text) => text.includes(secret) || text.includes(inner(secret)))).toEqual([]);
  });

  test('the copies no mask covers are hidden, what is no secret stays', () => {
    const attributes = analyse(recordedPlan('13-sensitive-values')).resources.flatMap((resource) =>
      resource.attributes.map((attribute) => [resource.address, attribute.path, attribute.before]),
    );
    expect(attributes).toContainEqual(['aws_cloudwatch_log_group.orders', 'tags_all.Webhook', HIDDEN]);
    expect(attributes).toContainEqual(['terraform_data.mailer', 'output', { host: HIDDEN, password: HIDDEN }]);
    expect(attributes).toContainEqual([
      'aws_ecs_task_definition.orders',
      'arn',
      'arn:aws:ecs:us-east-1:123456789012:task-definition/orders:1',
    ]);
  });

  test('the fixture still holds them, so that this test can fail', () => {
    for (const secret of SECRETS)
      expect(stringsIn(JSON.parse(recordedPlanText('13-sensitive-values'))).some((text) => text.includes(secret))).toBe(
        true,
      );
  });
});

describe('how much is hidden depends on the length of the secret', () => {
  const redactor = new Redactor();
  for (const secret of [
    '1',
    'true',
    'us',
    'enabled',
    '5432',
    '20241',
    'pin4',
    'hunter',
    '123456',
    '1234567890',
    'payments',
  ])
    redactor.learn(secret);

  test.each([
    ['a word that says nothing stays', 'enabled = true', 'enabled = true'],
    ['short numbers stay', 'port 5432 since 20241', 'port 5432 since 20241'],
    ['four or five characters go where they stand alone', 'pin4 in upin4x, pin4-a', `${HIDDEN} in upin4x, ${HIDDEN}-a`],
    ['six and more go anywhere', 'myhunter2', `my${HIDDEN}2`],
    ['six digits go where they stand alone', '123456 and 91234567', `${HIDDEN} and 91234567`],
    ['ten digits go anywhere', 'x91234567890', `x9${HIDDEN}`],
  ])('%s', (_, text, shown) => {
    expect(redactor.text(text)).toBe(shown);
  });

  test('a plain word stays where it is part of the source code, and goes where it is a key', () => {
    expect(redactor.address('module.payments.aws_db_instance.this["payments"]')).toBe(
      `module.payments.aws_db_instance.this["${HIDDEN}"]`,
    );
  });

  test('the marked place itself is hidden however short the value', () => {
    expect(redactor.value({ pin: '1', open: true, port: 22 }, { pin: true, open: true })).toEqual({
      pin: HIDDEN,
      open: HIDDEN,
      port: 22,
    });
  });

  test('two secrets that overlap leave no tail', () => {
    const both = new Redactor();
    both.learn('abcdefgh');
    both.learn('efghijkl');
    expect(both.text('<abcdefghijkl>')).toBe(`<${HIDDEN}>`);
  });

  test('lines of a private key are hidden one by one, indented or not', () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqh'.repeat(3)}\n${'kiG9w0BAQEFAASCBK'.repeat(3)}\n-----END PRIVATE KEY-----\n`;
    const pem = new Redactor();
    pem.learn(key);
    const shown = pem.text(`write_files:\n${key.replace(/^/gm, '    ')}`);
    expect(shown).not.toMatch(/MIIE|kiG9/);
  });
});

describe('names that tell a secret', () => {
  test.each([
    'password',
    'DB_PASSWORD',
    'dbPassword',
    'master-password',
    'api_key',
    'apiKey',
    'secret',
    'GITHUB_TOKEN',
    'private_key',
    'credentials',
  ])('%s is hidden without any mask, and so are its copies', (name) => {
    const plan = planOf({
      resource_changes: [
        change({
          before: { environment: {} },
          after: { environment: { [name]: 'correct-horse' }, note: 'see correct-horse' },
        }),
      ],
    });
    const { resources } = analyse(plan);
    expect(JSON.stringify(resources)).not.toContain('correct-horse');
    expect(resources[0]?.attributes.every(({ sensitive }) => sensitive)).toBe(true);
  });

  test('pairs of name and value inside JSON texts too', () => {
    const definitions = (value: string) =>
      JSON.stringify([
        {
          environment: [
            { name: 'DB_PASSWORD', value },
            { name: 'MODE', value: 'fast' },
          ],
        },
      ]);
    const plan = planOf({
      resource_changes: [
        change({
          type: 'aws_ecs_task_definition',
          before: { container_definitions: definitions('battery-1') },
          after: { container_definitions: definitions('battery-2') },
        }),
      ],
    });
    expect(analyse(plan).resources[0]?.attributes).toEqual([
      { path: 'container_definitions[0].environment[0].value', before: HIDDEN, after: HIDDEN, sensitive: true },
    ]);
  });

  test.each(['primary_key', 'token_endpoint', 'secret_arn', 'password_policy', 'hash_key', 'keyspace'])(
    '%s is no such name',
    (name) => {
      const plan = planOf({
        resource_changes: [change({ before: { [name]: 'before-value' }, after: { [name]: 'after-value' } })],
      });
      expect(analyse(plan).resources[0]?.attributes).toEqual([
        { path: name, before: 'before-value', after: 'after-value' },
      ]);
    },
  );

  test('an ARN under such a name is only a reference', () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db';
    const plan = planOf({ resource_changes: [change({ actions: ['create'], after: { secret: arn } })] });
    expect(analyse(plan).resources[0]?.attributes).toEqual([{ path: 'secret', after: arn }]);
  });
});
