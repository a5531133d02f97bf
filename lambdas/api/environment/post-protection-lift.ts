import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { liftProtection } from '../../domain/environment/lift-protection.ts';
import { RequesterSchema } from '../../domain/model/deployment.ts';
import { ProtectionLiftRequestSchema } from '../../domain/model/lifts/protection-lift.ts';
import { findEnvironment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { EnvironmentPath } from '../inputs.ts';

const LiftViewSchema = z.object({ address: z.string(), reason: z.string(), by: RequesterSchema, at: z.string() });

export const postProtectionLift = operation(
  {
    operationId: 'postProtectionLift',
    tag: 'environment',
    summary: 'Lift the protection of one address, or of the whole environment by its name, for one use',
    input: { path: EnvironmentPath, body: ProtectionLiftRequestSchema },
    answers: { 201: LiftViewSchema },
  },
  async ({ path: { app, env }, body }, services: Services<'configure'>, { caller }) => {
    await findEnvironment(services.store, app, env);
    const by = await requesterOf(services.store, app, caller);
    const { address, lift } = await liftProtection(services, { application: app, environment: env }, body, by);
    return answer(201, { ...lift, address });
  },
);
