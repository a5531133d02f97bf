import { join } from 'node:path';
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { roleSession } from '../../local/door/callers.ts';
import { terraformDirectory } from '../e2e/git-repository.ts';
import { CLIENT, STAFF, TestApplication, TestCloud } from '../e2e/test-cloud.ts';
import { signedFetch } from '../local/signed-fetch.ts';
import { type Loot, LootChest } from './attack.ts';

/**
 * Production without approval, as a review of this product once found it. A commit that touches production leaks what
 * its build knows while it is planned. A later commit in development, which nobody approves, uses that. Code of the
 * repository can do all that the build can, but it gets only the role of its own environment.
 */

let cloud: TestCloud;
let app: TestApplication;
const chest = new LootChest();
beforeAll(async () => {
  cloud = await TestCloud.start({ engine: 'opentofu', engineDirectory: join(import.meta.dirname, 'hostile-engine') });
  app = new TestApplication(cloud);
  await app.register();
});
afterAll(async () => {
  await cloud?.stop();
  chest.remove();
});

type Signer = NonNullable<Loot['container']>;

/** Shows a ticket to the broker in a request that is signed with these credentials. */
async function redeem(ticket: string, credentials: Signer, buildId = ''): Promise<{ status: number; text: string }> {
  const response = await signedFetch(`${cloud.url}/builds/credentials`, {
    service: 'execute-api',
    region: cloud.local.region,
    method: 'POST',
    credentials,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticket, buildId: buildId || 'stagegate-plan:00000000-0000-4000-8000-000000000000' }),
  });
  return { status: response.status, text: await response.text() };
}

const stsAs = (credentials: Signer) =>
  new STSClient({ endpoint: cloud.local.endpoint, region: cloud.local.region, credentials });
const identityOf = async (credentials: Signer) => (await stsAs(credentials).send(new GetCallerIdentityCommand({}))).Arn;

const PRODUCTION = (purpose: string) => `arn:aws:iam::333333333333:role/stagegate-my-app-prod1-${purpose}`;
const externalIdOf = async (environment: string): Promise<string> => {
  const item = (await cloud.records()).find((record) => record.includes(`ENVIRONMENT#${environment}`)) ?? '';
  return /\\*"externalId\\*":\\*"([0-9a-f]{32})/.exec(item)?.[1] ?? '';
};

/** Tries to assume every role that matters with these credentials, and returns the assumed ones: none, from a build. */
async function assumed(credentials: Signer, ExternalId?: string): Promise<string[]> {
  const roles = ['plan', 'apply', 'state'].map(PRODUCTION);
  const tried = await Promise.all(
    roles.map((RoleArn) =>
      stsAs(credentials)
        .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'x', ...(ExternalId && { ExternalId }) }))
        .then(
          () => [RoleArn],
          () => [],
        ),
    ),
  );
  return tried.flat();
}

const refusals = async () =>
  z
    .object({
      items: z.array(z.looseObject({ type: z.string(), by: z.string(), details: z.looseObject({}).optional() })),
    })
    .parse(await cloud.expect(200, 'GET', `${app.path}/audit?limit=100`))
    .items.filter(({ type }) => type === 'credentials-refused');
const alarm = () => cloud.local.cloudwatch.alarms().find(({ name }) => name === 'stagegate-CredentialsRefused');

describe('code that runs while production is planned', () => {
  let loot: Loot;
  beforeAll(async () => {
    app.push('v1', { 'apps/my-app/prod1/attack.mjs': chest.attackAt('prod1-plan', 'plan') });
    await app.provenRelease(1);
    await app.promote('prod1', 1);
    loot = await chest.open('prod1-plan');
  });

  test('finds no external id, in no variable of its own or of the build program', async () => {
    const externalId = await externalIdOf('prod1');
    expect(externalId).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.stringify(loot)).not.toContain(externalId);
  });

  test('has the plan role of its own environment, and cannot assume another, with or without the external id', async () => {
    expect(loot.agent && (await identityOf(loot.agent))).toMatch(
      /^arn:aws:sts::333333333333:assumed-role\/stagegate-my-app-prod1-plan\/my-app-prod1-1-/,
    );
    const externalId = await externalIdOf('prod1');
    for (const credentials of [loot.agent, loot.container])
      if (credentials) expect([await assumed(credentials), await assumed(credentials, externalId)]).toEqual([[], []]);
  });

  test('may redeem the ticket of its own build, and gets the same plan role', async () => {
    const { status, text } = await redeem(ticketOf(loot), credentialsOf(loot));
    expect(status).toBe(200);
    const { accessKeyId, secretAccessKey, sessionToken } = JSON.parse(text);
    expect(await identityOf({ accessKeyId, secretAccessKey, sessionToken })).toContain('/stagegate-my-app-prod1-plan/');
  });

  test('cannot make a ticket to apply out of it', async () => {
    const forged = ticketOf(loot).replace('.plan.', '.apply.');
    expect(await redeem(forged, credentialsOf(loot))).toMatchObject({ status: 403 });
  });
});

