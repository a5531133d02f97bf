import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { STAFF, TestApplication, TestCloud } from '../e2e/test-cloud.ts';
import { type HostileCode, HostileRepository } from './hostile-code.ts';

/**
 * Code of a repository runs while a plan is made, before anybody has approved anything. Here it does what it can in the
 * plan build of an environment that needs approval. Each attack names its result; docs/threat-model.md has the same
 * table.
 */

interface Attack {
  readonly what: string;
  readonly code: HostileCode;
  /** How the deployment ends, and what happened to each attempt. */
  readonly ends: 'awaits approval' | { readonly failed: RegExp } | 'succeeds without changes';
  readonly tries?: Readonly<Record<string, string>>;
  /** The result in the words of the table in docs/threat-model.md. */
  readonly got: string;
}

/** A result like one of the plan build, for a plan that changes nothing. */
const NOTHING_TO_DO = `JSON.stringify({
  ok: true, operation: 'deploy', engine: { name: 'tofu', version: '1.11.0' }, exitCode: 0, digest: '0'.repeat(64),
  ...Object.fromEntries(['bundle', 'planJson', 'modules'].map((name) => [name, { key: own('plan/' + name), versionId: 'x' }])),
  backend: { type: 's3', bucket: 'b', key: 'k', region: 'eu-west-1' }, state: null, createdAt: new Date().toISOString(),
})`;

