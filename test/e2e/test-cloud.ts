import { randomUUID } from 'node:crypto';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  TransactionConflictException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { Route53Client } from '@aws-sdk/client-route-53';
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import type { WantedWrites } from '../../local/door/wanted-writes.ts';
import { type LocalCloud, startLocalCloud } from '../../local/local-cloud.ts';
import type { BuildStandIn } from '../../local/services/codebuild/run-request.ts';
import { sharedDynamoDbPort } from '../harness/dynamodb-local.ts';
import { GitRepository, terraformDirectory } from './git-repository.ts';
import { HurriedClock } from './hurried-clock.ts';

/** Longest wait; an error then shows what happened instead. On a busy machine a deployment takes minutes. */
const PATIENCE_MS = 5 * 60_000;
/**
 * Results are read again PAUSE_MS after a write, when everything that belongs to the write is probably there too, or
 * after LOOK_MS.
 */
const PAUSE_MS = 60;
const LOOK_MS = 400;

export const STAFF = 'staff@example.com';
export const CLIENT = 'client@example.com';

const GateSchema = z.object({
  gate: z.string(),
  status: z.string(),
  required: z.number(),
  approvals: z.array(z.object({ by: z.string(), via: z.string(), comment: z.string().nullish() })),
});
const DeploymentSchema = z.object({
  id: z.string(),
  environment: z.string(),
  release: z.number(),
  commit: z.string(),
  operation: z.string(),
  status: z.string(),
  planRound: z.number().nullish(),
  planDigest: z.string().nullish(),
  changes: z.union([z.literal('none'), z.record(z.string(), z.number())]).nullish(),
  gates: z.array(GateSchema),
  error: z.object({ reason: z.string(), message: z.string() }).nullish(),
});
export type Deployment = z.infer<typeof DeploymentSchema>;
const EnvironmentSchema = z.object({
  name: z.string(),
  status: z.string(),
  deployed: z.object({ release: z.number(), commit: z.string(), deploymentId: z.string() }).nullable(),
  outputs: z.record(z.string(), z.object({ value: z.json(), sensitive: z.boolean() })),
  current: DeploymentSchema.nullable(),
  queued: DeploymentSchema.nullable(),
});
const MailSchema = z.object({ to: z.string(), subject: z.string(), body: z.string(), links: z.array(z.string()) });
export type Mail = Readonly<Omit<z.infer<typeof MailSchema>, 'links'>> & { readonly links: readonly string[] };

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** `opentofu` is a stand-in that answers at once, for tests that are not about the engine's work. */
export type EngineName = 'terraform' | 'opentofu';

interface TestCloudProps {
  readonly files?: Readonly<Record<string, string>>;
  /** The engine of the cloud's applications; Terraform by default. */
  readonly engine?: EngineName;
  /** Directory for `--data`, whose contents survive a kill. */
  readonly data?: string;
  readonly repository?: GitRepository;
  /** Directory of the stand-in for OpenTofu. */
  readonly engineDirectory?: string;
  /** Directory of the assembly; by default that of the sources, which all suites share. */
  readonly assemblyDirectory?: string;
  /** More variables of the person who starts the cloud. */
  readonly environment?: Readonly<Record<string, string>>;
  /** See `ServiceOptions`. */
  readonly waitsDividedBy?: number;
  readonly buildStandIn?: BuildStandIn;
}

interface CloudParts {
  readonly repository: GitRepository;
  readonly engine?: EngineName | undefined;
  readonly workflowClock?: HurriedClock;
}

/** The synthesized template running on this machine with a config repository, used as people and tooling use it. */
export class TestCloud {
  readonly repository: GitRepository;
  readonly engine: EngineName;
  /** The workflow's clock. Hurrying it affects the whole cloud, so nothing else may run at that time. */
  readonly workflowClock: HurriedClock;
  #cloud: LocalCloud;
  #operator: ReturnType<typeof operatorAt> | undefined;

