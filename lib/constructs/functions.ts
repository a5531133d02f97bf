import { Aws, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type RolePurpose, roleNameOf, workflowName } from '../../lambdas/domain/contract/installation.ts';
import { KEPT_PREFIX, RUN_OBJECTS, RUNS_PREFIX } from '../../lambdas/domain/contract/run-objects.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import type { Config } from '../config.ts';
import type { DeploymentWorkflowReference } from '../workflow/deployment-workflow-reference.ts';
import type { Binding } from './binding.ts';
import type { ArtifactAccess, DataStore, RecordUse } from './data-store.ts';
import type { Encryption } from './encryption.ts';
import type { EventBus } from './event-bus.ts';
import { HouseFunction, type HouseFunctionProps } from './house-function.ts';
import type { Notifications } from './notifications.ts';
import type { Permission } from './permissions.ts';
import type { TerraformRunner } from './terraform-runner.ts';
import type { WakeUps } from './wake-ups.ts';

/** The SDK retries throttled calls with growing pauses. After that, the state machine retries the whole function. */
const WORKFLOW_TIMEOUT = Duration.seconds(60);
/** For events that come once. With the three tries of Lambda, they outlast an outage of a quarter of an hour. */
const EVENT_TIMEOUT = Duration.minutes(5);

/** Megabytes of memory for functions that read states: a state may have tens of megabytes, of which little is kept. */
const WITH_STATES = 1024;

const ANY_ENVIRONMENT = { application: '*', environment: '*' };

export interface FunctionsProps {
  readonly config: Config;
  readonly data: DataStore;
  readonly encryption: Encryption;
  readonly notifications: Notifications;
  readonly events: EventBus;
  readonly runner: TerraformRunner;
  readonly wakeUps: WakeUps;
  readonly workflow: DeploymentWorkflowReference;
  readonly publicUrl: string;
  readonly functionsDirectory: string;
}

/**
 * All functions, each with its variables and its permissions.
 *
 * This file is long because it has the permissions of all functions: a reviewer can read them on one page.
 */
export class Functions extends Construct {
  /** Undefined where the configuration asks for no such function. */
  private readonly byName: { readonly [Name in FunctionName]: HouseFunction<Name> | undefined };

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const { config, data, encryption, events, functionsDirectory, notifications, runner, wakeUps, workflow } = props;
    const { installation } = config;
    const make = <Name extends FunctionName>(
      name: Name,
      own: Omit<HouseFunctionProps<Name>, 'installation' | 'encryption' | 'functionsDirectory'>,
    ) => new HouseFunction(this, name, { installation, encryption, functionsDirectory, ...own });

    /** The bindings of all functions that create, cancel or supersede deployments. */
    const deploying = (...uses: readonly RecordUse[]) => ({
      TABLE_NAME: data.records('list', 'write', ...uses),
      STATE_MACHINE_ARN: workflow.allow('start', 'resume'),
      EVENT_BUS_NAME: events.publishing(),
    });
    /** The bindings of functions that record decisions. A decision may end the wait at a gate. */
    const deciding = {
      TABLE_NAME: data.records('list', 'write', 'audit'),
      STATE_MACHINE_ARN: workflow.allow('resume'),
    };
    const analyses = data.artifacts({ readVersions: ['analysis/*'] });
    const runs = data.artifacts({ read: ['runs/*'] });
    const trees = `${RUNS_PREFIX}*/${RUN_OBJECTS.tree}`;
    const kept = `${KEPT_PREFIX}*`;
    const keeping: ArtifactAccess = { readVersions: [trees], read: [kept], write: [kept], deleteVersions: [kept] };
    const setting = (value: number | string): Binding => ({ value: String(value), permissions: [] });
    const publicUrl: Binding = { value: props.publicUrl, permissions: [] };
    const { executionsPath } = props.config;
    const executions: { EXECUTIONS_URL?: Binding } = executionsPath
      ? { EXECUTIONS_URL: setting(`${props.publicUrl}${executionsPath}/${workflowName(installation)}`) }
      : {};
    const patience = {
      DNS_POLL_SECONDS: setting(config.dnsPollSeconds),
      CERTIFICATE_WAIT_SECONDS: setting(config.certificateWaitSeconds),
      DNS_CHANGE_WAIT_SECONDS: setting(config.dnsChangeWaitSeconds),
    };
    /** Lets a function assume the roles for one purpose in the accounts of environments. */
    const targetRoles = (purpose: RolePurpose, more: readonly string[]): Permission => ({
      actions: ['sts:AssumeRole'],
      resources: [`arn:${Aws.PARTITION}:iam::*:role/${roleNameOf(installation, ANY_ENVIRONMENT, purpose)}`, ...more],
      wildcardReason: 'environments are registered at run time, in any account; each role asks for its external id',
    });
    const stateRoles = targetRoles('state', props.config.allowedStateRoleArns);
    const dnsRoles = targetRoles('dns', props.config.allowedDnsRoleArns);

