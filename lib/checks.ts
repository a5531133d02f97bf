import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

/** Checks that run when the app is synthesized; each finding that stays has its reason beside the construct. */
export const CHECKS = [AwsSolutionsChecks, ServerlessChecks] as const;

/** Lets a finding without a reason fail the synthesis. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(...CHECKS.map((Checks) => new Checks(app)));
}
