import { roleSession } from '../../local/door/callers.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { startDoorServer } from '../../local/door/door-server.ts';
import { createJsonProtocol } from '../../local/door/json-protocol.ts';
import { openDatabase } from '../../local/persistence/database.ts';
import { createEventsService, type EventsService } from '../../local/services/events/events-service.ts';
import { createKmsService } from '../../local/services/kms/kms-service.ts';
import type { LocalEvent } from '../../local/services/local-context.ts';
import type { LocalService, Provisioned } from '../../local/services/local-service.ts';
import { createSchedulerService, type SchedulerService } from '../../local/services/scheduler/scheduler-service.ts';
import { createSnsService, type SnsService } from '../../local/services/sns/sns-service.ts';
import { createSqsService, type SqsService } from '../../local/services/sqs/sqs-service.ts';
import { createStatesService, type StatesService } from '../../local/services/states/states-service.ts';
import { accountId, region } from './cloud-names.ts';
import { FakeBuilds } from './fake-builds.ts';
import { FakeFunctions } from './fake-functions.ts';
import { ManualClock } from './manual-clock.ts';

const PAGES_URL = 'http://127.0.0.1:4700';

const TRUST = {
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** The workflow and messaging services behind the real door, with fake functions and builds. */
export interface OpenCloud {
  readonly door: LocalDoor;
  readonly clock: ManualClock;
  readonly states: StatesService;
  readonly events: EventsService;
  readonly scheduler: SchedulerService;
  readonly sns: SnsService;
  readonly sqs: SqsService;
  readonly functions: FakeFunctions;
  readonly builds: FakeBuilds;
  readonly log: LocalEvent[];
  /** ARN of a key whose policy leaves the decision to the identity policies of its account. */
  readonly keyArn: string;
  /** Settings with which an SDK client calls as the person who runs the local cloud. */
  readonly operator: ClientConfig;
  /** Makes a role that has only these statements; returns its ARN. */
  addRole(name: string, statements: readonly object[]): string;
  /** Returns the settings with which an SDK client calls with a role. */
  bearer(roleArn: string): ClientConfig;
  provision(service: LocalService, type: string, properties: object): Promise<Provisioned>;
  /** Starts the services, which continue what an earlier cloud on the same directory left unfinished. */
  start(): Promise<void>;
  /** Ends the cloud like a kill: nothing is finished. */
  close(): Promise<void>;
}

interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly maxAttempts: 1;
}

interface OpenCloudProps {
  /** Directory for the cloud's database; without it nothing is kept. */
  readonly directory?: string;
  readonly clock?: ManualClock;
  readonly functions?: FakeFunctions;
  readonly builds?: FakeBuilds;
  readonly random?: () => number;
  readonly isClockStriking?: boolean;
}

export async function openCloud(props: OpenCloudProps = {}): Promise<OpenCloud> {
  const {
    directory,
    clock = new ManualClock(),
    functions = new FakeFunctions(),
    builds = new FakeBuilds(),
    random,
    isClockStriking,
  } = props;
  const log: LocalEvent[] = [];
  const record = (event: LocalEvent): void => void log.push(event);
  const door = createDoor({ accountId, region, log: record });
  const server = await startDoorServer(door, record);
  const database = openDatabase(directory);
  const context = { accountId, region, door, database, log: record };
  const kms = createKmsService(context);
  const events = createEventsService(context, { clock, random, isClockStriking });
  const scheduler = createSchedulerService(context, { clock, random });
  const states = createStatesService(context, {
    putEvent: (event) => events.putServiceEvent(event),
    buildEnds: (buildId, signal) => builds.buildEnds(buildId, signal),
    clock,
    random,
  });
  const sns = createSnsService(context, { pagesUrl: () => PAGES_URL, resolveKeyArn: kms.resolveKeyArn, clock });
  const sqs = createSqsService(context, { resolveKeyArn: kms.resolveKeyArn, clock });
  for (const { service } of [kms, events, scheduler, states, sns, sqs]) if (service) door.register(service);
  door.register(functions.service);
  door.register({
    signingName: 'codebuild',
    protocol: createJsonProtocol({ targetPrefix: 'CodeBuild_20161006', version: '1.1' }),
    operations: builds.operations,
  });
  const account = { AWS: `arn:aws:iam::${accountId}:root` };
  const keyProvisioner = kms.provisioners['AWS::KMS::Key'];
  const KeyPolicy = { Statement: [{ Effect: 'Allow', Principal: account, Action: 'kms:*', Resource: '*' }] };
  const key = await keyProvisioner?.({
    logicalId: 'Key',
    generatedName: 'Key',
    type: 'AWS::KMS::Key',
    properties: { KeyPolicy },
  });
  return {
    keyArn: key?.attributes.Arn ?? '',
    door,
    clock,
    states,
    events,
    scheduler,
    sns,
    sqs,
    functions,
    builds,
    log,
    operator: { endpoint: server.url, region, credentials: OPERATOR_CREDENTIALS, maxAttempts: 1 },
    addRole(name, statements) {
      const roleArn = `arn:aws:iam::${accountId}:role/${name}`;
      door.policies.putRole(roleArn, TRUST);
      door.policies.putRolePolicy(roleArn, 'own', { Statement: statements });
      return roleArn;
    },
    bearer: (roleArn) => ({
      endpoint: server.url,
      region,
      credentials: door.issueCredentials(roleSession(roleArn, 'session')),
      maxAttempts: 1,
    }),
    async provision(service, type, properties) {
      const provisioner = service.provisioners[type];
      if (!provisioner) throw new Error(`nothing provisions ${type}`);
      return provisioner({
        logicalId: 'Thing',
        generatedName: 'Stack-Thing-0123456789AB',
        type,
        properties: { ...properties },
      });
    },
    async start() {
      for (const service of [events, scheduler, states]) await service.start?.();
    },
    async close() {
      for (const service of [states, scheduler, events]) await service.stop?.();
      await server.close();
      database.close();
    },
  };
}
