import { APPLICATION, NAMES, PREVIEW, URL_OUTPUT } from './cast.ts';
import type { Client, DeploymentView, EphemeralView, Problem } from './client.ts';

export interface DemoResult {
  readonly application: string;
  readonly environments: {
    name: string;
    release: number | null;
    commit: string | null;
    moduleVersions: Record<string, string>;
    outputs: Record<string, unknown>;
    status: string;
    /** Whether the deployed release had nothing to change here. */
    passedThrough: boolean;
  }[];
  readonly deployments: {
    id: string;
    monthlyCostDelta: number | null;
    blastRadius: string | null;
    environment: string;
    release: number;
    status: string;
    passedThrough: boolean;
    planDigest: string | null;
    approvals: { gate: string; by: string }[];
  }[];
  readonly ephemeral: {
    name: string;
    branch: string;
    commit: string;
    url: unknown;
    status: string;
    resources: number | null;
  }[];
  readonly refusals: Problem[];
}

interface Story {
  readonly client: Client;
  /** The branch's environment as it was while it ran. */
  readonly preview: EphemeralView | undefined;
  readonly refusals: readonly Problem[];
}

/** Reads the final state of everything from the API. */
export async function collectResult({ client, preview, refusals }: Story): Promise<DemoResult> {
  const environments = await Promise.all(NAMES.map((name) => client.environment(APPLICATION, name)));
  const histories = await Promise.all(NAMES.map((name) => client.deployments(APPLICATION, name)));
  const deployments = histories.flat();
  return {
    application: APPLICATION,
    environments: environments.map(({ name, deployed, outputs }) => ({
      name,
      ...endOf(deployments.find(({ id }) => id === deployed?.deploymentId)),
      release: deployed?.release ?? null,
      commit: deployed?.commit ?? null,
      moduleVersions: Object.fromEntries((deployed?.modules ?? []).map(({ call, version }) => [call, version])),
      outputs: Object.fromEntries(
        Object.entries(outputs).map(([key, { value, sensitive }]) => [key, sensitive ? '(sensitive)' : value]),
      ),
    })),
    deployments: deployments.map(showDeployment),
    ephemeral: await collectPreview(client, preview),
    refusals: [...refusals],
  };
}

const endOf = (deployment: DeploymentView | undefined) => ({
  status: deployment?.status ?? 'never deployed',
  passedThrough: deployment?.passedThrough ?? false,
});

function showDeployment(deployment: DeploymentView): DemoResult['deployments'][number] {
  const { id, environment, release, planDigest, gates, cost, blastRadius } = deployment;
  return {
    id,
    environment,
    release,
    ...endOf(deployment),
    planDigest: planDigest ?? null,
    monthlyCostDelta: cost?.monthlyDelta ?? null,
    blastRadius: blastRadius?.level ?? null,
    approvals: gates.flatMap(({ gate, approvals }) => approvals.map(({ by }) => ({ gate, by }))),
  };
}

async function collectPreview(client: Client, preview: EphemeralView | undefined): Promise<DemoResult['ephemeral']> {
  const { name, branch } = PREVIEW;
  const [{ status }, resources] = await Promise.all([
    client.ephemeral(APPLICATION, name),
    client.resources(APPLICATION, name),
  ]);
  const { commit, outputs } = preview ?? {};
  const url = outputs?.[URL_OUTPUT]?.value ?? null;
  return [{ name, branch, commit: commit ?? '', url, status, resources: resources ?? null }];
}
