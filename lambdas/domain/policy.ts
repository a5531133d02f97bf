import * as z from 'zod';
import { InvalidInputError, RefusedError } from './errors.ts';

export const STAGES = ['development', 'staging', 'production'] as const;
export const StageSchema = z.enum(STAGES);
export type Stage = z.infer<typeof StageSchema>;

/** Returns the position in the order development < staging < production. */
export const stageRank = (stage: Stage): number => STAGES.indexOf(stage);

export const GATES = ['staff', 'client'] as const;
export const GateNameSchema = z.enum(GATES);
export type GateName = z.infer<typeof GateNameSchema>;

/** Most approvers that a gate may demand; in practice nobody finds more people than this. */
const MOST_APPROVERS = 10;
const DAY = 24 * 3600;
/** Default and longest time that a gate stays open, in seconds; the shortest is configured. */
export const GATE_EXPIRY = { usual: 7 * DAY, most: 60 * DAY } as const;

/** What happens to a plan that brings something that has not run in the environment before (rule 1). */
export const ProofModeSchema = z.enum(['inform', 'block']);
export type ProofMode = z.infer<typeof ProofModeSchema>;

/** Requirements for deployments of one stage: distinct approvers per gate (0: no such gate), times, who may ask. */
export const StagePolicySchema = z.object({
  staff: z.int().min(0).max(MOST_APPROVERS),
  client: z.int().min(0).max(MOST_APPROVERS),
  /** True if a successful release is promoted to the next environment automatically (never into production). */
  autoPromote: z.boolean(),
  /** Seconds for which a gate stays open. */
  gateExpirySeconds: z.int().min(1).max(GATE_EXPIRY.most),
  /** Seconds after which an approved plan is made again, not applied: Terraform does not learn of outside changes. */
  planMaxAgeSeconds: z.int().min(1).max(GATE_EXPIRY.most),
  /** True if only callers that map to a registered approver may request deployments. */
  knownRequester: z.boolean(),
  /** Whether modules and engine must have run in the environment before. */
  proof: ProofModeSchema,
});
export type StagePolicy = z.infer<typeof StagePolicySchema>;

/** A module source as plans show it, without its query. A local path is a part of the release and cannot be exempt. */
const ExemptSourceSchema = z
  .string()
  .max(500)
  .regex(/^(?![./])(?!.*:\/\/[^/]*@)[^\s?]+$/, 'a module source without ref, query and credentials, and no local path');

/** What need not have run in the environment before. */
export const ProofPolicySchema = z.strictObject({
  /** Sources whose modules are exempt, each as a whole: `terraform-aws-modules/vpc/aws`. */
  exempt: z.array(ExemptSourceSchema).max(100),
  /** Providers, by source and minor version. */
  providers: ProofModeSchema,
});

/** By default no source is exempt, and approvers are told of providers that have not run before. */
export const DEFAULT_PROOF_POLICY: z.infer<typeof ProofPolicySchema> = { exempt: [], providers: 'inform' };

/** The settings that an application may change, per stage; the default applies to a setting that is left out. */
export const PolicySchema = z.strictObject({
  development: StagePolicySchema.partial().strict().optional(),
  staging: StagePolicySchema.partial().strict().optional(),
  production: StagePolicySchema.partial().strict().optional(),
  /** For ephemeral environments, whatever the stage of the environment that they are based on. */
  ephemeral: StagePolicySchema.omit({ autoPromote: true, proof: true }).partial().strict().optional(),
  proof: ProofPolicySchema.partial().optional(),
});
export type Policy = z.infer<typeof PolicySchema>;

const usualTimes = { gateExpirySeconds: GATE_EXPIRY.usual, planMaxAgeSeconds: DAY } as const;

/** Defaults: development no gates and auto-promoted; staging staff x1; production staff x1, then client x1. */
export const DEFAULT_POLICY: Readonly<Record<Stage, StagePolicy>> = {
  development: { staff: 0, client: 0, autoPromote: true, knownRequester: false, proof: 'inform', ...usualTimes },
  staging: { staff: 1, client: 0, autoPromote: false, knownRequester: false, proof: 'inform', ...usualTimes },
  production: { staff: 1, client: 1, autoPromote: false, knownRequester: false, proof: 'block', ...usualTimes },
};

