import { Refused } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { isProven } from '../model/environment-state.ts';
import { findPrevious } from '../model/pipeline.ts';
import type { Reader, Transaction } from '../ports.ts';

/** Reads the records that show whether a release succeeded in an environment. */
export const readForProof = (
  ahead: Reader,
  { application, environment, release }: { application: string; environment: string; release: number },
): Promise<unknown>[] => [
  ahead.get('environmentState', { application, environment }),
  ahead.get('outcome', { application, environment, release }),
];

/** Refuses a release that has not succeeded in the previous environment (rule 1). There is no bypass. */
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
