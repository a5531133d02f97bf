import * as z from 'zod';
import { AddedFilesSchema } from '../contract/added-files.ts';
import { Sha256Schema } from '../names.ts';
import { StageSchema } from '../policy.ts';
import {
  ACTION_KINDS,
  AttributeChangeSchema,
  BlastRadiusGraphSchema,
  BlastRadiusSchema,
  CostEstimateSchema,
  DriftSchema,
  ModuleVersionSchema,
  PlanSummarySchema,
} from './analysis-parts.ts';
import { ProofFindingsSchema, ProofHeadlineSchema, proofHeadlineOf } from './proof-findings.ts';
import { ProviderChangeSchema } from './provider-changes.ts';
import { SafeguardsSchema } from './safeguards-schema.ts';

/** One resource that the plan acts on, or whose entry in Terraform's records it changes. */
export const AnalysedResourceSchema = z.object({
  address: z.string(),
  type: z.string(),
  /** Actions in Terraform's own words and order: the first action of a replacement comes first. */
  actions: z.array(z.string()),
  kind: z.enum(ACTION_KINDS),
  /** Terraform's `action_reason`. */
  reason: z.string().nullable(),
  /** Whether the object is of a kind that holds something that cannot be created again. */
  stateful: z.boolean(),
  /** Key of the deposed object; absent for the live object. */
  deposed: z.string().optional(),
  previousAddress: z.string().optional(),
  importId: z.string().optional(),
  attributes: z.array(AttributeChangeSchema),
  /** Number of attributes that differ but are not listed. */
  moreAttributes: z.int().min(0),
});

export const AnalysedOutputSchema = z.object({
  name: z.string(),
  actions: z.array(z.string()),
  before: z.json().optional(),
  after: z.json().optional(),
  sensitive: z.boolean(),
  unknown: z.boolean(),
});

/**
 * Everything that Stagegate says about a plan. It contains nothing sensitive. This is what is stored, shown and kept.
 */
export const AnalysisSchema = z.object({
  version: z.literal(1),
  engineVersion: z.string().nullable(),
  stage: StageSchema,
  summary: PlanSummarySchema,
  hasChanges: z.boolean(),
  complete: z.boolean(),
  errored: z.boolean(),
  resources: z.array(AnalysedResourceSchema),
  outputs: z.array(AnalysedOutputSchema),
  drift: z.array(DriftSchema),
  checks: z.array(z.object({ address: z.string(), status: z.string(), problems: z.array(z.string()) })),
  /** Provider actions that the apply invokes. */
  invocations: z.array(z.string()),
  /** Changes that Terraform deferred because too much is unknown. */
  deferred: z.array(z.object({ address: z.string(), reason: z.string() })),
  blastRadius: BlastRadiusSchema,
  graph: BlastRadiusGraphSchema,
  cost: CostEstimateSchema,
  safeguards: SafeguardsSchema,
  modules: z.array(ModuleVersionSchema),
  /** Names of the root variables. */
  variables: z.array(z.string()),
  /**
   * Resources and data sources outside of modules that stand there after the apply, without keys. Absent when the plan
   * does not say, and in older analyses.
   */
  rootResources: z.array(z.string()).optional(),
  /** Number of managed resources in the refreshed Terraform state that the plan found, deposed ones included. */
  resourcesInState: z.int().min(0).default(0),
  /** Files that the plan left in the repository; they are applied with the plan. Absent when there are none. */
  addedFiles: AddedFilesSchema.optional(),
  /**
   * Providers that differ from those of the environment's last success. Absent when there was no comparison, or no
   * difference.
   */
  providerChanges: z.array(ProviderChangeSchema).optional(),
  /** Whether what the plan brings has run in the environment before. Absent for a plan that is not judged. */
  proof: ProofFindingsSchema.optional(),
  changeDigest: Sha256Schema,
  /** Parts of the plan that this version of Stagegate does not understand, and facts that could not be determined. */
  notices: z.array(z.string()),
});
export type Analysis = z.infer<typeof AnalysisSchema>;

