import dns from 'node:dns/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACMClient } from '@aws-sdk/client-acm';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { STSClient, STSServiceException } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { AcmCertificates } from '../../lambdas/adapters/acm-certificates.ts';
import { CodeBuildBuilds } from '../../lambdas/adapters/codebuild-builds.ts';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { EventBridgeBus } from '../../lambdas/adapters/event-bridge-bus.ts';
import { EventBridgeScheduler } from '../../lambdas/adapters/event-bridge-scheduler.ts';
import { HttpsRepositoryHeads } from '../../lambdas/adapters/https-repository-heads.ts';
import { KmsLinkSigner } from '../../lambdas/adapters/kms-link-signer.ts';
import { KmsWebhookSecrets } from '../../lambdas/adapters/kms-webhook-secrets.ts';
import { ResolverPublicDns } from '../../lambdas/adapters/resolver-public-dns.ts';
import { Route53HostedZones } from '../../lambdas/adapters/route53-hosted-zones.ts';
import { S3ArtifactStore } from '../../lambdas/adapters/s3-artifact-store.ts';
import { S3StateReader } from '../../lambdas/adapters/s3-state-reader.ts';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { StepFunctionsWorkflow } from '../../lambdas/adapters/step-functions-workflow.ts';
import { StsEnvironmentRoles } from '../../lambdas/adapters/sts-environment-roles.ts';
import { ServiceUnavailableError } from '../../lambdas/domain/errors.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import type { PublicDns, Store } from '../../lambdas/domain/ports.ts';
import { lazyPort } from '../../lambdas/runtime/services/lazy-port.ts';
import { anApplication, anEnvironment } from '../harness/builders.ts';
import { mockedClient } from '../harness/mocked-client.ts';
import { type StandInTable, startStandInTable, type TableAnswer } from '../harness/stand-in-table.ts';

/**
 * What every operation of every adapter makes of a service that does not work at the moment. The ports are made as
 * functions make them (`lazyPort`).
 */

const region = 'eu-west-1';
const ID = 'my-app-dev1-1-abc123';
const MACHINE = `arn:aws:states:${region}:000000000000:stateMachine:stagegate-deployment`;
const TOPIC = `arn:aws:sns:${region}:000000000000:approvals`;
const ROLE = { roleArn: 'arn:aws:iam::111111111111:role/dns', externalId: 'e'.repeat(32), sessionName: ID };
const ENVIRONMENT = anEnvironment({ name: 'dev1' });
const ADDRESS = { bucket: 'acme-state', key: 'apps/my-app/dev1/terraform.tfstate', region };
const CERTIFICATE = `arn:aws:acm:${region}:111111111111:certificate/1`;
const LINK = {
  deploymentId: ID,
  gate: 'staff',
  round: 1,
  email: 'a@example.com',
  digest: 'd'.repeat(64),
  sequence: 1,
} as const;

const TOKEN = `${Buffer.from(JSON.stringify(Object.values(LINK))).toString('base64url')}.${'A'.repeat(43)}`;
const CONFIRMATION = `https://sns.${region}.amazonaws.com/confirmation.html?TopicArn=${TOPIC}&Token=${'a'.repeat(64)}&Endpoint=a@example.com`;

const clients = {
  acm: new ACMClient({ region }),
  codebuild: new CodeBuildClient({ region }),
  events: new EventBridgeClient({ region }),
  kms: new KMSClient({ region }),
  route53: new Route53Client({ region }),
  s3: new S3Client({ region }),
  scheduler: new SchedulerClient({ region }),
  sfn: new SFNClient({ region }),
  sns: new SNSClient({ region }),
  sts: new STSClient({ region }),
};

/** An error as the SDK throws it. */
const thrown = (name: string, more: object = {}, message = 'said AWS'): Error =>
  Object.assign(new Error(message), { name }, more);
const answered = (name: string, httpStatusCode: number): Error => thrown(name, { $metadata: { httpStatusCode } });
const broken = (code: string): Error => thrown('Error', { code });