  private constructor(
    cloud: LocalCloud,
    { repository, engine = 'terraform', workflowClock = new HurriedClock() }: CloudParts,
  ) {
    this.#cloud = cloud;
    this.repository = repository;
    this.engine = engine;
    this.workflowClock = workflowClock;
  }

  static async start({
    files = {},
    engine,
    data,
    repository = new GitRepository(files),
    engineDirectory = STAND_IN_ENGINE,
    assemblyDirectory,
    environment = {},
    waitsDividedBy = 1,
    buildStandIn,
  }: TestCloudProps = {}): Promise<TestCloud> {
    const workflowClock = new HurriedClock();
    const more = { engineDirectory, assemblyDirectory, environment, waitsDividedBy, buildStandIn };
    const cloud = await start({ repository, data, workflowClock, ...more });
    return new TestCloud(cloud, { repository, engine, workflowClock });
  }

  /** Returns a cloud that runs in its own process. */
  static at(url: string, repository: GitRepository): TestCloud {
    const cloud: Pick<LocalCloud, 'url'> = { url };
    return new TestCloud(cloud as LocalCloud, { repository });
  }

  get url(): string {
    return this.#cloud.url;
  }

  /** The path that lets its reader see the board. */
  get boardPath(): string {
    return this.#cloud.board.startPath;
  }

  /** The local cloud itself, to inject faults and to read the recorded calls. */
  get local(): LocalCloud {
    return this.#cloud;
  }

  async stop(): Promise<void> {
    await this.#cloud.stop();
    this.repository.remove();
  }

