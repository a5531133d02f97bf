import * as z from 'zod';
import { PROBLEMS, type Problem, ProblemSchema } from '../../lambdas/runtime/http-errors.ts';
import type { Connection } from '../connection/connection.ts';
import { CommandError } from '../output/command-error.ts';
import type { Ending } from '../output/exit-codes.ts';
import { NEXT_STEPS } from './next-steps.ts';

/** The answers that say "later". */
export const BUSY: readonly number[] = [429, 502, 503, 504];

/** Turns an answer that refuses a request into an error. */
export function refusedBy(status: number, body: unknown, { url, from }: Connection): CommandError {
  const { data } = ProblemSchema.safeParse(body);
  if (data)
    return new CommandError(endingOf(status), describeProblem(data), { nextStep: nextStepOf(data), problem: data });
  // API Gateway answers for itself in its own form.
  const { data: gateway } = z.object({ message: z.string() }).safeParse(body);
  const said = gateway?.message ?? 'something that is no answer of Stagegate';
  return new CommandError(endingOf(status), `${url} answered ${status}: ${said}`, {
    nextStep:
      status === 401 || status === 403
        ? 'Sign in with a role that may call the API: `aws sts get-caller-identity` shows which one is used.'
        : `Check that this is the address of the API. It comes from ${from}.`,
  });
}

function endingOf(status: number): Ending {
  if (status === 404) return 'not-found';
  if (status === 401) return 'denied';
  // A rule refuses with 409, or with 403 when this caller may never do it.
  if (status === 403) return 'denied';
  if (status === 409) return 'refused';
  if (BUSY.includes(status)) return 'unreachable';
  return status < 500 ? 'usage' : 'failed';
}

/** The title, the detail, and each bad field with its value, a line each. */
function describeProblem({ title, detail, errors = [] }: Problem): string {
  const fields = errors.map(({ field, message, value }) => `  ${field}: ${message} (given: ${value})`);
  // The detail of bad input lists the fields in one line.
  const first = detail === undefined || fields.length > 0 ? title : `${title}: ${detail}`;
  return [first, ...fields].join('\n');
}

const isKind = (name: string): name is keyof typeof PROBLEMS => Object.hasOwn(PROBLEMS, name);

function nextStepOf({ type }: Problem): string | undefined {
  const kind = type.replace(/^.*[:/]/, '');
  return isKind(kind) ? NEXT_STEPS[kind] : undefined;
}

const NoAnswerSchema = z.object({
  message: z.string(),
  cause: z.object({ message: z.string(), code: z.string().optional() }).optional(),
});

/** Returns the code of the reason for which nothing answered: `ECONNREFUSED`. `fetch` has the reason in its cause. */
export const networkCodeOf = (error: unknown): string | undefined => NoAnswerSchema.safeParse(error).data?.cause?.code;

/** Says that nothing answered, and why. */
export function unreachable(error: unknown, { url, from }: Connection): CommandError {
  const { data } = NoAnswerSchema.safeParse(error);
  const reason = data?.cause?.message || data?.cause?.code || data?.message || String(error);
  return new CommandError('unreachable', `${url} does not answer: ${reason}`, {
    nextStep: `The address comes from ${from}. Give another with --endpoint URL, STAGEGATE_ENDPOINT or --profile NAME; \`npm start\` in a checkout of Stagegate starts a local cloud.`,
    cause: error,
  });
}
