import { AwsError, type Operation } from '../../local/door/wire.ts';
import { accountId, region } from './cloud-names.ts';

interface Build {
  readonly id: string;
  readonly projectName: string;
  buildStatus: string;
  readonly startTime: number;
  readonly exportedEnvironmentVariables: readonly { readonly name: string; readonly value: string }[];
}

/** A CodeBuild whose builds end when the test says so. */
export class FakeBuilds {
  readonly builds: Build[] = [];
  /** The inputs of StartBuild, in their order. */
  readonly started: unknown[] = [];
  /** The error with which StartBuild answers instead of starting a build. */
  refusal: AwsError | undefined;
  readonly #listeners = new Map<string, Set<() => void>>();

  get last(): Build {
    const build = this.builds.at(-1);
    if (!build) throw new Error('no build was started');
    return build;
  }

  end(buildStatus: string): void {
    const build = this.last;
    build.buildStatus = buildStatus;
    for (const listener of this.#listeners.get(build.id) ?? []) listener();
  }

  buildEnds(buildId: string, signal: AbortSignal): Promise<void> {
    const listeners = this.#listeners.get(buildId) ?? new Set();
    return new Promise((resolve) => {
      this.#listeners.set(buildId, listeners.add(resolve));
      signal.addEventListener('abort', () => resolve());
    });
  }

  readonly operations: Record<string, Operation> = {
    StartBuild: {
      permissions: (input) => [
        { action: 'codebuild:StartBuild', resources: [projectArn((input as { projectName: string }).projectName)] },
      ],
      perform: async (input) => {
        if (this.refusal) throw this.refusal;
        this.started.push(input);
        const { projectName } = input as { projectName: string };
        const build: Build = {
          id: `${projectName}:${this.builds.length + 1}`,
          projectName,
          buildStatus: 'IN_PROGRESS',
          startTime: 1_767_225_600.5,
          exportedEnvironmentVariables: [{ name: 'EXIT_CODE', value: '2' }],
        };
        this.builds.push(build);
        return { build: { ...build } };
      },
    },
    BatchGetBuilds: {
      permissions: (input) =>
        (input as { ids: string[] }).ids.map((id) => ({
          action: 'codebuild:BatchGetBuilds',
          resources: [projectArn(id.split(':')[0] ?? '')],
        })),
      perform: async (input) => {
        const { ids } = input as { ids: string[] };
        return { builds: this.builds.filter(({ id }) => ids.includes(id)).map((build) => ({ ...build })) };
      },
    },
    StopBuild: {
      permissions: (input) => [
        { action: 'codebuild:StopBuild', resources: [projectArn((input as { id: string }).id.split(':')[0] ?? '')] },
      ],
      perform: async (input) => {
        const build = this.builds.find(({ id }) => id === (input as { id: string }).id);
        if (!build) throw new AwsError('ResourceNotFoundException', 'no such build');
        this.end('STOPPED');
        return { build: { ...build } };
      },
    },
  };
}

const projectArn = (name: string): string => `arn:aws:codebuild:${region}:${accountId}:project/${name}`;