const FAULTS = {
  throttled: answered('ThrottlingException', 400),
  'throttled, as Route 53 says it': answered('Throttling', 400),
  'throttled, as S3 says it': answered('SlowDown', 503),
  'throttled, as SNS says it': answered('ThrottledException', 429),
  'busy with an earlier change': answered('PriorRequestNotComplete', 400),
  'broken inside': answered('InternalFailure', 500),
  'broken inside, with a status of the client': answered('KMSInternalException', 400),
  unavailable: answered('ServiceUnavailable', 503),
  'an answer without words': answered('UnknownError', 502),
  cut: broken('ECONNRESET'),
  'cut while the connection was made safe': broken('EPROTO'),
  'not reachable': broken('ECONNREFUSED'),
  'not found by its name': broken('EAI_AGAIN'),
  'too slow': thrown('TimeoutError'),
  aborted: thrown('AbortError'),
  'an answer that ends in the middle': Object.assign(new SyntaxError('Unexpected end of JSON input'), {
    $response: {},
  }),
};

const artifacts = new S3ArtifactStore('artifacts', clients.s3);
const states = new S3StateReader('stagegate', () => clients.s3, clients.sts);
const workflow = new StepFunctionsWorkflow(MACHINE, clients.sfn);
const builds = new CodeBuildBuilds(clients.codebuild);
const bus = new EventBridgeBus('stagegate', clients.events);
const mail = new SnsApproverMail(TOPIC, clients.sns);
const links = new KmsLinkSigner('key', clients.kms);
const secrets = new KmsWebhookSecrets('key', ['1'], clients.kms);
const roles = new StsEnvironmentRoles(clients.sts);
const zones = new Route53HostedZones(() => clients.route53, clients.sts);
const certificates = new AcmCertificates(() => clients.acm, clients.sts);
const scheduler = new EventBridgeScheduler(
  { group: 'g', roleArn: 'arn:role', functionArn: 'arn:f' },
  clients.scheduler,
);
const FACTS = { deploymentId: ID, application: 'my-app', environment: 'dev1', release: 1, commit: 'a'.repeat(40) };
const SUCCEEDED = { ...FACTS, operation: 'deploy', changes: true } as const;
const RECORD = { name: 'web.acme.example', type: 'CNAME', ttl: 60, values: ['lb.example'] };

interface Row {
  readonly adapter: object;
  readonly calls: Readonly<Record<string, () => Promise<unknown>>>;
}

/** Returns the calls of an adapter's methods, each made through `lazyPort`. */
function row<Port extends object>(
  service: string,
  adapter: Port,
  calls: Readonly<Record<string, (port: Port) => Promise<unknown>>>,
): Row {
  const port = lazyPort(service, async () => adapter as never) as Port;
  return {
    adapter,
    calls: Object.fromEntries(Object.entries(calls).map(([method, call]) => [method, () => call(port)])),
  };
}

const ROWS: readonly Row[] = [
  row('S3', artifacts, {
    getJson: (port) => port.getJson('a'),
    putJson: (port) => port.putJson('a', {}),
    copyOnce: (port) => port.copyOnce('a', 'b'),
    isThere: (port) => port.isThere({ key: 'a', versionId: '1' }),
    deleteForGood: (port) => port.deleteForGood('a', '1'),
    getText: (port) => port.getText('a'),
  }),
  row('S3', states, {
    head: (port) => port.head(ENVIRONMENT, ADDRESS),
    countResources: (port) => port.countResources(ENVIRONMENT, ADDRESS),
  }),
  row('Step Functions', workflow, {
    start: (port) => port.start(ID),
    resume: (port) => port.resume('token'),
    execution: (port) => port.execution(ID),
    builds: (port) => port.builds(ID),
  }),
  row('CodeBuild', builds, {
    anyInProgress: (port) => port.anyInProgress(['plan:1']),
    isRunningWith: (port) => port.isRunningWith('plan:1', 'a', 'b'),
    statusOf: (port) => port.statusOf('stagegate-plan:1'),
  }),
  row('EventBridge', bus, { publish: (port) => port.publish('DeploymentSucceeded', SUCCEEDED) }),
  row('SNS', mail, {
    subscribe: (port) => port.subscribe('a@example.com'),
    confirm: (port) => port.confirm('a@example.com', CONFIRMATION),
    unsubscribe: (port) => port.unsubscribe('arn:a'),
    subscriptions: (port) => port.subscriptions(),
    send: (port) => port.send('a@example.com', { subject: 'a', body: 'b' }),
  }),
  row('KMS', links, { sign: (port) => port.sign(LINK), verify: (port) => port.verify(TOKEN) }),
  row('KMS', secrets, { of: (port) => port.of() }),
  row('STS', roles, { assume: (port) => port.assume(ROLE) }),
  row('Route 53', zones, {
    named: (port) => port.named(ROLE, 'acme.example'),
    zone: (port) => port.zone(ROLE, 'Z1'),
    records: (port) => port.records(ROLE, 'Z1', 'web.acme.example'),
    change: (port) => port.change(ROLE, 'Z1', { create: [RECORD] }),
    isInSync: (port) => port.isInSync(ROLE, 'C1'),
  }),
  row('ACM', certificates, {
    request: (port) => port.request(ROLE, region, { names: ['web.acme.example'], token: 't', tags: {} }),
    describe: (port) => port.describe(ROLE, region, CERTIFICATE),
    delete: (port) => port.delete(ROLE, region, CERTIFICATE),
  }),
  row('EventBridge Scheduler', scheduler, {
    wakeAt: (port) => port.wakeAt('a', '2026-11-30T10:00:00Z', { application: 'a', environment: 'b' }),
    cancel: (port) => port.cancel('a'),
  }),
];

