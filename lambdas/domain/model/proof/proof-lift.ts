import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, Sha256Schema } from '../../names.ts';
import { LiftSchema } from '../lifts/lift.ts';
import { EngineMinorSchema, ProviderMinorSchema, type Subject, SubjectSchema } from './subject.ts';

/** Seconds for which a lift of proof can be used: until then, what it lifts has to be approved and applied. */
export const PROOF_LIFT_SECONDS = 7 * 24 * 3600;

/** What a lift of proof is for, and why. */
export type ProofLiftRequest =
  | { readonly call: string; readonly identity: string; readonly reason: string }
  | { readonly engine: string; readonly reason: string }
  | { readonly provider: string; readonly reason: string };

/** Body of `POST …/proof-lifts`: a module by call and identity, an engine version, or a provider version. */
export const ProofLiftRequestSchema = z
  .strictObject({
    /** Address of a call of the module in the plan that was blocked. */
    call: z
      .string()
      .regex(
        /^(?=.{1,1000}$)module\.[\w-]+(?:\.module\.[\w-]+)*$/,
        'the address of a module call without indexes like "module.web"',
      )
      .optional(),
    identity: Sha256Schema.optional(),
    engine: EngineMinorSchema.optional(),
    provider: ProviderMinorSchema.optional(),
    reason: z.string().min(10).max(1000),
  })
  .transform(({ reason, ...named }, context): ProofLiftRequest => {
    const { call, identity, engine, provider } = named;
    const [first, ...others] = SUBJECT_FIELDS.filter((field) => named[field] !== undefined);
    for (const field of others)
      if (field !== 'identity' || first !== 'call')
        context.addIssue({
          code: 'custom',
          path: [field],
          message: `a lift is for one thing, and ${first} is named too`,
        });
    if (call !== undefined && identity !== undefined) return { call, identity, reason };
    if (engine !== undefined) return { engine, reason };
    if (provider !== undefined) return { provider, reason };
    const missing = call === undefined ? 'call' : 'identity';
    const path = first === undefined ? [] : [missing];
    const message = first === undefined ? 'name call and identity of a module, engine, or provider' : 'is needed too';
    context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  });

const SUBJECT_FIELDS = ['call', 'identity', 'engine', 'provider'] as const;

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
