import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { Foundation } from './foundation.ts';
import { alarmsRoutes } from './pages/alarms-page.ts';
import { createBoardService } from './pages/board-service.ts';
import { createPages } from './pages/create-pages.ts';
import { dnsRoutes } from './pages/dns-page.ts';
import { exampleRoutes } from './pages/example-page.ts';
import { logsRoutes } from './pages/logs-page.ts';
import { createAcmService } from './services/acm/acm-service.ts';
import { createApiGatewayService } from './services/api-gateway/api-gateway-service.ts';
import { createCloudWatchService } from './services/cloudwatch/cloudwatch-service.ts';
import type { MetricValue } from './services/cloudwatch/embedded-metrics.ts';
import { createCodeBuildService } from './services/codebuild/codebuild-service.ts';
import type { BuildStandIn } from './services/codebuild/run-request.ts';
import { createDynamoDbService } from './services/dynamodb/dynamodb-service.ts';
import { createEventsService } from './services/events/events-service.ts';
import { createIamService } from './services/iam/iam-service.ts';
import { createKmsService } from './services/kms/kms-service.ts';
import { createLambdaService } from './services/lambda/lambda-service.ts';
import { createLogsService } from './services/logs/logs-service.ts';
import { createNameServer } from './services/route53/name-server.ts';
import { createRoute53Service } from './services/route53/route53-service.ts';
import { createS3Service } from './services/s3/s3-service.ts';
import { createSchedulerService } from './services/scheduler/scheduler-service.ts';
import { createServiceList } from './services/service-list.ts';
import { createSnsService } from './services/sns/sns-service.ts';
import { createSqsService, type QueueView } from './services/sqs/sqs-service.ts';
import { createStatesService } from './services/states/states-service.ts';
import { createStsService } from './services/sts/sts-service.ts';
import { installationOf } from './targets/installation.ts';
import { createEnvironmentLookup } from './targets/registered-environments.ts';
import { createTargetAccounts } from './targets/target-accounts.ts';
import { createTargetDns } from './targets/target-dns.ts';

/** The decisions about the services that the person who starts a local cloud makes. */
export interface ServiceOptions {
  /** Port of the HTTP API on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  /** A git directory that is used as every config repository and is watched for commits. */
  readonly configRepository?: string;
  /** The AWS API that Terraform providers talk to in builds. */
  readonly targetEndpoint?: string;
  /**
   * Environment variables that builds get in addition to the inherited ones of this process; engines are searched on
   * its PATH.
   */
  readonly environment?: Readonly<Record<string, string>>;
  /** The time that the workflow sees; functions and builds of the workflow see the real time. */
  readonly workflowClock?: Clock;
  /**
   * Whether rules on schedules fire by themselves. The default is true, as in AWS; a test that compares before with
   * after may trigger the rules itself, because the schedule could fire between its two looks.
   */
  readonly isClockStriking?: boolean;
  /**
   * Makes retry intervals and Wait states of the state machine this many times shorter than the template says. The
   * default is 1, as in AWS; a test of long outages shortens them, and the outage by the same factor.
   */
  readonly waitsDividedBy?: number;
  /** Runs builds in this process instead of their commands; for tests that need many builds. */
  readonly buildStandIn?: BuildStandIn;
  /**
   * Port of a DynamoDB Local that several clouds use (`joinDynamoDb`), for tests that start many clouds. By default each
   * cloud starts its own.
   */
  readonly dynamoDbPort?: number | undefined;
}

/** The parts of the running cloud that services use. */
interface CloudParts {
  /** Address of the HTTP API and the pages below `/local/`; known once the gateway listens. */
  readonly apiUrl: () => string;
  /** Known once the template is deployed. */
  readonly tableName: () => string;
  /** Called when a function breaks a rule that AWS would punish silently (see `LambdaService`). */
  readonly onViolation: (message: string) => void;
}

/** The services of the local cloud by name. */
export type LocalServices = ReturnType<typeof createLocalServices>['services'];

/**
 * Lists the services of the local cloud in the order of their start: a service comes after the services that it calls,
 * so that nothing is called before it has started. They are stopped in reverse order. After a restart, functions get
 * the events that they are still owed, which start executions and builds. Before that, the target accounts exist again,
 * and CodeBuild clears away what its last run left.
 */
