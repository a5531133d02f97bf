import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { ProviderCounts } from '../domain/contract/build-result.ts';
import { metricNamespace } from '../domain/contract/installation.ts';
import type { Status } from '../domain/model/deployment.ts';
import { installationIn } from './services/installation.ts';

/** Metrics that the alarms in `lib/constructs/alarms.ts` watch. They are logged in CloudWatch's embedded format. */
const metrics = new Metrics({ namespace: metricNamespace(installationIn(process.env)), serviceName: 'deployments' });

/** Counts a failed deployment. One that a person, a deadline or a policy stopped has not failed, and adds 0. */
export function countEnding(status: Status): void {
  metrics.addMetric('DeploymentsFailed', MetricUnit.Count, status === 'failed' ? 1 : 0);
  metrics.publishStoredMetrics();
}

/** Counts ephemeral environments that could not be destroyed and that Stagegate does not try to destroy again. */
export function countStuckEnvironments(count: number): void {
  metrics.addMetric('EnvironmentsStuck', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Counts approvers who had confirmed their address and do not get mail any more. */
export function countLost(count: number): void {
  metrics.addMetric('ApproversLost', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Counts the deployments that the reconciler found stuck: others still waited for them after their execution ended. */
export function countStuck(count: number): void {
  metrics.addMetric('DeploymentsStuck', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Counts a request to the credentials broker that was refused. */
export function countCredentialsRefused(): void {
  metrics.addMetric('CredentialsRefused', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}

/** Counts records that could not be read, each time. */
export function countUnreadable(count: number): void {
  metrics.addMetric('UnreadableRecords', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Counts a message of a git host about a repository that has the name of another one. */
export function countReplacedRepository(): void {
  metrics.addMetric('RepositoriesReplaced', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}

/** Counts certificates that will not stay valid, or whose status cannot be read. */
export function countFailingCertificates(count: number): void {
  metrics.addMetric('CertificatesFailing', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/**
 * Counts what a plan found in the provider cache. A mismatch is an object in the cache that is not the package that its
 * key names.
 */
export function countProviders({ hits, misses, mismatches }: ProviderCounts): void {
  metrics.addMetric('ProviderCacheHits', MetricUnit.Count, hits);
  metrics.addMetric('ProviderCacheMisses', MetricUnit.Count, misses);
  metrics.addMetric('ProviderCacheMismatches', MetricUnit.Count, mismatches);
  metrics.publishStoredMetrics();
}
