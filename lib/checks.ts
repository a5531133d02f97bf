import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

/** Checks that run when the app is synthesized. Each accepted finding has its reason beside the construct. */
export const CHECKS = [AwsSolutionsChecks, ServerlessChecks] as const;

/** Makes the synthesis fail on a finding without a reason. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(...CHECKS.map((Checks) => new Checks(app)));
}
