import * as z from 'zod';
import { MadeBySchema, type Planned } from '../model/deployment.ts';
import { type Analysis, AnalysisSchema } from '../plan/analysis.ts';
import { type ParityView, ParityViewSchema } from '../plan/parity.ts';

/** The analysis of a plan as the API shows it, and the fields that identify the plan. */
export const PlanViewSchema = AnalysisSchema.extend({
  deploymentId: z.string(),
  /** SHA-256 of the plan bundle, which reviewers approve. */
  planDigest: z.string(),
  /** 1 for the first plan of the deployment; one more each time the plan was made again. */
  round: z.int(),
  plannedAt: z.string(),
  /** The engine that made the plan; null for plans of older versions of Stagegate. */
  engine: MadeBySchema.nullable(),
  /**
   * How production will differ from staging once the plan is applied; null elsewhere, once the deployment has ended, and
   * where that is not known.
   */
  parity: ParityViewSchema.nullable(),
}).meta({ id: 'Plan' });
export type PlanView = z.input<typeof PlanViewSchema>;

/** Most bytes of one answer; a Lambda function cannot return more than 6 MB. */
const MOST_BYTES = 5_000_000;
/** Limits of attributes per resource, tried one after the other until the answer fits. */
const ATTRIBUTE_LIMITS = [120, 20, 5, 0];

/** Fits a plan of thousands of resources into one answer: keeps all resources, and shortens their attribute lists. */
export function viewPlan(
  deploymentId: string,
  planned: Planned,
  analysis: Analysis,
  parity: ParityView | undefined,
): PlanView {
  const { digest: planDigest, round, plannedAt, engine = null } = planned;
  let view: PlanView = {
    ...analysis,
    ...{ deploymentId, planDigest, round, plannedAt, engine },
    parity: parity ?? null,
  };
  for (const limit of ATTRIBUTE_LIMITS) {
    if (Buffer.byteLength(JSON.stringify(view)) <= MOST_BYTES) break;
    view = {
      ...view,
      resources: analysis.resources.map((resource) => ({
        ...resource,
        attributes: resource.attributes.slice(0, limit),
        moreAttributes: resource.moreAttributes + Math.max(0, resource.attributes.length - limit),
      })),
    };
  }
  return view;
}
