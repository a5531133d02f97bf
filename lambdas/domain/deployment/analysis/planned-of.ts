import type { PlanSuccess } from '../../contract/build-result.ts';
import type { EndingError } from '../../endings.ts';
import type { DeploymentIn, Planned } from '../../model/deployment.ts';
import { isProtected } from '../../model/environment.ts';
import { type Analysis, headlineOf } from '../../plan/analysis.ts';
import { MOST_PROTECTION_LIFTS } from '../../plan/safeguards-schema.ts';
import { GATES, type GateName, gatesOf, policyForDeployment } from '../../policy.ts';
import type { Artifact } from '../../ports.ts';
import type { ProofVerdict } from '../../proof/judge-plan.ts';
import type { Held } from '../../transaction/load-held.ts';

/** Returns what is recorded of an analysed plan: what reviewers approve, and what it has to pass. */
export function planOf(
  { application, environment, deployment }: Held<'planning'>,
  result: PlanSuccess,
  { analysis, proof }: { readonly analysis: Analysis; readonly proof: ProofVerdict | undefined },
  stored: Artifact,
  isInspected: boolean,
  now: string,
): Planned {
  const lifts = analysis.safeguards.liftsUsed;
  const { bucket, key, region } = result.backend;
  const replaces = replacedPlan(deployment);
  return {
    digest: result.digest,
    changeDigest: analysis.changeDigest,
    bundle: result.bundle,
    analysis: stored,
    state: result.state,
    engine: { name: result.engine.name === 'terraform' ? 'terraform' : 'opentofu', version: result.engine.version },
    stateAddress: { bucket, key, region },
    // A time in the future, which the build may claim, would make the plan count as young for too long.
    plannedAt: result.createdAt < now ? result.createdAt : now,
    round: deployment.round,
    isInspected,
    hasChanges: analysis.hasChanges,
    headline: headlineOf(analysis),
    gates: requiredGates(
      gatesOf(policyForDeployment(environment, deployment.operation, application.policy)),
      lifts.length + (proof?.lifts.length ?? 0) > 0,
    ),
    isProtected: isProtected(environment),
    lifts,
    ...(proof && { proof: { mode: proof.findings.mode, lifts: [...proof.lifts], at: now } }),
    ...(replaces && { replaces }),
  };
}

/** Returns the stale plan that the new plan replaces, also when called again after the new plan was recorded. */
function replacedPlan({ planned, stale: because }: DeploymentIn<'planning'>): Planned['replaces'] {
  if (!planned || !because) return planned?.replaces;
  const { round, digest, changeDigest, analysis } = planned;
  return { round, digest, changeDigest, analysis, because };
}

/** Returns the gates of a plan. A plan that needs a lifted protection must pass both gates, in any stage (rule 7). */
function requiredGates(gates: Planned['gates'], needsLift: boolean): Planned['gates'] {
  if (!needsLift) return gates;
  return GATES.map((gate: GateName) => gates.find((other) => other.gate === gate) ?? { gate, required: 1 });
}

/** Returns why the safeguards block the plan, if they do. */
export function blockingOf({ safeguards }: Analysis, environment: string): EndingError | undefined {
  if (safeguards.verdict === 'allow') return tooManyLifts(safeguards.liftsUsed.length, environment);
  const [first] = safeguards.violations;
  const why = safeguards.violations.map(({ address, why: reason }) => `${address}: ${reason}`).join('; ');
  return { reason: first?.rule ?? 'safeguard', message: why.slice(0, 2000) };
}

function tooManyLifts(count: number, environment: string): EndingError | undefined {
  if (count <= MOST_PROTECTION_LIFTS) return undefined;
  const message = `the plan needs ${count} lifts of protection, and one plan may use ${MOST_PROTECTION_LIFTS}: lift the protection of "${environment}" itself, which takes the place of all of them`;
  return { reason: 'too-many-lifts', message };
}
