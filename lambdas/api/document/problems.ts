import type { Refusal } from '../../domain/errors.ts';
import { PROBLEMS, type ProblemKind } from '../../runtime/http-errors.ts';
import type { Operation } from '../../runtime/operation.ts';
import { UNKNOWN_ROUTE } from '../routes.ts';
import { takesIdempotencyKey, takesIfMatch } from './headers.ts';

/** What is asked of a route to know the problems that it shares with others. */
interface Asked {
  readonly method: string;
  readonly path: string;
  /** True for a route without input and without records: the health of the API, and its description. */
  readonly isBare: boolean;
  readonly isKept: boolean;
  readonly isConditional: boolean;
}
type Rule = (asked: Asked) => boolean;

/**
 * The routes that each general problem may answer. The refusals of the domain are no general problems, except those for
 * headers that many operations take: each operation declares its own.
 */
const GENERAL = {
  'invalid-input': ({ isBare }) => !isBare,
  // PUT makes what the end of its path names. All else in a path must exist.
  'not-found': ({ method, path }) => (method === 'PUT' ? path.replace(/\/[^/]+$/, '') : path).includes('{'),
  'record-unreadable': ({ isBare }) => !isBare,
  internal: () => true,
  conflict: ({ method }) => method !== 'GET',
  'service-unavailable': ({ isBare }) => !isBare,
  'idempotency-key-reused': ({ isKept }) => isKept,
  'precondition-failed': ({ isConditional }) => isConditional,
  'no-such-route': ({ method }) => method === UNKNOWN_ROUTE.key,
  'method-not-allowed': ({ method }) => method === UNKNOWN_ROUTE.key,
} satisfies Record<ProblemKind, Rule> & Partial<Record<Refusal, Rule>>;
const RULES: ReadonlyMap<string, Rule> = new Map(Object.entries(GENERAL));

export const isGeneral = (name: string): boolean => RULES.has(name);

/** What an operation says about how it answers. */
export type Answering = Pick<Operation<never>, 'problems' | 'isTagged' | 'isSecret'>;

export interface AnsweredProblem {
  readonly name: string;
  readonly status: number;
  readonly title: string;
}

/** Returns all problems that a route may answer, in the order of the table of problems. */
export function problemsOf(key: string, operation: Answering): AnsweredProblem[] {
  const [method = '', path = ''] = key.split(' ');
  const asked = {
    method,
    path,
    isBare: path === '/health' || path === '/openapi.json',
    isKept: takesIdempotencyKey(key, operation),
    isConditional: takesIfMatch(key, operation),
  };
  const declared = new Set<string>(operation.problems);
  return Object.entries(PROBLEMS)
    .filter(([name]) => RULES.get(name)?.(asked) ?? declared.has(name))
    .map(([name, { status, title }]) => ({ name, status, title }));
}
