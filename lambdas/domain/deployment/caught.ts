import * as z from 'zod';

/** An error that the state machine caught: the state, and the Error and Cause of Step Functions. */
export const CaughtSchema = z.object({ state: z.string(), error: z.string(), cause: z.string() });
export type Caught = z.infer<typeof CaughtSchema>;

const MOST_CHARACTERS = 1000;

const Build = z.object({
  BuildStatus: z.string(),
  Phases: z
    .array(
      z.object({ PhaseType: z.string(), Contexts: z.array(z.object({ Message: z.string().optional() })).optional() }),
    )
    .optional(),
});
/** The cause of a failed build is the Build, bare or wrapped: which of the two is not documented. */
const BuildCause = z.union([z.object({ Build }).transform((cause) => cause.Build), Build]);
const FunctionCause = z.object({ errorType: z.string().optional(), errorMessage: z.string() });

/**
 * Returns the part of a cause that people need. A build's cause contains all environment variables of the build,
 * including the external id (rule 9). So JSON is never passed on: only known messages are taken from it.
 */
export function summarizeCause(cause: string): string {
  const json = parseJson(cause);
  if (json === undefined) return cause.slice(0, MOST_CHARACTERS);
  const build = BuildCause.safeParse(json);
  if (build.success) return summarizeBuild(build.data);
  const failure = FunctionCause.safeParse(json);
  if (failure.success) return failure.data.errorMessage.slice(0, MOST_CHARACTERS);
  return 'the execution history has the details';
}

function summarizeBuild({ BuildStatus, Phases = [] }: z.infer<typeof Build>): string {
  const messages = Phases.flatMap(({ PhaseType, Contexts = [] }) =>
    Contexts.flatMap(({ Message }) => (Message ? [`${PhaseType}: ${Message}`] : [])),
  );
  return [`build ${BuildStatus}`, ...messages].join('; ').slice(0, MOST_CHARACTERS);
}

/** Parses a text that is JSON, to an empty object if the JSON is cut off; returns undefined for plain words. */
function parseJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
