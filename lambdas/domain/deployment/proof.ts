import { Refused } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { isProven } from '../model/environment-state.ts';
import { findPrevious } from '../model/pipeline.ts';
import type { Reader, Transaction } from '../ports.ts';

/** What tells whether a release succeeded in an environment. */
export const readForProof = (
  ahead: Reader,
  { application, environment, release }: { application: string; environment: string; release: number },
): Promise<unknown>[] => [
  ahead.get('environmentState', { application, environment }),
  ahead.get('outcome', { application, environment, release }),
];

/** Rule 1: the release has to have succeeded in the environment before. No bypass exists. */
export async function objectionToProof(
  transaction: Transaction,
  application: Application,
  environment: string,
  release: number,
): Promise<Refused | undefined> {
  const previous = findPrevious(application, environment);
  if (previous === undefined || previous instanceof Refused) return previous;
  const where = { application: application.name, environment: previous };
  const [state, outcome] = await Promise.all([
    transaction.get('environmentState', where),
    transaction.get('outcome', { ...where, release }),
  ]);
  if (isProven(state, outcome)) return undefined;
  return new Refused(
    'not-succeeded-before',
    `release ${release} of "${application.name}" has not succeeded in ${previous}, which comes before ${environment}`,
  );
}