describe('a later commit in development, which nobody approves', () => {
  let loot: Loot;
  let stolen: string;
  beforeAll(async () => {
    stolen = ticketOf(await chest.open('prod1-plan'));
    cloud.repository.commit('touches development alone', {
      'apps/my-app/dev1/main.tf': terraformDirectory('v2'),
      'apps/my-app/dev1/attack.mjs': chest.attackAt('dev1-apply', 'apply'),
    });
    loot = await chest.open('dev1-apply');
  });

  test('gets nothing for the ticket of production: 403, an entry in the audit, and an alarm', async () => {
    const answer = await redeem(stolen, credentialsOf(loot));
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('credentials-refused');
    expect(await refusals()).toContainEqual(
      expect.objectContaining({
        environment: 'prod1',
        by: expect.stringContaining('assumed-role/stagegate-apply-build/'),
        details: { purpose: 'plan', round: 1, reason: 'the caller is no plan build' },
      }),
    );
    await cloud.poll('the alarm', async () => (alarm()?.state === 'ALARM' ? true : undefined));
  });

  test('has the apply role of development and no other, with every external id there is', async () => {
    expect(loot.agent && (await identityOf(loot.agent))).toContain('/stagegate-my-app-dev1-apply/');
    const externalId = await externalIdOf('prod1');
    for (const credentials of [loot.agent, loot.container])
      if (credentials) expect([await assumed(credentials), await assumed(credentials, externalId)]).toEqual([[], []]);
    chest.close('dev1-apply');
  });
});

describe('people with a ticket from the history of an execution', () => {
  /** Returns a ticket as staff can read it in the console. */
  async function ticketInHistory(): Promise<string> {
    const [deployment] = await app.deployments('prod1');
    const executionArn = cloud.executionArn(deployment?.id ?? '');
    const history = await cloud.operator.sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
    return /my-app-prod1-[^"\\]*\.plan\.1\.[0-9a-f]{64}/.exec(JSON.stringify(history.events))?.[0] ?? '';
  }

  const sessionOf = (policyArn: string) => {
    const { accountId, door } = cloud.local;
    const roleArn = `arn:aws:iam::${accountId}:role/people/${policyArn.split('/').at(-1)}`;
    door.policies.putRole(roleArn, {
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${accountId}:root` }, Action: 'sts:AssumeRole' }],
    });
    door.policies.attachRolePolicy(roleArn, policyArn);
    return door.issueCredentials(roleSession(roleArn, 'jane'));
  };

  test('it is there, and it is the one', async () => {
    expect(await ticketInHistory()).toBe(ticketOf(await chest.open('prod1-plan')));
  });

  test('staff may not ask the broker at all', async () => {
    const staff = sessionOf(`arn:aws:iam::${cloud.local.accountId}:policy/stagegate-staff`);
    expect(await redeem(await ticketInHistory(), staff)).toEqual({ status: 403, text: '{"message":"Forbidden"}' });
  });

  test('an administrator of the account may, and is refused, in the audit by name', async () => {
    const administrator = sessionOf('arn:aws:iam::aws:policy/AdministratorAccess');
    expect(await redeem(await ticketInHistory(), administrator)).toMatchObject({ status: 403 });
    expect(await refusals()).toContainEqual(
      expect.objectContaining({
        by: expect.stringContaining('assumed-role/AdministratorAccess/jane'),
        details: { purpose: 'plan', round: 1, reason: 'the caller is no plan build' },
      }),
    );
  });

  test('every role of the template gets nothing for it, those of builds included', async () => {
    const { stack, door } = cloud.local;
    const roles = [...stack.resources.values()].filter(({ type }) => type === 'AWS::IAM::Role');
    expect(roles.length).toBeGreaterThan(30);
    const ticket = await ticketInHistory();
    const answers = await Promise.all(
      roles.map(async ({ attributes }) => {
        const roleArn = String(attributes.Arn);
        return [roleArn, (await redeem(ticket, door.issueCredentials(roleSession(roleArn, 'x')))).status];
      }),
    );
    expect(answers.filter(([, status]) => status !== 403)).toEqual([]);
  });

  test('nor does the session that redeemed it, once its phase is over', async () => {
    const loot = await chest.open('prod1-plan');
    chest.close('prod1-plan');
    await app.waits('prod1', 1, 'staff');
    const { accountId, door } = cloud.local;
    const uuid = loot.parent.CODEBUILD_BUILD_ID?.split(':')[1];
    const role = `arn:aws:iam::${accountId}:role/stagegate-plan-build`;
    const session = door.issueCredentials(roleSession(role, `AWSCodeBuild-${uuid}`));
    const answer = await redeem(ticketOf(loot), session, loot.parent.CODEBUILD_BUILD_ID);
    expect(answer).toEqual({ status: 403, text: expect.stringContaining('credentials-refused') });
  });

  test('and production goes on as if nothing had been', async () => {
    await app.approve(STAFF, 'prod1', 1);
    await app.approve(CLIENT, 'prod1', 1);
    await app.reaches('prod1', 1, 'succeeded');
  });
});

const ticketOf = ({ own, parent }: Loot): string => parent.STAGEGATE_TICKET ?? own.STAGEGATE_TICKET ?? '';

/** Returns the credentials of the build's own role, which the container gives to any code in it. */
function credentialsOf({ container }: Loot): Signer {
  if (!container) throw new Error('the container gave no credentials');
  return container;
}
