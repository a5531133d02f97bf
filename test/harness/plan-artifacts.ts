import { createHash } from 'node:crypto';
import { runPrefix } from '../../lambdas/domain/build/run-prefix.ts';
import {
  type InspectionSuccess,
  type PlanSuccess,
  PlanSuccessSchema,
} from '../../lambdas/domain/contract/build-result.ts';
import { type LockFile, ModuleIdentitiesSchema } from '../../lambdas/domain/contract/module-identities.ts';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import type { StateAddress } from '../../lambdas/domain/contract/state-address.ts';
import { isShown } from '../../lambdas/domain/contract/state-head.ts';
import type { Deployment } from '../../lambdas/domain/model/deployment.ts';
import type { ArtifactStore } from '../../lambdas/domain/ports.ts';

/** A module that the configuration calls. */
export interface SimulatedModule {
  /** Name of the call. */
  readonly name: string;
  /** What is in the module's directory; the same text means the same identity. */
  readonly content: string;
  readonly source?: string;
  /** Whether a resource of the module stands after the apply; false for `count = 0`. */
  readonly inUse?: boolean;
  /** Whether the build lists its identity; false for a build that found none. */
  readonly isListed?: boolean;
}

export const identityOf = (content: string): string => createHash('sha256').update(`module ${content}`).digest('hex');

export type PlanKind = 'changes' | 'other-changes' | 'deletes' | 'no-changes' | 'fails';

/** Writes the results of a plan build: the plan as JSON, its modules, and the result that names them. */
export async function leavePlan(
  artifacts: ArtifactStore,
  deployment: Deployment,
  kind: PlanKind,
  facts: Partial<PlanSuccess> = {},
  /** The number of resources in the state for which the plan is made. */
  resources = 0,
  modules: readonly SimulatedModule[] = [],
  lockFile?: LockFile,
  reads: object = { paths: [], isComplete: true },
): Promise<void> {
  const prefix = runPrefix(deployment);
  if (deployment.operation !== 'destroy') await artifacts.putJson(runObjectKey(prefix, 'reads'), reads);
  if (kind === 'fails') {
    const failure = { ok: false, phase: 'plan', message: 'main.tf:1: no such attribute' };
    await artifacts.putJson(runObjectKey(prefix, 'planResult'), failure);
    return;
  }
  const result: PlanSuccess = {
    ok: true,
    operation: deployment.operation,
    engine: { name: 'terraform', version: '1.11.4' },
    exitCode: kind === 'no-changes' ? 0 : 2,
    digest: createHash('sha256').update(`${deployment.id} ${deployment.round}`).digest('hex'),
    bundle: { key: `${prefix}plan/bundle.tar.gz`, versionId: 'v1' },
    planJson: await artifacts.putJson(`${prefix}plan/plan.json`, planOf(deployment, kind, resources, modules)),
    modules: await artifacts.putJson(`${prefix}plan/modules.json`, { Modules: [] }),
    backend: { type: 's3', ...stateAddressOf(deployment) },
    state: null,
    createdAt: deployment.createdAt,
    ...facts,
  };
  if (deployment.operation !== 'destroy')
    await artifacts.putJson(runObjectKey(prefix, 'identities'), {
      modules: modules
        .filter(({ isListed = true }) => isListed)
        .map(({ name, content }) => ({ call: `module.${name}`, identity: identityOf(content) })),
      ...(lockFile && { lockFile }),
    });
  await artifacts.putJson(runObjectKey(prefix, 'tree'), { commit: deployment.commit, round: deployment.round });
  await artifacts.putJson(runObjectKey(prefix, 'planResult'), result);
}