const methodsOf = (adapter: object): string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(adapter)).filter((name) => name !== 'constructor');

/** How hosts of repositories fail is in the suite of their adapter. */
test('every operation of every adapter that functions use is in the tables of this file', () => {
  const services = join(import.meta.dirname, '../../lambdas/runtime/services');
  const used = readdirSync(services).flatMap((file) =>
    [...readFileSync(join(services, file), 'utf8').matchAll(/adapters\/[a-z0-9-]+\.ts'\)\)\.(\w+)/g)].map(
      ([, name]) => name,
    ),
  );
  const others = [new DynamoStore('table'), new ResolverPublicDns(), new HttpsRepositoryHeads()];
  const tested = [...ROWS.map(({ adapter }) => adapter), ...others];
  expect(used.sort()).toEqual(tested.map((adapter) => adapter.constructor.name).sort());
  for (const { adapter, calls } of ROWS) expect(Object.keys(calls).sort()).toEqual(methodsOf(adapter).sort());
  expect(Object.keys(STORE).sort()).toEqual(methodsOf(new DynamoStore('table')).sort());
});

describe('a service that is', () => {
  const mocks = Object.values(clients).map((client) => mockedClient(client as S3Client));

  test.each(Object.entries(FAULTS))('%s: every operation throws the one error that is retried', async (_, fault) => {
    for (const mock of mocks) mock.reset().onAnyCommand().rejects(fault);
    for (const { adapter, calls } of ROWS)
      for (const [method, call] of Object.entries(calls)) {
        const error: unknown = await call().then(
          () => `${adapter.constructor.name}.${method} succeeded`,
          (reason: unknown) => reason,
        );
        expect({ method, error }).toEqual({ method, error: expect.any(ServiceUnavailableError) });
        expect(error).toMatchObject({ message: expect.stringContaining(`: ${method} failed with `), cause: fault });
        // What a service says may name what is secret.
        expect(String(error)).not.toContain('said AWS');
      }
  });

  test.each([
    ['a refusal', answered('AccessDeniedException', 403)],
    ['a quota, which waiting does not raise', answered('LimitExceededException', 400)],
    ['a mistake of ours', answered('ValidationException', 400)],
    ['a bug', new TypeError('x is undefined')],
  ])('fine, and answers %s: the error stays what it is', async (_, refusal) => {
    for (const mock of mocks) mock.reset().onAnyCommand().rejects(refusal);
    for (const call of [
      () => lazyPort('ACM', async () => certificates).describe(ROLE, region, CERTIFICATE),
      () => lazyPort('SNS', async () => mail).send('a@example.com', { subject: 'a', body: 'b' }),
      () => lazyPort('Step Functions', async () => workflow).start(ID),
    ])
      await expect(call()).rejects.toBe(refusal);
  });

  test.each([
    ['ThrottlingException', 'ServiceUnavailableError'],
    ['InternalFailure', 'ServiceUnavailableError'],
    ['InternalException', 'ServiceUnavailableError'],
    ['MalformedDetail', 'MalformedDetail'],
  ])('EventBridge, and refuses one entry of an accepted request: %s', async (ErrorCode, name) => {
    for (const mock of mocks) mock.reset();
    mockedClient(clients.events)
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'said AWS' }] });
    const port = lazyPort('EventBridge', async () => bus);
    await expect(port.publish('DeploymentSucceeded', SUCCEEDED)).rejects.toMatchObject({ name });
  });

  test('STS, when another service is called with a role of an environment, is not taken for a refusal', async () => {
    const sts = mockedClient(clients.sts);
    const reader = new S3StateReader('stagegate', (access) => new S3Client({ region, ...access }), clients.sts);
    const port = lazyPort('S3', async () => reader);
    sts.onAnyCommand().rejects(answered('Throttling', 400));
    await expect(port.head(ENVIRONMENT, ADDRESS)).rejects.toBeInstanceOf(ServiceUnavailableError);
    sts.onAnyCommand().rejects(new STSServiceException({ name: 'AccessDenied', $fault: 'client', $metadata: {} }));
    await expect(port.head(ENVIRONMENT, ADDRESS)).rejects.toMatchObject({
      name: 'StateUnreadableError',
      message: expect.stringContaining('is missing or does not trust Stagegate'),
    });
  });
});