const ATTACKS: readonly Attack[] = [
  {
    what: 'writes `plan/result.json`: nothing to do',
    code: { atPlan: `await attempt('result', () => put(own('plan/result.json'), ${NOTHING_TO_DO}));` },
    ends: { failed: /^Plan: / },
    tries: { result: 'done' },
    got: 'a failed deployment: the program finds another result in the place of its own',
  },
  {
    what: 'writes garbage as `plan/result.json`',
    code: { atPlan: `await attempt('result', () => put(own('plan/result.json'), '{"ok": tru'));` },
    ends: { failed: /cannot be read|^Plan: / },
    tries: { result: 'done' },
    got: 'a failed deployment, and a free environment',
  },
  {
    what: 'writes its result and kills the build program',
    code: {
      atPlan: `await attempt('result', () => put(own('plan/result.json'), ${NOTHING_TO_DO})); process.kill(program, 'SIGKILL');`,
    },
    ends: { failed: /^Plan: / },
    got: 'a failed deployment: CodeBuild says that the build failed',
  },
  {
    what: 'uploads a bundle of its own first',
    code: { atPlan: `await attempt('bundle', () => put(own('plan/bundle.tar.gz'), 'not the plan'));` },
    ends: { failed: /something else was put in its place before/ },
    tries: { bundle: 'done' },
    got: 'a failed deployment',
  },
  {
    what: 'puts another tree in the place of the commit, or other identities of its modules',
    code: {
      atPlan: `await attempt('once more', () => put(own('plan/tree.tar.gz'), 'another tree'));
await attempt('over it', () => put(own('plan/tree.tar.gz'), 'another tree', {}));
await attempt('identities', () => put(own('plan/identities.json'), '{"modules":[]} '));
await attempt('over them', () => put(own('plan/identities.json'), '{"modules":[]} ', {}));`,
    },
    ends: 'awaits approval',
    tries: {
      'once more': 'PreconditionFailed',
      'over it': 'AccessDenied',
      identities: 'PreconditionFailed',
      'over them': 'AccessDenied',
    },
    got: 'nothing: both are there before, and written once',
  },
  {
    what: 'writes what people read, what an apply claims, what other builds load; lists and reads the bucket',
    code: {
      atPlan: `for (const name of ['inspect/result.json', 'inspect/plan.json', 'inspect/identities.json', 'apply/started.json', 'apply/result.json'])
  await attempt(name, () => put(own(name), '{}'));
const id = build.STAGEGATE_DEPLOYMENT_ID;
for (const key of ['analysis/' + id + '/1/analysis.json', 'providers/linux_arm64/' + '0'.repeat(64) + '.zip', 'prices/prices.csv'])
  await attempt(key.split('/')[0], () => put(key, 'x'));
await attempt('list', () => s3.send(new ListObjectsV2Command({ Bucket: bucket })));
await attempt('read', () => s3.send(new GetObjectCommand({ Bucket: bucket, Key: own('inspect/plan.json') })));`,
    },
    ends: 'awaits approval',
    tries: Object.fromEntries(
      [
        ...[
          'inspect/result.json',
          'inspect/plan.json',
          'inspect/identities.json',
          'apply/started.json',
          'apply/result.json',
        ],
        ...['analysis', 'providers', 'prices', 'list', 'read'],
      ].map((what) => [what, 'AccessDenied']),
    ),
    got: 'AccessDenied, every time',
  },
  {
    what: 'prints another plan (swaps the engine)',
    code: {
      whenPlanned: `writeFileSync('show-instead.json', '{"format_version":"1.2","resource_changes":[],"applyable":false,"complete":true}');`,
    },
    ends: 'awaits approval',
    got: 'nothing: people read what the inspect build printed',
  },
  {
    what: 'swaps the saved plan for garbage',
    code: { whenPlanned: `writeFileSync(base + '/plan.tfplan', 'garbage stand-in:none');` },
    ends: { failed: /reading the plan: / },
    got: 'a failed deployment, before anybody is asked',
  },
  {
    what: 'swaps the saved plan for an empty one of another configuration',
    code: {
      whenPlanned: `mkdirSync(base + '/elsewhere/.terraform', { recursive: true });
writeFileSync(base + '/elsewhere/.terraform/terraform.tfstate', readFileSync('.terraform/terraform.tfstate'));
savePlan(base + '/elsewhere', base + '/plan.tfplan', 'none');`,
    },
    ends: { failed: /made of another configuration than that of the commit: .*main\.tf" is not in the plan/ },
    got: 'a failed deployment, before anybody is asked',
  },
  {
    what: 'changes the configuration while it is planned, and puts it back',
    code: {
      atPlan: `writeFileSync(base + '/kept', readFileSync('main.tf')); writeFileSync('main.tf', '# nothing');`,
      whenPlanned: `writeFileSync('main.tf', readFileSync(base + '/kept'));`,
    },
    ends: { failed: /made of another configuration than that of the commit: .*main\.tf" differs/ },
    got: 'a failed deployment, before anybody is asked',
  },
  {
    what: 'changes a file of the commit, a module or the lock file',
    code: { atPlan: `appendFileSync('main.tf', '# more');` },
    ends: { failed: /the plan changed ".*main\.tf", which the commit has/ },
    got: 'a failed deployment; what an apply takes is the tree from before',
  },
  {
    what: 'leaves configuration, a lock file or a provider',
    code: { atPlan: `writeFileSync('more_override.tf', '');` },
    ends: { failed: /the plan left ".*more_override\.tf", which has a name that the engine reads/ },
    got: 'a failed deployment; inspect and apply refuse such names, too',
  },
  {
    what: 'plans against another state (swaps `.terraform`)',
    code: {
      atPlan: `const file = '.terraform/terraform.tfstate';
writeFileSync(file, readFileSync(file, 'utf8').replace('/dev1/', '/prod1/'));`,
    },
    ends: { failed: /the plan build said that the state is at .*, the plan is for .*prod1/ },
    got: 'a failed deployment, and no claim on that state',
  },
  {
    what: 'leaves links to files of the machine',
    code: { atPlan: `symlinkSync('/etc/passwd', 'passwd.txt'); symlinkSync('/', 'root');` },
    ends: 'awaits approval',
    got: 'nothing: links are left behind and never followed',
  },
  {
    what: 'saves an empty plan of this very commit',
    code: { whenPlanned: `savePlan('.', base + '/plan.tfplan', 'none');` },
    ends: 'succeeds without changes',
    got: 'a success that changed nothing there, and is named so (*passed through*); the modules of the commit count as proven there; not with Terraform, where resources of the commit are missing in the state. Production has a plan of its own, with both gates',
  },
];

let cloud: TestCloud;
const hostile = new HostileRepository();
beforeAll(async () => {
  cloud = await TestCloud.start({ engine: 'opentofu', engineDirectory: join(import.meta.dirname, 'hostile-engine') });
});
afterAll(async () => {
  await cloud?.stop();
  hostile.remove();
});

/** Releases this code to an application with one environment. */
async function attacked(name: string, code: HostileCode): Promise<TestApplication> {
  const app = new TestApplication(cloud, name, ['dev1']);
  await app.register({ policy: { development: { staff: 1, autoPromote: false } } });
  await app.release('v1', { [`apps/${name}/dev1/attack.mjs`]: hostile.code(name, code) });
  return app;
}

describe('code in a plan build, where staff is asked,', () => {
  test.concurrent.each(ATTACKS.map((attack, index) => ({ ...attack, name: `attack-${index}` })))(
    '$what: $got',
    async ({ name, code, ends, tries = {} }) => {
      const app = await attacked(name, code);
      const deployment = await app.until('dev1', 1, ({ status }) => !['queued', 'planning'].includes(status));
      expect(hostile.tries(name)).toMatchObject(tries);
      if (ends === 'awaits approval') {
        expect(deployment).toMatchObject({ status: 'awaiting_approval', changes: { add: 1 } });
        await app.approve(STAFF, 'dev1', 1);
        await app.reaches('dev1', 1, 'succeeded');
      } else if (ends === 'succeeds without changes') {
        expect(deployment).toMatchObject({ status: 'succeeded', changes: 'none' });
      } else {
        expect(deployment).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(ends.failed) } });
        expect((await app.free('dev1')).deployed).toBeNull();
      }
    },
  );

  test('the threat model has this table', () => {
    const model = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'threat-model.md'), 'utf8');
    const rows = ATTACKS.map(({ what, got }) => `| ${what} | ${got} |`);
    expect(rows.filter((row) => !model.includes(row))).toEqual([]);
  });
});