  async call(method: string, path: string, body?: unknown, principal = 'admin@local'): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-local-principal': principal },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async expect(status: number, method: string, path: string, body?: unknown, principal?: string): Promise<unknown> {
    const answer = await this.call(method, path, body, principal);
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Invokes a function with an event, as EventBridge would, and waits for its end. */
  async deliver(functionName: string, detailType: string, detail: object): Promise<void> {
    const { accountId, door } = this.local;
    const operator = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId } as const;
    const event = {
      id: 'delivered-again',
      'detail-type': detailType,
      source: 'test',
      time: new Date().toISOString(),
      detail,
    };
    const input = { FunctionName: functionName, InvocationType: 'RequestResponse', Payload: JSON.stringify(event) };
    const answer = z
      .looseObject({ FunctionError: z.string().optional() })
      .parse(await door.call(operator, 'lambda', 'Invoke', input));
    if (answer.FunctionError !== undefined) throw new Error(`${functionName}: ${JSON.stringify(answer)}`);
  }

  /** Invokes a function as its schedule would: no schedule does so while tests run. */
  strike(functionName: string): Promise<void> {
    return this.deliver(functionName, 'Scheduled Event', {});
  }

  async mail(isWanted: (mail: Mail) => boolean): Promise<Mail> {
    return this.poll('a mail', async () => (await this.mails()).findLast(isWanted), 'mails');
  }

  /** Returns all mails. For a cloud in this process they are read directly, because a shared cloud keeps hundreds. */
  async mails(): Promise<readonly Mail[]> {
    return this.#cloud.sns?.mails() ?? z.array(MailSchema).parse(await this.expect(200, 'GET', '/local/outbox.json'));
  }

  /** Opens a mailed link and posts its form, if it has one. */
  async decide(link: string, fields: Readonly<Record<string, string>>): Promise<{ status: number; page: string }> {
    return (await this.open(link))(fields);
  }

  /**
   * Opens a mailed link like a browser tab that stays open: its form can be posted again later, whatever has happened
   * since.
   */
  async open(
    link: string,
  ): Promise<(fields: Readonly<Record<string, string>>) => Promise<{ status: number; page: string }>> {
    const page = await (await fetch(link)).text();
    const hidden = [...page.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(
      ([, name = '', value = '']): [string, string] => [name, value],
    );
    return async (fields) => {
      const form = new URLSearchParams([...hidden, ...Object.entries(fields)]);
      const response = await fetch(link, { method: 'POST', body: form });
      return { status: response.status, page: await response.text() };
    };
  }

  /**
   * Looks again after each write until there is a result. Where other suites write at the same time, `wanted` limits
   * the writes that count.
   */
  async poll<T>(
    what: string | (() => Promise<string>),
    look: () => Promise<T | undefined>,
    wanted?: WantedWrites,
  ): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const written = this.#nextWrite(wanted);
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline)
        throw new Error(`waited in vain for ${typeof what === 'string' ? what : await what()}`);
      await written;
      await sleep(PAUSE_MS);
    }
  }

  /** Waits for the next write. A cloud in its own process cannot report it; then this only waits. */
  #nextWrite(wanted: WantedWrites | undefined): Promise<void> {
    return this.#cloud.nextWrite?.(LOOK_MS, wanted) ?? sleep(LOOK_MS);
  }

  /** Waits until every event has been delivered, and every function that got one has ended. */
  async everythingDelivered(): Promise<void> {
    const { events, lambda } = this.local;
    const isAll = async () => (events.pendingDeliveries().length === 0 && lambda.pendingEvents() === 0) || undefined;
    await this.poll('the end of all deliveries', isAll);
  }

  /** Returns all records of the control plane, to compare them before and after an action. */
  async records(): Promise<string[]> {
    const items: string[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const scan = new ScanCommand({ TableName: this.#cloud.tableName, ConsistentRead: true, ExclusiveStartKey });
      const { Items = [], LastEvaluatedKey } = await this.operator.dynamodb.send(scan);
      items.push(...Items.map((item) => JSON.stringify(Object.entries(item).sort())));
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items.sort();
  }

  /**
   * Changes a record of the control plane, for example a time in it, to test rules about time. As in a transaction of the
   * control plane, the change is made on the newest version, and no transaction that read an older one overwrites it.
   */
  async changeRecord(
    { pk, sk }: { readonly pk: string; readonly sk: string },
    change: (data: Readonly<Record<string, unknown>>) => object,
  ): Promise<void> {
    const item = { TableName: this.#cloud.tableName, Key: { pk: { S: pk }, sk: { S: sk } } };
    const attempt = async () => {
      const { Item } = await this.operator.dynamodb.send(new GetItemCommand({ ...item, ConsistentRead: true }));
      const data = Item?.data?.S;
      const version = Item?.version?.N;
      if (data === undefined || version === undefined) throw new Error(`there is no record ${pk} ${sk}`);
      const changed = JSON.stringify(change(z.record(z.string(), z.unknown()).parse(JSON.parse(data))));
      await this.operator.dynamodb.send(
        new UpdateItemCommand({
          ...item,
          UpdateExpression: 'SET #data = :changed, #version = #version + :one',
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#data': 'data', '#version': 'version' },
          ExpressionAttributeValues: { ':changed': { S: changed }, ':version': { N: version }, ':one': { N: '1' } },
        }),
      );
      return true;
    };
    await this.poll(`the change of ${pk} ${sk}`, () =>
      attempt().catch((error: unknown) => {
        if (error instanceof ConditionalCheckFailedException || error instanceof TransactionConflictException)
          return undefined;
        throw error;
      }),
    );
  }

  /** Writes the next version of an environment's state, as if somebody had run Terraform by hand. */
  async changeState(accountId: string, directory: string): Promise<void> {
    const { store } = this.#cloud.s3;
    const bucket = store.getBucket(`stagegate-state-${accountId}-eu-west-1`);
    const key = `${directory}/terraform.tfstate`;
    const [current] = store.versionsOf(bucket.name, key);
    const state = current
      ? JSON.parse((await store.read(current)).toString('utf8'))
      : { version: 4, terraform_version: '1.11.0', serial: 0, lineage: randomUUID(), outputs: {}, resources: [] };
    const body = Buffer.from(JSON.stringify({ ...state, serial: state.serial + 1 }));
    const encryption = current?.encryption ?? { algorithm: 'AES256' as const };
    await store.put(bucket, key, { body, headers: {}, checksums: {}, encryption });
  }

  get machineArn(): string {
    return `arn:aws:states:${this.#cloud.region}:${this.#cloud.accountId}:stateMachine:stagegate-deployment`;
  }

  executionArn(deploymentId: string): string {
    return `${this.machineArn.replace(':stateMachine:', ':execution:')}:${deploymentId}`;
  }

  /** Waits until a deployment's execution has ended and returns the states it went through. */
  async statesOf(deploymentId: string): Promise<string[]> {
    const describe = new DescribeExecutionCommand({ executionArn: this.executionArn(deploymentId) });
    return this.poll(`the end of ${deploymentId}`, async () => {
      try {
        const { status } = await this.operator.sfn.send(describe);
        return status === 'RUNNING' ? undefined : this.statesSoFar(deploymentId);
      } catch (error) {
        // A queued deployment has no execution yet.
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw error;
      }
    });
  }

  async statesSoFar(deploymentId: string): Promise<string[]> {
    const executionArn = this.executionArn(deploymentId);
    const history = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 });
    const { events = [] } = await this.operator.sfn.send(history);
    return events.flatMap(({ stateEnteredEventDetails: entered }) => (entered?.name ? [entered.name] : []));
  }

  /** Waits until the token of a waiting task is stored, and returns the token. */
  async taskToken(deploymentId: string, gate: string): Promise<string> {
    const look = () => this.storedToken(deploymentId, gate);
    return this.poll(`the token of ${deploymentId}`, look, { about: deploymentId });
  }

  /** Returns the token of a task that waits for a gate, if it is stored already. */
  async storedToken(deploymentId: string, gate: string): Promise<string | undefined> {
    const Key = { pk: { S: `DEPLOYMENT#${deploymentId}` }, sk: { S: `TOKEN#${gate}` } };
    const { Item } = await this.operator.dynamodb.send(new GetItemCommand({ TableName: this.#cloud.tableName, Key }));
    return Item?.data?.S && JSON.parse(Item.data.S).token;
  }

  /** SDK clients with the permissions of the person who runs the cloud. */
  get operator(): ReturnType<typeof operatorAt> {
    this.#operator ??= operatorAt(this.#cloud.endpoint);
    return this.#operator;
  }

  /** Stops the cloud like a kill, and starts it again on the same data. */
  async restart(data: string): Promise<void> {
    await this.#cloud.stop();
    this.#cloud = await start({ repository: this.repository, data, workflowClock: this.workflowClock });
    this.#operator = undefined;
  }
}

function operatorAt(endpoint: string) {
  const props = { endpoint, region: 'eu-west-1', credentials: OPERATOR_CREDENTIALS };
  return {
    sfn: new SFNClient(props),
    dynamodb: new DynamoDBClient(props),
    events: new EventBridgeClient(props),
    kms: new KMSClient(props),
    route53: new Route53Client(props),
  };
}

export type PipelineEnvironment = 'dev1' | 'stage1' | 'prod1';
const PIPELINE: readonly PipelineEnvironment[] = ['dev1', 'stage1', 'prod1'];

/** The description of a release in a request. */
type Words = { readonly message: string; readonly author: string };

/** One application in a test cloud, with its directories in the cloud's repository. */
export class TestApplication {
  readonly cloud: TestCloud;
  readonly name: string;
  readonly #deploying: readonly PipelineEnvironment[];
  readonly #engine: EngineName;

  /** Makes an application. In environments that are not in `deploying`, releases change nothing: no gate, no apply. */
  constructor(cloud: TestCloud, name = 'my-app', deploying = PIPELINE, engine = cloud.engine) {
    this.cloud = cloud;
    this.name = name;
    this.#deploying = deploying;
    this.#engine = engine;
  }

  get path(): string {
    return `/applications/${this.name}`;
  }

  /** Commits new content for all three environments. The push concerns only this application. */
  push(value: string, more: Readonly<Record<string, string | null>> = {}): string {
    return this.cloud.repository.commit(`${this.name}: ${value}`, { ...this.#directories(value), ...more });
  }

  /**
   * Makes a release by request instead of a push. A push goes to every application of the cloud, which takes time when
   * there are many; and when there are several pushes at the same time, a late one would make another release.
   */
  async release(value: string, more: Readonly<Record<string, string | null>> = {}, words?: Words): Promise<void> {
    await this.releaseFiles(value, { ...this.#directories(value), ...more }, words);
  }

  /** Makes a release in the same way, but with these files only. */
  async releaseFiles(what: string, files: Readonly<Record<string, string | null>>, words?: Words): Promise<void> {
    const commit = this.cloud.repository.commitTo(this.name, `${this.name}: ${what}`, files);
    await this.cloud.expect(201, 'POST', `${this.path}/releases`, { commit, ...words });
  }

  #directories(value: string): Record<string, string> {
    const directories = PIPELINE.map((name) => [
      `apps/${this.name}/${name}/main.tf`,
      this.#deploying.includes(name) ? terraformDirectory(value) : '# nothing to deploy\n',
    ]);
    return Object.fromEntries(directories);
  }

  /**
   * Registers the application with its environments and confirmed approvers; with production only if something is
   * deployed there.
   */
  async register(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const app = `/applications/${this.name}`;
    const repository = {
      url: 'https://git.example.com/config.git',
      branch: 'main',
      provider: 'github-enterprise',
    };
    const engine = this.#engine;
    await this.cloud.expect(201, 'PUT', app, { client: 'acme', configRepository: repository, engine, ...settings });
    const isInProduction = this.#deploying.includes('prod1');
    const stages = { dev1: 'development', stage1: 'staging', ...(isInProduction && { prod1: 'production' }) };
    for (const [index, [name, stage]] of Object.entries(stages).entries())
      await this.cloud.expect(201, 'PUT', `${app}/environments/${name}`, {
        stage,
        accountId: `${index + 1}`.repeat(12),
        region: 'eu-west-1',
      });
    await this.approver(STAFF, 'staff');
    if (isInProduction) await this.approver(CLIENT, 'client');
  }

  async approver(email: string, gate: 'staff' | 'client'): Promise<void> {
    const answer = await this.cloud.call('PUT', `/applications/${this.name}/approvers/${email}`, { gates: [gate] });
    if (answer.status >= 300) throw new Error(`registering ${email}: ${JSON.stringify(answer)}`);
    const mail = await this.cloud.mail((each) => each.to === email && /confirm/i.test(each.subject));
    await fetch(mail.links[0] ?? '');
  }

  async promote(to: string, release?: number, principal?: string): Promise<Deployment> {
    const body = { to, ...(release && { release }) };
    return DeploymentSchema.parse(
      await this.cloud.expect(202, 'POST', `/applications/${this.name}/promotions`, body, principal),
    );
  }

  async deployments(environment: string): Promise<Deployment[]> {
    const path = `/applications/${this.name}/environments/${environment}/deployments?limit=100`;
    return z.object({ items: z.array(DeploymentSchema) }).parse(await this.cloud.expect(200, 'GET', path)).items;
  }

  async environment(name: string): Promise<z.infer<typeof EnvironmentSchema>> {
    return EnvironmentSchema.parse(
      await this.cloud.expect(200, 'GET', `/applications/${this.name}/environments/${name}`),
    );
  }

  /** Waits until the newest deployment of a release in an environment meets the condition. */
  async until(
    environment: string,
    release: number,
    isWanted: (deployment: Deployment) => boolean,
  ): Promise<Deployment> {
    return this.cloud.poll(
      async () => `release ${release} of ${this.name} in ${environment}:\n${await this.#history(environment)}`,
      async () => {
        const deployment = (await this.deployments(environment)).find((each) => each.release === release);
        return deployment && isWanted(deployment) ? deployment : undefined;
      },
      { about: this.name },
    );
  }

  /** Returns the deployments in all environments: they may explain why a deployment never came. */
  async #history(environment: string): Promise<string> {
    const told = [...new Set([...PIPELINE, environment])].map(async (name) => {
      const { status, body } = await this.cloud.call('GET', `${this.path}/environments/${name}/deployments?limit=100`);
      return `${name}: ${status} ${JSON.stringify(body)}`;
    });
    return (await Promise.all(told)).join('\n');
  }

  /** Waits for a status; throws an error with the reason when the deployment ends otherwise. */
  async reaches(environment: string, release: number, status: string): Promise<Deployment> {
    const deployment = await this.until(
      environment,
      release,
      (each) => each.status === status || ENDED.has(each.status),
    );
    if (deployment.status !== status)
      throw new Error(`${deployment.id} is ${deployment.status}, not ${status}: ${JSON.stringify(deployment.error)}`);
    return deployment;
  }

  /** Waits until a gate is open. */
  async waits(environment: string, release: number, gate: string): Promise<Deployment> {
    return this.until(environment, release, (each) =>
      each.gates.some((other) => other.gate === gate && other.status === 'open'),
    );
  }

  /**
   * Waits until no deployment holds the environment, which is shortly after the holder's end; returns the environment.
   */
  async free(name: string): Promise<z.infer<typeof EnvironmentSchema>> {
    const look = async () => {
      const environment = await this.environment(name);
      return environment.current === null ? environment : undefined;
    };
    return this.cloud.poll(`${this.name}/${name} to be free`, look, { about: this.name });
  }

  /** Returns the link that was mailed to an approver for a release's deployment. */
  async link(email: string, environment: string, release: number): Promise<string> {
    const wanted = `Approve ${this.name} ${environment}: deploy of release ${release}`;
    const { links } = await this.cloud.mail(({ to, subject }) => to === email && subject === wanted);
    return links[0] ?? '';
  }

  async approve(email: string, environment: string, release: number): Promise<void> {
    const link = await this.link(email, environment, release);
    const { status, page } = await this.cloud.decide(link, { decision: 'approve', comment: 'fine', environment });
    if (status >= 300) throw new Error(`approving as ${email}: ${status} ${page}`);
  }

  /** Brings a release to success in dev1 and stage1. */
  async provenRelease(release: number): Promise<void> {
    await this.reaches('dev1', release, 'succeeded');
    const staged = await this.until(
      'stage1',
      release,
      ({ status, gates }) => ENDED.has(status) || gates.some((gate) => gate.status === 'open'),
    );
    if (!ENDED.has(staged.status)) await this.approve(STAFF, 'stage1', release);
    await this.reaches('stage1', release, 'succeeded');
  }
}

const STAND_IN_ENGINE = join(import.meta.dirname, 'stand-in-engine');

const ENDED = new Set(['succeeded', 'rejected', 'expired', 'canceled', 'superseded', 'blocked', 'failed']);

interface StartProps {
  readonly repository: GitRepository;
  readonly data: string | undefined;
  readonly workflowClock: HurriedClock;
  readonly engineDirectory?: string;
  readonly assemblyDirectory?: string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  readonly waitsDividedBy?: number;
  readonly buildStandIn?: BuildStandIn | undefined;
}

/** Returns the directory of the assembly that all end-to-end suites of a run share. */
export function synthesizedOnce(): string {
  const assemblyDirectory = process.env.STAGEGATE_E2E_ASSEMBLY;
  if (!assemblyDirectory) throw new Error('STAGEGATE_E2E_ASSEMBLY is not set: run the end-to-end suites with npm test');
  return assemblyDirectory;
}

function start({
  repository,
  data,
  workflowClock,
  engineDirectory = STAND_IN_ENGINE,
  assemblyDirectory = synthesizedOnce(),
  environment = {},
  waitsDividedBy = 1,
  buildStandIn,
}: StartProps): Promise<LocalCloud> {
  return startLocalCloud({
    assemblyDirectory,
    port: 0,
    configRepository: repository.directory,
    ...(data && { data }),
    dynamoDbPort: sharedDynamoDbPort(),
    workflowClock,
    // On a busy machine, schedules would fire in the middle of a test, so suites invoke the functions themselves.
    isClockStriking: false,
    waitsDividedBy,
    ...(buildStandIn && { buildStandIn }),
    environment: {
      ...environment,
      PATH: [engineDirectory, dirname(process.execPath), process.env.PATH].join(delimiter),
    },
  });
}