export function createLocalServices(
  { context, programs, assemblies: assembly, door, keptDirectory }: Foundation,
  {
    port,
    configRepository,
    targetEndpoint,
    environment,
    workflowClock,
    isClockStriking,
    waitsDividedBy,
    buildStandIn,
    dynamoDbPort,
  }: ServiceOptions,
  { apiUrl, tableName, onViolation }: CloudParts,
) {
  const { log } = context;
  const environments = createEnvironmentLookup(context, {
    installation: () => installationOf(assembly),
    tableName,
    apiUrl,
  });
  return createServiceList()
    .add(() => ({ iam: createIamService(context, door.policies) }))
    .add(() => ({ logs: createLogsService(context) }))
    .add(() => ({ kms: createKmsService(context) }))
    .add(({ kms: { resolveKeyArn } }) => ({ sqs: createSqsService(context, { resolveKeyArn }) }))
    .add(({ kms: { resolveKeyArn } }) => ({ sns: createSnsService(context, { pagesUrl: apiUrl, resolveKeyArn }) }))
    .add(({ logs, sqs }) => ({
      cloudwatch: createCloudWatchService(context, { logs, gauges: () => sqs.queues().map(queueLength) }),
    }))
    .add(({ kms: { resolveKeyArn } }) => {
      const dataDirectory = keptDirectory && join(keptDirectory, 'dynamodb');
      return { dynamodb: createDynamoDbService(context, { dataDirectory, runningAt: dynamoDbPort }, resolveKeyArn) };
    })
    .add(() => ({ s3: createS3Service(context) }))
    .add(() => ({ route53: createRoute53Service(context) }))
    .add(({ route53 }) => ({ nameServer: createNameServer(route53.zones, log) }))
    .add(({ route53 }) => ({
      acm: createAcmService(context, { findCname: (name) => route53.zones.publicCname(name) }),
    }))
    .add(({ route53: { zones } }) => {
      const { enter } = createTargetDns({ context, door, assembly, zones, findEnvironments: environments.byDnsRole });
      return { sts: createStsService(context, { beforeAssume: enter }) };
    })
    .add(({ s3 }) => ({
      targetAccounts: createTargetAccounts({ context, door, s3, assembly, findEnvironment: environments.find }),
    }))
    .add(({ targetAccounts: { prepare } }) => ({
      codebuild: createCodeBuildService(context, {
        configRepository,
        targetEndpoint,
        environment,
        programs,
        standIn: buildStandIn,
        pagesUrl: apiUrl,
        onSourceReady: prepare,
        registeredRepositories: environments.repositories,
      }),
    }))
    .add(({ logs, nameServer }) => ({
      lambda: createLambdaService(context, {
        logs,
        nameServer: nameServer.address,
        guardCredentials: door.guardCredentials,
        onViolation,
      }),
    }))
    .add(() => ({ events: createEventsService(context, { isClockStriking }) }))
    .add(() => ({ scheduler: createSchedulerService(context) }))
    .add(({ events, codebuild, logs }) => ({
      states: createStatesService(context, {
        putEvent: events.putServiceEvent,
        buildEnds: codebuild.buildEnds,
        writeLog: logs.write,
        clock: workflowClock,
        waitsDividedBy,
      }),
    }))
    .add(() => ({ board: createBoardService(apiUrl) }))
    .add(({ states, sns, sqs, codebuild, logs, cloudwatch, route53, acm, board }) => {
      const pages = {
        ...board.localRoutes,
        ...createPages({ states, sns, sqs }),
        ...codebuild.localRoutes,
        ...logsRoutes(logs),
        ...alarmsRoutes(cloudwatch),
        ...dnsRoutes({ route53, acm }),
        ...exampleRoutes({ configRepository, path: environment?.PATH ?? process.env.PATH ?? '' }),
      };
      const { credentials } = door;
      return { gateway: createApiGatewayService(context, { port, credentials, logs, localRoutes: () => pages }) };
    });
}

const queueLength = ({ name, messages }: QueueView): MetricValue => ({
  namespace: 'AWS/SQS',
  name: 'ApproximateNumberOfMessagesVisible',
  dimensions: { QueueName: name },
  value: messages.length,
});
