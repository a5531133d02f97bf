import { describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { InvalidInputError } from '../../lambdas/domain/errors.ts';
import { ConfigPushedSchema } from '../../lambdas/domain/events.ts';
import { ApplicationSettingsSchema } from '../../lambdas/domain/model/application.ts';
import { ApproverSettingsSchema } from '../../lambdas/domain/model/approver.ts';
import { EnvironmentPatchSchema, EnvironmentSettingsSchema } from '../../lambdas/domain/model/environment.ts';
import { ProtectionLiftRequestSchema } from '../../lambdas/domain/model/lifts/protection-lift.ts';
import { ProofLiftRequestSchema } from '../../lambdas/domain/model/proof/proof-lift.ts';
import {
  ApplicationNameSchema,
  DeploymentIdSchema,
  deploymentId,
  EmailSchema,
  EnvironmentNameSchema,
} from '../../lambdas/domain/names.ts';
import { parseInput } from '../../lambdas/runtime/parse-input.ts';
import { aPush } from '../harness/builders.ts';

/** Returns the fields that are wrong in a body: none for a good one. */
function wrongFields(schema: z.ZodType, body: unknown): string[] {
  try {
    parseInput('request', schema, body);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return error.issues.map(({ field }) => field);
  }
}
const repository = (facts: object) => ({ configRepository: { url: 'https://git.example/config.git', ...facts } });
const policy = (stage: object) => ({ policy: { staging: stage } });
const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/abc';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf';

describe('an application', () => {
  const application = { client: 'acme', ...repository({}) };

  test('needs a client and a repository; the rest has defaults', () => {
    expect(ApplicationSettingsSchema.parse(application)).toEqual({
      client: 'acme',
      configRepository: { url: 'https://git.example/config.git', branch: 'main' },
      engine: 'terraform',
      pipeline: ['dev1', 'stage1', 'prod1'],
    });
    expect(wrongFields(ApplicationSettingsSchema, {})).toEqual(['client', 'configRepository']);
    expect(wrongFields(ApplicationSettingsSchema, null)).toEqual(['(whole)']);
  });

  test.each([
    repository({ url: 'ssh://git@git.example:2222/config.git' }),
    repository({ url: 'git@github.com:acme/config.git' }),
    repository({ branch: 'release/2026.11' }),
    repository({ connectionArn: CONNECTION }),
    repository({ secretArn: SECRET }),
    { engine: 'opentofu', engineVersion: '1.11.4' },
    { serviceDiscoveryDomain: 'acme.example' },
    { ignoredSubmodules: [] },
    { ignoredSubmodules: ['vendor/tools', '.tools', 'a b/Ünï "c"', 'a\\b'] },
    { pipeline: ['a', 'b-2', 'prod-eu-west-1'] },
    policy({ staff: 10, client: 0, autoPromote: true, gateExpirySeconds: 60 * 24 * 3600, knownRequester: true }),
    { policy: {} },
  ])('may have %j', (facts) => {
    expect(wrongFields(ApplicationSettingsSchema, { ...application, ...facts })).toEqual([]);
  });

  test.each([
    [{ client: '' }, 'client'],
    [{ client: 'x'.repeat(101) }, 'client'],
    [repository({ url: 'http://git.example/config.git' }), 'configRepository.url'],
    [repository({ url: 'https://user:secret@git.example/config.git' }), 'configRepository.url'],
    [repository({ url: 'ssh://user:secret@git.example/config.git' }), 'configRepository.url'],
    [repository({ url: 'file:///etc/passwd' }), 'configRepository.url'],
    [repository({ url: '/srv/config' }), 'configRepository.url'],
    [repository({ url: 'https://git.example/a b.git' }), 'configRepository.url'],
    [repository({ url: '--upload-pack=touch /tmp/x' }), 'configRepository.url'],
    [repository({ branch: '--force' }), 'configRepository.branch'],
    [repository({ branch: 'a..b' }), 'configRepository.branch'],
    [repository({ branch: '' }), 'configRepository.branch'],
    [repository({ connectionArn: 'my-connection' }), 'configRepository.connectionArn'],
    [repository({ secretArn: CONNECTION }), 'configRepository.secretArn'],
    [repository({ connectionArn: CONNECTION, secretArn: SECRET }), 'configRepository'],
    [repository({ token: 'x' }), 'configRepository.token'],
    [{ engine: 'pulumi' }, 'engine'],
    [{ engineVersion: '1.11' }, 'engineVersion'],
    [{ engineVersion: '>= 1.11.0' }, 'engineVersion'],
    [{ serviceDiscoveryDomain: 'Acme.example' }, 'serviceDiscoveryDomain'],
    [{ serviceDiscoveryDomain: 'acme' }, 'serviceDiscoveryDomain'],
    [{ pipeline: [] }, 'pipeline'],
    [{ pipeline: ['dev1', 'dev1'] }, 'pipeline'],
    [{ pipeline: ['dev1', 'Stage 1'] }, 'pipeline.1'],
    [policy({ staff: -1 }), 'policy.staging.staff'],
    [policy({ staff: 1.5 }), 'policy.staging.staff'],
    [policy({ client: 11 }), 'policy.staging.client'],
    [policy({ gateExpirySeconds: 61 * 24 * 3600 }), 'policy.staging.gateExpirySeconds'],
    [policy({ stafff: 2 }), 'policy.staging.stafff'],
    [{ policy: { test: {} } }, 'policy.test'],
    [{ pipelines: [] }, 'pipelines'],
    [{ ignoredSubmodules: 'vendor' }, 'ignoredSubmodules'],
    [{ ignoredSubmodules: [''] }, 'ignoredSubmodules.0'],
    [{ ignoredSubmodules: ['vendor', '/vendor'] }, 'ignoredSubmodules.1'],
    [{ ignoredSubmodules: ['vendor/'] }, 'ignoredSubmodules.0'],
    [{ ignoredSubmodules: ['./vendor'] }, 'ignoredSubmodules.0'],
    [{ ignoredSubmodules: ['a/../b'] }, 'ignoredSubmodules.0'],
    [{ ignoredSubmodules: ['a//b'] }, 'ignoredSubmodules.0'],
    [{ ignoredSubmodules: ['a\nb'] }, 'ignoredSubmodules.0'],
    [{ ignoredSubmodules: ['a', 'a'] }, 'ignoredSubmodules'],
    [{ ignoredSubmodules: ['x'.repeat(1000)] }, 'ignoredSubmodules'],
    [{ ignoredSubmodules: Array.from({ length: 51 }, (_, at) => `v${at}`) }, 'ignoredSubmodules'],
  ])('fails with %j, naming %s', (facts, field) => {
    expect(wrongFields(ApplicationSettingsSchema, { ...application, ...facts })).toEqual([field]);
  });
});

describe('an environment', () => {
  const environment = { stage: 'staging', accountId: '111111111111', region: 'eu-west-1' };

  test('needs a stage, an account and a region', () => {
    expect(EnvironmentSettingsSchema.parse(environment)).toEqual({ ...environment, deletionProtection: false });
    expect(wrongFields(EnvironmentSettingsSchema, {})).toEqual(['stage', 'accountId', 'region']);
  });

  test.each([
    { region: 'us-gov-west-1' },
    { accountId: '000000000001' },
    { roles: { plan: 'arn:aws:iam::111111111111:role/team/plan' } },
    { roles: { apply: 'arn:aws-us-gov:iam::111111111111:role/apply', dns: 'arn:aws:iam::222222222222:role/dns' } },
    { stateBucket: 'acme-state.eu' },
    { engineVersion: '1.11.4' },
    { deletionProtection: true },
  ])('may have %j', (facts) => {
    expect(wrongFields(EnvironmentSettingsSchema, { ...environment, ...facts })).toEqual([]);
  });

  test.each([
    [{ stage: 'test' }, 'stage'],
    [{ accountId: 111111111111 }, 'accountId'],
    [{ accountId: '1234' }, 'accountId'],
    [{ region: 'Ireland' }, 'region'],
    [{ region: 'eu-west-1a' }, 'region'],
    [{ roles: { plan: 'plan-role' } }, 'roles.plan'],
    [{ roles: { admin: 'arn:aws:iam::111111111111:role/x' } }, 'roles.admin'],
    [{ stateBucket: 'Acme_State' }, 'stateBucket'],
    [{ engineVersion: '1.11' }, 'engineVersion'],
    [{ engineVersion: '~> 1.11.0' }, 'engineVersion'],
    [{ engineVersion: '' }, 'engineVersion'],
    [{ deletionProtection: 'yes' }, 'deletionProtection'],
    [{ externalId: 'mine' }, 'externalId'],
  ])('fails with %j, naming %s', (facts, field) => {
    expect(wrongFields(EnvironmentSettingsSchema, { ...environment, ...facts })).toEqual([field]);
  });

  test.each([
    [{ hold: true, reason: 'storm' }, []],
    [{ hold: false }, []],
    [{ deletionProtection: true }, []],
    [{ deletionProtection: false, reason: 'moved' }, []],
    [{}, ['(whole)']],
    [{ reason: 'why' }, ['(whole)']],
    [{ hold: true }, ['reason']],
    [{ deletionProtection: false }, ['reason']],
    [{ stage: 'development', hold: false }, ['stage']],
  ])('patched with %j: wrong is %j', (patch, wrong) => {
    expect(wrongFields(EnvironmentPatchSchema, patch)).toEqual(wrong);
  });
});

describe('an approver', () => {
  test.each([
    { gates: ['staff'] },
    { gates: ['client'], principals: ['arn:aws:sts::111111111111:assumed-role/Client/*', 'carol@client.example'] },
  ])('may be %j', (body) => {
    expect(wrongFields(ApproverSettingsSchema, body)).toEqual([]);
  });

  test.each([
    [{}, 'gates'],
    [{ gates: [] }, 'gates'],
    [{ gates: ['staff', 'client'] }, 'gates'],
    [{ gates: ['admin'] }, 'gates.0'],
    [{ gates: 'staff' }, 'gates'],
    [{ gates: ['staff'], principals: ['*'] }, 'principals.0'],
    [{ gates: ['staff'], principals: ['arn:aws:iam::1:user/a b'] }, 'principals.0'],
    [{ gates: ['staff'], principals: Array.from({ length: 21 }, () => 'abc') }, 'principals'],
    [{ gates: ['staff'], email: 'x@y.example' }, 'email'],
  ])('fails with %j, naming %s', (body, field) => {
    expect(wrongFields(ApproverSettingsSchema, body)).toContain(field);
  });

  test.each([
    ['Alice@Staff.Example', 'alice@staff.example'],
    ['alice+gate@staff.example', 'alice+gate@staff.example'],
  ])('is known by the address %s in lower case', (given, kept) => {
    expect(EmailSchema.parse(given)).toBe(kept);
  });

  test.each(['alice', 'alice@', '@staff.example', 'a b@staff.example', `${'x'.repeat(250)}@staff.example`])(
    'fails with the address %s',
    (address) => {
      expect(EmailSchema.safeParse(address).success).toBe(false);
    },
  );
});

describe('a protection lift', () => {
  const reason = 'moved to another instance';
  test.each([
    [{ address: 'module.db.aws_db_instance.main["ä"]', reason }, []],
    [{ address: '', reason }, ['address']],
    [{ address: 'ä'.repeat(501), reason }, ['address']],
    [{ address: 'aws_db_instance.main', reason: 'because' }, ['reason']],
    [{ address: 'aws_db_instance.main' }, ['reason']],
  ])('with %j: wrong is %j', (body, wrong) => {
    expect(wrongFields(ProtectionLiftRequestSchema, body)).toEqual(wrong);
  });
});

describe('a lift of proof', () => {
  const reason = 'agreed with the client';
  const identity = 'a'.repeat(64);
  test.each([
    [{ call: 'module.web', identity, reason }, []],
    [{ engine: 'tofu 1.11', reason }, []],
    [{ provider: 'registry.terraform.io/hashicorp/aws 5.100', reason }, []],
    [{ reason }, ['(whole)']],
    [{ identity, reason }, ['call']],
    [{ call: 'module.web', reason }, ['identity']],
    [{ call: 'module.web', identity: 'A'.repeat(64), reason }, ['identity']],
    [{ call: 'x'.repeat(1001), identity, reason }, ['call']],
    [{ engine: 'terraform 1', reason }, ['engine']],
    [{ provider: 'registry.terraform.io/hashicorp/aws 5', reason }, ['provider']],
    [{ engine: 'terraform 1.12', provider: 'registry.terraform.io/hashicorp/aws 5.100', reason }, ['provider']],
    [{ identity, engine: 'terraform 1.12', reason }, ['engine']],
    [{ engine: 'terraform 1.12' }, ['reason']],
    [{ subject: identity, reason }, ['subject', '(whole)']],
  ])('with %j: wrong is %j', (body, wrong) => {
    expect(wrongFields(ProofLiftRequestSchema, body)).toEqual(wrong);
  });
});

describe('a push', () => {
  test.each([
    [{}, []],
    [{ before: undefined, changedPaths: undefined }, []],
    [{ after: 'main' }, ['after']],
    [{ after: 'ABCDEF0000000000000000000000000000000001' }, ['after']],
    [{ before: '' }, ['before']],
    [{ eventId: '' }, ['eventId']],
    [{ changedPaths: 'apps/' }, ['changedPaths']],
  ])('with %j: wrong is %j', (facts, wrong) => {
    expect(wrongFields(ConfigPushedSchema, { ...aPush(), ...facts })).toEqual(wrong);
  });
});

describe('names', () => {
  test.each(['a', 'my-app', 'a1-b2-c3', 'x'.repeat(32)])('an application may be called %s', (name) => {
    expect(ApplicationNameSchema.parse(name)).toBe(name);
  });
  test.each(['', '1app', '-app', 'app-', 'my--app', 'My-App', 'my_app', 'my app', 'app/../x', 'app#x', 'x'.repeat(33)])(
    'fails for an application called "%s"',
    (name) => {
      expect(ApplicationNameSchema.safeParse(name).success).toBe(false);
    },
  );
  test.each([
    ['x'.repeat(16), true],
    ['x'.repeat(17), false],
  ])('an environment called %s: %s', (name, isGood) => {
    expect(EnvironmentNameSchema.safeParse(name).success).toBe(isGood);
  });

  test('the id of a deployment with the longest names and number fits into a role session name', () => {
    const id = deploymentId('a'.repeat(32), 'e'.repeat(16), 9_999_999, 'abc123');
    expect(id).toHaveLength(64);
    expect(id).toMatch(/^[A-Za-z0-9-]{1,64}$/);
  });
  test.each(['my-app-dev1-1-ABC123', 'my-app-dev1--abc123', '../dev1-1-abc123', 'my-app-dev1-1-abc1234'])(
    'fails for the deployment id "%s"',
    (id) => {
      expect(DeploymentIdSchema.safeParse(id).success).toBe(false);
    },
  );
});
