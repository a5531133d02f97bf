import { FUNCTIONS } from '../../lambdas/functions.ts';
import { CloudPool } from './cloud-pool.ts';
import { mayDivert } from './expectations.ts';
import type { FaultCloud } from './fault-cloud.ts';
import { faultOf, KINDS, type Kind, kindsOfTrials, LENGTHS, type Length } from './fault-kinds.ts';
import { type AwsOperation, nameOf, recordOperations } from './operations.ts';
import { type Outcome, promoteThrough } from './promotion.ts';
import { WatchedApplication } from './watched-application.ts';

/** A promotion in which each of these operations fails for so long. */
interface Trial {
  readonly faults: readonly { readonly operation: AwsOperation; readonly kind: Kind }[];
  readonly length: Length;
}

/** What happened to the promotion when one operation failed. */
export interface Finding extends Outcome {
  readonly operation: string;
  readonly kind: Kind;
  readonly length: Length;
}

/** Applications that are promoted side by side: their outages overlap, and their work keeps two processors busy. */
const AT_ONCE = 10;

const WORKFLOW_CALLERS: ReadonlySet<string> = new Set([
  ...['state machine', 'plan build', 'inspect build', 'apply build', 'state role of the environment'],
  ...Object.entries(FUNCTIONS).flatMap(([name, { entry }]) => (entry.startsWith('lambdas/workflow/') ? [name] : [])),
]);

/**
 * Whether an outage of the operation can end a deployment. Where it cannot, people, git hosts and EventBridge try again
 * until it is over, as they do for ten minutes.
 */
const canEnd = ({ caller }: AwsOperation): boolean => WORKFLOW_CALLERS.has(caller);

/**
 * Most operations of one caller that fail in the same promotion. Each may fail once. Calls that fail often share the
 * attempts of their function, and one that keeps failing hides those after it.
 */
const TOGETHER: Readonly<Record<Length, number>> = {
  once: Number.POSITIVE_INFINITY,
  'ten times': 2,
  'for 10 minutes': 1,
  'until the end': 1,
};

/**
 * Puts operations into groups, each with at most so many of one caller as may fail together. What may divert a promotion
 * is alone.
 */
function groupsOf(operations: readonly AwsOperation[], length: Length): AwsOperation[][] {
  const diverting = operations.filter((operation) => mayDivert(nameOf(operation), length));
  const groups: AwsOperation[][] = [];
  const counts = new Map<string, number>();
  for (const operation of operations.filter((each) => !diverting.includes(each))) {
    const count = counts.get(operation.caller) ?? 0;
    counts.set(operation.caller, count + 1);
    const index = Math.floor(count / TOGETHER[length]);
    groups[index] = [...(groups[index] ?? []), operation];
  }
  return [...groups, ...diverting.map((operation) => [operation])];
}

/** Returns the trials of the whole matrix. What ends a deployment is tried alone. */
export function allTrials(operations: readonly AwsOperation[]): Trial[] {
  return LENGTHS.flatMap((length) => {
    const tried = length === 'until the end' ? operations.filter(canEnd) : operations;
    return kindsOfTrials(length).flatMap((kind) =>
      groupsOf(tried, length).map((group) => trialOf(group, length, () => kind)),
    );
  });
}

/** Returns the trial in which every operation fails once, each in another way than the one before it. */
export function oneFaultPerOperation(operations: readonly AwsOperation[]): Trial[] {
  const kindOf = (index: number) => KINDS[index % KINDS.length] ?? '5xx';
  return groupsOf(operations, 'once').map((group) => trialOf(group, 'once', kindOf));
}

const trialOf = (operations: readonly AwsOperation[], length: Length, kindOf: (index: number) => Kind): Trial => ({
  faults: operations.map((operation, index) => ({ operation, kind: kindOf(index) })),
  length,
});

/** Runs promotions with faults, some at a time. */
export class Trials {
  readonly #pool = new CloudPool();
  readonly #tell: (text: string) => void;
  #applications = 0;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }

  #nextApplication(cloud: FaultCloud): WatchedApplication {
    this.#applications += 1;
    return new WatchedApplication(cloud, `fault${String(this.#applications).padStart(4, '0')}x`);
  }

  /** Records the operations of a promotion without faults. Throws an error if it does not go its way. */
  record(): Promise<readonly AwsOperation[]> {
    return this.#pool.use((cloud) => {
      const application = this.#nextApplication(cloud);
      return recordOperations(cloud.cloud.local, application.name, async () => {
        const { detours, problems } = await promoteThrough(cloud, application, []);
        const all = [...detours, ...problems];
        if (all.length > 0) throw new Error(`a promotion without faults: ${all.join('; ')}`);
      });
    });
  }

  /** Runs the trials. A group of operations that goes another way is divided until one is left. */
  async run(trials: readonly Trial[]): Promise<Finding[]> {
    const findings: Finding[] = [];
    const waiting = [...trials];
    const running = new Set<Promise<void>>();
    const begin = (trial: Trial) => {
      const work: Promise<void> = this.#pool
        .use((cloud) => this.#try(cloud, trial))
        .then(({ found, divided }) => {
          findings.push(...found);
          waiting.push(...divided);
        })
        .finally(() => running.delete(work));
      running.add(work);
    };
    for (;;) {
      for (const trial of waiting.splice(0, AT_ONCE - running.size)) begin(trial);
      if (running.size === 0) return findings;
      await Promise.race(running);
    }
  }

  async #try(
    cloud: FaultCloud,
    { faults, length }: Trial,
  ): Promise<{ found: readonly Finding[]; divided: readonly Trial[] }> {
    const application = this.#nextApplication(cloud);
    const { door } = cloud.cloud.local;
    const injected = faults.map(({ operation, kind }) =>
      door.faults.add(faultOf(operation, kind, length, application.name)),
    );
    const { detours, problems } = await promoteThrough(cloud, application, injected);
    const [only] = faults;
    const what = faults.length === 1 && only ? `${nameOf(only.operation)} ${only.kind}` : `${faults.length} operations`;
    this.#tell(
      `${application.name}: ${what} ${length}: ${[...detours, ...problems].join('; ') || 'went the usual way'}`,
    );
    if (faults.length > 1 && detours.length + problems.length > 0) {
      const half = Math.ceil(faults.length / 2);
      const parts = [faults.slice(0, half), faults.slice(half)];
      return { found: [], divided: parts.map((part) => ({ faults: part, length })) };
    }
    const found = faults.map(({ operation, kind }, index) => ({
      operation: nameOf(operation),
      kind,
      length,
      detours,
      // An answer that is an error anyway, such as that of a state that does not exist yet, is not cut.
      problems: injected[index]?.hits() === 0 && kind !== 'cut after' ? [...problems, 'it was never called'] : problems,
    }));
    return { found, divided: [] };
  }
}
