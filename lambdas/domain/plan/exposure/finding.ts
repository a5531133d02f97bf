import type { JsonRecord } from '../../json-value.ts';

/** How bad an exposure is by itself; the same words as the levels of a blast radius. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something a resource lets strangers do. What stands before and after a change is no news: findings compare by `key`. */
export interface Finding {
  readonly key: string;
  readonly severity: Severity;
  /** Completes a sentence whose subject is the resource: "opens port 22 (SSH) to the whole internet". */
  readonly why: string;
}

/** What a judge may know beyond the values of the resource. */
export interface ExposureContext {
  /** The security group is used by a load balancer, where being reachable is the point. */
  readonly isOnLoadBalancer: boolean;
  /** The AWS account of the environment, when the plan tells. */
  readonly accountId: string | undefined;
}

/** Looks at the values of one kind of resource, before or after a change. */
export type Judge = (values: JsonRecord, context: ExposureContext) => Finding[];

/** A kind of resource: how to judge it, and the attributes (`ingress.cidr_blocks`) without which it cannot be judged. */
export interface JudgedKind {
  readonly judge: Judge;
  readonly reads: readonly string[];
}
