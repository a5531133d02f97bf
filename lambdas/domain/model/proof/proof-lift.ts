import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, Sha256Schema } from '../../names.ts';
import { LiftSchema } from '../lift.ts';
import { EngineMinorSchema, ProviderMinorSchema, type Subject, SubjectSchema } from './subject.ts';

/** Seconds for which a lift of proof can be used: until then, what it lifts has to be approved and applied. */
export const PROOF_LIFT_SECONDS = 7 * 24 * 3600;

const reason = z.string().min(10).max(1000);

/** Body of `POST …/proof-lifts`: a module by call and identity, an engine version, or a provider version. */
export const ProofLiftRequestSchema = z.union([
  z.strictObject({
    /** Address of a call of the module in the plan that was blocked. */
    call: z.string().min(1).max(1000),
    identity: Sha256Schema,
    reason,
  }),
  z.strictObject({ engine: EngineMinorSchema, reason }),
  z.strictObject({ provider: ProviderMinorSchema, reason }),
]);
export type ProofLiftRequest = z.output<typeof ProofLiftRequestSchema>;

/** All lifts ever given in an environment for one subject, the oldest first. At most one of them can be used. */
export const ProofLiftsSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  subject: SubjectSchema,
  lifts: z.array(LiftSchema),
});

export function subjectOf(request: ProofLiftRequest): Subject {
  if ('identity' in request) return request.identity;
  return 'engine' in request ? `engine ${request.engine}` : `provider ${request.provider}`;
}