/** The numbers and sentences that a list, a mail or a table needs; the rest is in the analysis. */
export const AnalysisHeadlineSchema = AnalysisSchema.pick({
  summary: true,
  hasChanges: true,
  complete: true,
  errored: true,
  changeDigest: true,
}).extend({
  cost: CostEstimateSchema.pick({
    currency: true,
    monthlyBefore: true,
    monthlyAfter: true,
    monthlyDelta: true,
    range: true,
    coverage: true,
    unpriced: true,
    sheetDate: true,
  }).extend({ unpricedCount: z.int() }),
  blastRadius: BlastRadiusSchema.pick({
    level: true,
    score: true,
    touchedShare: true,
    statefulLosses: true,
    exposures: true,
    reasons: true,
  }).extend({ directCount: z.int(), dependentCount: z.int() }),
  safeguards: SafeguardsSchema,
  modules: z.array(ModuleVersionSchema.pick({ call: true, source: true, version: true })),
  variables: z.array(z.string()),
  failedChecks: z.array(z.string()),
  /** Absent for a plan that is not judged, and in older headlines. */
  proof: ProofHeadlineSchema.optional(),
  /** Whether a list was cut or a text shortened to make the headline fit. */
  shortened: z.boolean(),
});
export type AnalysisHeadline = z.infer<typeof AnalysisHeadlineSchema>;

/** Most bytes that a headline may take in the table, where an item has 400 KB for everything. */
const MOST_BYTES = 24_000;
/** Numbers of entries per list, tried in this order until the headline fits. */
const LIST_LIMITS = [100, 40, 20, 10, 5, 2, 0];
const MOST_TEXT = 300;

/** Cuts an analysis down to what the table keeps. */
export function headlineOf(analysis: Analysis): AnalysisHeadline {
  let headline = shortenedTo(analysis, 0);
  for (const limit of LIST_LIMITS) {
    headline = shortenedTo(analysis, limit);
    if (Buffer.byteLength(JSON.stringify(headline)) <= MOST_BYTES) break;
  }
  return headline;
}

function shortenedTo(analysis: Analysis, limit: number): AnalysisHeadline {
  const { summary, hasChanges, complete, errored, changeDigest, cost, blastRadius, safeguards } = analysis;
  let shortened = false;
  const text = (value: string): string => {
    if (value.length <= MOST_TEXT) return value;
    shortened = true;
    return `${value.slice(0, MOST_TEXT).toWellFormed()}…`;
  };
  const list = <Item, Kept>(items: readonly Item[], keep: (item: Item) => Kept): Kept[] => {
    if (items.length > limit) shortened = true;
    return items.slice(0, limit).map(keep);
  };
  const { currency, monthlyBefore, monthlyAfter, monthlyDelta, range, coverage, sheetDate } = cost;
  const { level, score, touchedShare } = blastRadius;
  const kept = {
    summary,
    hasChanges,
    complete,
    errored,
    changeDigest,
    cost: {
      currency,
      monthlyBefore,
      monthlyAfter,
      monthlyDelta,
      range,
      coverage,
      sheetDate,
      unpriced: list(cost.unpriced, text),
      unpricedCount: cost.unpriced.length,
    },
    blastRadius: {
      level,
      score,
      touchedShare,
      directCount: blastRadius.direct.length,
      dependentCount: blastRadius.dependents.length,
      statefulLosses: list(blastRadius.statefulLosses, text),
      exposures: list(blastRadius.exposures, (exposure) => ({
        ...exposure,
        address: text(exposure.address),
        why: text(exposure.why),
      })),
      reasons: list(blastRadius.reasons, text),
    },
    safeguards: {
      ...safeguards,
      violations: list(safeguards.violations, (violation) => ({
        ...violation,
        address: text(violation.address),
        why: text(violation.why),
      })),
    },
    modules: list(analysis.modules, ({ call, source, version }) => ({
      call: text(call),
      source: text(source),
      version: text(version),
    })),
    variables: list(analysis.variables, text),
    failedChecks: list(
      analysis.checks.filter(({ status }) => status === 'fail' || status === 'error'),
      ({ address, problems }) => text([address, ...problems].join(': ')),
    ),
    ...(analysis.proof && { proof: proofHeadlineOf(analysis.proof, { text, list }) }),
  };
  return { ...kept, shortened };
}
