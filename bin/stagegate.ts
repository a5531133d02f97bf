import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigurationError } from '../lib/config.ts';
import { makeApp } from '../lib/stagegate-app.ts';
import { BUNDLES, bundle } from '../scripts/bundle.ts';

try {
  await bundle();
  const app = makeApp(BUNDLES);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
