import * as z from 'zod';
import { isJsonObject, type Json, JsonSchema } from '../../asl/json.ts';
import { RUNTIME_ERROR } from '../../asl/state-failure.ts';
import type { Caller, Door } from '../../door/wire.ts';
import { asTaskError, type Integration, TaskError } from './integration.ts';

/** Resolves when the build has ended, or when `signal` aborts. */
export type BuildEnds = (buildId: string, signal: AbortSignal) => Promise<void>;

/** Milliseconds between two looks at a build when nothing was reported about it. */
const POLL_INTERVAL_MS = 5000;

/**
 * The errors that Step Functions names: those of CodeBuild's model, a call that got no answer, and a missing permission.
 * All others, such as throttling and errors of the server, have the name of the service's general exception.
 */
const OWN_NAMES = new Set([
  'AccountLimitExceededException',
  'InvalidInputException',
  'OAuthProviderException',
  'ResourceAlreadyExistsException',
  'ResourceNotFoundException',
  'SdkClientException',
  'AccessDeniedException',
]);

const SubmittedSchema = z.object({ Build: z.object({ Id: z.string() }) });
const AnswerSchema = z.object({ build: JsonSchema });
const BuildsSchema = z.object({ builds: z.array(JsonSchema).default([]) });

/** Makes `codebuild:startBuild`. Its fields are in PascalCase although CodeBuild's own are not. */
export function createStartBuild(door: Door, buildEnds: BuildEnds): Integration {
  const call = async (caller: Caller, operation: string, input: unknown): Promise<Json> => {
    try {
      const output = await door.call(caller, 'codebuild', operation, input);
      // An answer inside the process contains dates; in the API they are numbers of seconds.
      return JsonSchema.parse(plain(output ?? {}));
    } catch (error) {
      throw asTaskError(error, 'CodeBuild', ({ code }) => (OWN_NAMES.has(code) ? code : 'CodeBuildException'));
    }
  };
  const describe = async (buildId: string, caller: Caller): Promise<Json> => {
    const { builds } = BuildsSchema.parse(await call(caller, 'BatchGetBuilds', { ids: [buildId] }));
    const [build] = builds;
    if (build === undefined)
      throw new TaskError('CodeBuild.ResourceNotFoundException', `build ${buildId} does not exist`);
    return build;
  };
  return {
    patterns: ['sync'],
    async submit(parameters, caller) {
      if (!isJsonObject(parameters) || !('ProjectName' in parameters)) {
        throw new TaskError(RUNTIME_ERROR, 'codebuild:startBuild: the field ProjectName is missing');
      }
      const { build } = AnswerSchema.parse(await call(caller, 'StartBuild', renameKeys(parameters, lowerFirst)));
      return { Build: renameKeys(build, upperFirst) };
    },
    async awaitEnd(submitted, caller, signal) {
      const buildId = SubmittedSchema.parse(submitted).Build.Id;
      for (;;) {
        const build = await describe(buildId, caller);
        const status = isJsonObject(build) ? build.buildStatus : undefined;
        const output = { Build: renameKeys(build, upperFirst) };
        if (status === 'SUCCEEDED') return output;
        if (status !== 'IN_PROGRESS') throw new TaskError('States.TaskFailed', JSON.stringify(output));
        await waitForNews(buildId, signal);
      }
    },
    async cancel(submitted, caller) {
      await call(caller, 'StopBuild', { id: SubmittedSchema.parse(submitted).Build.Id });
    },
  };

  /** Waits until the build has ended or POLL_INTERVAL_MS have passed; throws when `signal` aborts. */
  async function waitForNews(buildId: string, signal: AbortSignal): Promise<void> {
    const news = AbortSignal.any([signal, AbortSignal.timeout(POLL_INTERVAL_MS)]);
    await buildEnds(buildId, news);
    signal.throwIfAborted();
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}

function renameKeys(value: Json, rename: (key: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [rename(key), renameKeys(member, rename)]));
}

const lowerFirst = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);
const upperFirst = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1);