/** An ephemeral environment has no gates unless the application's policy asks for some, and is never promoted. */
const DEFAULT_EPHEMERAL_POLICY: StagePolicy = { ...DEFAULT_POLICY.development, autoPromote: false };

/** Returns the policy in force for the ephemeral environments of an application. */
export const ephemeralPolicy = (policy: Policy | undefined): StagePolicy => ({
  ...DEFAULT_EPHEMERAL_POLICY,
  ...policy?.ephemeral,
});

/** Returns the policy in force for an environment. */
export const policyOf = (
  environment: { readonly type: 'regular' | 'ephemeral'; readonly stage: Stage },
  policy: Policy | undefined,
): StagePolicy => (environment.type === 'ephemeral' ? ephemeralPolicy(policy) : policyFor(environment.stage, policy));

/**
 * Returns the policy in force for one deployment to an environment. Destroying an ephemeral environment has no gates:
 * whoever had it made for a limited time has agreed to its end.
 */
export function policyForDeployment(
  environment: Parameters<typeof policyOf>[0],
  operation: 'deploy' | 'rollback' | 'destroy',
  policy: Policy | undefined,
): StagePolicy {
  const inForce = policyOf(environment, policy);
  return environment.type === 'ephemeral' && operation === 'destroy' ? { ...inForce, staff: 0, client: 0 } : inForce;
}

/** Returns the policy in force for a stage of an application. */
export function policyFor(stage: Stage, policy: Policy | undefined): StagePolicy {
  return { ...DEFAULT_POLICY[stage], ...policy?.[stage] };
}

/** Returns the stricter of two modes. */
export const stricterMode = (one: ProofMode, other: ProofMode): ProofMode => (one === 'block' ? one : other);

/**
 * Throws RefusedError if a policy lowers the requirements of a stage below the defaults. An application may only raise
 * them: staging keeps its staff gate, production keeps both gates and blocks what has not run before.
 */
export function requireStrongEnough(policy: Policy | undefined): void {
  for (const stage of STAGES)
    for (const gate of GATES) {
      const wanted = policyFor(stage, policy)[gate];
      const least = DEFAULT_POLICY[stage][gate];
      if (wanted < least)
        throw new RefusedError(
          'policy-too-weak',
          `policy.${stage}.${gate} is ${wanted}, at least ${least} is required`,
        );
    }
  for (const stage of STAGES)
    if (DEFAULT_POLICY[stage].proof === 'block' && policyFor(stage, policy).proof !== 'block')
      throw new RefusedError('policy-too-weak', `policy.${stage}.proof is "inform", it cannot be less than "block"`);
}

/** Returns the gates that a deployment passes under this policy, in order, each with its number of approvers. */
export function gatesOf(policy: StagePolicy): { gate: GateName; required: number }[] {
  return GATES.flatMap((gate) => (policy[gate] > 0 ? [{ gate, required: policy[gate] }] : []));
}

/** A gate that a deployment has to pass. */
export interface GateDemand {
  readonly gate: GateName;
  /** Number of distinct approvers. */
  readonly required: number;
}

/**
 * Returns the gates that a plan must pass now: those set when it was made, and the current policy's additions. A policy
 * raised in the meantime counts, a lowered policy does not.
 */
export const stricterGates = (planned: readonly GateDemand[], inForce: StagePolicy): GateDemand[] =>
  GATES.map((gate) => planned.find((demand) => demand.gate === gate) ?? { gate, required: 0 })
    .map(({ gate, required }) => ({ gate, required: Math.max(required, inForce[gate]) }))
    .filter(({ required }) => required > 0);

/** Throws InvalidInputError, naming the stage, if gates close or plans age too early for anybody to decide. */
export function requireLongEnough(policy: Policy | undefined, leastSeconds: number): void {
  const times = [...STAGES, 'ephemeral' as const].flatMap((stage) =>
    (['gateExpirySeconds', 'planMaxAgeSeconds'] as const).map((name) => ({
      stage,
      name,
      seconds: policy?.[stage]?.[name],
    })),
  );
  const issues = times.flatMap(({ stage, name, seconds }) => {
    if (seconds === undefined || seconds >= leastSeconds) return [];
    const field = `policy.${stage}.${name}`;
    return [{ field, message: `at least ${leastSeconds} seconds`, value: String(seconds) }];
  });
  if (issues.length > 0) throw new InvalidInputError('request', issues);
}