/** Writes the results of an inspect build for an honest plan: the same as those of the plan build. */
export async function leaveInspection(
  artifacts: ArtifactStore,
  deployment: Deployment,
  facts: Partial<InspectionSuccess> = {},
): Promise<void> {
  const prefix = runPrefix(deployment);
  const read = async (key: string): Promise<unknown> => (await artifacts.getJson(key))?.value;
  const plan = PlanSuccessSchema.parse(await read(runObjectKey(prefix, 'planResult')));
  const { operation, engine, digest, backend, state } = plan;
  const copy = async (from: string, to: 'inspectedPlan' | 'inspectedModules') =>
    artifacts.putJson(runObjectKey(prefix, to), await read(from));
  const identities = await read(runObjectKey(prefix, 'identities'));
  if (identities) await artifacts.putJson(runObjectKey(prefix, 'inspectedIdentities'), withoutLockFile(identities));
  const reads = await read(runObjectKey(prefix, 'reads'));
  if (reads) await artifacts.putJson(runObjectKey(prefix, 'inspectedReads'), reads);
  const result: InspectionSuccess = {
    ok: true,
    operation,
    engine,
    digest,
    backend,
    // The plan of such a deployment cannot be inspected.
    state: isShown(state) ? state : null,
    planJson: await copy(plan.planJson.key, 'inspectedPlan'),
    modules: await copy(plan.modules.key, 'inspectedModules'),
    added: { count: 0, paths: [] },
    content: '0'.repeat(64),
    lockedProviders: [],
    ...facts,
  };
  await artifacts.putJson(runObjectKey(prefix, 'inspectionResult'), result);
}

/** An inspect build does not see which files are in the commit. What is damaged stays as it is. */
function withoutLockFile(identities: unknown): unknown {
  const { success, data } = ModuleIdentitiesSchema.safeParse(identities);
  return success ? { ...data, lockFile: undefined } : identities;
}

type Place = Pick<Deployment, 'application' | 'environment'>;

export const stateAddressOf = (place: Place): StateAddress => ({
  bucket: 'acme-state',
  key: stateKey(place),
  region: 'eu-west-1',
});

/** Returns the key of a Terraform state. In these tests, the names of ephemeral environments begin with `pr-`. */
export const stateKey = ({ application, environment }: Place): string =>
  `${environment.startsWith('pr-') ? 'ephemeral' : 'apps'}/${application}/${environment}/terraform.tfstate`;

function planOf(
  { operation }: Deployment,
  kind: PlanKind,
  resources: number,
  modules: readonly SimulatedModule[],
): object {
  const used = modules.filter(({ inUse = true }) => inUse);
  const isDeleting = kind === 'deletes' || operation === 'destroy';
  const input = kind === 'other-changes' ? 'b' : 'a';
  const changes = kind === 'no-changes' ? [] : [change(isDeleting ? 'delete' : 'create', input)];
  return {
    format_version: '1.2',
    terraform_version: '1.11.4',
    resource_changes: [...changes, ...used.map(unchangedIn)],
    applyable: changes.length > 0,
    complete: true,
    errored: false,
    // Destroyed resources stay in the configuration.
    configuration: {
      root_module: operation === 'destroy' ? { resources: [CONFIGURED] } : { module_calls: callsOf(modules) },
    },
    planned_values: {
      root_module: {
        child_modules: used.map(standingIn),
      },
    },
    ...((resources > 0 || used.length > 0) && {
      prior_state: {
        values: { root_module: { resources: existing(resources), child_modules: used.map(standingIn) } },
      },
    }),
  };
}

const callsOf = (modules: readonly SimulatedModule[]): object =>
  Object.fromEntries(
    modules.map(({ name, source = `../../modules/${name}` }) => [
      name,
      { source, module: { resources: [CONFIGURED] } },
    ]),
  );

const resourceIn = (name: string): object => ({ ...CONFIGURED, address: `module.${name}.${CONFIGURED.address}` });

const standingIn = ({ name }: SimulatedModule): object => ({
  address: `module.${name}`,
  resources: [resourceIn(name)],
});

const unchangedIn = ({ name }: SimulatedModule): object => ({
  ...resourceIn(name),
  module_address: `module.${name}`,
  change: { actions: ['no-op'], before: { input: 'a' }, after: { input: 'a' } },
});

const CONFIGURED = { address: 'terraform_data.web', mode: 'managed', type: 'terraform_data', name: 'web' };

const existing = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({
    address: index === 0 ? 'terraform_data.web' : `terraform_data.web${index}`,
    mode: 'managed',
    type: 'terraform_data',
    name: index === 0 ? 'web' : `web${index}`,
    values: { input: 'a' },
  }));

const change = (action: 'create' | 'delete', input: string): object => ({
  address: 'terraform_data.web',
  mode: 'managed',
  type: 'terraform_data',
  name: 'web',
  provider_name: 'terraform.io/builtin/terraform',
  change: {
    actions: [action],
    before: action === 'delete' ? { input } : null,
    after: action === 'create' ? { input } : null,
  },
});
