import type { Length } from './fault-kinds.ts';
import type { Finding } from './matrix.ts';

/** Faults after which a promotion may go another way than without them. Without an entry here it must not. */
interface Exception {
  /** Matches the names of the operations. */
  readonly operations: RegExp;
  readonly lengths: readonly Length[];
  /** Matches what may happen. */
  readonly detours: RegExp;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    // A build that has begun is not repeated: it fails when the SDK and the broker's client have given up.
    operations: /^((plan|inspect|apply) build|credentials): /,
    lengths: ['for 10 minutes'],
    detours: /^\w+ ended failed \(/,
  },
  {
    // Builds ask for their credentials through the API.
    operations: /^API Gateway: Lambda Invoke$/,
    lengths: ['for 10 minutes'],
    detours: /^\w+ ended failed \(/,
  },
  {
    operations: /./,
    lengths: ['until the end'],
    detours: /^\w+ (ended failed \(|succeeded, and the reconciler released it$)/,
  },
];

/** Whether an operation that fails for so long may make a promotion go another way. */
export const mayDivert = (operation: string, length: Length): boolean =>
  EXCEPTIONS.some(({ operations, lengths }) => lengths.includes(length) && operations.test(operation));

/** Whether a promotion went as it must: nothing lost or doubled, and no other way than the exceptions allow. */
export function isExpected({ operation, length, detours, problems }: Finding): boolean {
  const allowed = EXCEPTIONS.filter(
    ({ operations, lengths }) => lengths.includes(length) && operations.test(operation),
  );
  const isAllowed = (detour: string) => allowed.some((exception) => exception.detours.test(detour));
  return problems.length === 0 && detours.every(isAllowed);
}
