import { APPLICATION, NAMES, PREVIEW, URL_OUTPUT } from './cast.ts';
import type { Client, EphemeralView, Problem } from './client.ts';

export interface DemoResult {
  readonly application: string;
  readonly environments: {
    name: string;
    release: number | null;
    commit: string | null;
    moduleVersions: Record<string, string>;
    outputs: Record<string, unknown>;
    status: string;
  }[];
  readonly deployments: {
    id: string;
    monthlyCostDelta: number | null;
    blastRadius: string | null;
    environment: string;
    release: number;
    status: string;
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
      release: deployed?.release ?? null,
      commit: deployed?.commit ?? null,
      moduleVersions: Object.fromEntries((deployed?.modules ?? []).map(({ call, version }) => [call, version])),
      outputs: Object.fromEntries(
        Object.entries(outputs).map(([key, { value, sensitive }]) => [key, sensitive ? '(sensitive)' : value]),
      ),
      status: deployments.find(({ id }) => id === deployed?.deploymentId)?.status ?? 'never deployed',
    })),
    deployments: deployments.map(({ id, environment, release, status, planDigest, gates, cost, blastRadius }) => ({
      id,
      environment,
      release,
      status,
      planDigest: planDigest ?? null,
      monthlyCostDelta: cost?.monthlyDelta ?? null,
      blastRadius: blastRadius?.level ?? null,
      approvals: gates.flatMap(({ gate, approvals }) => approvals.map(({ by }) => ({ gate, by }))),
    })),
    ephemeral: await collectPreview(client, preview),
    refusals: [...refusals],
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
