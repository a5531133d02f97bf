import type { BuildStatus, Builds } from '../../lambdas/domain/ports.ts';

/** CodeBuild as far as asking about builds goes. */
export class FakeBuilds implements Builds {
  readonly inProgress = new Set<string>();

  async statusOf(buildId: string): Promise<BuildStatus | undefined> {
    return this.inProgress.has(buildId) ? 'running' : undefined;
  }

  async anyInProgress(buildIds: readonly string[]): Promise<boolean> {
    return buildIds.some((id) => this.inProgress.has(id));
  }

  async isRunningWith(buildId: string): Promise<boolean> {
    return this.inProgress.has(buildId);
  }
}
