import { BatchGetBuildsCommand, CodeBuildClient } from '@aws-sdk/client-codebuild';
import type { BuildStatus, Builds } from '../domain/ports.ts';

/** BatchGetBuilds takes at most this many ids. */
const MOST_IDS = 100;

export class CodeBuildBuilds implements Builds {
  readonly #client: CodeBuildClient;

  constructor(client: CodeBuildClient = new CodeBuildClient({})) {
    this.#client = client;
  }

  async statusOf(buildId: string): Promise<BuildStatus | undefined> {
    const { builds = [] } = await this.#client.send(new BatchGetBuildsCommand({ ids: [buildId] }));
    const status = builds[0]?.buildStatus;
    if (status === undefined) return undefined;
    if (status === 'IN_PROGRESS') return 'running';
    return status === 'SUCCEEDED' ? 'succeeded' : 'failed';
  }

  async anyInProgress(buildIds: readonly string[]): Promise<boolean> {
    if (buildIds.length === 0) return false;
    const { builds = [] } = await this.#client.send(new BatchGetBuildsCommand({ ids: buildIds.slice(0, MOST_IDS) }));
    return builds.some(({ buildStatus }) => buildStatus === 'IN_PROGRESS');
  }

  async isRunningWith(buildId: string, name: string, value: string): Promise<boolean> {
    const { builds = [] } = await this.#client.send(new BatchGetBuildsCommand({ ids: [buildId] }));
    return builds.some(
      ({ buildStatus, environment }) =>
        buildStatus === 'IN_PROGRESS' &&
        environment?.environmentVariables?.some((variable) => variable.name === name && variable.value === value),
    );
  }
}
