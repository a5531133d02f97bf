import * as z from 'zod';

/** What the state machine caught: the state, and Step Functions' Error and Cause. */
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
/** A failed build's cause is the Build, bare or wrapped: which of the two is nowhere documented. */
const BuildCause = z.union([z.object({ Build }).transform((cause) => cause.Build), Build]);
const FunctionCause = z.object({ errorType: z.string().optional(), errorMessage: z.string() });

/**
 * The words of a cause that people want. A build's cause holds all its environment variables, the external id among
 * them (rule 9), so JSON is never passed on: only what is known to be a message is taken out of it.
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

/** The object in a text that is JSON, also one cut off in the middle; undefined for plain words. */
function parseJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
