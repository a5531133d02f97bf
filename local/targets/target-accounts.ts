import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { CloudAssembly } from '../assembly/cloud-assembly.ts';
import { type DeployedStack, deployTemplate } from '../assembly/deploy-template.ts';
import { SubjectSchema } from '../differences.ts';
import type { LocalDoor } from '../door/door.ts';
import type { ReadySource } from '../services/codebuild/run-request.ts';
import { createIamService } from '../services/iam/iam-service.ts';
import { createKmsService } from '../services/kms/kms-service.ts';
import type { LocalContext } from '../services/local-context.ts';
import type { LocalService, Provisioner } from '../services/local-service.ts';
import type { S3Service } from '../services/s3/s3-service.ts';
import { installationOf } from './installation.ts';

/** An environment as its operator knows it: from its registration, not from the variables of a build. */
export interface RegisteredEnvironment {
  readonly accountId: string;
  readonly region: string;
  readonly externalId: string;
  /** By default `<installation>-state-<account>-<region>`. */
  readonly stateBucket?: string;
  /** File that completes the backend, from the environment's directory. */
  readonly backendConfigFile?: string;
  /** Table in which the backend may lock the state. */
  readonly lockTable?: string;
  /**
   * An ephemeral environment has its own state key, whatever its directory declares: the declared key belongs to
   * another environment.
   */
  readonly type: 'regular' | 'ephemeral';
  /** Roles whose names do not follow the convention. */
  readonly roles?: { readonly plan?: string; readonly apply?: string; readonly state?: string };
}

interface TargetAccountsProps {
  readonly context: LocalContext;
  readonly door: LocalDoor;
  readonly s3: S3Service;
  readonly assembly: Pick<CloudAssembly, 'stack'>;
  readonly findEnvironment: (application: string, name: string) => Promise<RegisteredEnvironment | undefined>;
}

interface TargetAccounts extends LocalService {
  prepare(source: ReadySource): Promise<void>;
  /**
   * Creates again the stacks that existed in the accounts when the local cloud ended, because roles are not kept
   * anywhere else.
   */
  start(): Promise<void>;
}

interface StateAddress {
  readonly bucket: string;
  readonly key: string;
}

interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** A stack in an environment's account, with the parameters and roles that its operator chose. */
interface TargetStack {
  readonly stack: string;
  readonly stackName: string;
  readonly place: Place;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly roles?: RegisteredEnvironment['roles'];
}

type Variables = z.infer<typeof SubjectSchema>;

const StateAddressProgram = z.object({
  findStateAddress: z.custom<
    (
      place: { root: string; name: string; configFile: string | undefined; lockTable: string },
      engine: 'terraform' | 'tofu',
      convention: StateAddress,
    ) => Promise<StateAddress>
  >((value) => typeof value === 'function'),
});

/** Functions of the control plane that roles for states trust. */
const STATE_READERS = ['check-plan', 'analyze-plan', 'record-ending'];

/** Logical ids of the roles in the target account's template. */
const roleResources = { PlanRole: 'plan', ApplyRole: 'apply', StateRole: 'state' } as const;
const isRoleResource = (logicalId: string): logicalId is keyof typeof roleResources => logicalId in roleResources;

/**
 * Plays the operators of the environments' accounts. Before a build runs, the stacks for state bucket and roles are
 * "deployed" into its environment's account from the synthesized templates, with the parameters that an operator would
 * give. If a directory's own backend block names another bucket, that bucket is assumed to exist already. Roles that an
 * environment names itself are assumed to be like ours.
 */
