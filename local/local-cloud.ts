import { join } from 'node:path';
import { loadAssembly } from './assembly/cloud-assembly.ts';
import { type DeployedStack, deployTemplate } from './assembly/deploy-template.ts';
import type { LocalService, Provisioner } from './services/local-service.ts';
import type { LocalContext, LocalEvent } from './services/local-context.ts';
import type { Clock } from './clock.ts';
import { startConfigPushes } from './git/config-pushes.ts';
import type { CallRecord } from './door/call-log.ts';
import { createDoor, type LocalDoor } from './door/door.ts';
import { startDoorServer } from './door/door-server.ts';
import { writtenKeys } from './door/record-writes.ts';
import { alarmsRoutes } from './pages/alarms-page.ts';
import { createPages } from './pages/create-pages.ts';
import { dnsRoutes } from './pages/dns-page.ts';
import { logsRoutes } from './pages/logs-page.ts';
import { openDataDirectory } from './persistence/data-directory.ts';
import { openDatabase } from './persistence/database.ts';
import { createProgramStarter } from './programs/program-starter.ts';
import { createEnvironmentLookup } from './targets/registered-environments.ts';
import { type AcmService, createAcmService } from './services/acm/acm-service.ts';
import { createApiGatewayService } from './services/api-gateway/api-gateway-service.ts';
import { type CloudWatchService, createCloudWatchService } from './services/cloudwatch/cloudwatch-service.ts';
import type { MetricValue } from './services/cloudwatch/embedded-metrics.ts';
import { type CodeBuildService, createCodeBuildService } from './services/codebuild/codebuild-service.ts';
import { createDynamoDbService } from './services/dynamodb/dynamodb-service.ts';
import { createEventsService, type EventsService } from './services/events/events-service.ts';
import { createIamService } from './services/iam/iam-service.ts';
import { createKmsService } from './services/kms/kms-service.ts';
import { createLambdaService, type LambdaService } from './services/lambda/lambda-service.ts';
import { createLogsService, type LogsService } from './services/logs/logs-service.ts';
import { startNameServer } from './services/route53/name-server.ts';
import { createRoute53Service, type Route53Service } from './services/route53/route53-service.ts';
import { createS3Service, type S3Service } from './services/s3/s3-service.ts';
import { createSchedulerService, type SchedulerService } from './services/scheduler/scheduler-service.ts';
import { createSnsService, type SnsService } from './services/sns/sns-service.ts';
import { createSqsService, type QueueView, type SqsService } from './services/sqs/sqs-service.ts';
import { createStatesService, type StatesService } from './services/states/states-service.ts';
import { createStsService } from './services/sts/sts-service.ts';
import { createTargetAccounts } from './targets/target-accounts.ts';
import { createTargetDns } from './targets/target-dns.ts';

export { synthesize } from './synthesize.ts';

/** The account the control plane lives in; environments have accounts of their own. */
const CONTROL_ACCOUNT = '000000000000';
const CONTROL_REGION = 'eu-west-1';

const STACK_NAME = 'Stagegate';

const SENDS_MAIL: ReadonlySet<string> = new Set(['Publish', 'Subscribe']);

/** Which writes somebody waits for: those that send mails, or of records whose partition key has this in it. */
export type WantedWrites = 'mails' | { readonly about: string };

export interface LocalCloudProps {
  /** A synthesized cloud assembly (`cdk.out`). */
  readonly assemblyDirectory: string;
  /** Port of the HTTP API on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  /** Keeps everything across restarts; without it nothing outlives the local cloud. */
  readonly data?: string;
  /** A git directory that stands for every config repository and is watched for commits. */
  readonly configRepository?: string;
  /** The AWS API that Terraform providers talk to in builds. */
  readonly targetEndpoint?: string;
  /** Environment variables that builds get besides those of this process they inherit; engines are looked for on its PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly log?: (event: LocalEvent) => void;
  /** Time as the workflow sees it; what its functions and builds see is the real one. */
  readonly workflowClock?: Clock;
  /**
   * Do rules on schedules strike by themselves? By default, as in AWS; a test that compares before with after may rather
   * play the clock than be quicker than it.
   */
  readonly isClockStriking?: boolean;
}

