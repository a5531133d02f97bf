import type { Side } from './sides.ts';

/** Facts by name; a value is a text for people. Null: not known. */
type Facts = Readonly<Record<string, string>> | null;

/** The parts in which two sides are compared, in the order in which they are shown. */
export const PARTS = [
  'release',
  'engine',
  'modules',
  'provider changes',
  'plan',
  'cost',
  'outputs',
  'protections',
] as const;
export type Part = (typeof PARTS)[number];

/** Returns what the API tells of one side, by part. */
export function factsOf(side: Side): Readonly<Record<Part, Facts>> {
  const { environment, deployment, plan, hasOutputs } = side;
  return {
    release: deployment && {
      release: deployment.release === null ? 'none' : String(deployment.release),
      commit: deployment.commit,
      operation: deployment.operation,
      status: deployment.status,
    },
    engine: deployment?.engine ? { engine: `${deployment.engine.name} ${deployment.engine.version}` } : null,
    modules: modulesOf(side),
    'provider changes':
      plan &&
      named(
        plan.providerChanges ?? [],
        ({ address }) => address,
        ({ before, version }) => `${before ?? 'none'} to ${version}`,
      ),
    plan: deployment && planFacts(deployment),
    cost: deployment?.cost
      ? {
          'per month': `${money(deployment.cost.monthlyAfter)} ${deployment.cost.currency}`,
          'change per month': `${money(deployment.cost.monthlyDelta)} ${deployment.cost.currency}`,
          'resources without a price': String(deployment.cost.unpricedCount),
        }
      : null,
    outputs: hasOutputs
      ? Object.fromEntries(
          Object.entries(environment.outputs).map(([name, { value, sensitive }]) => [
            name,
            sensitive ? '(sensitive)' : JSON.stringify(value),
          ]),
        )
      : null,
    protections: protectionsOf(side),
  };
}

const money = (amount: number): string => amount.toFixed(2);

function named<Each>(
  all: readonly Each[],
  nameOf: (each: Each) => string,
  textOf: (each: Each) => string,
): Record<string, string> {
  return Object.fromEntries(all.map((each) => [nameOf(each), textOf(each)]));
}

/** The modules of the plan, with the first digits of their contents; without a plan, the versions that run. */
function modulesOf({ environment, plan, hasOutputs }: Side): Facts {
  if (plan)
    return named(
      plan.modules,
      ({ call }) => call,
      ({ source, version, identity }) =>
        `${version} of ${source}${identity === undefined ? '' : ` (content ${identity.slice(0, 12)})`}`,
    );
  if (!hasOutputs || !environment.deployed) return null;
  return named(
    environment.deployed.modules,
    ({ call }) => call,
    ({ source, version }) => `${version} of ${source}`,
  );
}

function planFacts({ changes, blastRadius, changeDigest, passedThrough }: NonNullable<Side['deployment']>): Facts {
  if (changes === null) return null;
  return {
    changes: changes === 'none' ? 'none' : countsOf(changes),
    'passed through': passedThrough ? 'yes' : 'no',
    ...(blastRadius && { 'blast radius': `${blastRadius.level} (${blastRadius.score})` }),
    ...(changeDigest !== null && { 'change digest': changeDigest.slice(0, 12) }),
  };
}

const countsOf = (changes: Readonly<Record<string, number>>): string =>
  Object.entries(changes)
    .flatMap(([kind, count]) => (count > 0 ? `${count} ${kind}` : []))
    .join(', ');

function protectionsOf({ environment, deployment }: Side): Facts {
  const gates = environment.gates.map(({ gate, required }) => `${gate} x${required}`).join(', ');
  return {
    stage: environment.stage,
    gates: gates === '' ? 'none' : gates,
    'protection against deletion': environment.deletionProtection ? 'on' : 'off',
    hold: environment.hold?.reason ?? 'none',
    'lifted addresses': environment.protectionLifts.map(({ address }) => address).join(', ') || 'none',
    'lifted proofs': environment.proofLifts.map(({ subject }) => subject).join(', ') || 'none',
    ...(deployment?.safeguards && {
      safeguards: deployment.safeguards.verdict,
      violations:
        deployment.safeguards.violations.map(({ address, rule }) => `${address} (${rule})`).join(', ') || 'none',
    }),
    ...(deployment?.proof && {
      unproven: deployment.proof.unproven.map(({ call, subject }) => call ?? subject ?? '').join(', ') || 'none',
    }),
  };
}
