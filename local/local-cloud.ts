import { type DeployedStack, deployTemplate } from './assembly/deploy-template.ts';
import { type Closers, createClosers } from './closers.ts';
import type { LocalDoor } from './door/door.ts';
import { isWantedWrite, type WantedWrites } from './door/wanted-writes.ts';
import { type Foundation, openFoundation } from './foundation.ts';
import { startConfigPushes } from './git/config-pushes.ts';
import { createLocalServices, type LocalServices, type ServiceOptions } from './local-services.ts';
import type { LocalEvent } from './services/local-context.ts';
import type { LocalService, Provisioner } from './services/local-service.ts';

export { synthesize } from './synthesize.ts';

const STACK_NAME = 'Stagegate';

export interface LocalCloudProps extends ServiceOptions {
  /** A synthesized cloud assembly (`cdk.out`). */
  readonly assemblyDirectory: string;
  /** Directory that keeps everything across restarts; without it nothing is kept after the local cloud ends. */
  readonly data?: string;
  readonly log?: (event: LocalEvent) => void;
}

/** A running local cloud, with its services by name. */
export interface LocalCloud extends LocalServices {
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
  /**
   * Resolves when something was written that the API's answers depend on, or after `atLatestMs`. Until then, asking the
   * API again brings nothing new.
   */
  nextWrite(atLatestMs: number, wanted?: WantedWrites): Promise<void>;
  /**
   * Deploys another assembly while everything runs, as CloudFormation does: executions keep the definition with which
   * they were started, and invocations and builds in progress keep their code. Rejects when the local cloud cannot make
   * or take away what differs; then it has to be stopped.
   */
  update(assemblyDirectory: string): Promise<void>;
  /**
   * Stops everything. Rejects when a function broke a rule that AWS would have punished silently (see `LambdaService`).
   */
  stop(): Promise<void>;
}

/** Starts everything that the template describes on this machine. */
export async function startLocalCloud(props: LocalCloudProps): Promise<LocalCloud> {
  const closers = createClosers();
  try {
    return await start(props, closers);
  } catch (error) {
    await closers
      .closeAll()
      .catch((problem: unknown) =>
        props.log?.({ source: 'cloud', message: 'stopping failed', fields: { problem: String(problem) } }),
      );
    throw error;
  }
}

async function start(props: LocalCloudProps, closers: Closers): Promise<LocalCloud> {
  const { assemblyDirectory, data, log = () => undefined } = props;
  const foundation = await openFoundation({ assemblyDirectory, data, log }, closers);
  const { door } = foundation;
  const { endpoint, accountId, region } = foundation.context;

  const violations: string[] = [];
  let url = '';
  let stack: DeployedStack = { resources: new Map(), outputs: {} };
  const tableName = (): string => tableOf(stack);
  const { services, inOrder } = createLocalServices(foundation, props, {
    apiUrl: () => url,
    tableName,
    onViolation(message) {
      violations.push(message);
      log({ source: 'lambda', message });
    },
  });
  for (const service of inOrder) {
    if (service.service) door.register(service.service);
    closers.add(async () => service.stop?.());
  }

  url = await services.gateway.listen();
  stack = await deployStack(foundation, services, inOrder);
  for (const service of inOrder) await service.start?.();
  watchConfigRepository(
    props,
    foundation,
    { tableName, busName: () => refOf(stack, 'AWS::Events::EventBus') },
    closers,
  );

  return {
    ...services,
    url,
    endpoint: endpoint(),
    accountId,
    region,
    door,
    get stack() {
      return stack;
    },
    get tableName() {
      return tableName();
    },
    async update(directory) {
      foundation.assemblies.replace(directory);
      stack = await deployStack(foundation, services, inOrder, stack);
    },
    nextWrite: (atLatestMs, wanted) => door.calls.next((call) => isWantedWrite(call, wanted), atLatestMs),
    async stop() {
      await closers.closeAll();
      if (violations.length > 0) throw new Error(`the run broke rules of AWS:\n${[...new Set(violations)].join('\n')}`);
    },
  };
}

async function deployStack(
  { assemblies, context: { accountId, region } }: Foundation,
  { dynamodb }: LocalServices,
  services: readonly LocalService[],
  before?: DeployedStack,
): Promise<DeployedStack> {
  const { template } = assemblies.stack(STACK_NAME);
  if (Object.values(template.Resources).some(({ Type }) => Type === 'AWS::DynamoDB::Table')) dynamodb.prepare();
  const provisioners = provisionersOf(services);
  return deployTemplate({ template, stackName: STACK_NAME, accountId, region, provisioners, before });
}

function watchConfigRepository(
  { configRepository: directory }: ServiceOptions,
  { context, programs, door: { calls } }: Foundation,
  { tableName, busName }: { readonly tableName: () => string; readonly busName: () => string },
  closers: Closers,
): void {
  if (!directory) return;
  const pushes = startConfigPushes({ context, calls, programs, directory, tableName, busName: busName() });
  closers.add(() => pushes.stop());
}

/** Returns the name of the table of records, which the template makes or names. */
function tableOf(stack: DeployedStack): string {
  const { TableName: named } = stack.outputs;
  return typeof named === 'string' ? named : refOf(stack, 'AWS::DynamoDB::Table');
}

/** Returns the name of the only resource of a type. */
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
