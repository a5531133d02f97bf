import * as z from 'zod';
import { EnvironmentSummarySchema, summarizeEnvironment } from '../../domain/environment/environment-view.ts';
import { deliveryOf } from '../../domain/environment/pipeline-summary.ts';
import { DeliveryDayViewSchema, DeliveryFiguresSchema } from '../../domain/model/delivery/figures.ts';
import { HeadViewSchema, viewHead } from '../../domain/release/head-view.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

const StepSchema = z.object({
  name: z.string(),
  position: z.int(),
  /** Null while the environment is in the pipeline but not yet defined. */
  environment: EnvironmentSummarySchema.nullable(),
});

export const getPipeline = operation(
  {
    operationId: 'getPipeline',
    tag: 'application',
    summary: 'The environments of an application in pipeline order, each with its release and its running deployment',
    input: { path: ApplicationPath },
    answers: {
      200: z.object({
        application: z.string(),
        /** Null until an event has told of the branch. */
        head: HeadViewSchema.nullable(),
        pipeline: z.array(StepSchema),
        delivery: DeliveryFiguresSchema,
        /** The days of the last 90 on which something happened in production, oldest first. */
        deliveryByDay: z.array(DeliveryDayViewSchema),
      }),
    },
  },
  async ({ path: { app } }, { store, surroundings }: Services<'read'>) => {
    const application = await findApplication(store, app);
    const steps = application.pipeline.map(async (name, index) => {
      const environment = await store.get('environment', { application: app, name });
      return {
        name,
        position: index + 1,
        environment: environment ? await summarizeEnvironment(store, environment) : null,
      };
    });
    const [head, shown] = await Promise.all([viewHead(store, application), Promise.all(steps)]);
    const defined = shown.flatMap(({ environment }) => environment ?? []);
    const delivered = await deliveryOf(store, defined, surroundings.now());
    return answer(200, { application: app, head, pipeline: shown, ...delivered });
  },
);
