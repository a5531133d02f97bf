import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { FUNCTIONS, type FunctionName } from '../../lambdas/functions.ts';
import { asList, flat, ofType, type Statement, stagegate } from '../harness/synthesized.ts';

const root = join(import.meta.dirname, '..', '..');
/** With every function. */
const template = stagegate({ headHosts: 'git.example' });

/** The allowed actions of each function, by the function's name. */
const GRANTED: ReadonlyMap<string, readonly string[]> = new Map(
  ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) => {
    const [roleId = ''] = Properties.Role['Fn::GetAtt'];
    const policies: { PolicyDocument: { Statement: Statement[] } }[] = template.Resources[roleId]?.Properties.Policies;
    const allowed = policies
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action }) => asList(Action));
    return [flat(Properties.FunctionName).replace('stagegate-', ''), [...new Set(allowed)].sort()];
  }),
);
const grantedTo = (name: FunctionName): readonly string[] => GRANTED.get(name) ?? [];

/** Actions that AWS does with a function's role on its own. No adapter has a command for them. */
const BY_AWS = [
  ...['logs:CreateLogStream', 'logs:PutLogEvents', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
  'sqs:SendMessage', // dead letters
  'iam:PassRole', // the role of a schedule, when the schedule is made
  ...['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'], // by DynamoDB, S3 and SNS, for data that they encrypt
];

/** Actions without a command of their own: another command includes them. */
const WITHIN: Readonly<Record<string, RegExp>> = {
  'dynamodb:BatchGetItem': /#ask\('BatchGetItem'/,
  'dynamodb:ConditionCheckItem': /\{ ConditionCheck: /,
  'dynamodb:DeleteItem': /\{ Delete: /,
  'dynamodb:GetItem': /#ask\('GetItem'/,
  'dynamodb:PutItem': /\bPut: \{/,
  'dynamodb:Query': /#ask\('Query'/,
  's3:DeleteObjectVersion': /new DeleteObjectCommand\(\{[^}]*VersionId: /,
  's3:GetObjectVersion': /VersionId: versionId/,
};

const ADAPTERS = readdirSync(join(root, 'lambdas', 'adapters'))
  .map((file) => readFileSync(join(root, 'lambdas', 'adapters', file), 'utf8'))
  .join('\n');

const isSent = (action: string): boolean => {
  const command = action.split(':')[1];
  return (WITHIN[action] ?? new RegExp(`\\bnew ${command}Command\\(|\\bpaginate${command}\\(`)).test(ADAPTERS);
};

test('functions may do only what some command of their adapters asks for, or AWS in their name', () => {
  const granted = [...new Set([...GRANTED.values()].flat())].filter((action) => !BY_AWS.includes(action));
  expect(granted.length).toBeGreaterThan(20);
  expect(granted.filter((action) => !isSent(action))).toEqual([]);
});

/** How code uses the ports whose adapters do these actions. */
const USES: Readonly<Record<string, RegExp>> = {
  'dynamodb:DeleteItem': /\btransaction\.delete\(/,
  'dynamodb:PutItem': /\bstore\d*\.transact\(/,
  'dynamodb:Query': /\bstore\d*\.list\(/,
  's3:DeleteObjectVersion': /\bartifacts\d*\.deleteForGood\(/,
  's3:GetObject': /\bartifacts\d*\.(?:get(?:Json|Text)|copyOnce)\(/,
  's3:GetObjectVersion': /\bartifacts\d*\.(?:getJson\([^()]*, [^()]*versionId\)|copyOnce\()/,
  's3:PutObject': /\bartifacts\d*\.(?:putJson|copyOnce)\(/,
};

/** Functions with one purpose, which run all code in their bundle. Functions of the API choose code by route. */
const SINGLE = (Object.keys(FUNCTIONS) as FunctionName[]).filter((name) =>
  /^lambdas\/(?:workflow|events|pages)\//.test(FUNCTIONS[name].entry),
);

describe('records and artifacts', () => {
  test.each(SINGLE)('%s may use as its code does, no more and no less', async (name) => {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [FUNCTIONS[name].entry],
      outdir: root,
      write: false,
      logLevel: 'silent',
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      target: 'node24',
      loader: { '.csv': 'text' },
      plugins: [
        {
          name: 'without-adapters',
          // Adapters have every command. The code that calls them shows which commands a function sends.
          setup: ({ onResolve }) => onResolve({ filter: /\/adapters\// }, () => ({ path: 'adapters', external: true })),
        },
      ],
    });
    const [{ text: code = '' } = {}] = outputFiles ?? [];
    const used = Object.keys(USES).filter((action) => USES[action]?.test(code));
    expect(grantedTo(name).filter((action) => action in USES)).toEqual(used.sort());
  });
});