    this.byName = {
      // API
      read: make('read', {
        description: 'Answers every GET of the API',
        bindings: { TABLE_NAME: data.records('list'), ARTIFACT_BUCKET: analyses, ...executions },
      }),
      configure: make('configure', {
        description: 'Registers and changes applications and environments',
        bindings: {
          TABLE_NAME: data.records('list', 'write', 'delete', 'audit'),
          LEAST_GATE_EXPIRY_SECONDS: setting(config.leastGateExpirySeconds),
          ALLOWED_SOURCES: setting(runner.allowedSources.join(',')),
          RESERVED_ACCOUNT: setting(config.allowControlAccountAsTarget ? '' : Aws.ACCOUNT_ID),
          ...executions,
        },
      }),
      approvers: make('approvers', {
        description: 'Registers approvers, subscribes their addresses and mails them new links',
        bindings: {
          TABLE_NAME: data.records('list', 'write', 'delete', 'audit'),
          TOPIC_ARN: notifications.subscribingAndPublishing(),
          LINK_KEY_ID: encryption.linkSecrets(),
          PUBLIC_URL: publicUrl,
          PINNED_SESSION_ROLES: setting(config.pinnedSessionRoleArns.join(',')),
        },
      }),
      deploy: make('deploy', {
        description: 'Requests and cancels releases, promotions and deployments',
        bindings: {
          ...deploying('delete', 'audit'),
          STATE_MACHINE_ARN: workflow.allow('start', 'resume', 'inspect'),
          ...executions,
        },
        permissions: [runner.watching()],
      }),
      credentials: make('credentials', {
        description: 'Answers the ticket of a build with credentials of its environment',
        bindings: {
          TABLE_NAME: data.records('write', 'audit'),
          CONTROL_ACCOUNT: setting(Aws.ACCOUNT_ID),
          APPLIES: setting(config.applies),
        },
        permissions: [
          targetRoles('plan', config.allowedPlanRoleArns),
          targetRoles('apply', config.allowedApplyRoleArns),
          runner.watching(),
        ],
        trustedByEnvironments: true,
      }),
      decide: make('decide', {
        description: 'Records decisions made through the API',
        bindings: { ...deciding, ...executions },
      }),
      webhook: make('webhook', {
        description:
          'Checks what a git host signs and puts pushes, deleted branches and closed pull requests on the bus',
        bindings: {
          TABLE_NAME: data.webhookDeliveries(),
          EVENT_BUS_NAME: events.publishing('ConfigPushed', 'BranchDeleted', 'PullRequestClosed'),
          WEBHOOK_KEY_ID: encryption.webhookSecrets(),
          WEBHOOK_GENERATIONS: { value: config.webhookGenerations.join(','), permissions: [] },
        },
        // GitHub waits at most this long.
        timeout: Duration.seconds(10),
      }),
      ephemeral: make('ephemeral', {
        description: 'Creates, extends and ends ephemeral environments',
        bindings: {
          ...deploying('delete', 'audit'),
          ...wakeUps.setting(),
          ...executions,
          MOST_EPHEMERAL_PER_APPLICATION: setting(config.mostEphemeralPerApplication),
          MOST_EPHEMERAL_IN_ALL: setting(config.mostEphemeralInAll),
          LEAST_TTL_SECONDS: setting(config.leastTtlSeconds),
        },
      }),
      open: make('open', { description: 'Answers /health and /openapi.json, to anybody', bindings: {} }),
      'approval-page': make('approval-page', {
        description: 'Shows what an e-mailed link asks for and records the decision made there',
        bindings: { ...deciding, ARTIFACT_BUCKET: analyses, LINK_KEY_ID: encryption.linkSecrets() },
        reservedConcurrency: config.linkConcurrency,
      }),

      // Workflow: one function per Task state
      'acquire-environment': make('acquire-environment', {
        description: 'Confirms that the deployment holds its environment',
        bindings: { TABLE_NAME: data.records() },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'ensure-certificate': make('ensure-certificate', {
        description: 'Requests the certificate of an environment and proves its names in the zone, step by step',
        bindings: { TABLE_NAME: data.records('write'), ...patience },
        permissions: [dnsRoles],
        trustedByEnvironments: true,
        timeout: WORKFLOW_TIMEOUT,
      }),
      'prepare-plan': make('prepare-plan', {
        description: 'Composes the plan build, with the ticket for its credentials',
        bindings: { TABLE_NAME: data.records('write'), ARTIFACT_BUCKET: data.artifacts() },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'analyze-plan': make('analyze-plan', {
        description: 'Reads the plan, estimates cost and blast radius, decides what comes next',
        bindings: {
          TABLE_NAME: data.records('list', 'write', 'delete', 'audit'),
          ARTIFACT_BUCKET: data.artifacts({ readVersions: ['runs/*'], write: ['analysis/*'] }),
          PRICE_SHEET_KEY: data.priceSheet(),
        },
        permissions: [stateRoles],
        trustedByEnvironments: true,
        // The JSON of a plan with thousands of resources has tens of megabytes. Redaction checks every string in it.
        memorySize: 2048,
        timeout: Duration.minutes(5),
      }),
      'request-approval': make('request-approval', {
        description: 'Opens a gate and mails a link to each of its approvers',
        bindings: {
          TABLE_NAME: data.records('list', 'write', 'audit'),
          TOPIC_ARN: notifications.publishing(),
          LINK_KEY_ID: encryption.linkSecrets(),
          PUBLIC_URL: publicUrl,
          EVENT_BUS_NAME: events.publishing(),
        },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'await-approval': make('await-approval', {
        description: 'Stores the task token of an open gate; resumes at once if the gate is already decided',
        bindings: { TABLE_NAME: data.records('write'), STATE_MACHINE_ARN: workflow.allow('resume') },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'settle-gate': make('settle-gate', {
        description: 'Reads how a gate was decided, or records that it expired',
        bindings: { TABLE_NAME: data.records('write', 'audit') },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'check-plan': make('check-plan', {
        description: 'Checks that an approved plan still matches the current Terraform state',
        bindings: { TABLE_NAME: data.records('write') },
        permissions: [stateRoles],
        trustedByEnvironments: true,
        memorySize: WITH_STATES,
        timeout: WORKFLOW_TIMEOUT,
      }),
      'consume-plan': make('consume-plan', {
        description: 'Marks the approved plan as used, once, and composes the apply build',
        bindings: {
          TABLE_NAME: data.records('write', 'audit'),
          ARTIFACT_BUCKET: data.artifacts(),
          APPLIES: setting(config.applies),
        },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'inspect-failed-apply': make('inspect-failed-apply', {
        description: 'Finds out whether an apply has begun, how it ended, or whether its plan was stale',
        bindings: { TABLE_NAME: data.records('write', 'delete', 'audit'), ARTIFACT_BUCKET: runs },
        permissions: [runner.watching('apply')],
        timeout: WORKFLOW_TIMEOUT,
      }),
      'record-outputs': make('record-outputs', {
        description: 'Records the outputs of a finished apply',
        bindings: { TABLE_NAME: data.records('write'), ARTIFACT_BUCKET: runs },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'publish-dns': make('publish-dns', {
        description: 'Points the hostname of an environment at the target in its outputs, or withdraws it',
        bindings: { TABLE_NAME: data.records('write', 'delete'), ...patience },
        permissions: [dnsRoles],
        trustedByEnvironments: true,
        timeout: WORKFLOW_TIMEOUT,
      }),
      'record-ending': make('record-ending', {
        description: 'Records how a deployment ended',
        bindings: { TABLE_NAME: data.records('write', 'delete'), ARTIFACT_BUCKET: runs },
        permissions: [stateRoles],
        trustedByEnvironments: true,
        memorySize: WITH_STATES,
        timeout: WORKFLOW_TIMEOUT,
      }),
      announce: make('announce', {
        description: 'Publishes how a deployment ended',
        bindings: { TABLE_NAME: data.records(), EVENT_BUS_NAME: events.publishing() },
        timeout: WORKFLOW_TIMEOUT,
      }),
      'keep-tree': make('keep-tree', {
        description: 'Keeps the tree of a success with its environment, and deletes those that are no longer kept',
        bindings: { TABLE_NAME: data.records('write', 'delete'), ARTIFACT_BUCKET: data.artifacts(keeping) },
        // Copying the largest tree takes S3 a while.
        timeout: Duration.minutes(5),
      }),
      'release-environment': make('release-environment', {
        description: 'Gives the environment to the next queued deployment and starts that',
        bindings: { ...deploying(), TABLE_NAME: data.records('write'), STATE_MACHINE_ARN: workflow.allow('start') },
        timeout: WORKFLOW_TIMEOUT,
      }),

      // Consumers of events
      'register-push': make('register-push', {
        description: 'Creates releases from a push and deploys them to development',
        bindings: deploying(),
        timeout: EVENT_TIMEOUT,
        asynchronous: true,
      }),
      'look-at-heads':
        config.headHosts.length === 0
          ? undefined
          : make('look-at-heads', {
              description: 'Asks public config repositories for their heads and publishes pushes nobody told of',
              bindings: {
                TABLE_NAME: data.branchHeads(),
                EVENT_BUS_NAME: events.publishing('ConfigPushed'),
                HEAD_HOSTS: setting(config.headHosts.join(',')),
              },
              timeout: Duration.minutes(5),
              asynchronous: true,
            }),
      promote: make('promote', {
        description: 'Promotes a release that succeeded to the next environment if its policy says so',
        bindings: { ...deploying(), TABLE_NAME: data.records('write', 'delete') },
        timeout: EVENT_TIMEOUT,
        asynchronous: true,
      }),
      'send-reminders': make('send-reminders', {
        description: 'Reminds approvers who have not decided at an open gate',
        bindings: {
          TABLE_NAME: data.records('list', 'write'),
          TOPIC_ARN: notifications.publishing(),
          LINK_KEY_ID: encryption.linkSecrets(),
          PUBLIC_URL: publicUrl,
          FIRST_REMINDER_SECONDS: setting(config.firstReminderSeconds),
          LAST_REMINDER_SECONDS: setting(config.lastReminderSeconds),
        },
        timeout: Duration.minutes(5),
        asynchronous: true,
      }),
      'sweep-subscriptions': make('sweep-subscriptions', {
        description: "Compares approvers with the topic's subscriptions and subscribes those again who are missing",
        bindings: { TABLE_NAME: data.records('list', 'write', 'audit'), TOPIC_ARN: notifications.renewing() },
        timeout: Duration.minutes(5),
        asynchronous: true,
      }),
      'check-certificates': make('check-certificates', {
        description: 'Asks ACM about every certificate and announces renewals and problems',
        bindings: { TABLE_NAME: data.records('list', 'write'), EVENT_BUS_NAME: events.publishing() },
        permissions: [dnsRoles],
        trustedByEnvironments: true,
        timeout: Duration.minutes(5),
        asynchronous: true,
      }),
      'check-records': make('check-records', {
        description: 'Finds records that cannot be read and promotions that nobody has noted',
        bindings: { TABLE_NAME: data.records('list', 'write') },
        // Some twenty reads for each application.
        timeout: Duration.minutes(15),
        asynchronous: true,
      }),
      reconcile: make('reconcile', {
        description: 'Repairs what a stopped execution, a killed build or a lost event left behind',
        bindings: {
          ...deploying('delete', 'audit'),
          STATE_MACHINE_ARN: workflow.allow('start', 'resume', 'inspect'),
          ARTIFACT_BUCKET: data.artifacts({ ...keeping, read: ['runs/*', kept] }),
        },
        permissions: [runner.watching()],
        // Runs every minute and after each failed execution. Two runs at a time do no harm: every write is conditional.
        timeout: Duration.minutes(2),
        asynchronous: true,
      }),
      'branch-gone': make('branch-gone', {
        description: 'Ends the ephemeral environments of a branch that is gone',
        bindings: deploying('delete', 'audit'),
        timeout: EVENT_TIMEOUT,
        asynchronous: true,
      }),
      sweep: make('sweep', {
        description: 'Warns before ephemeral environments end, destroys them in time, and retries failed destructions',
        bindings: {
          ...deploying('delete', 'audit'),
          TOPIC_ARN: notifications.publishing(),
          FIRST_PAUSE_SECONDS: setting(config.firstDestroyPauseSeconds),
          APPLIES: setting(config.applies),
        },
        timeout: Duration.minutes(2),
        asynchronous: true,
      }),
    };
  }

  get<Name extends FunctionName>(name: Name): HouseFunction<Name> {
    const found = this.find(name);
    if (!found) throw new Error(`the configuration asks for no function ${name}`);
    return found;
  }

  find<Name extends FunctionName>(name: Name): HouseFunction<Name> | undefined {
    return this.byName[name];
  }
}