/** Every operation of the store, in the way in which functions use it. */
const STORE: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get('application', { name: 'my-app' }),
  list: (store) => store.list(LISTINGS.applications()),
  readAhead: async (store) => (await store.readAhead()).get('application', { name: 'my-app' }),
  transact: (store) =>
    store.transact(async (transaction) => {
      await transaction.get('application', { name: 'my-app' });
      transaction.put('application', anApplication());
    }),
};

describe('a table that is', () => {
  let table: StandInTable;
  let answer: (action: string) => TableAnswer | undefined;
  let store: Store;
  beforeAll(async () => {
    table = await startStandInTable(({ action }) => answer(action));
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const access = { endpoint: table.endpoint, region, credentials };
    store = lazyPort<Store>('DynamoDB', async () => new DynamoStore('table', access));
  });
  afterAll(() => table.close());
  const error = (name: string, status: number, more: object = {}): TableAnswer => ({
    status,
    body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'said AWS', ...more },
  });

  const faults: [string, TableAnswer | undefined][] = [
    ['throttled', error('ProvisionedThroughputExceededException', 400)],
    ['broken inside', error('InternalServerError', 500)],
    ['unavailable', { status: 503, body: '<html>' }],
    ['cut off', undefined],
    ['answering half', { body: '{"Item": {"pk"' }],
  ];
  // The SDK waits for seconds before it asks a throttled table again, so only one operation is throttled here.
  const calls = Object.keys(STORE).flatMap((method) =>
    faults.slice(method === 'get' ? 0 : 1).map(([fault, given]) => [method, fault, given] as const),
  );

  test.each(calls)('asked to %s while it is %s', async (method, _, given) => {
    answer = () => given;
    await expect(STORE[method]?.(store)).rejects.toBeInstanceOf(ServiceUnavailableError);
  });

  test.each([
    ['a throttle', [{ Code: 'None' }, { Code: 'ThrottlingError' }], 'ServiceUnavailableError'],
    ['a mistake of ours', [{ Code: 'ValidationError' }], 'TransactionCanceledException'],
  ])('canceling a whole transaction for %s', async (_, CancellationReasons, name) => {
    answer = (action) =>
      action === 'TransactWriteItems'
        ? error('TransactionCanceledException', 400, { CancellationReasons })
        : { body: {} };
    await expect(STORE.transact?.(store)).rejects.toMatchObject({ name });
  });

  // Jest's own realm makes the SDK rename errors of sockets in writes.
  test.each(faults.slice(1).filter(([, given]) => given))('%s when it is to commit', async (_, given) => {
    answer = (action) => (action === 'TransactWriteItems' ? given : { body: {} });
    await expect(STORE.transact?.(store)).rejects.toBeInstanceOf(ServiceUnavailableError);
  });

  test('asked again for a commit whose answer was lost is given the same token, and so commits once', async () => {
    let commits = 0;
    answer = (action) => {
      if (action === 'TransactWriteItems') commits += 1;
      return action === 'TransactWriteItems' && commits < 3 ? undefined : { body: {} };
    };
    await STORE.transact?.(store);
    const asked = table.requests.filter(({ action }) => action === 'TransactWriteItems').slice(-3);
    const sent = asked.map(({ body }) => (body as { ClientRequestToken?: string }).ClientRequestToken);
    expect([commits, new Set(sent).size, typeof sent[0]]).toEqual([3, 1, 'string']);
  });
});

test.each(['ESERVFAIL', 'ETIMEOUT', 'ECONNREFUSED'])('public name servers that say %s are unknown', async (code) => {
  const asked = jest.spyOn(dns, 'resolveNs').mockRejectedValue(broken(code));
  const port = lazyPort<PublicDns>('DNS', async () => new ResolverPublicDns());
  expect(await port.nameServers('acme.example')).toBeUndefined();
  asked.mockRestore();
});
