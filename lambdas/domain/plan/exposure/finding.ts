import type { JsonRecord } from '../../json-value.ts';

/** How bad an exposure is by itself; the same words as the levels of a blast radius. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * Something that a resource lets strangers do. Findings are compared by `key`, because one that exists both before and
 * after a change is not new.
 */
export interface Finding {
  readonly key: string;
  readonly severity: Severity;
  /** Completes a sentence whose subject is the resource: "opens port 22 (SSH) to the whole internet". */
  readonly why: string;
}

/** Facts that a judge knows in addition to the values of the resource. */
export interface ExposureContext {
  /** Whether the security group is used by a load balancer, which is meant to be reachable. */
  readonly isOnLoadBalancer: boolean;
  /** The AWS account of the environment; undefined when the plan does not give it. */
  readonly accountId: string | undefined;
}

/** Judges the values of one kind of resource, before or after a change. */
export type Judge = (values: JsonRecord, context: ExposureContext) => Finding[];

/** A kind of resource: how to judge it, and the attributes (`ingress.cidr_blocks`) without which it cannot be judged. */
export interface JudgedKind {
  readonly judge: Judge;
  readonly reads: readonly string[];
}
