import * as z from 'zod';
import { Sha256Schema } from '../names.ts';
import { SEVERITIES } from './exposure/finding.ts';

/**
 * The schemas of the parts of an analysis, without the rules that produce the parts, so that code that reads an
 * analysis does not load the code that makes one.
 */

/** What Terraform will do to one object. `unknown`: an action that this version of Stagegate does not know. */
export const ACTION_KINDS = ['no-op', 'create', 'read', 'update', 'replace', 'delete', 'forget', 'unknown'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** One attribute that differs: its value before and after, and why one of the two may be missing. */
export const AttributeChangeSchema = z.object({
  /** Path of the attribute, such as `ingress[1].cidr_blocks`; inside a JSON text, `policy.Statement[0].Action`. */
  path: z.string(),
  before: z.json().optional(),
  after: z.json().optional(),
  /** Set when the value before or after is hidden. */
  sensitive: z.literal(true).optional(),
  /** Set when the new value is known only after the apply. */
  unknown: z.literal(true).optional(),
  /** Set when this difference is the reason why the object is replaced. */
  forcesReplacement: z.literal(true).optional(),
});
export type AttributeChange = z.infer<typeof AttributeChangeSchema>;

const Count = z.int().min(0);

/**
 * The plan in numbers, as Terraform would give them. A replacement counts in `add` and `destroy`, and again in
 * `replace`.
 */
export const PlanSummarySchema = z.object({
  add: Count,
  change: Count,
  destroy: Count,
  replace: Count,
  /** Replacements that delete the old object first, and those that create the new one first. */
  replaceOrder: z.object({ deleteFirst: Count, createFirst: Count }),
  import: Count,
  move: Count,
  /** Objects that leave Terraform's management without being destroyed. */
  forget: Count,
  /** Data sources read during the apply. */
  read: Count,
  /** Root outputs that change. */
  outputs: Count,
  /** Provider actions the apply invokes (Terraform 1.14 and later). */
  invoke: Count,
  /** Objects that were changed outside of Terraform, except for clocks and values that the provider fills in. */
  driftedResources: Count,
  failedChecks: Count,
});
export type PlanSummary = z.infer<typeof PlanSummarySchema>;

/** An object that somebody changed or deleted outside of Terraform. */
export const DriftSchema = z.object({
  address: z.string(),
  what: z.enum(['changed', 'deleted']),
  /** Top-level attributes that differ. */
  attributes: z.array(z.string()),
});
export type Drift = z.infer<typeof DriftSchema>;

/** One module call of the configuration, and the version of the module that runs. */
export const ModuleVersionSchema = z.object({
  /** Address of the call, such as `module.notices.module.logs`. */
  call: z.string(),
  /** The source as it is written, without credentials. */
  source: z.string(),
  /** `2.0.0`, a branch, a commit or a registry constraint; `unpinned` or `local` when no version is known. */
  version: z.string(),
  /** The whole git ref; present when the version is only a part of the ref. */
  ref: z.string().optional(),
  /** The module whose version the ref gives; present when it is another module of the same repository. */
  versionOf: z.string().optional(),
  /** Names of the arguments passed, for comparing environments. */
  arguments: z.array(z.string()),
  /** Whether anything of the module stands in the environment after the apply. Absent in older analyses. */
  inUse: z.boolean().optional(),
  /** Hash of the module's content; absent when no build has listed it. */
  identity: Sha256Schema.optional(),
  /** The commit of the module's repository, where it is known. */
  commit: z.string().optional(),
  /** Set when the module reads files outside of its directory, which the identity does not cover. */
  readsOutside: z.literal(true).optional(),
});
export type ModuleVersion = z.infer<typeof ModuleVersionSchema>;

/** Something that this plan opens and that was not open before. */
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
  /** Resources that are created, changed, replaced or deleted. */
  direct: z.array(z.string()),
  /** Resources that depend on those in `direct`, directly or through others; a lower bound. */
  dependents: z.array(z.string()),
  /** Root outputs that depend on the resources in `direct`. */
  outputs: z.array(z.string()),
  /** Resources that are imported, moved or forgotten: only Terraform's records change. */
  recordsOnly: z.array(z.string()),
  /** Share of the existing objects that is changed, replaced or deleted, 0 to 1. */
  touchedShare: z.number().min(0).max(1),
  existing: z.int().min(0),
  statefulLosses: z.array(z.string()),
  exposures: z.array(ExposureSchema),
  /** Attributes that decide about exposure and are known only after the apply. */
  unjudged: z.array(z.object({ address: z.string(), attributes: z.array(z.string()) })),
  /** Reasons for the level as sentences, the worst first. */
  reasons: z.array(z.string()),
  /** The rules behind `reasons`, in the same order. */
  causes: z.array(z.object({ rule: z.string(), level: LevelSchema, text: z.string() })),
  /** Why `dependents` may be incomplete; empty when nothing was left out. */
  lowerBound: z.array(z.string()),
});
export type BlastRadius = z.infer<typeof BlastRadiusSchema>;

/**
 * What happens to a node of the picture. `depends`: the node itself does not change, but something that it needs does.
 */
export const NODE_ACTIONS = ['create', 'update', 'replace', 'delete', 'unknown', 'depends'] as const;

/** A picture of a blast radius that can be read at a glance, whatever the number of resources. */
export const BlastRadiusGraphSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      /** Address inside the module; for several resources, their number and kind: `3 × aws_subnet`. */
      label: z.string(),
      /** Module of the resources, or the number of their modules; empty for the root module. */
      detail: z.string(),
      action: z.enum(NODE_ACTIONS),
      /** Number of resources that the node stands for. */
      count: z.int().min(1),
      /** Whether data is lost with a resource of the node. */
      isLoss: z.boolean(),
    }),
  ),
  /** Edges between ids of nodes, each from a node to one that depends on it. */
  edges: z.array(z.object({ from: z.string(), to: z.string() })),
});
export type BlastRadiusGraph = z.infer<typeof BlastRadiusGraphSchema>;

const RangeSchema = z.object({ low: z.number(), high: z.number() });

/** List prices of everything in the environment before and after the plan, per month. */
export const CostEstimateSchema = z.object({
  currency: z.string(),
  /** The environment's region. */
  region: z.string(),
  monthlyBefore: z.number(),
  monthlyAfter: z.number(),
  monthlyDelta: z.number(),
  /** Range of the cost: from no use at all to ten times the assumed use. */
  range: z.object({ before: RangeSchema, after: RangeSchema, delta: RangeSchema }),
  /** Percentage of the objects whose price is known, free ones included. */
  coverage: z.number().min(0).max(100),
  unpriced: z.array(z.string()),
  /** Why prices are missing: each reason, such as `no price for this kind`, with its kinds. */
  gaps: z.array(z.object({ why: z.string(), types: z.array(z.string()), count: z.int() })),
  /** Name of the file that the prices came from. */
  sheet: z.string(),
  /** Date of the oldest price used. */
  sheetDate: z.string(),
  /** Objects that cost something before or after the plan. */
  resources: z.array(
    z.object({
      address: z.string(),
      type: z.string(),
      /** Where it is priced, if that is not the environment's region. */
      region: z.string().optional(),
      before: z.number(),
      after: z.number(),
      delta: z.number(),
    }),
  ),
  /** Assumptions that had to be made, each with the number of objects that it was made for. */
  assumptions: z.array(z.object({ text: z.string(), count: z.int() })),
});
export type CostEstimate = z.infer<typeof CostEstimateSchema>;