export function createTargetAccounts({
  context,
  door,
  s3,
  assembly,
  findEnvironment,
}: TargetAccountsProps): TargetAccounts {
  const named = (name: string) => `${installationOf(assembly)}-${name}`;
  const controlRole = (name: string) => `arn:aws:iam::${context.accountId}:role/${named(name)}`;
  const stateReaders = () => STATE_READERS.map(controlRole).join(',');
  /** The last deployment of each stack. Earlier ones do not count, because the last one has replaced them. */
  const deployed = new Map<string, { readonly parameters: string; readonly running: Promise<DeployedStack> }>();
  const kept = context.database.collection<TargetStack>('target-account-stacks');

  const provisionersIn = (place: Place, roles: RegisteredEnvironment['roles']): Record<string, Provisioner> => {
    const iam = createIamService(place, door.policies).provisioners;
    return {
      ...iam,
      ...createKmsService({ ...context, ...place }).provisioners,
      ...s3.provisionersFor(place),
      'AWS::IAM::Role'(resource) {
        const ownArn = isRoleResource(resource.logicalId) ? roles?.[roleResources[resource.logicalId]] : undefined;
        const name = ownArn === undefined ? {} : { RoleName: ownArn.split(':role/').at(-1) };
        const create = iam['AWS::IAM::Role'];
        if (!create) throw new Error('creating a role: the local IAM has no roles');
        return create({ ...resource, properties: { ...resource.properties, ...name } });
      },
    };
  };

  /** Deploys a stack unless its parameters are unchanged. A stack that failed is deployed again. */
  function deployOnce(target: TargetStack): Promise<unknown> {
    const { stack, stackName, place, parameters = {}, roles = {} } = target;
    const key = JSON.stringify([stackName, place]);
    const given = JSON.stringify([parameters, roles]);
    const last = deployed.get(key);
    if (last?.parameters === given) return last.running;
    const deploy = async (): Promise<DeployedStack> =>
      deployTemplate({
        template: assembly.stack(stack).template,
        stackName,
        ...place,
        parameters,
        provisioners: provisionersIn(place, roles),
        before: await last?.running.catch(() => undefined),
      });
    const running = deploy();
    deployed.set(key, { parameters: given, running });
    running.then(
      () => kept.put(key, target),
      () => deployed.delete(key),
    );
    return running;
  }

  /** Returns the stack with the parameters that its template has now; it may have had others at the last deployment. */
  function asOfToday({ parameters, ...target }: TargetStack): TargetStack {
    const { Parameters = {} } = assembly.stack(target.stack).template;
    const all = {
      CredentialsRoleArn: controlRole('credentials'),
      StateReaderRoleArns: stateReaders(),
      ...parameters,
    };
    return { ...target, parameters: Object.fromEntries(Object.entries(all).filter(([name]) => name in Parameters)) };
  }

  return {
    provisioners: {},
    async prepare({ directory, secondary: { program }, variables: given }) {
      // Builds that belong to no registered environment have no target account.
      const parsed = SubjectSchema.safeParse(given);
      if (!parsed.success || !program) return;
      const variables = parsed.data;
      const { STAGEGATE_APPLICATION: application, STAGEGATE_ENVIRONMENT: name } = variables;
      const environment = await findEnvironment(application, name);
      if (!environment) return;
      const place = { accountId: environment.accountId, region: environment.region };
      await deployOnce({ stack: 'StagegateStateBucket', stackName: named('state'), place });
      const isEphemeral = environment.type === 'ephemeral';
      const convention = {
        bucket: environment.stateBucket ?? named(`state-${place.accountId}-${place.region}`),
        key: `${isEphemeral ? 'ephemeral' : 'apps'}/${application}/${name}/terraform.tfstate`,
      };
      const declared = await stateAddressOf(
        { checkout: directory, configFile: environment.backendConfigFile, lockTable: environment.lockTable ?? '' },
        program,
        variables,
        convention,
      );
      const address = { ...declared, ...(isEphemeral && { key: convention.key }) };
      if (!s3.store.findBucket(address.bucket))
        s3.store.putBucket({
          name: address.bucket,
          ...place,
          versioning: 'Enabled',
          encryption: { algorithm: 'AES256' },
        });
      const parameters = {
        Application: application,
        Environment: name,
        ExternalId: environment.externalId,
        CredentialsRoleArn: controlRole('credentials'),
        StateReaderRoleArns: stateReaders(),
        StateBucket: address.bucket,
        StateKey: address.key,
        ...(environment.lockTable && { LockTable: environment.lockTable }),
      };
      const stackName = named(`${application}-${name}`);
      await deployOnce({ stack: 'StagegateTargetAccount', stackName, place, parameters, roles: environment.roles });
    },
    async start() {
      for (const [, target] of kept.entries()) await deployOnce(asOfToday(target));
    },
  };
}

type Program = z.infer<typeof StateAddressProgram>;
const loaded = new Map<string, Program>();

/** Loads the program once, so that not every build asks the module loader. */
async function load(programs: string): Promise<Program> {
  const before = loaded.get(programs);
  if (before) return before;
  const program = StateAddressProgram.parse(await import(pathToFileURL(join(programs, 'state-address.mjs')).href));
  loaded.set(programs, program);
  return program;
}

/** Returns where the environment's directory keeps its state, as the build itself will find it. */
async function stateAddressOf(
  {
    checkout,
    configFile,
    lockTable,
  }: { readonly checkout: string; readonly configFile: string | undefined; readonly lockTable: string },
  programs: string,
  variables: Variables,
  convention: StateAddress,
): Promise<StateAddress> {
  const { findStateAddress } = await load(programs);
  try {
    return await findStateAddress(
      { root: checkout, name: variables.STAGEGATE_DIRECTORY, configFile, lockTable },
      variables.STAGEGATE_ENGINE,
      convention,
    );
  } catch {
    // The build itself refuses a directory that cannot be read, with its own error.
    return convention;
  }
}
