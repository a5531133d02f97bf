import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../json-value.ts';
import {
  ApplicationNameSchema,
  DeploymentIdSchema,
  EnvironmentNameSchema,
  InstantSchema,
  Sha256Schema,
} from '../names.ts';
import { GateNameSchema } from '../policy.ts';
import { principalText } from './principal.ts';

/** The types of audit entries. A type that was used once is never removed. */
export const AUDIT_TYPES = [
  // Gates
  'approved',
  'rejected',
  /** An identified person tried to decide, and the decision did not count; `details.refusal` gives the reason. */
  'refused',
  'gate-expired',
  'link-renewed',
  /** The plan was made again: the decisions also count for the new plan (carried), or no longer count (voided). */
  'approvals-carried',
  'approvals-voided',
  // Deployments
  'requested',
  'cancel-requested',
  'plan-consumed',
  /** The apply build did not begin: the plan and the lifts it had used can be used again. */
  'plan-given-back',
  /** The broker gave no credentials to a caller that showed a build's ticket; `details.reason` gives the reason. */
  'credentials-refused',
  'released-by-hand',
  // Environments
  'environment-configured',
  'held',
  'hold-lifted',
  'protected',
  'protection-removed',
  'protection-lifted',
  'proof-lifted',
  'state-moved',
  'removal-requested',
  'ephemeral-created',
  'ephemeral-extended',
  /** The end of the environment has begun; `details.cause` gives the cause. */
  'ephemeral-ended',
  // Applications and their approvers
  'application-configured',
  'application-removed',
  /** An admin confirmed that another repository of the git host has the name from now on. */
  'repository-confirmed',
  'approver-registered',
  'approver-changed',
  'approver-confirmed',
  'approver-lost',
  'approver-removed',
] as const;
export const AuditTypeSchema = z.enum(AUDIT_TYPES);

/**
 * One entry of an application's audit: who did what, how, when and why. Entries are append-only, and their hashes form
 * a chain.
 */
export const AuditEntrySchema = z
  .object({
    application: ApplicationNameSchema,
    /** 1, 2, 3… per application, without gaps. */
    sequence: z.int().min(1),
    at: InstantSchema,
    type: AuditTypeSchema,
    /** The registered approver's address, the caller as IAM knows it, or `stagegate` for automatic actions. */
    by: z.string(),
    via: z.enum(['link', 'api', 'system']),
    /** The API caller; absent for a link. */
    principal: z.string().optional(),
    environment: EnvironmentNameSchema.optional(),
    deploymentId: DeploymentIdSchema.optional(),
    gate: GateNameSchema.optional(),
    /** Digest of the plan that the entry is about: the plan that the person saw. */
    digest: Sha256Schema.optional(),
    /** The person's own words: a comment or a reason. */
    comment: z.string().optional(),
    details: z.record(z.string(), z.json()).optional(),
    /** Hash of the entry before; zeros for the first entry. */
    previous: Sha256Schema,
    /** SHA-256 over the canonical JSON of everything above. */
    hash: Sha256Schema,
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntrySchema>;

/**
 * The facts of an entry that a caller gives; place and time in the chain are added. The schema is strict, because what
 * is not stored must not be hashed.
 */
const AuditFactsSchema = AuditEntrySchema.omit({ sequence: true, at: true, previous: true, hash: true }).strict();
export type AuditFacts = z.input<typeof AuditFactsSchema>;

/** The end of an application's chain: number and hash of the newest entry. */
export const AuditHeadSchema = z.object({
  application: ApplicationNameSchema,
  sequence: z.int().min(0),
  hash: Sha256Schema,
});
export type AuditHead = z.infer<typeof AuditHeadSchema>;

/** Returns the head of a chain before its first entry. */
export const emptyChain = (application: string): AuditHead => ({ application, sequence: 0, hash: '0'.repeat(64) });

/** Returns the entry that follows the head. */
export function appendTo(head: AuditHead, facts: AuditFacts, at: string): AuditEntry {
  const content = { ...AuditFactsSchema.parse(facts), sequence: head.sequence + 1, at, previous: head.hash };
  return { ...content, hash: hashOf(content) };
}

/** Hashes the content. An undefined field does not count, because it would not be stored either. */
const hashOf = (content: object): string =>
  createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(content))))
    .digest('hex');

/** Who did something, in the fields of an entry. */
export type Actor = Pick<AuditFacts, 'by' | 'via' | 'principal'>;

/** Returns the actor for an API caller and the registered approver behind the caller, if any. */
export const actorOf = ({ principal, approver }: { principal: string; approver?: string }) =>
  ({ by: approver ?? principal, via: 'api', principal }) as const;

/** The actor of automatic actions: of a schedule, a sweep or the workflow. */
export const SYSTEM = { by: principalText({ kind: 'system' }), via: 'system' } as const;

/** The fields of an entry that are read to prove it. All its other fields are covered by its hash. */
const LinkSchema = z.looseObject({
  application: z.string(),
  sequence: z.int(),
  previous: z.string(),
  hash: z.string(),
});

export type Proof =
  | { readonly proven: true; readonly head: AuditHead }
  | { readonly proven: false; readonly why: string };

/** Returns whether an entry, as the API returned or exported it, is the one that follows the head. */
export function proveNext(head: AuditHead, entry: unknown): Proof {
  const broken = (why: string): Proof => ({ proven: false, why });
  const parsed = LinkSchema.safeParse(entry);
  if (!parsed.success) return broken('it is no entry of an audit');
  const { hash, ...content } = parsed.data;
  const { application, sequence, previous } = content;
  if (application !== head.application)
    return broken(`it belongs to the application "${application}", not to "${head.application}"`);
  if (sequence !== head.sequence + 1) return broken(`entry ${sequence} stands in its place`);
  if (previous !== head.hash)
    return broken(`it follows an entry with the hash ${previous}, the entry before has ${head.hash}`);
  const computed = hashOf(content);
  if (hash !== computed) return broken(`its content has the hash ${computed}, it says ${hash}`);
  return { proven: true, head: { application, sequence, hash } };
}

/** Marks that an attempt was refused for a reason and is in the audit. The same attempt again adds nothing. */
export const RefusalMarkSchema = z.object({
  deploymentId: DeploymentIdSchema,
  mark: Sha256Schema,
  at: InstantSchema,
});
