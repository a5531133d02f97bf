import { PROBLEMS, type ProblemKind } from '../../runtime/http-errors.ts';
import type { Operation } from '../../runtime/operation.ts';

/** What is asked of a route to know the problems that it shares with others. */
interface Asked {
  readonly method: string;
  readonly path: string;
  /** True for a route without input and without records: the health of the API, and its description. */
  readonly isBare: boolean;
}
type Rule = (asked: Asked) => boolean;

/**
 * The routes that each general problem may answer. The refusals of the domain are no general problems: each operation
 * declares its own.
 */
const GENERAL = {
  'invalid-input': ({ isBare }) => !isBare,
  // PUT makes what the end of its path names. All else in a path must exist.
  'not-found': ({ method, path }) => (method === 'PUT' ? path.replace(/\/[^/]+$/, '') : path).includes('{'),
  'record-unreadable': ({ isBare }) => !isBare,
  internal: () => true,
  conflict: ({ method }) => method !== 'GET',
  'service-unavailable': ({ isBare }) => !isBare,
} satisfies Record<ProblemKind, Rule>;
const RULES: ReadonlyMap<string, Rule> = new Map(Object.entries(GENERAL));

export const isGeneral = (name: string): boolean => RULES.has(name);

export interface AnsweredProblem {
  readonly name: string;
  readonly status: number;
  readonly title: string;
}

/** Returns all problems that a route may answer, in the order of the table of problems. */
export function problemsOf(key: string, { problems: own = [] }: Pick<Operation<never>, 'problems'>): AnsweredProblem[] {
  const [method = '', path = ''] = key.split(' ');
  const asked = { method, path, isBare: path === '/health' || path === '/openapi.json' };
  const declared = new Set<string>(own);
  return Object.entries(PROBLEMS)
    .filter(([name]) => RULES.get(name)?.(asked) ?? declared.has(name))
    .map(([name, { status, title }]) => ({ name, status, title }));
}