/** A running local cloud. */
export interface LocalCloud {
  /** `http://127.0.0.1:<port>` of the HTTP API and of the pages below `/local/`. */
  readonly url: string;
  /** The endpoint of every AWS service. */
  readonly endpoint: string;
  readonly accountId: string;
  readonly region: string;
  readonly tableName: string;
  /** Calls, faults, credentials and policies. */
  readonly door: LocalDoor;
  readonly stack: DeployedStack;
  readonly states: StatesService;
  readonly events: EventsService;
  readonly scheduler: SchedulerService;
  readonly sns: SnsService;
  readonly sqs: SqsService;
  readonly s3: S3Service;
  readonly route53: Route53Service;
  readonly acm: AcmService;
  readonly codebuild: CodeBuildService;
  readonly lambda: LambdaService;
  readonly logs: LogsService;
  readonly cloudwatch: CloudWatchService;
  /** Resolves when something was written that the API answers from, at the latest after the time: asking before is of no use. */
  nextWrite(atLatestMs: number, wanted?: WantedWrites): Promise<void>;
  /** Rejects when a function broke a rule that AWS would have punished with silence (see `LambdaService`). */
  stop(): Promise<void>;
}

/** Starts everything the template describes on this machine. */
export async function startLocalCloud(props: LocalCloudProps): Promise<LocalCloud> {
  const closers: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  // Once: who else asks for it waits for the same end, and hurries no part before those that still need it.
  const close = (): Promise<void> => {
    closing ??= closeAll(closers);
    return closing;
  };
  try {
    return await start(props, closers, close);
  } catch (error) {
    await close().catch((problem: unknown) =>
      props.log?.({ source: 'cloud', message: 'stopping failed', fields: { problem: String(problem) } }),
    );
    throw error;
  }
}

/** The newest first, one after the other; one that fails keeps none of the others running. */
async function closeAll(closers: readonly (() => void | Promise<void>)[]): Promise<void> {
  const problems: unknown[] = [];
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new AggregateError(problems, `stopping: ${problems.map(String).join('; ')}`);
}

