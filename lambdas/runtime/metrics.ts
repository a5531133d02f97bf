import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { ProviderCounts } from '../domain/contract/build-result.ts';
import type { Status } from '../domain/model/deployment.ts';

/** Namespace and names the alarms in `lib/constructs/alarms.ts` watch. Written to the log in CloudWatch's embedded format. */
const metrics = new Metrics({ namespace: 'Stagegate', serviceName: 'deployments' });

/** A failure is a machine's; a person's no, a clock's or a policy's is none. */
export function countEnding(status: Status): void {
  metrics.addMetric('DeploymentsFailed', MetricUnit.Count, status === 'failed' ? 1 : 0);
  metrics.publishStoredMetrics();
}

/** Ephemeral environments that could not be destroyed and are not tried again by themselves. */
export function countStuckEnvironments(count: number): void {
  metrics.addMetric('EnvironmentsStuck', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Approvers who had confirmed their address and get no mail any more. */
export function countLost(count: number): void {
  metrics.addMetric('ApproversLost', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Deployments the reconciler found stuck: their execution had ended and somebody was still waiting. */
export function countStuck(count: number): void {
  metrics.addMetric('DeploymentsStuck', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Somebody asked the credentials broker for what is not theirs. */
export function countCredentialsRefused(): void {
  metrics.addMetric('CredentialsRefused', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}

/** Certificates that will not last, or cannot be asked about. */
export function countFailingCertificates(count: number): void {
  metrics.addMetric('CertificatesFailing', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** What a plan found in the provider cache. Mismatches are objects that are not the package their key names. */
export function countProviders({ hits, misses, mismatches }: ProviderCounts): void {
  metrics.addMetric('ProviderCacheHits', MetricUnit.Count, hits);
  metrics.addMetric('ProviderCacheMisses', MetricUnit.Count, misses);
  metrics.addMetric('ProviderCacheMismatches', MetricUnit.Count, mismatches);
  metrics.publishStoredMetrics();
}
