import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { liftProof } from '../../domain/environment/lift-proof.ts';
import { RequesterSchema } from '../../domain/model/deployment.ts';
import { ProofLiftRequestSchema } from '../../domain/model/proof/proof-lift.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

const ProofLiftViewSchema = z.object({
  subject: z.string(),
  reason: z.string(),
  by: RequesterSchema,
  at: z.string(),
  expiresAt: z.string().optional(),
});

export const postProofLift = operation(
  {
    operationId: 'postProofLift',
    tag: 'environment',
    summary: 'Let one module, engine or provider version into an environment that it has not been proven for, once',
    problems: ['not-in-pipeline', 'not-allowed-here'],
    input: { path: EnvironmentPath, body: ProofLiftRequestSchema },
    answers: { 201: ProofLiftViewSchema },
  },
  async ({ path: { app, env }, body }, services: Services<'configure'>, { caller }) => {
    await findEnvironment(services.store, app, env);
    const by = await requesterOf(services.store, app, caller);
    const { subject, lift } = await liftProof(services, { application: app, environment: env }, body, by);
    return answer(201, { subject, ...lift });
  },
);
