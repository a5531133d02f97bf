import * as z from 'zod';
import { AwsError, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { projectNameIn, toBuildId } from './build-ids.ts';
import type { BuildRecord } from './build-record.ts';
import type { BuildStore } from './build-store.ts';
import type { Project } from './project.ts';
import type { RunningBuilds } from './running-builds.ts';
import { StartBuildInput, takeBuild, variablesIn } from './start-build.ts';

const StopBuildInput = z.strictObject({ id: z.string() });
const BatchGetBuildsInput = z.strictObject({ ids: z.array(z.string()).min(1).max(100) });

interface CodeBuildOperationsProps {
  readonly projects: ReadonlyMap<string, Project>;
  readonly store: BuildStore;
  readonly running: RunningBuilds;
  readonly projectArn: (name: string) => string;
  /** Returns a build as the API shows it. */
  readonly describe: (build: BuildRecord) => Record<string, unknown>;
}

/** Makes the operations of the CodeBuild API that concern builds. */
export function createCodeBuildOperations({
  projects,
  store,
  running,
  projectArn,
  describe,
}: CodeBuildOperationsProps): Record<string, Operation> {
  const findProject = (name: string): Project => {
    const project = projects.get(name);
    if (!project) throw new AwsError('ResourceNotFoundException', `Project cannot be found: ${projectArn(name)}`);
    return project;
  };
  const demand = (action: string, projectNames: readonly string[]): RequiredPermission[] => [
    { action: `codebuild:${action}`, resources: [...new Set(projectNames.map(projectArn))] },
  ];

  return {
    StartBuild: {
      permissions: (input) => demand('StartBuild', [parse(StartBuildInput, input).projectName]),
      async perform(raw, call) {
        const input = parse(StartBuildInput, raw);
        const project = findProject(input.projectName);
        const { build, isNew } = takeBuild(store, project, input, call);
        if (isNew) running.start(build, project, variablesIn(input));
        return { build: describe(build) };
      },
    },
    StopBuild: {
      permissions: (input) => demand('StopBuild', [projectNameIn(parse(StopBuildInput, input).id)]),
      async perform(input) {
        const { id } = parse(StopBuildInput, input);
        const build = store.find(id);
        if (!build) throw new AwsError('ResourceNotFoundException', `Build cannot be found: ${id}`);
        // The build ends when its processes have ended: until then, Terraform or OpenTofu saves and unlocks the state.
        running.stop(id);
        return { build: describe(build) };
      },
    },
    BatchGetBuilds: {
      permissions(input) {
        const { ids } = parse(BatchGetBuildsInput, input);
        return demand(
          'BatchGetBuilds',
          ids.map((id) => projectNameIn(toBuildId(id))),
        );
      },
      async perform(input) {
        const { ids } = parse(BatchGetBuildsInput, input);
        const found = ids.flatMap((id) => store.find(toBuildId(id)) ?? []);
        return { builds: found.map(describe), buildsNotFound: ids.filter((id) => !store.find(toBuildId(id))) };
      },
    },
  };
}

function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AwsError('InvalidInputException', z.prettifyError(parsed.error));
}
