import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { roleSession } from '../../../local/door/callers.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../../local/door/door.ts';
import { type DoorServer, startDoorServer } from '../../../local/door/door-server.ts';
import { createStsService } from '../../../local/services/sts/sts-service.ts';

const buildRole = 'arn:aws:iam::111111111111:role/stagegate-plan-build';
const otherBuildRole = 'arn:aws:iam::111111111111:role/stagegate-apply-build';
const targetRole = 'arn:aws:iam::222222222222:role/stagegate-shop-dev1-plan';
const externalId = '0123456789abcdef0123456789abcdef';

let door: LocalDoor;
let server: DoorServer;
let entered: string[];

beforeAll(async () => {
  const log = () => {};
  door = createDoor({ accountId: '111111111111', region: 'eu-west-1', log });
  server = await startDoorServer(door, log);
  entered = [];
  const sts = createStsService({ door }, { beforeAssume: async (roleArn) => void entered.push(roleArn) });
  door.register(sts.service);
  for (const roleArn of [buildRole, otherBuildRole]) {
    door.policies.putRole(roleArn, {
      Statement: [{ Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    });
    door.policies.putRolePolicy(roleArn, 'targets', {
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/stagegate-*-plan' }],
    });
  }
  door.policies.putRole(targetRole, {
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: buildRole },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': externalId } },
      },
    ],
  });
});
afterAll(() => server.close());

function clientOf(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }): STSClient {
  return new STSClient({ endpoint: server.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
}
const bearerOf = (roleArn: string) => clientOf(door.issueCredentials(roleSession(roleArn, 'build-1')));

const request = { RoleArn: targetRole, RoleSessionName: 'shop-dev1-7-abc123', ExternalId: externalId };
const assume = (client: STSClient, input: Partial<typeof request> & { DurationSeconds?: number } = {}) =>
  client.send(new AssumeRoleCommand({ ...request, ...input }));
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    ({ name }: Error) => name,
  );

describe('AssumeRole', () => {
  it('gives credentials that act as the assumed role', async () => {
    const { Credentials, AssumedRoleUser } = await assume(bearerOf(buildRole));
    const arn = 'arn:aws:sts::222222222222:assumed-role/stagegate-shop-dev1-plan/shop-dev1-7-abc123';
    expect(AssumedRoleUser?.Arn).toBe(arn);
    const assumed = clientOf({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken,
    });
    const { Arn, Account } = await assumed.send(new GetCallerIdentityCommand({}));
    expect([Arn, Account]).toEqual([arn, '222222222222']);
  });

  it('tells which role is entered before it judges', async () => {
    entered.length = 0;
    await assume(bearerOf(buildRole));
    expect(entered).toEqual([targetRole]);
  });

  it('fails when the external id is missing or another', async () => {
    expect(await refusal(assume(bearerOf(buildRole), { ExternalId: undefined }))).toBe('AccessDenied');
    expect(await refusal(assume(bearerOf(buildRole), { ExternalId: 'f'.repeat(32) }))).toBe('AccessDenied');
  });

  it('fails when the trust policy names another role', async () => {
    expect(await refusal(assume(bearerOf(otherBuildRole)))).toBe('AccessDenied');
  });

  it('fails when the caller itself may not assume the role', async () => {
    const RoleArn = 'arn:aws:iam::222222222222:role/admin';
    door.policies.putRole(RoleArn, {
      Statement: [{ Effect: 'Allow', Principal: { AWS: buildRole }, Action: 'sts:AssumeRole' }],
    });
    expect(await refusal(assume(bearerOf(buildRole), { RoleArn }))).toBe('AccessDenied');
  });

  it('fails when there is no such role', async () => {
    const RoleArn = 'arn:aws:iam::222222222222:role/stagegate-shop-none-plan';
    expect(await refusal(assume(bearerOf(buildRole), { RoleArn }))).toBe('AccessDenied');
  });

  it('fails when a chained session would last longer than an hour', async () => {
    expect(await refusal(assume(bearerOf(buildRole), { DurationSeconds: 7200 }))).toBe('ValidationError');
  });
});

describe('GetCallerIdentity', () => {
  it('answers everybody who signs', async () => {
    const { Arn } = await clientOf(OPERATOR_CREDENTIALS).send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe('arn:aws:iam::111111111111:user/operator');
  });

  it('fails for keys nobody issued', async () => {
    const stranger = clientOf({ accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' });
    expect(await refusal(stranger.send(new GetCallerIdentityCommand({})))).toBe('InvalidClientTokenId');
  });
});
