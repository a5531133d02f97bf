import * as z from 'zod';
import { SEVERITIES } from './exposure/finding.ts';

/**
 * The parts of an analysis: their schemas alone, without the rules that find them, so that reading one does not load
 * what makes one.
 */

/** What Terraform will do to one object. `unknown`: an action this version of Stagegate has never heard of. */
export const ACTION_KINDS = ['no-op', 'create', 'read', 'update', 'replace', 'delete', 'forget', 'unknown'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** One attribute that differs: what it was, what it will be, and why a side may be missing. */
export const AttributeChangeSchema = z.object({
  /** `ingress[1].cidr_blocks`; inside a JSON text: `policy.Statement[0].Action`. */
  path: z.string(),
  before: z.json().optional(),
  after: z.json().optional(),
  /** A side is hidden. */
  sensitive: z.literal(true).optional(),
  /** The new value is known only after the apply. */
  unknown: z.literal(true).optional(),
  /** This difference is why the object is replaced. */
  forcesReplacement: z.literal(true).optional(),
});
export type AttributeChange = z.infer<typeof AttributeChangeSchema>;

const Count = z.int().min(0);

/** What Terraform would say of the plan, in numbers. A replacement counts in `add` and `destroy`, and again in `replace`. */
export const PlanSummarySchema = z.object({
  add: Count,
  change: Count,
  destroy: Count,
  replace: Count,
  /** Of the replacements: the old object goes first, or the new one comes first. */
  replaceOrder: z.object({ deleteFirst: Count, createFirst: Count }),
  import: Count,
  move: Count,
  /** Leaves Terraform's management and is not destroyed. */
  forget: Count,
  /** Data sources read during the apply. */
  read: Count,
  /** Root outputs that change. */
  outputs: Count,
  /** Provider actions the apply invokes (Terraform 1.14 and later). */
  invoke: Count,
  /** Objects changed behind Terraform's back, clocks and fill-ins left out. */
  driftedResources: Count,
  failedChecks: Count,
});
export type PlanSummary = z.infer<typeof PlanSummarySchema>;

/** An object somebody changed or deleted behind Terraform's back. */
export const DriftSchema = z.object({
  address: z.string(),
  what: z.enum(['changed', 'deleted']),
  /** Top-level attributes that differ. */
  attributes: z.array(z.string()),
});
export type Drift = z.infer<typeof DriftSchema>;

/** One module call of the configuration and the version that runs. */
export const ModuleVersionSchema = z.object({
  /** `module.notices.module.logs` */
  call: z.string(),
  /** As written, without credentials. */
  source: z.string(),
  /** `2.0.0`, a branch, a commit, a registry constraint; `unpinned` or `local` when nothing says. */
  version: z.string(),
  /** The whole git ref, where the version is only a part of it. */
  ref: z.string().optional(),
  /** The module that the version in the ref counts, where it is another one of the same repository. */
  versionOf: z.string().optional(),
  /** Names of the arguments passed, for comparing environments. */
  arguments: z.array(z.string()),
});
export type ModuleVersion = z.infer<typeof ModuleVersionSchema>;

/** Something this plan newly opens. */
export const ExposureSchema = z.object({ address: z.string(), why: z.string(), severity: z.enum(SEVERITIES) });
export type Exposure = z.infer<typeof ExposureSchema>;

export const LEVELS = ['none', ...SEVERITIES] as const;
export type Level = (typeof LEVELS)[number];

export const LevelSchema = z.enum(LEVELS);

/** Which resources a plan touches, directly and through dependencies, and how bad that may get. */
export const BlastRadiusSchema = z.object({
  level: LevelSchema,
  /** 0 to 99; the level decides the range (low 1–24, medium 25–49, high 50–74, critical 75–99). */
  score: z.int().min(0).max(99),
  /** Created, changed, replaced or deleted. */
  direct: z.array(z.string()),
  /** Depend on those, directly or through others; a lower bound. */
  dependents: z.array(z.string()),
  /** Root outputs that depend on them. */
  outputs: z.array(z.string()),
  /** Imported, moved or forgotten: only Terraform's records change. */
  recordsOnly: z.array(z.string()),
  /** Share of the existing objects that is changed, replaced or deleted, 0 to 1. */
  touchedShare: z.number().min(0).max(1),
  existing: z.int().min(0),
  statefulLosses: z.array(z.string()),
  exposures: z.array(ExposureSchema),
  /** Attributes that decide about exposure and are known only after the apply. */
  unjudged: z.array(z.object({ address: z.string(), attributes: z.array(z.string()) })),
  /** Sentences, worst first. */
  reasons: z.array(z.string()),
  /** The rules behind the sentences, in the same order. */
  causes: z.array(z.object({ rule: z.string(), level: LevelSchema, text: z.string() })),
  /** Why `dependents` may be incomplete; empty when nothing was left out. */
  lowerBound: z.array(z.string()),
});
export type BlastRadius = z.infer<typeof BlastRadiusSchema>;

/** What happens to a node of the picture; `depends`: nothing itself, but something it needs changes. */
export const NODE_ACTIONS = ['create', 'update', 'replace', 'delete', 'unknown', 'depends'] as const;

/** A picture of a blast radius that can be read at a glance, whatever the number of resources. */
export const BlastRadiusGraphSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      /** The address, or what is gathered: `aws_subnet` of `module.web`. */
      label: z.string(),
      /** Module or resource type, in smaller letters. */
      detail: z.string(),
      action: z.enum(NODE_ACTIONS),
      /** Resources behind the node. */
      count: z.int().min(1),
      /** Data is lost with it. */
      isLoss: z.boolean(),
    }),
  ),
  /** From what changes to what depends on it; ids of nodes. */
  edges: z.array(z.object({ from: z.string(), to: z.string() })),
});
export type BlastRadiusGraph = z.infer<typeof BlastRadiusGraphSchema>;

const RangeSchema = z.object({ low: z.number(), high: z.number() });

/** List prices of everything in the environment before and after the plan, per month. */
export const CostEstimateSchema = z.object({
  currency: z.string(),
  region: z.string(),
  monthlyBefore: z.number(),
  monthlyAfter: z.number(),
  monthlyDelta: z.number(),
  /** From no use at all to ten times the assumed use. */
  range: z.object({ before: RangeSchema, after: RangeSchema, delta: RangeSchema }),
  /** Percent of the objects whose price is known, free ones included. */
  coverage: z.number().min(0).max(100),
  unpriced: z.array(z.string()),
  /** Why, grouped: `no price for this kind` with the kinds. */
  gaps: z.array(z.object({ why: z.string(), types: z.array(z.string()), count: z.int() })),
  /** File the prices came from. */
  sheet: z.string(),
  /** Date of the oldest price used. */
  sheetDate: z.string(),
  /** Objects that cost something before or after. */
  resources: z.array(
    z.object({ address: z.string(), type: z.string(), before: z.number(), after: z.number(), delta: z.number() }),
  ),
  /** What had to be assumed, with the number of objects it was assumed for. */
  assumptions: z.array(z.object({ text: z.string(), count: z.int() })),
});
export type CostEstimate = z.infer<typeof CostEstimateSchema>;