async function start(
  props: LocalCloudProps,
  closers: (() => void | Promise<void>)[],
  close: () => Promise<void>,
): Promise<LocalCloud> {
  const { log = () => undefined } = props;
  const accountId = CONTROL_ACCOUNT;
  const region = CONTROL_REGION;
  // First, while this process is small.
  const programs = createProgramStarter();
  closers.push(() => programs.stop());
  const directory = openDataDirectory(props.data);
  closers.push(() => directory.release());
  const assembly = loadAssembly(props.assemblyDirectory);
  const database = openDatabase(directory.isKept ? directory.path : undefined);
  closers.push(() => database.close());
  const door = createDoor({ accountId, region, log });
  const server = await startDoorServer(door, log);
  closers.push(() => server.close());

  const context: LocalContext = {
    door,
    database,
    accountId,
    region,
    endpoint: () => server.url,
    assemblyDirectory: assembly.directory,
    filesDirectory: join(directory.path, 'files'),
    findAsset: assembly.assetFinder(accountId, region),
    log,
  };
  const violations: string[] = [];
  let url = '';
  const pagesUrl = (): string => url;

  const iam = createIamService(context, door.policies);
  const logs = createLogsService(context);
  const cloudwatch = createCloudWatchService(context, { logs, gauges: () => sqs.queues().map(queueLength) });
  const kms = createKmsService(context);
  const { resolveKeyArn } = kms;
  const dynamodb = createDynamoDbService(
    context,
    { dataDirectory: directory.isKept ? join(directory.path, 'dynamodb') : undefined },
    resolveKeyArn,
  );
  const route53 = createRoute53Service(context);
  const acm = createAcmService(context, {
    findCname: (name) => route53.zones.publicRecords(name).find(({ type }) => type === 'CNAME')?.values?.[0],
  });
  const nameServer = await startNameServer(route53.zones, log);
  closers.push(() => nameServer.close());
  const lambda = createLambdaService(context, {
    logs,
    nameServer: nameServer.address,
    guardCredentials: door.guardCredentials,
    onViolation(message) {
      violations.push(message);
      log({ source: 'lambda', message });
    },
  });
  const s3 = createS3Service(context);
  const sts = createStsService(context, { beforeAssume: (roleArn) => targetDns.enter(roleArn) });
  const sns = createSnsService(context, { pagesUrl, resolveKeyArn });
  const sqs = createSqsService(context, { resolveKeyArn });
  const events = createEventsService(context, { isClockStriking: props.isClockStriking });
  const scheduler = createSchedulerService(context);
  const environments = createEnvironmentLookup(context, {
    tableName: () => refOf(stack, 'AWS::DynamoDB::Table'),
    apiUrl: pagesUrl,
  });
  const targetAccounts = createTargetAccounts({ context, door, s3, assembly, findEnvironment: environments.find });
  const targetDns = createTargetDns({
    ...{ context, door, assembly, zones: route53.zones },
    findEnvironments: environments.byDnsRole,
  });
  const codebuild = createCodeBuildService(context, {
    ...{ ...props, programs, pagesUrl },
    onSourceReady: targetAccounts.prepare,
  });
  const states = createStatesService(context, {
    putEvent: events.putServiceEvent,
    buildEnds: codebuild.buildEnds,
    writeLog: logs.write,
    ...(props.workflowClock && { clock: props.workflowClock }),
  });
  const pages = {
    ...createPages({ states, sns, sqs }),
    ...codebuild.localRoutes,
    ...logsRoutes(logs),
    ...alarmsRoutes(cloudwatch),
    ...dnsRoutes({ route53, acm }),
  };
  const gateway = createApiGatewayService(context, {
    port: props.port,
    credentials: door.credentials,
    logs,
    localRoutes: () => pages,
  });

  // What calls stands behind what it calls, so that nothing is called before it has started, and the reverse order is the
  // one to stop in. What functions are still owed becomes executions and builds: CodeBuild first clears away what it left.
  const services: readonly LocalService[] = [
    ...[iam, logs, cloudwatch, kms, dynamodb, s3, route53, acm, sts, sns, sqs],
    ...[codebuild, lambda, events, scheduler, states, gateway],
  ];
  for (const service of services) {
    if (service.service) door.register(service.service);
    closers.push(async () => service.stop?.());
  }

  const { template } = assembly.stack(STACK_NAME);
  if (Object.values(template.Resources).some(({ Type }) => Type === 'AWS::DynamoDB::Table')) dynamodb.prepare();
  url = await gateway.listen();
  const stack = await deployTemplate({
    template,
    stackName: STACK_NAME,
    accountId,
    region,
    provisioners: provisionersOf(services),
  });
  await targetAccounts.resume();
  for (const service of services) await service.start?.();
  if (props.configRepository) {
    const tableName = refOf(stack, 'AWS::DynamoDB::Table');
    const busName = refOf(stack, 'AWS::Events::EventBus');
    const pushes = startConfigPushes({
      context,
      calls: door.calls,
      programs,
      directory: props.configRepository,
      tableName,
      busName,
    });
    closers.push(() => pushes.stop());
  }

  return {
    ...{ url, endpoint: server.url, accountId, region, door, stack },
    ...{ states, events, scheduler, sns, sqs, s3, route53, acm, codebuild, lambda, logs, cloudwatch },
    get tableName() {
      return refOf(stack, 'AWS::DynamoDB::Table');
    },
    nextWrite: (atLatestMs, wanted) => door.calls.next((call) => isWrite(call, wanted), atLatestMs),
    async stop() {
      await close();
      if (violations.length > 0) throw new Error(`the run broke rules of AWS:\n${[...new Set(violations)].join('\n')}`);
    },
  };
}

function isWrite(call: CallRecord, wanted: WantedWrites | undefined): boolean {
  const keys = writtenKeys(call);
  const isMail = call.service === 'sns' && SENDS_MAIL.has(call.operation);
  if (wanted === undefined) return isMail || keys !== undefined;
  return wanted === 'mails' ? isMail : (keys?.some((key) => key.includes(wanted.about)) ?? false);
}

const queueLength = ({ name, messages }: QueueView): MetricValue => ({
  namespace: 'AWS/SQS',
  name: 'ApproximateNumberOfMessagesVisible',
  dimensions: { QueueName: name },
  value: messages.length,
});

/** Name of the one resource of a type. */
function refOf(stack: DeployedStack, type: string): string {
  const [found, ...others] = [...stack.resources.values()].filter((resource) => resource.type === type);
  if (!found || others.length > 0) throw new Error(`the template has ${found ? 'more than one' : 'no'} ${type}`);
  return found.ref;
}

function provisionersOf(services: readonly LocalService[]): Record<string, Provisioner> {
  const provisioners: Record<string, Provisioner> = {};
  for (const service of services) {
    for (const [type, provisioner] of Object.entries(service.provisioners)) {
      if (type in provisioners) throw new Error(`two services of the local cloud provision ${type}`);
      provisioners[type] = provisioner;
    }
  }
  return provisioners;
}
